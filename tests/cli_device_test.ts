/** `hx device`: names, and devices that are not expected back. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { filesUnder, Home } from "./cli.ts";

interface Listed {
  node_id: string;
  label: string;
  retired: boolean;
}

const list = async (home: Home) =>
  JSON.parse(await home.hx("device", "list", "--json")) as Listed[];

Deno.test("a renamed device shows its name to the others after a sync", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const store = `folder:${join(a.path, "vault")}`;
  await a.hx("sync", "init", "--store", store);
  await a.write(".bash_history", "ls\n");
  await a.hx("import");
  await a.hx("sync");
  await b.join(a, store);
  await b.hx("sync");
  assert.equal(await a.hx("device", "rename", "work laptop"), 'this device is now "work laptop"\n');
  await a.hx("sync");
  await b.hx("sync");
  assert.deepEqual((await list(b)).map((device) => device.label).includes("work laptop"), true);
  assert.match(await a.hx("device", "list"), /work laptop \(this\) +1 /);
  // The imports of the renamed device are still counted as its own.
  assert.match(await b.hx("device", "list"), /work laptop +1 /);
  assert.match(await a.fails(2, ["device", "rename", " "]), /1 to 200 visible characters/);
});

Deno.test("a retired device is not reported missing; its history stays", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const folder = join(a.path, "vault");
  await a.hx("sync", "init", "--store", `folder:${folder}`);
  await a.write(".bash_history", "ls\n");
  await a.hx("import");
  await a.hx("sync");
  await b.join(a, `folder:${folder}`);
  await b.hx("sync");
  const other = (await list(b)).find((_, i) => i > 0)!;
  const manifest = (await filesUnder(folder)).find((file) =>
    file.includes(other.node_id + ".hxman")
  );
  await Deno.remove(manifest!);
  assert.match(await b.fails(3, ["sync"]), /is gone from the store/);
  assert.match(await b.fails(11, ["device", "retire", "nobody"]), /no such device/);
  const own = (await list(b))[0]!.node_id;
  assert.match(await b.fails(2, ["device", "retire", own]), /can't retire itself/);
  await b.hx("device", "retire", other.node_id.slice(0, 8));
  assert.equal(await b.hx("sync"), "nothing new\n");
  assert.deepEqual(await b.commands(), ["ls"]);
  assert.deepEqual((await list(b)).map((device) => device.retired), [false, true]);
});

Deno.test("the first --host given for the shells' own files is this device's name", async () => {
  await using home = await Home.make();
  await home.write(".bash_history", "ls\n");
  await home.hx("import", "--host", "laptop");
  assert.match(await home.hx("import"), /0 new, 1 known/);
  await home.hx("sync");
  assert.match(await home.hx("device", "list"), /laptop \(this\) +1 /);
});
