/** The cases of the test vectors: good objects, and objects that are wrong in one place each. */
import { type Case, cases } from "./vector_cases/bases.ts";
import "./vector_cases/good.ts";
import "./vector_cases/header.ts";
import "./vector_cases/body.ts";
import "./vector_cases/payload.ts";

export { BASES, EVENT } from "./vector_cases/bases.ts";

/** All cases, each with a name of its own. */
export const CASES: readonly Case[] = cases;
