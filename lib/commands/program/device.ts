/**
 * `hx device` and the verbs below it.
 *
 * @module
 */
import { json, type VerbSpec } from "../verb.ts";

/** `device` and what is below it. */
export const DEVICE: VerbSpec = {
  name: "device",
  about: "the devices of the vault",
  verbs: [
    {
      name: "list",
      about: "list them, this one first",
      options: [json("print them as JSON")],
      examples: ["hx device list"],
      load: async () => (await import("../device_list.ts")).runDeviceList,
    },
    {
      name: "rename",
      about: "give this device another name; the next sync tells the others",
      arguments: [{ name: "name", about: "the new name" }],
      examples: ["hx device rename work-laptop"],
      load: async () => (await import("../device_list.ts")).runDeviceRename,
    },
    {
      name: "retire",
      about: "say that a device is not expected back; its history stays",
      arguments: [{ name: "id", about: "its id, the beginning of it, or its name" }],
      examples: ["hx device retire 3f2a", "hx device retire old-laptop"],
      load: async () => (await import("../device_list.ts")).runDeviceRetire,
    },
  ],
};
