/**
 * What every store must do: one suite, run on memory, folder and S3.
 *
 * @module
 */
import assert from "node:assert/strict";
import pLimit from "p-limit";
import { type Category, HxError } from "../lib/errors.ts";
import { collect, listAll, streamOf, type SyncStore } from "../lib/store/mod.ts";

/** A place that stores can be opened in, empty at first. */
export interface StoreSpace {
  /** A store in the part of the place that `prefix` names. */
  open(prefix: string): Promise<SyncStore>;
  /** Removes everything. */
  close(): Promise<void>;
}

/** Keys and prefixes that signers, servers and XML have stumbled over. */
const ODD_NAMES = [
  "with space",
  "plus+plus",
  "100%25 %2F",
  "ünï/日本/🎉",
  "!'()*",
  "a&b<c>\"d'e",
  "q?x=1#f;y",
  "tab\tand~-_=@:$,",
  "back\\slash[]{}^`|",
];

const encoder = new TextEncoder();

/** Text as bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Rejects unless `work` fails with an error of that category. */
export async function failsWith(work: Promise<unknown>, category: Category): Promise<HxError> {
  let result: unknown;
  try {
    result = await work;
  } catch (error) {
    if (error instanceof HxError && error.category === category) return error;
    throw new Error(`expected ${category}, got ${error}`, { cause: error });
  }
  throw new Error(`expected ${category}, but it succeeded: ${JSON.stringify(result)}`);
}

/** The whole object. */
export async function readObject(store: SyncStore, key: string): Promise<Uint8Array<ArrayBuffer>> {
  return await collect((await store.get(key)).body);
}

