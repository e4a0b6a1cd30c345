/** Bodies that break: how the S3 store goes on with them, byte for byte, and when it does not. */
import assert from "node:assert/strict";
import { collect, type GetOptions } from "../lib/store/mod.ts";
import { failsWith } from "./store_contract.ts";
import { onTcp, type Wire } from "./s3_wire.ts";

const CONTENT = "0123456789".repeat(10);

interface Answer {
  status?: string;
  etag?: string;
  /** Bytes of the object that are announced, both included. */
  range?: [number, number];
  size?: number;
  /** How much of it comes before the connection breaks. */
  sent?: number;
}

/** A 206 where `range` is given, else the whole object. */
function answer({ status, etag = '"e"', range, size = 100, sent = Infinity }: Answer): string {
  const [first, last] = range ?? [0, size - 1];
  const head = [
    `HTTP/1.1 ${status ?? (range === undefined ? "200 OK" : "206 Partial Content")}`,
    `ETag: ${etag}`,
    `Content-Length: ${last - first + 1}`,
    "Connection: close",
    ...(range === undefined ? [] : [`Content-Range: bytes ${first}-${last}/${size}`]),
  ];
  return `${head.join("\r\n")}\r\n\r\n${CONTENT.slice(first, last + 1).slice(0, sent)}`;
}

const refusal = (status: string) => `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`;

/** The headers of each request, by their names. */
type Seen = (string | undefined)[];

/** Reads `k` from a server that gives these answers, one after the other; the last one for good. */
async function reading(
  answers: readonly string[],
  options: GetOptions,
  check: (text: Promise<string>, wire: Wire, ranges: Seen) => Promise<unknown>,
): Promise<void> {
  const ranges: Seen = [];
  await onTcp((request, before) => {
    ranges.push(/^range: bytes=(.*)/im.exec(request)?.[1]?.trim());
    if (before > 0) assert.match(request, /^if-match: "e"/im);
    return answers[Math.min(before, answers.length - 1)]!;
  }, async (wire) => {
    const text = async () => {
      const { body } = await wire.store.get("k", options);
      return new TextDecoder().decode(await collect(body));
    };
    await check(text(), wire, ranges);
  });
}

Deno.test("S3Store goes on from the byte where a body broke, under the same ETag", () =>
  reading(
    [answer({ sent: 40 }), answer({ range: [40, 99], sent: 1 }), answer({ range: [41, 99] })],
    {},
    async (text, { meter }, ranges) => {
      assert.equal(await text, CONTENT);
      assert.deepEqual(ranges, [undefined, "40-", "41-"]);
      assert.deepEqual([meter.counts.bytes_in, meter.counts.retries], [100, 2]);
    },
  ));

Deno.test("S3Store goes on within the range that was asked for", () =>
  reading(
    [answer({ range: [20, 59], sent: 10 }), answer({ range: [30, 59] })],
    { range: { start: 20, end: 59 }, maxBytes: 40 },
    async (text, _, ranges) => {
      assert.equal(await text, CONTENT.slice(20, 60));
      assert.deepEqual(ranges, ["20-59", "30-59"]);
    },
  ));

Deno.test("S3Store starts over where ranges are ignored, and hands no byte on twice", () =>
  reading([answer({ sent: 40 }), answer({ sent: 70 }), answer({})], {}, async (text) => {
    assert.equal(await text, CONTENT);
  }));

Deno.test("S3Store takes its range out of a whole object, and no byte beyond it", () =>
  reading(
    [answer({ range: [20, 59], sent: 10 }), answer({})],
    { range: { start: 20, end: 59 }, maxBytes: 40 },
    async (text) => assert.equal(await text, CONTENT.slice(20, 60)),
  ));

for (
  const [what, second] of [
    ["another ETag", answer({ range: [40, 99], etag: '"f"' })],
    ["another ETag, and no range", answer({ etag: '"f"' })],
    ["another size", answer({ range: [40, 89], size: 90 })],
    ["412 Precondition Failed", refusal("412 Precondition Failed")],
    ["416 Range Not Satisfiable", refusal("416 Range Not Satisfiable")],
  ] as const
) {
  Deno.test(`S3Store takes a resume that meets ${what} for a changed object`, () =>
    reading([answer({ sent: 40 }), second], {}, async (text, { meter }) => {
      const { message } = await failsWith(text, "conflict");
      assert.match(message, /the object k changed while it was read|not the version/);
      assert.equal(meter.counts.requests.get, 2);
    }));
}

Deno.test("S3Store does not start over under another ETag, though no byte was handed on", () =>
  reading(
    [answer({ sent: 0 }), answer({ etag: '"f"' })],
    {},
    (text) => failsWith(text, "conflict"),
  ));

Deno.test("S3Store takes other bytes than those asked for as none", async () => {
  for (const range of [[39, 99], [41, 99], [40, 98]] as [number, number][]) {
    await reading([answer({ sent: 40 }), answer({ range })], {}, (text) => {
      return failsWith(text, "network");
    });
  }
});

Deno.test("S3Store says that an object is gone, and that it may not be read any more", async () => {
  const outcomes = [["404 Not Found", "not-found"], ["403 Forbidden", "auth"]] as const;
  for (const [status, category] of outcomes) {
    await reading([answer({ sent: 40 }), refusal(status)], {}, (text) => failsWith(text, category));
  }
});

Deno.test("S3Store gives up a body that does not get on, with one hint", () =>
  reading(
    [answer({ sent: 40 }), answer({ range: [40, 99], sent: 0 })],
    {},
    async (text, { meter, waits }) => {
      const { message, hint } = await failsWith(text, "network");
      assert.match(message, /7 tries to go on brought nothing more/);
      assert.match(hint ?? "", /check the network/);
      assert.equal(meter.counts.requests.get, 8);
      assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400]);
    },
  ));

Deno.test("S3Store goes on as often as it takes while each time brings a byte", () => {
  const answers = Array.from({ length: 100 }, (_, at) => answer({ range: [at, 99], sent: 1 }));
  answers[0] = answer({ sent: 1 });
  return reading(answers, {}, async (text, { meter, waits }) => {
    assert.equal(await text, CONTENT);
    assert.equal(meter.counts.requests.get, 100);
    assert.deepEqual(new Set(waits), new Set([100]));
  });
});

Deno.test("S3Store stops waiting to go on when the body is cancelled", async () => {
  const asleep = Promise.withResolvers<AbortSignal | undefined>();
  await onTcp(() => answer({ sent: 40 }), async ({ store, meter }) => {
    const reader = (await store.get("k")).body.getReader();
    const reads = (async () => {
      while (!(await reader.read()).done);
    })();
    const signal = await asleep.promise;
    await reader.cancel();
    await reads;
    assert.equal(signal?.aborted, true);
    assert.equal(meter.counts.requests.get, 1);
  }, {
    async sleep(_, signal) {
      asleep.resolve(signal);
      await new Promise((_, reject) => signal?.addEventListener("abort", reject));
    },
  });
});
