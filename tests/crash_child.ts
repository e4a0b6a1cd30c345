/**
 * A device that is killed: does its work and kills itself, for real, at a given step.
 *
 * Arguments: the job as JSON, the step to die at (from 0).
 */
import { type Job, run } from "./crash_kit.ts";

const [job, at] = Deno.args as [string, string];
let left = Number(at);

// Dies without a word, as a power cut would have it.
await run(JSON.parse(job) as Job, () => {
  if (left-- === 0) Deno.kill(Deno.pid, "SIGKILL");
});
