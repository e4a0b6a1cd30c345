/** AWS's shared files: their dialect, their profiles, and what of them is not spoken. */
import assert from "node:assert/strict";
import { HxError } from "../lib/errors.ts";
import { parseIni } from "../lib/s3/credentials/ini.ts";
import { profileSource } from "../lib/s3/credentials/profile.ts";
import { completeStoreOptions } from "../lib/s3/uri.ts";
import { AwsHome, envOf } from "./credentials_kit.ts";
import { failsWith } from "./store_contract.ts";

function sectionsOf(text: string): Record<string, Record<string, string>> {
  const entries = [...parseIni(text, "/the/file")];
  return Object.fromEntries(entries.map(([name, keys]) => [name, Object.fromEntries(keys)]));
}

Deno.test("parseIni() reads sections, keys of any case, and comments", () => {
  const text = "\uFEFF# first\r\n[default]\r\nRegion = eu-west-1 ; here\r\n; no\n" +
    "aws_secret_access_key=a#b;c=d/+ # yes\n\n[ profile  two ] # mine\nregion =\tx\n" +
    "empty =\n[default]\noutput=json\n";
  assert.deepEqual(sectionsOf(text), {
    default: { region: "eu-west-1", aws_secret_access_key: "a#b;c=d/+", output: "json" },
    "profile two": { region: "x" },
  });
  assert.deepEqual(sectionsOf(""), {});
  assert.deepEqual(Object.keys(sectionsOf("[profile 'a b']\n['c d']\n[profile \"e\"]")), [
    "profile a b",
    "c d",
    "profile e",
  ]);
});

Deno.test("parseIni() reads blocks, and sections that are indented as a whole", () => {
  const text =
    "[services mine]\ns3 =\n  endpoint_url = http://a\n  # no\n  other = 1\nplain = 2\n" +
    "[default]\n  region = r\n  s3 =\n    addressing_style = path\n  sts =\n  output = json\n";
  assert.deepEqual(sectionsOf(text), {
    "services mine": { "s3.endpoint_url": "http://a", "s3.other": "1", plain: "2" },
    default: { region: "r", "s3.addressing_style": "path", output: "json" },
  });
});

Deno.test("parseIni() names the line that makes no sense, and does not show it", () => {
  for (
    const [text, line] of [["[a]\nx = 1\n[b s3cret\n", 3], ["s3cret = 1", 1], [
      "[a]\n\ns3cret",
      3,
    ], ["[a]\n = s3cret", 2]] as const
  ) {
    assert.throws(() => parseIni(text, "/the/file"), (error) => {
      assert.ok(error instanceof HxError && error.category === "config");
      assert.equal(error.message, `line ${line} of /the/file is not understood`);
      return !String(error.stack).includes("s3cret");
    });
  }
});

Deno.test("profileSource() takes keys of the profile that is named, or the default one", async () => {
  await using home = await AwsHome.make(
    "[default]\naws_access_key_id = D\naws_secret_access_key = d\n" +
      "[profile work]\nregion = r\n[profile both]\naws_access_key_id = C\n" +
      "aws_secret_access_key = c\n",
    "[work]\naws_access_key_id = W\naws_secret_access_key = w\naws_session_token = t\n" +
      "[both]\naws_access_key_id = B\naws_secret_access_key = b\n",
  );
  const source = (name: string) => `the AWS profile "${name}"`;
  const work = {
    accessKeyId: "W",
    secretAccessKey: "w",
    sessionToken: "t",
    source: source("work"),
  };
  assert.deepEqual(await profileSource(home.env(), "work")(), work);
  const named = home.env({ AWS_PROFILE: "work" });
  assert.deepEqual(await profileSource(named)(), work);
  assert.equal((await profileSource(named, "both")())?.accessKeyId, "B");
  assert.equal((await profileSource(home.env({ AWS_PROFILE: "" }))())?.accessKeyId, "D");
});

Deno.test("profileSource() prefers [profile default] to [default] in the config file", async () => {
  const keys = (id: string) => `aws_access_key_id = ${id}\naws_secret_access_key = x\n`;
  await using home = await AwsHome.make(`[default]\n${keys("A")}[profile default]\n${keys("B")}`);
  assert.equal((await profileSource(home.env())())?.accessKeyId, "B");
});

Deno.test("profileSource() finds files where the environment says", async () => {
  await using home = await AwsHome.make();
  const config = await home.write("c", "[profile work]\nregion = x\n");
  await home.write("k", "[work]\naws_access_key_id = K\naws_secret_access_key = k\n");
  const env = home.env({ AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: "~/k" });
  assert.equal((await profileSource(env, "work")())?.accessKeyId, "K");
});

Deno.test("profileSource() has nothing without files, home, default profile, or keys in it", async () => {
  assert.equal(await profileSource(envOf({}))(), undefined);
  await using empty = await AwsHome.make();
  assert.equal(await profileSource(empty.env())(), undefined);
  await using other = await AwsHome.make("[default]\nregion = r\n[profile other]\nregion = r\n");
  assert.equal(await profileSource(other.env())(), undefined);
  assert.equal(await profileSource(other.env({ AWS_PROFILE: "other" }))(), undefined);
  const error = await failsWith(profileSource(other.env(), "other")(), "config");
  assert.match(error.message, /"other" has no credentials/);
});

