/**
 * Devices that sync through a bucket while every request of theirs fails once. Afterwards the bucket
 * holds the same, byte for byte, as if nothing had failed: clock and randomness replay.
 */
import assert from "node:assert/strict";
import { matchEvents, readIdentity, readOutbox } from "../lib/db/mod.ts";
import { sha256Hex } from "../lib/crypto/mod.ts";
import { importNodeId } from "../lib/history/mod.ts";
import { listAll } from "../lib/store/mod.ts";
import { forget, importHistory, pull, push } from "../lib/sync/mod.ts";
import { makeRig, type Rig } from "./fault_kit.ts";
import type { Choose, Fault, SeenRequest } from "./fault_proxy.ts";
import {
  cutAfter,
  flippedAt,
  flippedRequest,
  html,
  lostAnswer,
  refusal,
  resetBefore,
  resetDuring,
  rewritten,
  slowDown,
  stallAfter,
} from "./faults.ts";
import { startMinio } from "./minio.ts";
import { readObject } from "./store_contract.ts";
import { temporaryCredentials } from "./sts.ts";
import { tell } from "./tell.ts";
import { type Device, makeWorld, record, START, testEvent, visible, type World } from "./world.ts";

const minio = await startMinio();
const STALL_MS = 200;

/** What fails and passes, whatever was asked. */
const ANY: Fault[] = [
  resetBefore,
  lostAnswer,
  html(500),
  slowDown,
  html(502),
  refusal(400, "RequestTimeout"),
  refusal(400, "ExpiredToken"),
];
const WITH_BODY: Fault[] = [resetDuring, flippedRequest, refusal(409, "OperationAborted")];
const OF_OBJECTS: Fault[] = [cutAfter(10), stallAfter(10), flippedAt(-1)];
const OF_LISTINGS: Fault[] = [
  cutAfter(10),
  stallAfter(10),
  rewritten((xml) => xml.slice(0, -20)),
  html(200),
];
/** So many runs bring every fault to every request. */
const TURNS = ANY.length + Math.max(WITH_BODY.length, OF_OBJECTS.length, OF_LISTINGS.length);

function faultsFor({ operation }: SeenRequest): Fault[] {
  switch (operation) {
    case "get":
      return [...ANY, ...OF_OBJECTS];
    case "list":
      return [...ANY, ...OF_LISTINGS];
    case "put":
    case "upload part":
    case "complete upload":
      return [...ANY, ...WITH_BODY];
    case "create upload":
      // Its name is in the answer: whoever loses that can't remove it before it is stale.
      return ANY.filter((fault) => fault !== lostAnswer);
    case "abort upload":
      // It has ten seconds: a storage that wants to be left alone for longer keeps the parts.
      return ANY.filter((fault) => fault !== slowDown);
    default:
      return ANY;
  }
}

/** What makes a request another one; ids replay, but for those that the server gives. */
function shapeOf({ method, path, query, headers }: SeenRequest): string {
  const words = [...query].map(([name, value]) =>
    /uploadId|token/.test(name) ? name : `${name}=${value}`
  );
  const conditions = ["if-match", "if-none-match", "range"].filter((name) => headers.has(name));
  return [method, path.replace(/^\/[^/]*/, ""), ...words, ...conditions].join(" ");
}

/** All shapes seen in any run, numbered, so that each gets another fault in every run. */
const numbers = new Map<string, number>();

/** Fails the first request of every shape, with the fault whose turn it is. */
function oncePerShape(turn: number, met: Map<string, number>): Choose {
  return (request) => {
    const shape = shapeOf(request);
    if (met.has(shape)) return undefined;
    const faults = faultsFor(request);
    const number = numbers.get(shape) ?? numbers.size;
    numbers.set(shape, number);
    const chosen = (number + turn) % faults.length;
    met.set(shape, chosen);
    return faults[chosen];
  };
}

async function importLines(device: Device, ...lines: string[]): Promise<void> {
  const node_id = await importNodeId(`${device.name}.example`);
  const events = lines.map((cmd, seq) =>
    testEvent(seq + 1, { node_id, session_id: "file", cmd, started_at: 1_600_000_000 + seq })
  );
  const session = { session_id: "file", started_at: 0, host: `${device.name}.example` };
  const batches = (async function* () {
    yield await Promise.resolve(events);
  })();
  await importHistory(device.db, device.context.keys, session, batches);
}

