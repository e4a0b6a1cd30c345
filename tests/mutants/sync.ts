/** Mutants of publishing, pulling and importing (format, sections 8 to 10). */
import { type Mutant, of } from "./mutant.ts";

const PULL = "tests/rules_pull_test.ts";
const PUSH = "tests/rules_push_test.ts";
const IMPORT = "tests/rules_import_test.ts";
const RULES = [PUSH, PULL, "tests/sync_hostile_test.ts"];
const SYNC = [...RULES, "tests/sync_test.ts"];

const READING = [
  ...of(
    "lib/importer/open.ts",
    RULES,
    [
      "a tombstone is of the node whose manifest names it",
      "if (header.node_id !== object.nodeId)",
      "if (false)",
    ],
    [
      "a tombstone from the future waits",
      "if (Date.parse(header.created_at) > now + FUTURE_TOMBSTONE_MS)",
      "if (false)",
    ],
  ),
  ...of(
    "lib/importer/apply.ts",
    ["tests/importer_test.ts", "tests/rules_db_test.ts"],
    [
      "what is imported is marked in the transaction that imports it",
      "  const apply = (work: ",
      "  for (const { kind, nodeId, number } of batch) {\n" +
      '    addRange(db, "imported", kind, nodeId, { start: number, end: number });\n  }\n' +
      "  const apply = (work: ",
    ],
    [
      "a failing object undoes itself",
      "db.savepoint(() => applyOne(db, ids, batch[index]!, digests));",
      "applyOne(db, ids, batch[index]!, digests);",
    ],
    [
      "a failing object undoes no neighbour",
      "    if (isDatabaseTrouble(error)) throw error;\n  }\n  return await apply",
      "    throw error;\n  }\n  return await apply",
    ],
    [
      "digests are there where lines were forgotten",
      "if (nodes.size === 0) return [];",
      "if (nodes.size >= 0) return [];",
    ],
    [
      "sessions come in",
      "for (const session of payload.sessions ?? []) mergeSession(db, ids, session, false);",
      "",
      { tests: [PULL] },
    ],
    ["pins come in", "for (const pin of payload.pins ?? []) mergePin(db, ids, pin, false);", "", {
      tests: [PUSH, PULL],
    }],
  ),
  ...of(
    "lib/importer/digests.ts",
    ["tests/rules_db_test.ts"],
    [
      "texts that come in between get a digest, too",
      "if (keys && !needed().every((text) => digests.has(text))) return undefined;",
      "",
    ],
  ),
  ...of("lib/db/tombstones.ts", ["tests/sync_test.ts"], [
    "a deletion is cut to the size of a tombstone",
    "(part.length > 0 && bytes + size > TOMBSTONE_BYTES)",
    "false",
  ]),
  ...of(
    "lib/db/change_vault.ts",
    ["tests/new_key_test.ts"],
    [
      "deletions go over to the new vault",
      "for (const payload of deletions(db)) db.run(add, JSON.stringify(payload));",
      "",
    ],
    [
      "forgotten lines go over to the new vault",
      "for (const imports of tombstoneParts(lines,",
      "for (const imports of tombstoneParts([] as typeof lines,",
    ],
    ["all events wait in the new vault", 'db.run("UPDATE event SET segment = 0");', ""],
  ),
  ...of("lib/commands/sync_join.ts", ["tests/new_key_test.ts"], [
    "a device follows its own vault and no other",
    "if (!unlocked.vault.movedFrom.includes(row.vaultId)) requireNotEnrolled(app, device);",
    "",
  ]),
  ...of(
    "lib/sync/repair.ts",
    ["tests/repair_test.ts"],
    [
      "a segment that no manifest names publishes nothing for good",
      'importMissing(context, recorder, "segment", false)',
      'importMissing(context, recorder, "segment")',
    ],
  ),
  ...of(
    "lib/manifest/freshness.ts",
    ["tests/manifest_test.ts", ...RULES],
    [
      "a rollback is reported",
      'if (found.manifestSeq < accepted.manifestSeq) return "rollback";',
      "",
    ],
    [
      "an equivocation is reported",
      'return found.digest === accepted.digest ? "same" : "equivocation";',
      'return "same";',
    ],
    [
      "what others have observed is a witness",
      "if (seq > (accepted.get(node)?.manifestSeq ?? 0) &&",
      "if (false &&",
    ],
    [
      "no node is its own witness",
      "if (node === witness || node === self) continue;",
      "if (node === self) continue;",
    ],
    [
      "what others say of us is no witness",
      "if (node === witness || node === self) continue;",
      "if (node === witness) continue;",
    ],
  ),
  ...of(
    "lib/manifest/cursor.ts",
    ["tests/manifest_test.ts"],
    ["what is missing is the difference", "number = skip.end + 1;", "number = skip.end + 2;"],
  ),
  ...of(
    "lib/sync/manifests.ts",
    RULES,
    [
      "a rolled-back manifest takes nothing away from what is known ⚑",
      '    addRange(db, "known", "segment", nodeId, payload.segments);\n',
      '    db.run("DELETE FROM known_range WHERE node = (SELECT id FROM node WHERE node_id = ?)", nodeId);\n    addRange(db, "known", "segment", nodeId, payload.segments);\n',
    ],
    [
      "every authentic manifest adds to what is known ⚑",
      '    addRange(db, "known", "segment", nodeId, payload.segments);\n',
      '    if (how === "newer") addRange(db, "known", "segment", nodeId, payload.segments);\n',
    ],
    ["a rollback is not obeyed", 'if (how === "newer" || how === "same") {', "if (true) {"],
    [
      "a manifest that does not open is fetched once more",
      "if (attempt === 2) return",
      "if (attempt >= 1) return",
    ],
    [
      "a manifest that is gone is reported",
      'if (outcome === "absent") rejectManifest(context, recorder, nodeId, "missing");\n    else ',
      "",
    ],
    ["a damaged manifest is counted once", ".difference(damaged)", "", {
      tests: ["tests/mutation_test.ts"],
    }],
    [
      "a stale manifest is read once more before it is said",
      "still.has(nodeId)",
      "before.has(nodeId)",
    ],
    [
      "the ETag that counts is that of the GET",
      "  const seen = seenManifests(context.db);\n  const changed",
      "  listed = listing;\n  const seen = seenManifests(context.db);\n  const changed",
      {
        more: [
          {
            file: "lib/sync/manifests.ts",
            find: "digest, found.etag, seconds(context)",
            replace: "digest, listed.get(nodeId)?.etag ?? found.etag, seconds(context)",
          },
          {
            file: "lib/sync/manifests.ts",
            find: "/** Reads every manifest whose",
            replace: "let listed: ReadonlyMap<string, StoreEntry>;\n/** Reads every manifest whose",
          },
        ],
      },
    ],
    ["ETags are forgotten daily", " && now - (seen.etagAt ?? 0) < ETAG_LIFE_S", ""],
    ["an equal ETag saves the GET", "seen.etag === entry.etag &&", "false &&", {
      tests: ["tests/sync_test.ts"],
    }],
  ),
  ...of(
    "lib/sync/objects.ts",
    RULES,
    [
      "what is not there yet is tried again ⚑",
      'if (opened === "absent" || opened === "future") this.#recorder.skipped[object.kind]++;',
      'if (opened === "absent" || opened === "future") { this.#recorder.skipped[object.kind]++; addRange(this.#context.db, "imported", object.kind, object.nodeId, { start: object.number, end: object.number }); }',
      {
        more: [{
          file: "lib/sync/objects.ts",
          find: "import { indexTexts,",
          replace: "import { addRange, indexTexts,",
        }],
      },
    ],
    [
      "what was rejected is tried again ⚑",
      "    this.#recorder.reject(object.kind, category);\n",
      '    this.#recorder.reject(object.kind, category);\n    addRange(this.#context.db, "imported", object.kind, object.nodeId, { start: object.number, end: object.number });\n',
      {
        more: [{
          file: "lib/sync/objects.ts",
          find: "import { indexTexts,",
          replace: "import { addRange, indexTexts,",
        }],
      },
    ],
    [
      "a rejected object stops no other",
      "if (!isObjectFailure(error)) throw error;",
      "throw error;",
    ],
    ["what was fetched before a failure is kept", "    await run.flush();\n", ""],
    ["the rest of a node waits after 100 holes", ">= MAX_ABSENT) break;", ">= 5000) break;"],
    ["holes of one node stop no other", ">= MAX_ABSENT) break;", ">= MAX_ABSENT) return;"],
    [
      "a store that fails on and on ends the pull",
      "if (++this.#storeFailures >= MAX_STORE_FAILURES) throw error;",
      "",
    ],
    ["rejected objects are counted", "    this.#recorder.reject(object.kind, category);\n", ""],
  ),
  ...of(
    "lib/sync/numbered.ts",
    RULES,
    [
      "what does not open is fetched once more",
      "return await open(await fetchNumbered(context, object));",
      "throw error;",
    ],
  ),
  ...of(
    "lib/sync/delete_guard.ts",
    ["tests/mass_delete_test.ts"],
    ["mass deletion asks first", "const isLarge = ", "const isLarge = false && "],
  ),
  ...of(
    "lib/sync/pull.ts",
    SYNC,
    [
      "the own manifest is judged before anything is applied",
      '  await checkOwnManifest(context, listing);\n  await readManifests(context, recorder, listing);\n  await importMissing(context, recorder, "tombstone");\n  await importMissing(context, recorder, "segment");\n',
      '  await readManifests(context, recorder, listing);\n  await importMissing(context, recorder, "tombstone");\n  await importMissing(context, recorder, "segment");\n  await checkOwnManifest(context, listing);\n',
    ],
    ["an own manifest that is gone is published again ⚑", "return setRepublish(db);", "return;"],
    [
      "an own manifest that looks newer makes a split ⚑",
      "      return await split(context);\n",
      "      return;\n",
    ],
    ["the vault is there before anything is done", "if (!entry) await requireVault(context);", ""],
    ["the own manifest is looked at", "  await checkOwnManifest(context, listing);\n", ""],
    ["the own ETag is forgotten daily, too", "entry.etag === etag && fresh", "entry.etag === etag"],
  ),
];

