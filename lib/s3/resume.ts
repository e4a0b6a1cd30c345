/**
 * Bodies that go on where a broken connection, or one that fell silent, left them.
 *
 * @module
 */
import { HxError, isCategory } from "../errors.ts";
import { StallError } from "./deadline.ts";
import type { Opened } from "./download.ts";
import { Refusal } from "./errors.ts";

/** How often a body is taken up again without a single byte won. */
const MAX_RESUMES = 7;

/** What {@link resuming} needs. */
export interface Resume {
  key: string;
  /**
   * The object from the byte `start` on, to where the first answer would have gone, if it is still
   * the same version; or the whole of it. `count` tells how often that was tried since the last
   * byte, from 1; it waits before it asks again.
   */
  reopen(start: number, count: number, signal: AbortSignal): Promise<Opened>;
}

/**
 * The body of `first`, taken up again where the network breaks it. It delivers one version of the
 * object, the one whose ETag the caller has been told, and `first.length` bytes of it at most.
 *
 * The stream errors with `conflict` where the object was changed meanwhile, with `network` or
 * `timeout` where going on does not work, and with what else the body errors with.
 */
export function resuming(first: Opened, resume: Resume): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(new ResumingSource(first, resume), { highWaterMark: 0 });
}

class ResumingSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #first: Opened;
  readonly #resume: Resume;
  readonly #cancelled = new AbortController();
  #current: Opened;
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Bytes handed on. */
  #seen = 0;
  /** Bytes to drop before the next one that is to be handed on. */
  #skip = 0;
  #count = 0;
  #seenAtResume = 0;

  constructor(first: Opened, resume: Resume) {
    this.#first = first;
    this.#resume = resume;
    this.#current = first;
    this.#reader = first.body.getReader();
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (!this.#cancelled.signal.aborted) {
      try {
        const chunk = await this.#next();
        if (chunk === undefined) return controller.close();
        if (chunk.length > 0) return controller.enqueue(chunk);
      } catch (error) {
        await this.#goOn(error);
      }
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.#cancelled.abort();
    await this.#reader.cancel(reason).catch(() => {});
  }

  /** What comes next and is wanted, perhaps nothing of a chunk; undefined at the end. */
  async #next(): Promise<Uint8Array | undefined> {
    const left = this.#first.length - this.#seen;
    // Of a whole object in place of a range, the end is not wanted.
    if (left === 0 && this.#current !== this.#first) {
      await this.#reader.cancel().catch(() => {});
      return undefined;
    }
    const { watchdog } = this.#current;
    watchdog.expect();
    const { done, value } = await this.#reader.read().finally(() => watchdog.rest());
    if (done) return undefined;
    const dropped = Math.min(this.#skip, value.length);
    this.#skip -= dropped;
    const chunk = value.subarray(dropped, dropped + left);
    this.#seen += chunk.length;
    return chunk;
  }

  async #goOn(error: unknown): Promise<void> {
    const passing = isCategory(error, "network") || error instanceof StallError;
    if (!passing || this.#cancelled.signal.aborted) throw error;
    if (this.#seen > this.#seenAtResume) this.#count = 0;
    this.#seenAtResume = this.#seen;
    if (this.#count === MAX_RESUMES) throw this.#hopeless(error);
    const start = this.#first.start + this.#seen;
    const next = await this.#resume.reopen(start, ++this.#count, this.#cancelled.signal)
      .catch((reason) => this.#reopenFailed(reason, error));
    this.#current = next;
    this.#reader = next.body.getReader();
    // A range that began where it should has been checked against what was asked for.
    this.#skip = next.start === start ? 0 : start;
    const isSame = next.etag === this.#first.etag && next.size === this.#first.size;
    if (isSame && !this.#cancelled.signal.aborted) return;
    await this.#reader.cancel().catch(() => {});
    if (!isSame) throw this.#changed();
  }

  #reopenFailed(reason: unknown, error: HxError): never {
    // No ranges, or not over this way: what broke the body says more.
    if (isCategory(reason, "config")) throw error;
    const isShorter = reason instanceof Refusal && reason.status === 416;
    if (isShorter || isCategory(reason, "conflict")) throw this.#changed(reason);
    throw reason;
  }

  /** Started over under the ETag already told, it would be another object. */
  #changed(cause?: unknown): HxError {
    return new HxError("conflict", `the object ${this.#resume.key} changed while it was read`, {
      hint: "run it again",
      cause,
    });
  }

  #hopeless(error: HxError): HxError {
    const { category, message } = error;
    return new HxError(category, `${message}; ${MAX_RESUMES} tries to go on brought nothing more`, {
      hint: "check the network; it is safe to run again",
      cause: error,
    });
  }
}
