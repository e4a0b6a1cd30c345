/** The library as others use it: every example of its comments and of its guide is checked and run. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { matchEvents, openDatabase, pullEvents } from "../mod.ts";
import { CountingStore, Meter } from "../lib/store/mod.ts";
import { forget, push } from "../lib/sync/mod.ts";
import { filesUnder } from "./cli.ts";
import { damage, keyOfOwn } from "./vault_kit.ts";
import { makeWorld, record, testEvent } from "./world.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What examples assert has to hold here: the console's own says so and goes on. */
const CHECK = `
function check(ok: unknown, ...more: unknown[]) {
  if (!ok) throw new Error("an example is wrong: " + more.join(" "));
}
`;

/** The `ts` blocks of a file, without a comment's stars, importing from where the file is. */
function examples(path: string, text: string): string[] {
  const blocks = [...text.matchAll(/^( \* )?```ts\n([\s\S]*?)^(?: \* )?```$/gm)];
  return blocks.map(([, star, code]) => {
    const bare = star === undefined ? code! : code!.replaceAll(/^ \* ?/gm, "");
    const resolved = bare.replaceAll(/from "(\.[^"]*)"/g, (_, relative) => {
      return `from "${new URL(relative, `file://${path}`).href}"`;
    });
    return `// ${path}\n${resolved.replaceAll("console.assert(", "check(")}${CHECK}`;
  });
}

async function deno(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test("every example of the library and its guide type-checks and runs", async () => {
  const sources = (await filesUnder(`${ROOT}lib`)).filter((path) => path.endsWith(".ts"));
  const dir = await Deno.makeTempDir({ prefix: "hx-library-" });
  const files: string[] = [];
  for (const path of [`${ROOT}mod.ts`, `${ROOT}docs/library.md`, ...sources]) {
    for (const code of examples(path, await Deno.readTextFile(path))) {
      files.push(`${dir}/example_${files.length}.ts`);
      await Deno.writeTextFile(files.at(-1)!, code);
    }
  }
  assert.ok(files.length >= 9, `${files.length} examples`);
  const all = files.map((file) => `await import("${file}");\n`).join("");
  await Deno.writeTextFile(`${dir}/all.ts`, all);
  await deno("run", "-A", "--check", "--config", `${ROOT}deno.json`, `${dir}/all.ts`);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("pullEvents() gives what is new, obeys deletions, and writes nothing", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  record(a.db, testEvent(1), testEvent(2), testEvent(3));
  await push(a.context);
  const meter = new Meter();
  const db = openDatabase(":memory:");
  const reader = { store: new CountingStore(world.store, meter), master: world.master, db };
  const given: string[] = [];
  const read = async () => {
    given.length = 0;
    return await pullEvents(reader, ({ cmd }) => void given.push(cmd));
  };
  await read();
  assert.deepEqual(given, ["echo 1", "echo 2", "echo 3"]);
  await read();
  assert.deepEqual(given, []);

  record(a.db, testEvent(4), testEvent(5));
  await push(a.context);
  await forget(a.db, world.keys, { events: matchEvents(a.db, { match: "echo 5" }), windows: [] });
  await push(a.context);
  await read();
  assert.deepEqual(given, ["echo 4"]);
  const { put, delete: deleted } = meter.counts.requests;
  assert.deepEqual([put, deleted], [0, 0]);
  db.close();
  world.close();
});

Deno.test("pullEvents() gives the good objects, tells of the bad one, and counts it", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  for (const n of [1, 2]) {
    record(a.db, testEvent(n));
    await push(a.context);
  }
  await damage(world.store, await keyOfOwn(world, a, "segment", 1));
  const told: string[] = [];
  const given: string[] = [];
  const report = await pullEvents({
    store: world.store,
    master: world.master,
    notify: (event) => event.type === "warning" && told.push(event.message),
  }, ({ cmd }) => void given.push(cmd));
  assert.deepEqual(given, ["echo 2"]);
  assert.deepEqual(report.rejected, { segment: { corrupt: 1 } });
  assert.equal(told.length, 1);
  world.close();
});

Deno.test("pullEvents() refuses a key that opens nothing, and another vault's database", async () => {
  const [world, other] = [await makeWorld(), await makeWorld({ seed: 2 })];
  const take = () => assert.fail("nothing is given");
  await assert.rejects(pullEvents({ store: world.store, master: other.master }, take), {
    category: "auth",
  });
  const { db } = other.addDevice("a");
  await assert.rejects(pullEvents({ store: world.store, master: world.master, db }, take), {
    category: "config",
  });
  world.close();
  other.close();
});