/** Bytes that differ from place to place, the same every time. */
export function patternBytes(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Whether two byte strings are the same; quicker than a deep comparison. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

async function keysOf(store: SyncStore, prefix: string, pageSize?: number): Promise<string[]> {
  const entries = await Array.fromAsync(listAll(store, prefix, { pageSize }));
  return entries.map(({ key }) => key).sort();
}

type Body = (store: SyncStore, space: StoreSpace) => Promise<void>;

/** Registers the suite for one kind of store. */
export function storeContract(name: string, makeSpace: () => Promise<StoreSpace>): void {
  const test = (criterion: string, body: Body) =>
    Deno.test(`${name} ${criterion}`, async () => {
      const space = await makeSpace();
      try {
        await body(await space.open("team/hx"), space);
      } finally {
        await space.close();
      }
    });
  registerCrud(test);
  registerKeys(test);
  registerListing(test);
  registerConditions(test);
  registerReading(test);
  registerStreams(test);
}

type Test = (criterion: string, body: Body) => void;

function registerCrud(test: Test): void {
  test("stores, tells, gives and deletes an object", async (store) => {
    const { etag } = await store.putAtomic("a/b", bytesOf("hello"));
    assert.deepEqual(await store.head("a/b"), { etag, size: 5 });
    const found = await store.get("a/b");
    assert.equal(found.etag, etag);
    assert.equal(found.size, 5);
    assert.deepEqual(await collect(found.body), bytesOf("hello"));
    assert.deepEqual((await store.list("")).entries, [{ key: "a/b", size: 5, etag }]);
    await store.delete("a/b");
    await failsWith(store.get("a/b"), "not-found");
    await failsWith(store.head("a/b"), "not-found");
    assert.deepEqual(await store.list(""), { entries: [] });
  });

  test("keeps an empty object", async (store) => {
    const { etag } = await store.putAtomic("empty", new Uint8Array());
    assert.deepEqual(await store.head("empty"), { etag, size: 0 });
    assert.equal((await readObject(store, "empty")).length, 0);
  });

  test("overwrites, and the ETag follows the content", async (store) => {
    const one = await store.putAtomic("k", bytesOf("one"));
    const two = await store.putAtomic("k", bytesOf("two"));
    assert.notEqual(one.etag, two.etag);
    assert.deepEqual(await readObject(store, "k"), bytesOf("two"));
    assert.equal((await store.list("k")).entries[0]?.etag, two.etag);
    assert.equal((await store.putAtomic("k", bytesOf("one"))).etag, one.etag);
  });

  test("deletes nothing without complaint", async (store) => {
    await store.delete("never/was");
    await store.putAtomic("k", bytesOf("x"));
    await store.delete("k/below");
    assert.deepEqual(await keysOf(store, ""), ["k"]);
  });

  test("does not keep the caller's buffer", async (store) => {
    const bytes = bytesOf("before");
    await store.putAtomic("k", bytes);
    bytes.fill(0);
    assert.deepEqual(await readObject(store, "k"), bytesOf("before"));
  });
}

function registerKeys(test: Test): void {
  test("takes odd keys as they are", async (store) => {
    for (const [index, key] of ODD_NAMES.entries()) {
      await store.putAtomic(`odd/${key}`, bytesOf(`${index}`));
    }
    for (const [index, key] of ODD_NAMES.entries()) {
      assert.deepEqual(await readObject(store, `odd/${key}`), bytesOf(`${index}`), key);
      assert.deepEqual(await keysOf(store, `odd/${key}`), [`odd/${key}`]);
    }
    assert.deepEqual(await keysOf(store, "odd/"), ODD_NAMES.map((key) => `odd/${key}`).sort());
    for (const key of ODD_NAMES) await store.delete(`odd/${key}`);
    assert.deepEqual(await keysOf(store, ""), []);
  });

  test("takes an odd prefix as it is", async (_, space) => {
    for (const prefix of ODD_NAMES) {
      const store = await space.open(`in ${prefix}`);
      await store.putAtomic("k/1", bytesOf(prefix));
      assert.deepEqual(await keysOf(store, ""), ["k/1"], prefix);
      assert.deepEqual(await readObject(store, "k/1"), bytesOf(prefix));
    }
  });

  test("refuses keys that could be folded or cut", async (store) => {
    const long = Array.from({ length: 11 }, () => "x".repeat(100)).join("/");
    const bad = ["", ".", "..", "a/../b", "a/./b", "a//b", "/a", "a/", "a\0b", "\ud800", long];
    for (const key of bad) {
      await failsWith(store.putAtomic(key, bytesOf("x")), "config");
      await failsWith(store.get(key), "config");
      await failsWith(store.head(key), "config");
      await failsWith(store.delete(key), "config");
    }
    await failsWith(store.list("../"), "config");
    assert.deepEqual(await keysOf(store, ""), []);
  });

  test("keeps apart from its siblings", async (store, space) => {
    const sibling = await space.open("team/hx2");
    await store.putAtomic("k", bytesOf("ours"));
    await sibling.putAtomic("k", bytesOf("theirs"));
    assert.deepEqual(await keysOf(store, ""), ["k"]);
    assert.deepEqual(await readObject(store, "k"), bytesOf("ours"));
    await store.delete("k");
    assert.deepEqual(await readObject(sibling, "k"), bytesOf("theirs"));
  });
}

function registerListing(test: Test): void {
  test("lists more than a thousand objects exactly once", async (store) => {
    const limit = pLimit(8);
    const keys = Array.from({ length: 1003 }, (_, n) => `n/${n % 7}/${n}`).sort();
    await Promise.all(keys.map((key) => limit(() => store.putAtomic(key, bytesOf(key)))));
    assert.deepEqual(await keysOf(store, "n/"), keys);
    const first = await store.list("n/");
    assert.ok(first.entries.length <= 1000 && first.continuation !== undefined);
  });

  test("goes on page by page", async (store) => {
    const keys = ["a", "a b", "b/c", "b+d", "e"];
    for (const key of keys) await store.putAtomic(key, bytesOf(key));
    assert.equal((await store.list("", { pageSize: 1 })).entries.length, 1);
    assert.deepEqual(await keysOf(store, "", 1), keys.toSorted());
    assert.deepEqual(await keysOf(store, "", 2), keys.toSorted());
  });

  test("takes a prefix as a string, not a folder", async (store) => {
    for (const key of ["ab/1", "ab/2", "abc/3", "b/ab"]) await store.putAtomic(key, bytesOf("x"));
    assert.deepEqual(await keysOf(store, "ab"), ["ab/1", "ab/2", "abc/3"]);
    assert.deepEqual(await keysOf(store, "ab/"), ["ab/1", "ab/2"]);
    assert.deepEqual(await keysOf(store, "ab/2"), ["ab/2"]);
    assert.deepEqual(await store.list("none/"), { entries: [] });
  });

  test("agrees with itself about ETags", async (store) => {
    const { etag } = await store.putAtomic("k", patternBytes(100_000));
    const { body, etag: got } = await store.get("k");
    await body.cancel();
    assert.equal(got, etag);
    assert.equal((await store.head("k")).etag, etag);
    assert.deepEqual((await store.list("")).entries, [{ key: "k", size: 100_000, etag }]);
  });
}

function registerConditions(test: Test): void {
  const winnersOf = async (tries: Promise<unknown>[]) => {
    const settled = await Promise.allSettled(tries);
    for (const one of settled) {
      if (one.status === "rejected") await failsWith(Promise.reject(one.reason), "conflict");
    }
    return settled.flatMap(({ status }, index) => status === "fulfilled" ? [index] : []);
  };

  test("creates once", async (store) => {
    await store.putAtomic("k", bytesOf("first"), { ifNoneMatch: "*" });
    await failsWith(store.putAtomic("k", bytesOf("second"), { ifNoneMatch: "*" }), "conflict");
    assert.deepEqual(await readObject(store, "k"), bytesOf("first"));
  });

  test("lets one of eight create", async (store) => {
    const tries = Array.from(
      { length: 8 },
      (_, n) => store.putAtomic("dir/k", bytesOf(`writer ${n}`), { ifNoneMatch: "*" }),
    );
    const winners = await winnersOf(tries);
    assert.equal(winners.length, 1);
    assert.deepEqual(await readObject(store, "dir/k"), bytesOf(`writer ${winners[0]}`));
  });

  test("lets one of eight replace a version", async (store) => {
    const { etag } = await store.putAtomic("k", bytesOf("old"));
    const tries = Array.from(
      { length: 8 },
      (_, n) => store.putAtomic("k", bytesOf(`writer ${n}`), { ifMatch: etag }),
    );
    const winners = await winnersOf(tries);
    assert.equal(winners.length, 1);
    assert.deepEqual(await readObject(store, "k"), bytesOf(`writer ${winners[0]}`));
  });

  test("replaces the version named only", async (store) => {
    const one = await store.putAtomic("k", bytesOf("one"));
    const two = await store.putAtomic("k", bytesOf("two"), { ifMatch: one.etag });
    await failsWith(store.putAtomic("k", bytesOf("three"), { ifMatch: one.etag }), "conflict");
    assert.equal((await store.head("k")).etag, two.etag);
    await failsWith(store.putAtomic("none", bytesOf("x"), { ifMatch: two.etag }), "conflict");
    await failsWith(store.head("none"), "not-found");
  });
}

function registerReading(test: Test): void {
  test("gives ranges", async (store) => {
    const { etag } = await store.putAtomic("k", bytesOf("0123456789"));
    const part = async (start: number, end?: number) => {
      const found = await store.get("k", { range: { start, end } });
      assert.equal(found.size, 10);
      assert.equal(found.etag, etag);
      return new TextDecoder().decode(await collect(found.body));
    };
    assert.equal(await part(0, 0), "0");
    assert.equal(await part(3, 5), "345");
    assert.equal(await part(7), "789");
    assert.equal(await part(8, 100), "89");
    await failsWith(store.get("k", { range: { start: 10 } }), "corrupt");
    await failsWith(store.get("k", { range: { start: 5, end: 4 } }), "config");
  });

  test("gives the version asked for, or none", async (store) => {
    const one = await store.putAtomic("k", bytesOf("0123456789"));
    const range = { start: 2, end: 3 };
    const found = await store.get("k", { ifMatch: one.etag, range });
    assert.deepEqual(await collect(found.body), bytesOf("23"));
    await store.putAtomic("k", bytesOf("abcdefghij"));
    await failsWith(store.get("k", { ifMatch: one.etag, range }), "conflict");
    await failsWith(store.get("k", { ifMatch: one.etag }), "conflict");
  });

  test("delivers one version while another is written", async (store) => {
    const old = patternBytes(3_000_000, 1);
    await store.putAtomic("k", old);
    const { body } = await store.get("k");
    const reader = body.getReader();
    const chunks = [(await reader.read()).value!];
    await store.putAtomic("k", patternBytes(3_000_000, 2));
    let failed = false;
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        chunks.push(next.value);
      }
    } catch (error) {
      assert.ok(error instanceof HxError);
      failed = true;
    }
    const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    assert.ok(failed || size === old.length);
    let at = 0;
    for (const chunk of chunks) {
      assert.ok(sameBytes(chunk, old.subarray(at, at + chunk.length)));
      at += chunk.length;
    }
  });

  test("refuses to give more than maxBytes", async (store) => {
    await store.putAtomic("k", bytesOf("0123456789"));
    await failsWith(store.get("k", { maxBytes: 9 }), "corrupt");
    assert.equal((await collect((await store.get("k", { maxBytes: 10 })).body)).length, 10);
    const range = { start: 0, end: 4 };
    assert.equal((await collect((await store.get("k", { range, maxBytes: 5 })).body)).length, 5);
    await failsWith(store.get("k", { range, maxBytes: 4 }), "corrupt");
  });

  test("does nothing once aborted", async (store) => {
    await store.putAtomic("k", bytesOf("x"));
    const signal = AbortSignal.abort();
    await failsWith(store.get("k", { signal }), "interrupted");
    await failsWith(store.head("k", { signal }), "interrupted");
    await failsWith(store.list("", { signal }), "interrupted");
    await failsWith(store.delete("k", { signal }), "interrupted");
    await failsWith(store.putAtomic("new", bytesOf("x"), { signal }), "interrupted");
    assert.deepEqual(await keysOf(store, ""), ["k"]);
    const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
    await failsWith(store.get("k", { signal: late }), "timeout");
  });

  test("stops a body when aborted midway", async (store) => {
    await store.putAtomic("k", patternBytes(5_000_000));
    const stop = new AbortController();
    const { body } = await store.get("k", { signal: stop.signal });
    const reader = body.getReader();
    assert.ok(((await reader.read()).value?.length ?? 0) > 0);
    stop.abort();
    await failsWith(reader.read(), "interrupted");
  });
}

