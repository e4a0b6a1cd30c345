/**
 * A thread that hashes: pieces come in, and their memory goes back once they are worked off.
 *
 * @module
 */
import { startSha256 } from "./hash.ts";

/** What the thread is called. This module does its work only there. */
export const THREAD_NAME = "sha-256";

/** What the thread is sent: the first `length` bytes of some memory, or that there are no more. */
export type ToThread = { buffer: ArrayBuffer; length: number } | "end";

/** What it sends: that it listens, memory that it needs no more, and at the end the hash. */
export type FromThread = "ready" | ArrayBuffer | { hex: string };

interface Thread {
  name?: string;
  onmessage: ((event: MessageEvent<ToThread>) => void) | null;
  postMessage(message: FromThread, transfer?: ArrayBuffer[]): void;
}

async function serve(thread: Thread): Promise<void> {
  const hash = await startSha256();
  thread.onmessage = ({ data }) => {
    if (data === "end") return thread.postMessage({ hex: hash.hex() });
    hash.update(new Uint8Array(data.buffer, 0, data.length));
    thread.postMessage(data.buffer, [data.buffer]);
  };
  thread.postMessage("ready");
}

const self = globalThis as unknown as Thread;
if (self.name === THREAD_NAME) serve(self);
