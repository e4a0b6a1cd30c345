/** Long uploads to a real MinIO: parts side by side, crashes, and going on after them. */
import assert from "node:assert/strict";
import { streamOf } from "../lib/store/mod.ts";
import { startMinio } from "./minio.ts";
import { stepOf, UploadRig } from "./s3_upload_kit.ts";
import { failsWith, patternBytes, readObject, sameBytes } from "./store_contract.ts";

const minio = await startMinio();
const MIB = 1024 * 1024;
/** Five parts, the last of them short. */
const BIG = patternBytes(4 * 8 * MIB + 1000);

function rigTest(name: string, body: (rig: UploadRig) => Promise<void>): void {
  Deno.test(name, async () => {
    const rig = await UploadRig.make(minio);
    try {
      await body(rig);
    } finally {
      rig.close();
    }
  });
}

/** `BIG` with one byte changed. */
function changedAt(at: number): Uint8Array<ArrayBuffer> {
  const bytes = BIG.slice();
  bytes[at]! ^= 1;
  return bytes;
}

rigTest("S3Store writes a long upload into the journal, step by step", async (rig) => {
  const { store } = rig.open();
  const { etag } = await store.putAtomic("k", streamOf(BIG, MIB));
  assert.deepEqual(await store.head("k"), { etag, size: BIG.length });
  assert.ok(sameBytes(await readObject(store, "k"), BIG));
  const { told } = rig.journal;
  assert.equal(told[0], "begun");
  assert.deepEqual(told.slice(1, -1).sort(), [1, 2, 3, 4, 5].map((n) => `sent ${n}`));
  assert.equal(told.at(-1), "ended");
  await store.putAtomic("small", streamOf(BIG.subarray(0, 8 * MIB)));
  assert.equal(told.length, 7);
});

rigTest(
  "S3Store sends three parts at a time while it reads the fourth, and no more",
  async (rig) => {
    let active = 0;
    let most = 0;
    let sent = 0;
    let read = 0;
    let held = 0;
    const { store } = rig.open(async (step) => {
      if (step !== "part") return;
      most = Math.max(most, ++active);
      while (read < 4 * 8 * MIB || most < 3) await new Promise((resolve) => setTimeout(resolve, 1));
      active--;
      sent++;
    });
    const body = streamOf(BIG, MIB).pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          read += chunk.length;
          held = Math.max(held, read - sent * 8 * MIB);
          controller.enqueue(chunk);
        },
      }),
    );
    await store.putAtomic("k", body);
    assert.equal(most, 3);
    // The stream itself holds a chunk or two.
    assert.ok(held <= 4 * 8 * MIB + 3 * MIB, `${held}`);
  },
);

rigTest("S3Store goes on with an upload after a crash, without sending again", async (rig) => {
  await rig.crash("k", streamOf(BIG), 2);
  const [left] = rig.journal.open();
  assert.deepEqual(left?.parts.map(({ number }) => number).sort(), [1, 2]);
  const { store, meter, steps } = rig.open();
  await failsWith(store.head("k"), "not-found");
  const { etag } = await store.putAtomic("k", streamOf(BIG, MIB), { resume: true });
  assert.deepEqual(await store.head("k"), { etag, size: BIG.length });
  assert.ok(sameBytes(await readObject(store, "k"), BIG));
  assert.equal(steps.filter((step) => step === "part").length, 3);
  assert.ok(!steps.includes("create"));
  assert.ok(meter.counts.bytes_out < BIG.length - 15 * MIB);
  assert.deepEqual([rig.journal.open().length, await rig.openUploads()], [0, 0]);
});

rigTest("S3Store leaves an earlier upload alone unless told to go on with it", async (rig) => {
  await rig.crash("k", streamOf(BIG), 2);
  const { store, steps } = rig.open();
  await store.putAtomic("k", streamOf(BIG));
  assert.equal(steps.filter((step) => step === "part").length, 5);
  await store.putAtomic("other", streamOf(BIG), { resume: true });
  assert.deepEqual([rig.journal.open().length, await rig.openUploads()], [1, 1]);
});