/** All that devices do, one after another. */
async function story(world: World): Promise<Device[]> {
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  const sync = async (device: Device) => {
    world.clock.now += 60_000;
    await pull(device.context);
    await push(device.context);
  };
  const forgetText = async ({ db }: Device, match: string) =>
    await forget(db, world.keys, { events: matchEvents(db, { match }), windows: [] });

  await importLines(a, "ls", "cd /tmp", "export TOKEN=secret");
  for (let n = 1; n <= 3; n++) {
    record(a.db, testEvent(n));
    await sync(a);
  }
  record(b.db, testEvent(10, { session_id: "b" }), testEvent(11, { cmd: "echo secret" }));
  await sync(b);
  await forgetText(a, "secret");
  record(a.db, testEvent(4));
  await sync(a);
  // What is forgotten there is imported here once more, and does not come back.
  await importLines(b, "export TOKEN=secret", "make");
  await forget(b.db, world.keys, {
    events: [],
    windows: [{ start_ts: 1_700_000_002, end_ts: 1_700_000_002.5 }],
  });
  await sync(b);
  const c = world.addDevice("c");
  const devices = [a, b, c];
  for (let round = 0; round < 2; round++) for (const device of devices) await sync(device);
  await forgetText(c, "secret");
  for (let round = 0; round < 2; round++) for (const device of devices) await sync(device);
  return devices;
}

/** What a run has left: the bucket's objects by hash, and what each device shows. */
interface Outcome {
  objects: Record<string, string>;
  shown: string[][];
  requests: number;
}

async function run(choose: Choose): Promise<Outcome> {
  await using rig = await makeRig(minio, choose);
  let current = await temporaryCredentials(minio);
  const credentials = Object.assign(() => Promise.resolve(current), {
    refresh: async () => current = await temporaryCredentials(minio),
  });
  const open = (observer?: Device["meter"]) =>
    rig.open({ stallMs: STALL_MS, credentials, ...(observer && { observer }) });
  const world = await makeWorld({ seed: 5, store: open(), open });
  assert.equal(world.clock.now, START);
  try {
    const devices = await story(world);
    for (const { db, name, events } of devices) {
      assert.deepEqual(readOutbox(db), [], name);
      assert.deepEqual(events.filter(({ type }) => type === "warning"), [], name);
    }
    assert.equal(readIdentity(devices[0]!.db)!.segments, 4);
    assert.deepEqual(await rig.openUploads(), []);
    const shown = devices.map(({ db }) => visible(db));
    return { objects: await hashes(rig), shown, requests: rig.proxy.seen.length };
  } finally {
    world.close();
  }
}

async function hashes({ direct }: Rig): Promise<Record<string, string>> {
  const objects: Record<string, string> = {};
  for await (const { key } of listAll(direct, "")) {
    objects[key] = await sha256Hex(await readObject(direct, key));
  }
  return objects;
}

Deno.test("a sync in which every distinct request fails once leaves the same bucket, byte for byte", async () => {
  const calm = await run(() => undefined);
  assert.ok(Object.keys(calm.objects).length >= 10, "too little happens");
  for (const shown of calm.shown) assert.deepEqual(shown, calm.shown[0]);
  assert.ok(!JSON.stringify(calm.shown).includes("secret"));
  const pairs = new Set<string>();
  let faults = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const met = new Map<string, number>();
    const outcome = await run(oncePerShape(turn, met)).catch((cause) => {
      throw new Error(`turn ${turn}: ${cause}`, { cause });
    });
    assert.deepEqual(outcome.objects, calm.objects, `turn ${turn}`);
    assert.deepEqual(outcome.shown, calm.shown, `turn ${turn}`);
    faults += met.size;
    for (const [shape, fault] of met) pairs.add(`${shape} ${fault}`);
  }
  tell(
    `${calm.requests} requests when all is well; ${numbers.size} distinct ones failed ` +
      `${faults} times in ${TURNS} runs (${pairs.size} pairs of request and fault)`,
  );
});
