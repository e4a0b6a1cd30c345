/**
 * Asking for what opens a vault: the recovery words, an invite code, or a passphrase. On the terminal,
 * or from standard input; never from the arguments, which every process of the machine can see.
 *
 * @module
 */
import { decodeInvite, type Invite, inviteLacks, isInvite } from "../crypto/invite.ts";
import { countWords, WORDS } from "../crypto/words.ts";
import { HxError } from "../errors.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";
import { readInput } from "./input_lines.ts";

/** What was given. Whether words or a passphrase are right is not looked at. */
export type VaultSecret =
  | { kind: "words"; text: string }
  | { kind: "passphrase"; text: string }
  | { kind: "invite"; invite: Invite };

/** Fewer words than this on a line of the terminal are a passphrase, if the vault has one. */
const CLEARLY_WORDS = 12;

/**
 * Asks for one of the three, and tells them apart: an invite code by how it begins, the words by their
 * number; what else it may be is a passphrase where the vault has one.
 *
 * @param takesPassphrase asked only where it matters
 * @throws {HxError} `usage` where there is no answer; as `decodeInvite`
 */
export async function askKey(
  app: App,
  ui: Ui,
  takesPassphrase: () => Promise<boolean>,
): Promise<VaultSecret> {
  const { isTerminal } = app.stdin;
  if (!isTerminal) {
    ui.detail("reading the recovery words, a passphrase or an invite code from input");
  }
  const text = isTerminal ? await firstAnswer(app.signal) : await fromInput(app);
  if (isInvite(text)) return await wholeInvite(app, text);
  if (countWords(text) === WORDS) return { kind: "words", text };
  const secret = { kind: "passphrase", text: text.replace(/\r?\n$/, "") } as const;
  if (await takesPassphrase()) {
    if (!isTerminal || countWords(text) < CLEARLY_WORDS) return secret;
    return await wholeWords(app, text) ?? secret;
  }
  return (isTerminal ? await wholeWords(app, text) : undefined) ?? { kind: "words", text };
}

/**
 * Asks for an invite code, where nothing else would do.
 *
 * @throws {HxError} `usage` where the answer is none; as `decodeInvite`
 */
export async function askInvite(app: App): Promise<Invite> {
  const question = "The invite code (`hx sync invite` prints it)";
  const text = app.stdin.isTerminal ? await ask(question, app.signal) : await fromInput(app);
  if (isInvite(text)) return (await wholeInvite(app, text)).invite;
  throw new HxError(
    "usage",
    "this is no invite code, and only such a code says where the vault is",
    {
      hint: "with the 24 words or a passphrase, say it too: hx sync join --store URI",
    },
  );
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  const { askSecret } = await import("../ui/prompts.ts");
  return await askSecret(question, signal);
}

async function firstAnswer(signal: AbortSignal): Promise<string> {
  return await ask("The 24 recovery words, an invite code, or the vault's passphrase", signal);
}

/** Asks until the words are enough, since pasted ones may come in lines; undefined: there are no more. */
async function wholeWords(app: App, text: string): Promise<VaultSecret | undefined> {
  while (countWords(text) > 0 && countWords(text) < WORDS) {
    const more = await ask(`The other ${WORDS - countWords(text)} words`, app.signal);
    if (more.trim() === "") return undefined;
    text += ` ${more}`;
  }
  return { kind: "words", text };
}

async function wholeInvite(
  app: App,
  text: string,
): Promise<VaultSecret & { kind: "invite" }> {
  while (app.stdin.isTerminal && inviteLacks(text) > 0) {
    const more = await ask(`The other ${inviteLacks(text)} characters`, app.signal);
    if (more.trim() === "") break;
    text += more;
  }
  return { kind: "invite", invite: await decodeInvite(text) };
}

/** Reads lines until there is enough, or to the end. */
async function fromInput(app: App): Promise<string> {
  const text = await readInput(
    app,
    (lines) => isInvite(lines) ? inviteLacks(lines) === 0 : countWords(lines) >= WORDS,
  );
  if (text.trim() !== "") return text;
  throw new HxError("usage", "the recovery words were expected on standard input", {
    hint:
      "run the command on a terminal to be asked, or give the words, a passphrase or an invite " +
      "code as input",
  });
}