Deno.test("profileSource() tells where it looked for a named profile", async () => {
  await using home = await AwsHome.make("[work]\nregion = r\n");
  for (
    const source of [
      profileSource(home.env(), "work"),
      profileSource(home.env({ AWS_PROFILE: "work" })),
    ]
  ) {
    const { message, hint } = await failsWith(source(), "config");
    assert.ok(message.includes(`${home.path}/.aws/config`), message);
    assert.ok(message.includes(`${home.path}/.aws/credentials`), message);
    assert.match(hint!, /\[profile work\]/);
  }
  assert.match((await failsWith(profileSource(envOf({}), "w")(), "config")).message, /HOME/);
});

Deno.test("profileSource() refuses half a key pair, also where each file has one half", async () => {
  await using home = await AwsHome.make(
    "[profile a]\naws_secret_access_key = s3cret\n[profile b]\naws_secret_access_key = s3cret\n",
    "[b]\naws_access_key_id = AK1\n",
  );
  for (const [name, missing] of [["a", "aws_access_key_id"], ["b", "aws_secret_access_key"]]) {
    const error = await failsWith(profileSource(home.env(), name)(), "config");
    assert.ok(error.message.includes(`${missing} is not set`), error.message);
    assert.doesNotMatch(`${error.stack} ${error.hint}`, /s3cret|AK1/);
  }
});

Deno.test("profileSource() refuses keys that no header can hold, and does not show them", async () => {
  await using home = await AwsHome.make(
    undefined,
    "[default]\naws_access_key_id = AK\u00e91\naws_secret_access_key = s3cret\n" +
      "[token]\naws_access_key_id = AK1\naws_secret_access_key = s3cret\naws_session_token = a b\n",
  );
  for (const name of ["default", "token"]) {
    const error = await failsWith(profileSource(home.env(), name)(), "config");
    assert.doesNotMatch(`${error.stack} ${error.hint}`, /s3cret|AK|a b/);
  }
});

const UNSPOKEN: [name: string, keys: string][] = [
  ["sso", "sso_session = s\nsso_account_id = 1\nsso_role_name = r"],
  ["old-sso", "sso_start_url = https://x\nsso_region = r"],
  ["role", "role_arn = arn:aws:iam::1:role/r\nsource_profile = keys"],
  ["instance", "role_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata"],
  ["web", "role_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = /t"],
  ["login", "login_session = arn:aws:iam::1:user/u"],
];

Deno.test("profileSource() stops at profiles that are not spoken, with the line that helps", async () => {
  const config = UNSPOKEN.map(([name, keys]) => `[profile ${name}]\n${keys}\n`).join("");
  const extra = "[role]\naws_access_key_id = other\naws_secret_access_key = other\n";
  await using home = await AwsHome.make(config, extra);
  for (const [name] of UNSPOKEN) {
    for (
      const source of [
        profileSource(home.env(), name),
        profileSource(home.env({ AWS_PROFILE: name })),
      ]
    ) {
      const { hint } = await failsWith(source(), "config");
      const line =
        `credential_process = aws configure export-credentials --profile ${name} --format process`;
      assert.ok(hint!.includes(line), hint);
    }
  }
});

Deno.test("profileSource() refuses files that can't be read, with their path", async () => {
  await using home = await AwsHome.make("[default]\nregion = r\n");
  await Deno.mkdir(`${home.path}/.aws/credentials`);
  const error = await failsWith(profileSource(home.env())(), "config");
  assert.ok(error.message.includes(`${home.path}/.aws/credentials`));
});

Deno.test("completeStoreOptions() puts options before the environment, and that before the profile", async () => {
  await using home = await AwsHome.make(
    "[default]\nregion = default\n[profile work]\nregion = work\nendpoint_url = http://all\n" +
      "[profile s3]\nservices = mine\nendpoint_url = http://all\n" +
      "[services mine]\ns3 =\n  endpoint_url = http://s3\n",
  );
  const env = home.env();
  assert.deepEqual(await completeStoreOptions({}, env), { region: "default" });
  const work = { profile: "work", region: "work", endpoint: "http://all" };
  assert.deepEqual(await completeStoreOptions({ profile: "work" }, env), work);
  const s3 = { profile: "s3", endpoint: "http://s3" };
  assert.deepEqual(await completeStoreOptions({ profile: "s3" }, env), s3);
  const more = home.env({ AWS_PROFILE: "work", AWS_REGION: "env" });
  assert.deepEqual(await completeStoreOptions({}, more), { region: "env", endpoint: "http://all" });
  const own = { region: "own", endpoint: "http://own" };
  assert.deepEqual(await completeStoreOptions(own, more), own);
  await failsWith(completeStoreOptions({ profile: "none" }, env), "config");
});
