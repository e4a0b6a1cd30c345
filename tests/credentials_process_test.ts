/** `credential_process`: real programs, their words, their answers, and what they keep to themselves. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { runCredentialProcess } from "../lib/s3/credentials/process.ts";
import { profileSource } from "../lib/s3/credentials/profile.ts";
import { splitWords } from "../lib/s3/credentials/words.ts";
import { AwsHome } from "./credentials_kit.ts";
import { failsWith } from "./store_contract.ts";

const ANSWER = { Version: 1, AccessKeyId: "AK1", SecretAccessKey: "s3cret", SessionToken: "t0ken" };
const SOURCE = 'the credential_process of the AWS profile "work"';

/** A program whose text is a shell's; its name has a space in it. */
async function program(home: AwsHome, text: string): Promise<string> {
  const path = await home.write(`my tool ${crypto.randomUUID()}`, `#!/bin/sh\n${text}\n`, 0o700);
  return `"${path}"`;
}

const printing = (answer: unknown) => `cat <<'END'\n${JSON.stringify(answer)}\nEND`;

Deno.test("splitWords() splits as a shell does", () => {
  const cases: [line: string, words: string[] | undefined][] = [
    ["", []],
    ["  a  b\tc ", ["a", "b", "c"]],
    [`'a b'c "d \\" \\\\ \\n" ''`, ["a bc", 'd " \\ \\n', ""]],
    [`a\\ b 'c\\' $HOME ~ | ;`, ["a b", "c\\", "$HOME", "~", "|", ";"]],
    [`"open`, undefined],
    ["'open", undefined],
    ["end\\", undefined],
  ];
  for (const [line, words] of cases) assert.deepEqual(splitWords(line), words, line);
});

Deno.test("splitWords() takes back every list of words that was quoted", () => {
  const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary" })), (words) => {
    assert.deepEqual(splitWords(words.map(quote).join(" ")), words);
  }));
});

Deno.test("runCredentialProcess() hands over words", async () => {
  await using home = await AwsHome.make();
  const tool = await program(
    home,
    `[ "$1" = "two words" ] && [ "$2" = '$HOME' ] && [ $# = 2 ] || exit 9\n` +
      printing(ANSWER),
  );
  assert.deepEqual(await runCredentialProcess(`${tool} 'two words' $HOME`, "work"), {
    accessKeyId: "AK1",
    secretAccessKey: "s3cret",
    sessionToken: "t0ken",
    source: SOURCE,
  });
});

Deno.test("runCredentialProcess() keeps our standard input from the program", async () => {
  await using home = await AwsHome.make();
  const tool = await program(home, `[ -z "$(cat)" ] || exit 9\n${printing(ANSWER)}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `
      import { runCredentialProcess } from "./lib/s3/credentials/process.ts";
      const { accessKeyId } = await runCredentialProcess(${JSON.stringify(tool)}, "work");
      console.log(accessKeyId, await new Response(Deno.stdin.readable).text());
    `,
    ],
    cwd: `${import.meta.dirname}/..`,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("twelve words"));
  await writer.close();
  const { stdout } = await child.output();
  assert.equal(new TextDecoder().decode(stdout), "AK1 twelve words\n");
});

Deno.test("runCredentialProcess() reads when they end; keys may be without a token", async () => {
  await using home = await AwsHome.make();
  const { SessionToken: _, ...keys } = ANSWER;
  const tool = await program(home, printing({ ...keys, Expiration: "2033-05-18T03:33:20Z" }));
  const found = await runCredentialProcess(tool, "work");
  assert.equal(found.expiresAt, 2_000_000_000_000);
  assert.ok(!("sessionToken" in found));
});

Deno.test("runCredentialProcess() ends with auth where the program does not end well", async () => {
  await using home = await AwsHome.make();
  const tool = await program(
    home,
    `echo "the test's own: s3cret" >&2\n${printing(ANSWER)}\nexit 3`,
  );
  const error = await failsWith(runCredentialProcess(`${tool} s3cret`, "work"), "auth");
  assert.equal(error.message, `${SOURCE} ended with exit code 3`);
  assert.match(error.hint!, /by hand/);
  assert.doesNotMatch(`${error.stack} ${error.hint} ${error.cause}`, /s3cret/);
});

Deno.test("runCredentialProcess() refuses answers that are no credentials, and shows nothing", async () => {
  await using home = await AwsHome.make();
  const { SecretAccessKey: _, ...half } = ANSWER;
  const wrong = [
    "echo '<html>s3cret</html>'",
    'echo \'{"SecretAccessKey": "s3cret\'',
    "echo '[\"s3cret\"]'",
    "echo null",
    "true",
    "yes s3cret",
    printing({ ...ANSWER, Version: 2 }),
    printing({ ...ANSWER, Version: "1" }),
    printing({ ...half, SessionToken: "s3cret" }),
    printing({ ...ANSWER, AccessKeyId: 7 }),
    printing({ ...ANSWER, Expiration: "s3cret" }),
    printing({ ...ANSWER, Expiration: 2_000_000_000 }),
    printing({ ...ANSWER, SessionToken: "s3cret\n" }),
  ];
  for (const text of wrong) {
    const error = await failsWith(
      runCredentialProcess(await program(home, text), "work"),
      "config",
    );
    assert.ok(error.message.startsWith(SOURCE), error.message);
    assert.doesNotMatch(`${error.stack} ${error.hint} ${error.cause}`, /s3cret/, text);
  }
});

Deno.test("runCredentialProcess() refuses what can't be run, and does not show the command", async () => {
  await using home = await AwsHome.make();
  const plain = await home.write("plain", "text", 0o600);
  for (const command of [`"s3cret`, "   ", `''`, "/nowhere/s3cret", "no-such-s3cret", plain]) {
    const error = await failsWith(runCredentialProcess(command, "work"), "config");
    assert.ok(error.hint);
    assert.doesNotMatch(`${error.stack} ${error.hint} ${error.cause}`, /s3cret/);
  }
});

Deno.test("runCredentialProcess() ends a program that takes too long", async () => {
  await using home = await AwsHome.make();
  for (const text of ["exec sleep 600", "sleep 1 &"]) {
    const tool = await program(home, text);
    await failsWith(runCredentialProcess(tool, "work", 50), "timeout");
  }
});

Deno.test("profileSource() prefers keys to a process, and a process to what is not spoken", async () => {
  await using home = await AwsHome.make();
  const tool = await program(home, printing(ANSWER));
  await home.write(
    ".aws/config",
    `[profile work]\ncredential_process = ${tool}\nsso_session = s\nrole_arn = r\n` +
      `[profile keys]\ncredential_process = ${tool}\n`,
  );
  const keys = (id: string) => `aws_access_key_id = ${id}\naws_secret_access_key = x\n`;
  await home.write(".aws/credentials", `[work]\n${keys("OTHER")}[keys]\n${keys("KEYS")}`);
  const found = await profileSource(home.env(), "work")();
  assert.deepEqual([found?.accessKeyId, found?.source], ["AK1", SOURCE]);
  assert.equal((await profileSource(home.env(), "keys")())?.accessKeyId, "KEYS");
});