const WRITING = [
  ...of(
    "lib/sync/push.ts",
    [PUSH, PULL],
    [
      "what is sent again has the same bytes ⚑",
      "  let waiting = readOutbox(context.db);\n",
      '  context.db.exec("DELETE FROM outbox; UPDATE event SET segment = 0 WHERE segment > 0");\n  let waiting = readOutbox(context.db);\n',
    ],
    ["a clone splits ⚑", "await split(context);\n    }", "throw error;\n    }", { tests: SYNC }],
    [
      "blobs come before the segments that name them",
      "    await sealRound(context, blobs);\n",
      "    await sealRound(context, new Set(allBlobs(context.db).map(({ hash }) => hash)));\n",
      {
        tests: ["tests/artifact_sync_test.ts"],
        more: [{
          file: "lib/sync/push.ts",
          find: "import { readIdentity, readOutbox,",
          replace: "import { allBlobs, readIdentity, readOutbox,",
        }],
      },
    ],
  ),
  ...of(
    "lib/sync/seal_round.ts",
    RULES,
    [
      "numbers are taken once",
      "require(now.nodeId === before.nodeId && now.manifestSeq === before.manifestSeq);",
      "",
    ],
    [
      "what was forgotten while it was sealed is not published",
      "require(markEvents(db, cut.events, number));",
      "markEvents(db, cut.events, number);",
    ],
    [
      "sealed bytes are kept before they are sent ⚑",
      "for (const entry of sealed) addToOutbox(db, entry);",
      "for (const entry of sealed.slice(-1)) addToOutbox(db, entry);",
    ],
    [
      "a manifest says what its node has observed",
      "observed: Object.fromEntries(\n      [...seenManifests(db).values()]",
      "observed: Object.fromEntries(\n      [...seenManifests(db).values()].slice(9)",
    ],
    [
      "manifest_seq grows by one ⚑",
      "manifestSeq: before.manifestSeq + 1,",
      "manifestSeq: before.manifestSeq,",
    ],
    [
      "a manifest covers its segments",
      "segments: { start: 1, end: before.segments + round.segments.length }",
      "segments: { start: 1, end: before.segments }",
    ],
    [
      "a tombstone is no older than its window",
      "const notBefore = isWindow(payload) ? Math.ceil(payload.end_ts * 1000) : 0;",
      "const notBefore = 0;",
    ],
    [
      "a manifest that is behind is published though nothing waits ⚑",
      "if (round.sealed.length === 0 && !before.republish)",
      "if (round.sealed.length === 0)",
    ],
  ),
  ...of(
    "lib/sync/send.ts",
    RULES,
    [
      "a 412 is read back ⚑",
      '    const found = await look(context, entry);\n    if (found.state === "ours") return;\n',
      '    return;\n    const found = await look(context, entry);\n    if (found.state === "ours") return;\n',
    ],
    [
      "own bytes under an own key have arrived ⚑",
      'if (compareBytes(found.bytes, entry.bytes) === 0) return { state: "ours" };',
      "",
    ],
    [
      "another object under an own key is a clone ⚑",
      "  throw new IdentityCloned();\n}\n\n/** Publishes",
      '  return { state: "damaged", etag: found.etag };\n}\n\n/** Publishes',
    ],
    [
      "damage under an own key is no clone",
      'if (isCategory(error, "corrupt")) return { state: "damaged", etag: found.etag };',
      'if (isCategory(error, "corrupt")) throw new IdentityCloned();',
    ],
    [
      "without conditions, a key is read before it is written ⚑",
      '    if ((await look(context, entry)).state === "ours") return;\n    await store.putAtomic(entry.key, entry.bytes, { signal });',
      "    await store.putAtomic(entry.key, entry.bytes, { signal });",
    ],
    [
      "without conditions, a key is read after it was written ⚑",
      'await store.putAtomic(entry.key, entry.bytes, { signal });\n    if ((await look(context, entry)).state === "ours") return;',
      "return void await store.putAtomic(entry.key, entry.bytes, { signal });",
    ],
    [
      "without conditions, the manifest is read before it is written ⚑",
      "if (!context.conditionalWrites && await settled(context)) return;",
      "",
    ],
    [
      "without conditions, the manifest is read after it was written ⚑",
      "if (etag !== undefined && context.conditionalWrites) return",
      "if (etag !== undefined) return",
    ],
    ["segments and tombstones are created only", '{ ifNoneMatch: "*", signal }', "{ signal }"],
    [
      "the manifest is swapped only for the one that is known",
      "const options = conditionalWrites ? { ...condition, signal } : { signal };",
      "const options = { signal };",
    ],
    [
      "the manifest comes last",
      "  if (readOutboxManifest(context.db)) await publish(context);\n",
      "",
      {
        tests: [PUSH, PULL],
        more: [{
          file: "lib/sync/send.ts",
          find: "  const numbered = entries.filter(",
          replace:
            "  if (readOutboxManifest(context.db)) await publish(context);\n  const numbered = entries.filter(",
        }],
      },
    ],
    [
      "nothing is written where the vault is gone",
      "if (etag === undefined && manifestSeq > 1) await requireVault(context);",
      "",
    ],
  ),
  ...of(
    "lib/sync/own_manifest.ts",
    RULES,
    [
      "an own manifest that arrived is known by its bytes ⚑",
      'if (waiting && compareBytes(waiting.bytes, found.bytes) === 0) return "arrived";',
      "",
    ],
    [
      "an own manifest that we did not send is a clone's ⚑",
      'if (!isConfirmed(db, await sha256Hex(found.bytes))) return "foreign";',
      "",
    ],
    [
      "an own manifest that is older is published again ⚑",
      'return payload.manifest_seq < sealedSeq ? "behind" : "current";',
      'return "current";',
    ],
    [
      "a damaged own manifest is published again",
      'if (isCategory(error, "corrupt")) return "behind";',
      'if (isCategory(error, "corrupt")) return "foreign";',
    ],
    [
      "the ETag just read is gone on with ⚑",
      "    setOwnEtag(db, found?.etag, seconds(context));\n",
      "",
    ],
    [
      "a confirmed manifest is remembered ⚑",
      "    confirmPublish(db, digest, etag, seconds(context));\n",
      "    setOwnEtag(db, etag, seconds(context));\n",
    ],
  ),
  ...of(
    "lib/db/outbox.ts",
    SYNC,
    [
      "a split keeps event keys ⚑",
      "    newIdentity(db, nodeId, old.label);\n",
      '    newIdentity(db, nodeId, old.label);\n    db.run("UPDATE event SET node = (SELECT node FROM identity) WHERE segment = 0");\n',
    ],
    [
      "a split lets what was not sent wait again",
      "db.run(`UPDATE ${table} SET ${column} = 0 WHERE ${column} >= ?`, first);",
      "",
    ],
    [
      "a split publishes nothing twice",
      "db.run(`UPDATE ${table} SET ${column} = NULL WHERE ${column} > 0`);",
      "db.run(`UPDATE ${table} SET ${column} = 0 WHERE ${column} > 0`);",
    ],
    [
      "a split lets unsent deletions wait again",
      'db.run("UPDATE own_tombstone SET number = 0 WHERE number >= ?", first);',
      "",
    ],
    [
      "a split fetches nothing of its own again",
      'addRange(db, "imported", kind, old.nodeId, sent);',
      "",
    ],
    [
      "a split knows what the old identity published",
      'addRange(db, "known", kind, old.nodeId, sent);',
      "",
    ],
    ["a split empties the outbox", "    clearOutbox(db);\n    newIdentity", "    newIdentity"],
  ),
  ...of(
    "lib/db/sync_state.ts",
    ["tests/db_test.ts", ...RULES],
  ),
  ...of(
    "lib/db/lock.ts",
    ["tests/db_test.ts"],
    ["one sync of a device runs at a time", 'lock.exec("BEGIN EXCLUSIVE");', 'lock.exec("BEGIN");'],
  ),
  ...of(
    "lib/sync/run.ts",
    [PUSH, PULL],
    [
      "a sync takes the lock",
      "const lock = takeSyncLock(lockPath);",
      "const lock = { release() {} };",
    ],
  ),
  ...of(
    "lib/sync/cut.ts",
    [PUSH, PULL],
    ["a segment has at most 5,000 events", "SEGMENT_EVENTS = 5_000", "SEGMENT_EVENTS = 50_000"],
    [
      "a segment has at most 8 MiB of JSON",
      "SEGMENT_BYTES = 8 * 1024 * 1024",
      "SEGMENT_BYTES = 2 ** 30",
    ],
  ),
  ...of(
    "lib/sync/forget.ts",
    [IMPORT, PUSH],
    [
      "a line that was captured live does not come back by import",
      "const imports = keys ? await linesOf(keys, events) : [];",
      "const imports: ForgottenImport[] = [];",
    ],
  ),
  ...of(
    "lib/sync/vault.ts",
    RULES,
    [
      "the vault's body proves the key",
      'if (isCategory(error, "corrupt")) return "locked";\n    throw error;',
      'return { vaultId, name: "", keys, capabilities: { conditionalPut: "yes", conditionalComplete: "yes" } };',
    ],
  ),
];