rigTest("S3Store does not go on with another version of the bytes", async (rig) => {
  const versions = [changedAt(0), changedAt(9 * MIB), BIG.subarray(0, 9 * MIB)];
  versions.push(BIG.subarray(0, 100));
  for (const bytes of versions) {
    await rig.crash("k", streamOf(BIG), 2);
    const { store, steps } = rig.open();
    const error = await failsWith(
      store.putAtomic("k", streamOf(bytes), { resume: true }),
      "conflict",
    );
    assert.match(error.message, /differs from what was sent before/);
    assert.ok(!steps.includes("complete"));
    assert.deepEqual([rig.journal.open().length, await rig.openUploads()], [0, 0]);
    await failsWith(store.head("k"), "not-found");
  }
});

rigTest(
  "S3Store starts a new upload where the old one is gone, for the same bytes",
  async (rig) => {
    for (const bytes of [BIG, changedAt(9 * MIB)]) {
      await rig.crash("k", streamOf(BIG), 2);
      const [left] = rig.journal.open();
      await rig.abort("k", left!.uploadId);
      const { store, steps } = rig.open();
      const putting = store.putAtomic("k", streamOf(bytes), { resume: true });
      if (bytes === BIG) await putting;
      else await failsWith(putting, "conflict");
      assert.ok(steps.includes("create"));
      assert.ok(sameBytes(await readObject(store, "k"), BIG));
      assert.deepEqual([rig.journal.open().length, await rig.openUploads()], [0, 0]);
    }
  },
);

rigTest("S3Store starts over where the storage does not list parts", async (rig) => {
  for (const [status, code] of [[501, "NotImplemented"], [403, "AccessDenied"]]) {
    await rig.crash("k", streamOf(BIG), 2);
    const { store, steps } = rig.open((step) => {
      const body = `<Error><Code>${code}</Code></Error>`;
      if (step === "parts") return new Response(body, { status: status as number });
    });
    await store.putAtomic("k", streamOf(BIG), { resume: true });
    assert.equal(steps.filter((step) => step === "part").length, 5);
    assert.deepEqual([rig.journal.open().length, await rig.openUploads()], [0, 0]);
  }
});

rigTest(
  "S3Store keeps what can be gone on with while the storage can't be reached",
  async (rig) => {
    await rig.crash("k", streamOf(BIG), 2);
    const { store } = rig.open(() => {
      throw new TypeError("error sending request");
    });
    await failsWith(store.putAtomic("k", streamOf(BIG), { resume: true }), "network");
    assert.deepEqual([rig.journal.open().length, await rig.openUploads()], [1, 1]);
  },
);

rigTest("S3Store sends a part again that the storage lists with another ETag", async (rig) => {
  await rig.crash("k", streamOf(BIG), 2);
  rig.journal.uploads.values().next().value!.parts.find(({ number }) => number === 2)!.etag = '"x"';
  const { store, steps } = rig.open();
  await store.putAtomic("k", streamOf(BIG), { resume: true });
  assert.equal(steps.filter((step) => step === "part").length, 4);
  assert.ok(sameBytes(await readObject(store, "k"), BIG));
});

rigTest("S3Store clears the uploads that were left, but for those to keep", async (rig) => {
  for (const key of ["a", "b", "c"]) await rig.crash(key, streamOf(BIG), 1);
  const [, b] = rig.journal.open();
  await rig.abort("b", b!.uploadId);
  const { store } = rig.open();
  assert.equal(await store.clearUploads({ keep: (key) => key === "a" }), 2);
  assert.deepEqual(rig.journal.open().map(({ key }) => key), ["a"]);
  assert.equal(await rig.openUploads(), 1);
  await failsWith(store.clearUploads({ signal: AbortSignal.abort() }), "interrupted");
  assert.equal(await store.clearUploads(), 1);
  assert.equal(await rig.openUploads(), 0);
});

