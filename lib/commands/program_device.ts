/**
 * `hx device` and the verbs below it.
 *
 * @module
 */
import type { Command } from "commander";
import { examples, type Runner } from "./verb.ts";

/** Adds `device` and what is below it. */
export function addDeviceVerbs(program: Command, run: Runner): void {
  const device = program.command("device").description("the devices of the vault");
  device.command("list")
    .description("list them, this one first")
    .option("--json", "print them as JSON")
    .addHelpText("after", examples("hx device list"))
    .action(run(async () => (await import("./device_list.ts")).runDeviceList));
  device.command("rename")
    .description("give this device another name; the next sync tells the others")
    .argument("<name>", "the new name")
    .addHelpText("after", examples("hx device rename work-laptop"))
    .action(
      run(async () => (await import("./device_list.ts")).runDeviceRename, ([name]) => ({ name })),
    );
  device.command("retire")
    .description("say that a device is not expected back; its history stays")
    .argument("<id>", "its id, the beginning of it, or its name")
    .addHelpText("after", examples("hx device retire 3f2a", "hx device retire old-laptop"))
    .action(
      run(async () => (await import("./device_list.ts")).runDeviceRetire, ([id]) => ({ id })),
    );
}