const IMPORTS = [
  ...of(
    "lib/history/keys.ts",
    ["tests/history_keys_test.ts", IMPORT],
    [
      "an import has the label's identity ⚑",
      "`import:${label}`",
      "`import:${label}:${Math.random()}`",
    ],
    [
      "an import's session is the shell's ⚑",
      "await uuid5(await importNodeId(label), shell)",
      "await uuid5(IMPORTS, label + shell)",
    ],
    ["equal lines are counted ⚑", "const n = (this.#counts.get(first) ?? 1) + 1;", "const n = 2;"],
    [
      "a line without a time has null in its key ⚑",
      "const time = started_at === 0 ? null : started_at;",
      "const time = started_at;",
    ],
    [
      "a line's key has its time ⚑",
      "JSON.stringify([time, cmd, n])",
      "JSON.stringify([null, cmd, n])",
    ],
    ["a seq has 53 bits", "return high * 0x200000 +", "return high * 0x400000 +"],
  ),
  ...of(
    "lib/history/bash.ts",
    ["tests/history_parse_test.ts"],
    [
      "a line without a time has started_at 0 ⚑",
      "{ started_at: 0 }",
      "{ started_at: Date.now() / 1000 }",
    ],
  ),
  ...of(
    "lib/sync/import_history.ts",
    [IMPORT],
    [
      "an import changes no row that exists",
      "insertEvent(db, ids, event, PENDING, digests.get(event.cmd))",
      'mergeEvent(db, ids, event, digests.get(event.cmd)) as "added"',
      {
        more: [{
          file: "lib/sync/import_history.ts",
          find: "  insertEvent,\n",
          replace: "  insertEvent,\n  mergeEvent,\n",
        }],
      },
    ],
    [
      "an import knows what was forgotten",
      "() => incomingTexts(events, forgottenNodes(db)),",
      "() => [],",
    ],
  ),
];

export const SYNCING: readonly Mutant[] = [...READING, ...WRITING, ...IMPORTS];