rigTest("S3Store keeps an upload in the journal that it can't give up now", async (rig) => {
  await rig.crash("a", streamOf(BIG), 1);
  const { store } = rig.open((step) => {
    if (step === "abort") return new Response(null, { status: 403 });
  });
  await failsWith(store.clearUploads(), "auth");
  assert.equal(rig.journal.open().length, 1);
});

rigTest("S3Store gives up old uploads that no journal knows, if asked to", async (rig) => {
  const outside = await minio.request("POST", `/${rig.bucket}/q/k?uploads`);
  assert.equal(outside.status, 200, await outside.text());
  await rig.crash("lost", streamOf(BIG), 1);
  rig.journal.uploads.clear();
  await rig.crash("known", streamOf(BIG), 1);
  const hour = 3_600_000;
  const { store } = rig.open(undefined, { clock: () => Date.now() + hour / 6 });
  const keep = () => true;
  assert.equal(await store.clearUploads({ keep }), 0);
  assert.equal(await store.clearUploads({ keep, staleMs: hour }), 0);
  assert.equal(await rig.openUploads(), 3);
  // The clock that is fast by ten minutes is not what an upload's age is told by.
  assert.equal(await store.clearUploads({ keep, staleMs: hour / 12 }), 0);
  assert.equal(await store.clearUploads({ keep, staleMs: -hour / 12 }), 1);
  assert.deepEqual(rig.journal.open().map(({ key }) => key), ["known"]);
  assert.equal(await rig.openUploads(), 2);
});

rigTest("S3Store does not clear what it is just uploading", async (rig) => {
  let cleared: number | undefined;
  const { store } = rig.open(async (step) => {
    if (step === "complete") cleared = await store.clearUploads();
  });
  await store.putAtomic("k", streamOf(BIG));
  assert.equal(cleared, 0);
});

rigTest("S3Store takes no older object of the same size for its own lost upload", async (rig) => {
  const { store: plain } = rig.open();
  await plain.putAtomic("k", streamOf(changedAt(5)));
  for (const when of ["complete", "part"]) {
    const { store } = rig.open(async (step) => {
      const [open] = rig.journal.open();
      if (step === when && open?.key === "k") await rig.abort("k", open.uploadId).catch(() => {});
    });
    const error = await failsWith(store.putAtomic("k", streamOf(BIG)), "server");
    assert.match(error.message, /the upload is gone before its end/);
    assert.ok(sameBytes(await readObject(plain, "k"), changedAt(5)));
    assert.equal(rig.journal.open().length, 0);
  }
});

rigTest("S3Store calls a long upload under If-Match to a missing key a conflict", async (rig) => {
  const { store } = rig.open();
  await failsWith(store.putAtomic("k", streamOf(BIG), { ifMatch: '"gone"' }), "conflict");
  assert.deepEqual([rig.journal.open().length, await rig.openUploads()], [0, 0]);
});

rigTest("S3Store tells that an object is gone as soon as it was uploaded", async (rig) => {
  const { store } = rig.open(async (step, url) => {
    if (step !== "other" || !url.pathname.endsWith("/k")) return;
    await minio.request("DELETE", url.pathname).then((response) => response.body?.cancel());
  });
  await failsWith(store.putAtomic("k", streamOf(BIG)), "server");
});

Deno.test("stepOf() tells the requests of an upload apart", () => {
  const of = (query: string, method: string) => stepOf(new URL(`http://h/b/k?${query}`), method);
  assert.equal(of("uploads=", "POST"), "create");
  assert.equal(of("partNumber=1&uploadId=u", "PUT"), "part");
  assert.equal(of("uploadId=u", "POST"), "complete");
  assert.equal(of("uploadId=u", "DELETE"), "abort");
  assert.equal(of("uploadId=u", "GET"), "parts");
  assert.equal(of("", "PUT"), "other");
});
