/** A zsh history as people have them: some commands often, most of them once or twice. */
import { seeded } from "../seeded.ts";

/** The bytes of a file of so many lines; the same ones each time. */
export async function* historyFile(events: number): AsyncGenerator<Uint8Array> {
  const next = seeded(1);
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)]!;
  const verbs = ["git commit -m", "cargo build", "ls -la", "cd", "ssh", "kubectl get", "vim", "rg"];
  const often = ["ls", "git status", "cd ..", "make", "git diff", "git push"];
  const encoder = new TextEncoder();
  for (let i = 0; i < events;) {
    let text = "";
    for (const end = Math.min(events, i + 1000); i < end; i++) {
      const project = Math.floor(next() * events / 4);
      const cmd = next() < 0.4
        ? pick(often)
        : `${pick(verbs)} project-${project}/src/module-${Math.floor(next() * 50)}`;
      text += `: ${1_600_000_000 + i * 7}:${Math.floor(next() * 9)};${cmd}\n`;
    }
    yield encoder.encode(text);
  }
}
