/** What the documents say: their commands are run, their options exist, their links lead somewhere. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { iamPolicy } from "../lib/commands/doctor/iam.ts";
import { optionsOf } from "../lib/commands/parse.ts";
import { PROGRAM } from "../lib/commands/program/mod.ts";
import type { VerbSpec } from "../lib/commands/verb.ts";
import { type Document, documents, Story } from "./docs_kit.ts";
import { startMinio } from "./minio.ts";

const minio = await startMinio();
const DOCUMENTS = await documents();
const ROOT = fileURLToPath(new URL("../", import.meta.url));
const isCommands = (language: string) => ["sh", "bash", "console"].includes(language);

Deno.test("every command block of the documents is run, or says why not", () => {
  const blocks = DOCUMENTS.flatMap(({ blocks }) => blocks);
  const bare = blocks.filter(({ language, marker }) =>
    isCommands(language) && !/^(run|not run: \S|setup)/.test(marker ?? "")
  );
  assert.deepEqual(bare.map(({ at }) => at), []);
});

for (const { path, blocks } of DOCUMENTS) {
  const told = blocks.filter(({ marker }) => marker !== undefined && !marker.startsWith("not run"));
  const story = told.filter(({ language }) => isCommands(language));
  if (story.length === 0) continue;
  Deno.test(`the commands of ${path} work, one after the other`, async () => {
    await using machines = await Story.begin(minio);
    for (const block of story) assert.equal(await machines.run(block), undefined);
  });
}

/** The commands named in a document: lines of its blocks, and code in its text. */
function* commandsOf({ text, blocks }: Document): Generator<string> {
  for (const [, code] of text.matchAll(/`(hx(?: [^`\n]*)?)`/g)) yield code!;
  for (const { language, text } of blocks) {
    if (!isCommands(language)) continue;
    for (const [line] of text.matchAll(/^hx .*$/gm)) yield line;
  }
}

/** What is wrong with a command, as far as names go. */
function problemOf(command: string): string | undefined {
  const bare = command.replaceAll(/"[^"]*"|'[^']*'/g, "TEXT").split(/[|;&<>#]/)[0]!;
  const [, ...words] = bare.trim().split(/\s+/);
  const path: VerbSpec[] = [PROGRAM];
  for (const word of words) {
    const verb = path.at(-1)!.verbs?.find(({ name }) => name === word);
    if (verb) path.push(verb);
    else if (word.startsWith("--")) {
      const name = word.slice(2).split("=")[0];
      const known = optionsOf(path).some((option) => option.name === name);
      if (!known && !["version", "help"].includes(name!)) return `${command}: no ${word}`;
    } else if (path.at(-1)!.verbs && /^[a-z-]+$/.test(word) && path.length === 1) {
      return `${command}: no verb ${word}`;
    }
  }
}

Deno.test("every verb and option that a document names is there", () => {
  const problems = DOCUMENTS.flatMap((document) =>
    [...commandsOf(document)].flatMap((command) => {
      const problem = problemOf(command);
      return problem === undefined ? [] : [`${document.path}: ${problem}`];
    })
  );
  assert.deepEqual(problems, []);
});

/** The name of a heading in links. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-");
}

Deno.test("every link within the documents leads somewhere", async () => {
  for (const { path, text } of DOCUMENTS) {
    const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [file, heading] = target!.split("#") as [string, string | undefined];
      const full = file === "" ? join(ROOT, path) : join(ROOT, dirname(path), file);
      const { isFile } = await Deno.stat(full).catch(() => ({ isFile: undefined }));
      assert.notEqual(isFile, undefined, `${path}: ${target}`);
      if (heading === undefined || !isFile) continue;
      const headings = [...(await Deno.readTextFile(full)).matchAll(/^#+ (.*)$/gm)];
      assert.ok(headings.some(([, title]) => anchor(title!) === heading), `${path}: ${target}`);
    }
  }
});

Deno.test("JSON in the documents is JSON, and the policy is that of `hx doctor --iam`", () => {
  const json = DOCUMENTS.flatMap(({ blocks }) => blocks).filter(({ language }) =>
    language === "json"
  );
  for (const { text, at } of json) assert.doesNotThrow(() => JSON.parse(text), at);
  const policy = json.find(({ marker }) => marker === "policy")!;
  assert.deepEqual(JSON.parse(policy.text), iamPolicy());
});
