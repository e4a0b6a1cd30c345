/**
 * A process that writes to a folder store until it is killed, or once: for folder_store_test.ts.
 * Every object is one letter, many times, so that a part of one or a mix of two shows.
 *
 * @module
 */
import { FolderStore } from "../lib/store/mod.ts";
import { HxError } from "../lib/errors.ts";

const [path = "", mode = "", sizeText = ""] = Deno.args;
const size = Number(sizeText);
const store = new FolderStore(path, { staleLockMs: 50 });
const say = async (text: string) =>
  void await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));

if (mode === "once") {
  try {
    await store.putAtomic("full/k", new Uint8Array(size).fill(65));
    await say("stored");
  } catch (error) {
    await say(error instanceof HxError ? `${error.category}: ${error.message}` : String(error));
  }
} else {
  for (let round = 0;; round++) {
    const bytes = new Uint8Array(size).fill(65 + round % 26);
    await store.putAtomic("same", bytes);
    await store.putAtomic(`new/${crypto.randomUUID()}`, bytes, { ifNoneMatch: "*" });
    const { etag } = await store.head("same");
    await store.putAtomic("same", bytes.fill(97), { ifMatch: etag });
    if (round === 0) await say("ready");
  }
}
