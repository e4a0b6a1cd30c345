/** SHA-256 of long inputs in a thread of its own, beside the work that they are part of. */
import { startSha256 } from "./hash.ts";
import { type FromThread, THREAD_NAME, type ToThread } from "./sha256_worker.ts";

/** A SHA-256 that may be worked off elsewhere. */
export interface HashBeside {
  /** Takes the next piece, which is copied; resolves when there is room for more. */
  update(bytes: Uint8Array): Promise<void>;
  /** The hash in hex; nothing more may follow. */
  hex(): Promise<string>;
  /** Ends it, however far it is; may be repeated. */
  stop(): void;
}

/** Below this a thread takes longer to start than it saves, in bytes. */
const MIN_BYTES = 16 * 1024 * 1024;

/** Pieces on their way to the thread, and their size in bytes. */
const PIECES = 4;
const PIECE_BYTES = 1 << 20;

/** Begins a hash of about `size` bytes. Call {@link HashBeside.stop} in any case. */
export async function hashBeside(size: number): Promise<HashBeside> {
  const thread = size < MIN_BYTES ? undefined : await ThreadHash.start();
  if (thread) return thread;
  const hash = await startSha256();
  return {
    update: (bytes) => Promise.resolve(hash.update(bytes)),
    hex: () => Promise.resolve(hash.hex()),
    stop: () => {},
  };
}

class ThreadHash implements HashBeside {
  readonly #worker: Worker;
  readonly #digest = Promise.withResolvers<string>();
  readonly #free: ArrayBuffer[] = [];
  #made = 0;
  #wanted: PromiseWithResolvers<ArrayBuffer> | undefined;

  /** Starts the thread; undefined where that can't be done, as without permission to read the module. */
  static async start(): Promise<ThreadHash | undefined> {
    const url = import.meta.resolve("./sha256_worker.ts");
    const ready = Promise.withResolvers<boolean>();
    let worker: Worker;
    try {
      worker = new Worker(url, { type: "module", name: THREAD_NAME });
    } catch {
      return undefined;
    }
    worker.onmessage = () => ready.resolve(true);
    worker.onerror = (event) => {
      event.preventDefault();
      ready.resolve(false);
    };
    if (await ready.promise) return new ThreadHash(worker);
    worker.terminate();
    return undefined;
  }

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#digest.promise.catch(() => {}); // its failure is met wherever the hash is used next
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const error = new Error(`the thread that hashes has failed: ${event.message}`);
      this.#digest.reject(error);
      this.#wanted?.reject(error);
    };
  }

  async update(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      const buffer = await this.#memory();
      new Uint8Array(buffer).set(piece);
      this.#send({ buffer, length: piece.length }, [buffer]);
    }
  }

  hex(): Promise<string> {
    this.#send("end", []);
    return this.#digest.promise;
  }

  stop(): void {
    this.#worker.terminate();
  }

  #take(message: FromThread): void {
    if (message === "ready") return;
    if (!(message instanceof ArrayBuffer)) this.#digest.resolve(message.hex);
    else if (this.#wanted) this.#wanted.resolve(message);
    else this.#free.push(message);
  }

  /** Memory for a piece, once some is free. */
  async #memory(): Promise<ArrayBuffer> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#made++ < PIECES) return new ArrayBuffer(PIECE_BYTES);
    this.#wanted = Promise.withResolvers();
    try {
      return await this.#wanted.promise;
    } finally {
      this.#wanted = undefined;
    }
  }

  #send(message: ToThread, transfer: ArrayBuffer[]): void {
    this.#worker.postMessage(message, transfer);
  }
}
