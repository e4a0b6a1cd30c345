/**
 * `hx doctor`: looks at everything that hx needs, and says what to do where something is missing.
 *
 * @module
 */
import { openDatabase, readVault } from "../db/mod.ts";
import { exitCode } from "../errors.ts";
import { counted, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, StoreOptions } from "./app.ts";
import { databaseReport } from "./doctor/database.ts";
import { type Finding, ok } from "./doctor/finding.ts";
import { iamPolicy } from "./doctor/iam.ts";
import { keyReport } from "./doctor/key.ts";
import { machineFindings } from "./doctor/machine.ts";
import { storeFindings } from "./doctor/store.ts";
import { readDevice } from "./device.ts";
import { usage } from "./parse.ts";
import { storeOptions } from "./session.ts";

/** What `hx doctor` takes. */
export interface DoctorOptions extends StoreOptions {
  /** Print a policy, and look at nothing. */
  iam?: boolean;
  /** The store that the policy is for. */
  store?: string;
}

/** Prints what is well and what is not; the exit code is that of the first failure. */
export async function runDoctor(app: App, ui: Ui, options: DoctorOptions): Promise<number> {
  if (options.iam) return await printPolicy(app, ui, options.store);
  if (options.store !== undefined) throw usage("--store goes with --iam only");
  const findings = await examine(app, ui, options);
  const failure = findings.find(({ level }) => level === "fail");
  const code = failure === undefined ? 0 : exitCode(failure.error);
  if (options.json) await ui.json(asJson(findings, code));
  else await ui.result(report(findings, ui));
  return code;
}

async function examine(app: App, ui: Ui, options: DoctorOptions): Promise<Finding[]> {
  const findings = [versions(app), ...await machineFindings(app)];
  const { vault, findings: ofDatabase } = await databaseReport(app);
  const { keys, findings: ofKey } = await keyReport(app, ui, vault);
  findings.push(...ofDatabase, ...ofKey);
  if (typeof vault !== "object") return findings;
  return [...findings, ...await storeFindings(app, vault, keys, storeOptions(ui, options))];
}

function versions(app: App): Finding {
  using db = openDatabase(":memory:");
  const { sqlite } = db.get<{ sqlite: string }>("SELECT sqlite_version() AS sqlite")!;
  return ok(
    "versions",
    `hx ${app.version}, Deno ${app.runtime}, SQLite ${sqlite}, ${app.platform}`,
  );
}

function asJson(findings: readonly Finding[], code: number): unknown {
  return {
    ok: code === 0,
    exit_code: code,
    findings: findings.map(({ name, level, message, hint = null, error }) => ({
      name,
      level,
      message,
      hint,
      category: error?.category ?? null,
    })),
  };
}

function report(findings: readonly Finding[], { style }: Ui): string {
  const colour = { ok: style.green, warn: style.yellow, fail: style.red };
  const wide = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ level, name, message, hint }) => [
    `${colour[level](level.padEnd(4))}  ${name.padEnd(wide)}  ${printable(message)}`,
    ...hint === undefined ? [] : [`${" ".repeat(wide + 8)}${style.dim(printable(hint))}`],
  ]);
  const of = (level: Finding["level"]) => findings.filter((one) => one.level === level).length;
  const sum = `${counted(of("fail"), "failure")}, ${counted(of("warn"), "warning")}`;
  return `${lines.join("\n")}\n\n${of("fail") + of("warn") === 0 ? "all is well" : sum}\n`;
}

async function printPolicy(app: App, ui: Ui, store?: string): Promise<number> {
  await ui.json(iamPolicy(await policyStore(app, store)));
  return 0;
}

/** The store named, else that of this device's vault where it is a bucket. */
async function policyStore(app: App, store?: string): Promise<string | undefined> {
  if (store !== undefined) {
    // Neither counts for a policy, and no URI of a bucket is complete without.
    const choice = { region: "us-east-1", endpoint: "https://endpoint.invalid" };
    return await app.formatStore(await app.parseStore(store, choice, { whole: true }));
  }
  using device = readDevice(app);
  const vault = readVault(device.db);
  const uri = vault && await app.formatStore(vault.location);
  return uri?.startsWith("s3") ? uri : undefined;
}
