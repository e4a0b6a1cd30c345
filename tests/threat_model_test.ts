/** The threat model names the tests that show its claims. */
import assert from "node:assert/strict";

const TESTS = import.meta.dirname!;

Deno.test("every test that the threat model names is there, and every claim names some", async () => {
  const text = await Deno.readTextFile(`${TESTS}/../docs/threat-model.md`);
  const files = new Set([...Deno.readDirSync(TESTS)].map(({ name }) => name));
  const named = [...text.matchAll(/`([\w*]+_test\.ts)`/g)].map((match) => match[1]!);
  assert.ok(named.length > 20);
  for (const name of named) {
    const pattern = new RegExp(`^${name.replaceAll("*", "\\w+")}$`);
    assert.ok([...files].some((file) => pattern.test(file)), name);
  }
  const rows = text.split("\n").filter((line) => /^\| (?!they |-)/.test(line));
  const claims = rows.filter((line) => line.split("|").length === 5);
  assert.ok(claims.length >= 10);
  for (const claim of claims) assert.match(claim, /_test\.ts` /, claim.slice(0, 60));
  const sections = text.split(/^## /m).filter((section) => section.includes("_Shown by_"));
  assert.ok(sections.length >= 4);
});
