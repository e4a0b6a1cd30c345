import assert from "node:assert/strict";
import fc from "fast-check";
import { SeenNumbers } from "../lib/history/seen_numbers.ts";
import type { EventRecord } from "../lib/format/types.ts";
import {
  importEvents,
  ImportKeys,
  importNodeId,
  importSeq,
  importSessionId,
  parseHistory,
  sessionOf,
  type Shell,
} from "../lib/history/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { bytesOf, collect, lent } from "./history_fixture.ts";

const LAPTOP = "e4687854-f595-5591-bdd6-691bbdb0bdbb";
const LAPTOP_BASH = "88c2541c-df99-5eb3-b15c-46a8bbb81ce1";
const LAPTOP_ZSH = "76c19261-87a3-556b-9098-62f6564a897b";

async function eventsOf(shell: Shell, content: string): Promise<EventRecord[]> {
  const lines = parseHistory(shell, lent(bytesOf(content)));
  return await collect(importEvents(lines, { label: "laptop", shell }));
}

// The numbers were computed apart from this code, with another language's JSON, SHA-1 and SHA-256.
Deno.test("importSeq() gives the known answers", () => {
  assert.equal(importSeq(0, "ls", 1), 6218389631810864);
  assert.equal(importSeq(0, "ls", 2), 4472284909163377);
  assert.equal(importSeq(1700000000, "git status", 1), 8009052354613240);
  assert.equal(importSeq(1700000000, "git status", 17), 2322596860694992);
  const every = 'echo "ü\\n"\n\t\x01\x7f\u2028€😀\ufffd';
  assert.equal(importSeq(1700000000, every, 1), 5540941763076173);
});

Deno.test("importNodeId() and importSessionId() give the known answers", async () => {
  assert.equal(await importNodeId("laptop"), LAPTOP);
  assert.equal(await importSessionId({ label: "laptop", shell: "bash" }), LAPTOP_BASH);
  assert.equal(await importSessionId({ label: "laptop", shell: "zsh" }), LAPTOP_ZSH);
  assert.equal(
    await importSessionId({ label: "laptop", shell: "fish" }),
    "a6217fc3-2a5c-5097-953e-42c8e18d2031",
  );
});

Deno.test("importSeq() stays below 2^53 and spreads over its upper half", () => {
  let upper = 0;
  for (let i = 0; i < 1000; i++) {
    const seq = importSeq(i, "x", 1);
    assert.equal(Number.isSafeInteger(seq) && seq >= 0, true);
    if (seq >= 2 ** 52) upper++;
  }
  assert.equal(upper > 400 && upper < 600, true);
});

Deno.test("importEvents() makes events with time and duration, from which the end follows", async () => {
  const base = { node_id: LAPTOP, session_id: LAPTOP_ZSH };
  assert.deepEqual(await eventsOf("zsh", ": 1700000000:5;git status\nls\nls\n"), [
    {
      ...base,
      seq: 8009052354613240,
      started_at: 1700000000,
      duration_ms: 5000,
      cmd: "git status",
    },
    { ...base, seq: 6218389631810864, started_at: 0, cmd: "ls", order: 1 },
    { ...base, seq: 4472284909163377, started_at: 0, cmd: "ls", order: 2 },
  ]);
});

Deno.test("importEvents() keys a command as it is stored, cut and with U+FFFD", async () => {
  const MiB = 1024 * 1024;
  const [long, nul] = await eventsOf("bash", "x".repeat(MiB + 5) + "\na\0\n");
  assert.equal(long?.truncated, true);
  assert.equal(long.seq, importSeq(0, "x".repeat(MiB), 1));
  assert.equal(nul?.cmd_base64, btoa("a\0"));
  assert.equal(nul.seq, importSeq(0, "a\ufffd", 1));
});

Deno.test("importEvents() passes a working directory on", async () => {
  async function* lines() {
    yield await Promise.resolve([{ started_at: 5, cmd: "ls", cwd: "/tmp", duration_ms: 0 }]);
  }
  const [event] = await collect(importEvents(lines(), { label: "laptop", shell: "bash" }));
  assert.deepEqual([event?.cwd, event?.duration_ms], ["/tmp", 0]);
});

Deno.test("ImportKeys counts pairs of time and command, not commands", async () => {
  const keys = await ImportKeys.of({ label: "laptop", shell: "bash" });
  const seqs = [1, 2, 1].map((started_at) => keys.next({ started_at, cmd: "ls" }).seq);
  assert.deepEqual(seqs, [importSeq(1, "ls", 1), importSeq(2, "ls", 1), importSeq(1, "ls", 2)]);
});

Deno.test("sessionOf() is the import session of a label and a shell", async () => {
  assert.deepEqual(await sessionOf({ label: "laptop", shell: "bash" }), {
    session_id: LAPTOP_BASH,
    started_at: 0,
    host: "laptop",
    shell: "bash",
  });
});

Deno.test("sessionOf() and ImportKeys refuse a label that no record could hold", async () => {
  for (const label of ["", "a\0b", "\ud800", "x".repeat(16 * 1024 + 1)]) {
    const source = { label, shell: "bash" } as const;
    await assert.rejects(sessionOf(source), (error) => isCategory(error, "usage"));
    await assert.rejects(ImportKeys.of(source), (error) => isCategory(error, "usage"));
  }
});

Deno.test("SeenNumbers is a set, also of numbers that meet in one slot and as it grows", () => {
  const numbers = fc.array(fc.oneof(fc.nat(50), fc.nat(40).map((n) => n * 1024), fc.maxSafeNat()), {
    maxLength: 3000,
    size: "max",
  });
  fc.assert(
    fc.property(numbers, (list) => {
      const seen = new SeenNumbers();
      const set = new Set<number>();
      for (const n of list) {
        assert.equal(seen.add(n), !set.has(n));
        set.add(n);
      }
    }),
    { numRuns: 30 },
  );
});
