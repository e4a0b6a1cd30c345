import assert from "node:assert/strict";
import { importEvents, parseHistory } from "../lib/history/mod.ts";
import { bytesOf } from "./history_fixture.ts";

const LINES = 1_000_000;
const BLOCK = 1000;

/** A file that is never whole in memory: a million dated lines of about 300 bytes. */
async function* millionLines(each: () => void): AsyncGenerator<Uint8Array> {
  const tail = " --option value".repeat(18);
  for (let block = 0; block < LINES / BLOCK; block++) {
    let text = "";
    for (let i = 0; i < BLOCK; i++) {
      text += `: ${1_500_000_000 + block}:0;command ${i % 500}${tail}\n`;
    }
    each();
    yield await Promise.resolve(bytesOf(text));
  }
}

Deno.test("importEvents() takes 1,000,000 lines in bounded memory", async () => {
  // The peak while the first fifth is read holds whatever the work needs. Of each different line
  // one number stays (1.1 times that peak, measured); keeping the lines makes it over 2 times.
  let blocks = 0;
  let early = 0;
  let late = 0;
  const measure = () => {
    const { rss } = Deno.memoryUsage();
    if (++blocks <= LINES / BLOCK / 5) early = Math.max(early, rss);
    else late = Math.max(late, rss);
  };
  let count = 0;
  const lines = parseHistory("zsh", millionLines(measure));
  for await (const batch of importEvents(lines, { label: "laptop", shell: "zsh" })) {
    count += batch.length;
  }
  assert.equal(count, LINES);
  assert.equal(
    late / early < 1.75,
    true,
    `resident memory grew ${(late / early).toFixed(2)} times`,
  );
});
