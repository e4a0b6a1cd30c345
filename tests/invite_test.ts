/** Invite codes: what they hold, and what becomes of typos. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encode } from "uqr";
import { qrCode } from "../lib/commands/qr.ts";
import {
  decodeInvite,
  encodeInvite,
  type Invite,
  inviteLacks,
  isInvite,
} from "../lib/crypto/invite.ts";
import { fromBase32, toBase32 } from "../lib/crypto/base32.ts";
import { HxError } from "../lib/errors.ts";
import { uuid4 } from "../lib/format/mod.ts";
import { seeded, seededBytes } from "./seeded.ts";

const random = seededBytes(seeded(7));

function invite(store: Partial<Invite["store"]> = {}): Invite {
  return {
    vaultId: uuid4(random),
    master: random(32),
    store: { uri: "folder:/mnt/nas/hx", pathStyle: false, ...store },
  };
}

async function refusal(code: string): Promise<HxError> {
  try {
    await decodeInvite(code);
  } catch (error) {
    assert.ok(error instanceof HxError);
    return error;
  }
  assert.fail(`taken: ${code}`);
}

Deno.test("encodeInvite() and decodeInvite() give back the vault, the key and the store", async () => {
  const stores: Invite["store"][] = [
    { uri: "folder:/mnt/Grüße 1", pathStyle: false },
    { uri: "s3://bucket/a b+c%20", region: "eu-west-1", pathStyle: false },
    {
      uri: "s3+endpoint://bucket",
      region: "us-east-1",
      endpoint: "https://s3.example.org:9000/x",
      pathStyle: true,
    },
  ];
  for (const store of stores) {
    const one = invite(store);
    const code = await encodeInvite(one);
    assert.match(code, /^hx1(-[0-9a-hjkmnp-tv-z]{1,5})+$/);
    assert.deepEqual(await decodeInvite(code), one);
  }
});

Deno.test("decodeInvite() takes capitals, other dashes, lines, no dashes, and letters for digits", async () => {
  const one = invite();
  const code = await encodeInvite(one);
  const [prefix, ...groups] = code.split("-");
  const looks = groups.join("-").replaceAll("0", "o").replace("1", "l").replaceAll("1", "I");
  const forms = [
    code.toUpperCase(),
    code.replaceAll("-", "\u2011"),
    `  ${prefix}-${groups.join("\r\n")}\n`,
    `${prefix}-${groups.join("")}`,
    `${prefix}-${looks}`,
  ];
  for (const form of forms) {
    assert.ok(isInvite(form), form);
    assert.equal(inviteLacks(form), 0, form);
    assert.deepEqual(await decodeInvite(form), one, form);
  }
});

Deno.test("decodeInvite() finds every wrong, missing, doubled or swapped character, and repeats none", async () => {
  const code = await encodeInvite(invite());
  const groups = code.slice(4);
  for (let i = 0; i < groups.length; i++) {
    if (groups[i] === "-") continue;
    const other = groups[i] === "q" ? "z" : "q";
    const typos = [groups.slice(0, i) + other + groups.slice(i + 1)];
    typos.push(groups.slice(0, i) + groups.slice(i + 1));
    typos.push(groups.slice(0, i) + groups[i] + groups.slice(i));
    const next = groups[i + 1] ?? "-";
    if (next !== "-" && next !== groups[i]) {
      typos.push(groups.slice(0, i) + next + groups[i] + groups.slice(i + 2));
    }
    for (const typo of typos) {
      const error = await refusal(`hx1-${typo}`);
      assert.equal(error.category, "auth");
      assert.match(error.message, /^the invite code is mistyped: /);
      assert.ok(!`${error.message} ${error.hint}`.includes(groups.slice(5, 10)));
    }
  }
});

Deno.test("decodeInvite() says what is wrong: the group, the length, the version", async () => {
  const code = await encodeInvite(invite());
  const [prefix, one, two, ...rest] = code.split("-");
  const strange = [prefix, one, two!.replace(/^./, "u"), ...rest].join("-");
  assert.match((await refusal(strange)).message, /group 2 holds a character that codes don't have/);
  assert.match(
    (await refusal(code.slice(0, -3))).message,
    /has \d+ characters .* says that it has \d+/,
  );
  assert.match((await refusal("hx1-")).message, /not whole/);
  const newer = await refusal(code.replace("hx1", "hx2"));
  assert.equal(newer.category, "config");
  assert.match(`${newer.hint}`, /update hx/);
});

Deno.test("inviteLacks() counts what is still to come", async () => {
  const code = await encodeInvite(invite());
  const characters = code.slice(4).replaceAll("-", "").length;
  assert.equal(inviteLacks("hx1-0"), 3);
  for (const length of [10, 50, code.length - 1]) {
    const start = code.slice(0, length);
    assert.equal(inviteLacks(start), characters - start.slice(4).replaceAll("-", "").length);
  }
});

Deno.test("isInvite() tells codes from words and passphrases", () => {
  for (const text of ["hx1-abc", " HX1-abc", "hx12-abc", "hx1 - abc"]) assert.ok(isInvite(text));
  for (const text of ["hx abc", "abandon ability", "my-hx1-thing", "hx1"]) {
    assert.ok(!isInvite(text));
  }
});

Deno.test("base 32 gives back any bytes, and says where a character is none", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    assert.deepEqual(fromBase32(toBase32(bytes)), new Uint8Array(bytes));
  }));
  assert.equal(fromBase32("01u"), 2);
});

Deno.test("qrCode() shows just the modules of the code, with white around them", async () => {
  const text = (await encodeInvite(invite())).toUpperCase();
  const light: Record<string, [boolean, boolean]> = {
    " ": [false, false],
    "▄": [false, true],
    "▀": [true, false],
    "█": [true, true],
  };
  const shown: boolean[][] = [];
  for (const line of qrCode(text, false).trimEnd().split("\n")) {
    const pairs = [...line].map((half) => light[half]!);
    shown.push(pairs.map(([upper]) => !upper), pairs.map(([, lower]) => !lower));
  }
  const { data, size } = encode(text, { ecc: "L", border: 4 });
  assert.equal(size, data.length);
  assert.deepEqual(shown.slice(0, size), data);
  assert.ok(data.slice(0, 4).flat().every((dark) => !dark));
  assert.ok(size <= 80, `${size} columns`);
});
