import assert from "node:assert/strict";
import fc from "fast-check";
import { importEvents, parseHistory, type Shell } from "../lib/history/mod.ts";
import { bytesOf, collect, type Entry, joined, lent, linesOf, write } from "./history_fixture.ts";

const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

/** Pieces that mean something to one of the formats, and some that mean nothing to UTF-8. */
const piece = fc.oneof(
  fc.constantFrom("\n", "\r\n", "\r", "#17\n", ": 1:2;", ": ", "\\", "\\\n", " ", "\\n", "\0")
    .map(bytesOf),
  fc.constantFrom("- cmd: ", "  when: 5\n", "  paths:\n    - /\n", "ls", "€", "😀", "\ufffd")
    .map(bytesOf),
  fc.uint8Array({ minLength: 1, maxLength: 3 }),
  fc.constant(Uint8Array.of(0x83)),
);
const file = fc.array(piece, { maxLength: 60 }).map(joined);
const cuts = fc.array(fc.nat(150), { maxLength: 20 });

/** Commands over a few characters that shells treat as special, so that equal ones come up. */
const words = fc.array(
  fc.constantFrom("a", "b", " ", "\\", ":", "#", "1", ";", "\n", "ü", "à", "€", "😀", "-"),
  { minLength: 1, maxLength: 12 },
).map((parts) => parts.join(""));

/** What a shell's format can say without loss. */
function writable(shell: Shell, cmd: string): boolean {
  if (cmd.trim() === "") return false;
  return shell !== "bash" || !/^\n|\n$|(^|\n)#\d+(\n|$)/.test(cmd);
}

function entries(shell: Shell, minTime: number): fc.Arbitrary<Entry[]> {
  return fc.array(
    fc.record({
      time: fc.integer({ min: minTime, max: minTime + 3 }),
      cmd: words.filter((cmd) => writable(shell, cmd)),
    }),
    { maxLength: 25 },
  );
}

async function seqs(shell: Shell, list: readonly Entry[]): Promise<Set<number>> {
  const lines = parseHistory(shell, lent(write(shell, list)));
  const events = await collect(importEvents(lines, { label: "laptop", shell }));
  const set = new Set(events.map(({ seq }) => seq));
  assert.equal(set.size, events.length);
  assert.equal(events.length, list.length);
  return set;
}

for (const shell of SHELLS) {
  Deno.test(`parseHistory() gives the same for any chunks of a ${shell} file`, async () => {
    await fc.assert(
      fc.asyncProperty(file, cuts, async (content, places) => {
        const whole = await linesOf(shell, content);
        assert.deepEqual(await linesOf(shell, content, places), whole);
        const bytewise = Array.from(content, (_, i) => i);
        assert.deepEqual(await linesOf(shell, content, bytewise), whole);
      }),
      { numRuns: 300 },
    );
  });

  Deno.test(`parseHistory() reads what a dated ${shell} file says`, async () => {
    await fc.assert(
      fc.asyncProperty(entries(shell, 1_700_000_000), async (list) => {
        const lines = await linesOf(shell, write(shell, list));
        assert.deepEqual(lines, list.map(({ time, cmd }) => ({ started_at: time, cmd })));
      }),
      { numRuns: 300 },
    );
  });

  Deno.test(`importEvents() keys a ${shell} file alike when it grows or loses its head`, async () => {
    await fc.assert(
      fc.asyncProperty(entries(shell, 1_700_000_000), fc.nat(25), async (list, at) => {
        const all = await seqs(shell, list);
        assert.deepEqual(await seqs(shell, list), all);
        assert.equal((await seqs(shell, list.slice(0, at))).isSubsetOf(all), true);
        assert.equal((await seqs(shell, list.slice(at))).isSubsetOf(all), true);
      }),
      { numRuns: 200 },
    );
  });
}

Deno.test("parseHistory() reads what a plain zsh file says", async () => {
  // `\:` is how zsh writes a colon at the start, so zsh itself loses a typed one.
  const list = entries("zsh", 0).map((all) => all.filter(({ cmd }) => !cmd.startsWith("\\:")));
  await fc.assert(
    fc.asyncProperty(list, async (all) => {
      const lines = await linesOf("zsh", write("zsh", all, false));
      assert.deepEqual(lines.map(({ cmd }) => cmd), all.map(({ cmd }) => cmd));
      assert.deepEqual(lines.map(({ order }) => order), all.map((_, i) => i + 1));
    }),
    { numRuns: 300 },
  );
});

Deno.test("importEvents() keeps the largest count seen of equal undated lines", async () => {
  const undated = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(undated, undated, async (first, second) => {
      const [one, two] = [first, second].map((list) => list.map((cmd) => ({ time: 0, cmd })));
      const union = (await seqs("bash", one ?? [])).union(await seqs("bash", two ?? []));
      const count = (list: string[], cmd: string) => list.filter((each) => each === cmd).length;
      const expected = ["a", "b", "c"]
        .reduce((sum, cmd) => sum + Math.max(count(first, cmd), count(second, cmd)), 0);
      assert.equal(union.size, expected);
    }),
  );
});
