/** S3 stores against servers of the tests that answer as they are told; no time passes in them. */
import assert from "node:assert/strict";
import { Meter, type RequestNote } from "../lib/store/mod.ts";
import { createS3Fetch, parseStoreUri, S3Store, type S3StoreOptions } from "../lib/s3/mod.ts";
import { bytesOf } from "./store_contract.ts";

/** Timers that go off when they are told to. */
export class FakeTimers {
  readonly #pending = new Map<() => void, number>();

  /** How long the timers are that run now, in milliseconds, the shortest first. */
  get pending(): number[] {
    return [...this.#pending.values()].sort((a, b) => a - b);
  }

  /** To be passed to a store. */
  readonly timer = (milliseconds: number, fire: () => void): () => void => {
    this.#pending.set(fire, milliseconds);
    return () => void this.#pending.delete(fire);
  };

  /** Lets the shortest one go off. */
  fire(): void {
    const [first] = [...this.#pending].sort(([, a], [, b]) => a - b);
    assert.ok(first !== undefined, "there is no timer");
    this.#pending.delete(first[0]);
    first[0]();
  }
}

export interface Wire {
  store: S3Store;
  meter: Meter;
  timers: FakeTimers;
  /** One for each request. */
  notes: RequestNote[];
  /** What the store waited between its tries, in milliseconds. */
  waits: number[];
  /** How many requests have arrived, at a server that counts them. */
  arrived: () => number;
}

/** A store whose clock and waits are its own. */
export async function withStore(
  endpoint: string,
  body: (wire: Wire) => Promise<void>,
  options: Partial<S3StoreOptions> = {},
): Promise<void> {
  const location = parseStoreUri("s3+endpoint://bucket/team/hx", { endpoint });
  assert.ok(location.kind === "s3");
  const notes: RequestNote[] = [];
  const meter = new Meter((note) => notes.push(note));
  const timers = new FakeTimers();
  const waits: number[] = [];
  const store = new S3Store({
    location,
    credentials: () => Promise.resolve({ accessKeyId: "id", secretAccessKey: "hunter2" }),
    fetch: options.fetch ?? createS3Fetch(),
    clock: () => 0,
    random: () => 1,
    sleep(milliseconds) {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    timer: timers.timer,
    observer: meter,
    timeoutMs: 120_000,
    ...options,
  });
  try {
    await body({ store, meter, timers, notes, waits, arrived: () => 0 });
  } finally {
    store.close();
  }
  assert.deepEqual(timers.pending, [], "a timer is left");
}

/** A store on AWS, where `answer` is all there is of it. */
export function awsStore(
  answer: (url: URL, init: RequestInit) => Response,
  meter: Meter,
  options: Partial<S3StoreOptions> = {},
): S3Store {
  const location = parseStoreUri("s3://bucket/team/hx", { region: "us-east-1" });
  assert.ok(location.kind === "s3");
  const send = (url: string, init: RequestInit) => Promise.resolve(answer(new URL(url), init));
  return new S3Store({
    location,
    credentials: () => Promise.resolve({ accessKeyId: "id", secretAccessKey: "hunter2" }),
    fetch: { pooled: send, fresh: send, close() {} },
    clock: () => 0,
    random: () => 1,
    sleep: () => Promise.resolve(),
    observer: meter,
    timeoutMs: 30_000,
    ...options,
  });
}

/** What an answer can be; undefined = none at all. */
export type Answered = Response | undefined | Promise<Response>;

/** Answers every HTTP request by `answer`, which is told how many came before. */
export async function onHttp(
  answer: (request: Request, before: number) => Answered,
  body: (wire: Wire) => Promise<void>,
  options: Partial<S3StoreOptions> = {},
): Promise<void> {
  let count = 0;
  const over = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      await request.bytes();
      const given = await answer(request, count++);
      if (given !== undefined) return given;
      await over.promise;
      return new Response();
    },
  );
  try {
    const counted = (wire: Wire) => body({ ...wire, arrived: () => count });
    await withStore(`http://127.0.0.1:${server.addr.port}`, counted, options);
  } finally {
    over.resolve();
    await server.shutdown();
  }
}

/** Answers what a connection asks first, byte for byte, then closes it. */
export async function onTcp(
  answer: (request: string, before: number) => string,
  body: (wire: Wire) => Promise<void>,
  options: Partial<S3StoreOptions> = {},
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let count = 0;
  const serving = (async () => {
    for await (const connection of listener) {
      const chunk = new Uint8Array(65_536);
      const read = await connection.read(chunk) ?? 0;
      const request = new TextDecoder().decode(chunk.subarray(0, read));
      await connection.write(bytesOf(answer(request, count++)));
      connection.close();
    }
  })();
  try {
    await withStore(`http://127.0.0.1:${listener.addr.port}`, body, options);
  } finally {
    listener.close();
    await serving.catch(() => {});
  }
}