function registerStreams(test: Test): void {
  test("stores streams of any cut", async (store) => {
    await store.putAtomic("empty", streamOf(new Uint8Array()));
    assert.equal((await store.head("empty")).size, 0);
    const bytes = patternBytes(10_007);
    const { etag } = await store.putAtomic("odd", streamOf(bytes, 13));
    assert.deepEqual(await store.head("odd"), { etag, size: bytes.length });
    assert.ok(sameBytes(await readObject(store, "odd"), bytes));
    const holes = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const text of ["", "a", "", "bc", ""]) controller.enqueue(bytesOf(text));
        controller.close();
      },
    });
    await store.putAtomic("holes", holes);
    assert.deepEqual(await readObject(store, "holes"), bytesOf("abc"));
  });

  test("stores a stream of 20 MiB", async (store) => {
    const bytes = patternBytes(20 * 1024 * 1024 + 1);
    const { etag } = await store.putAtomic("big", streamOf(bytes, 1_000_003), { ifNoneMatch: "*" });
    assert.deepEqual(await store.head("big"), { etag, size: bytes.length });
    assert.ok(sameBytes(await readObject(store, "big"), bytes));
    const again = store.putAtomic("big", streamOf(bytes, 1_000_003), { ifNoneMatch: "*" });
    await failsWith(again, "conflict");
  });

  for (const size of [0, 100, 8 * 1024 * 1024, 12 * 1024 * 1024]) {
    test(`shows nothing of a stream that fails after ${size} bytes`, async (store) => {
      await store.putAtomic("old", bytesOf("old"));
      const failing = (): ReadableStream<Uint8Array> => {
        let left = size;
        return new ReadableStream({
          pull(controller) {
            if (left === 0) throw new HxError("corrupt", "the source broke");
            const chunk = new Uint8Array(Math.min(left, 1 << 20));
            left -= chunk.length;
            controller.enqueue(chunk);
          },
        });
      };
      await failsWith(store.putAtomic("new", failing()), "corrupt");
      await failsWith(store.putAtomic("old", failing()), "corrupt");
      assert.deepEqual(await keysOf(store, ""), ["old"]);
      assert.deepEqual(await readObject(store, "old"), bytesOf("old"));
    });
  }

  test("shows nothing of a stream that is aborted midway", async (store) => {
    const stop = new AbortController();
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1 << 20));
        return new Promise(() => stop.abort());
      },
      cancel() {
        cancelled = true;
      },
    });
    await failsWith(store.putAtomic("k", endless, { signal: stop.signal }), "interrupted");
    assert.ok(cancelled);
    await failsWith(store.head("k"), "not-found");
  });
}
