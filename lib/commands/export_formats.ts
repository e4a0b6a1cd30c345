/**
 * How an exported event is written.
 *
 * @module
 */
import type { ExportRow } from "../db/mod.ts";
import { localTime } from "../ui/text.ts";

/** A way to write events. */
interface ExportFormat {
  /** What stands before the events. */
  head: string;
  /** One event, with its line end. */
  line(row: ExportRow): string;
}

/** The names of the formats. */
export type ExportFormatName = "jsonl" | "csv" | "md";

/** The fields of an event, in the order in which they are written. */
const FIELDS = [
  "node_id",
  "session_id",
  "seq",
  "started_at",
  "ended_at",
  "duration_ms",
  "exit_code",
  "cwd",
  "cmd",
  "host",
  "user",
  "shell",
  "pinned",
] as const satisfies readonly (keyof ExportRow)[];

/** The formats by name. */
export const EXPORT_FORMATS: Readonly<Record<ExportFormatName, ExportFormat>> = {
  jsonl: {
    head: "",
    line: (row) => `${JSON.stringify(row, FIELDS as unknown as string[])}\n`,
  },
  csv: {
    head: `${FIELDS.join(",")}\n`,
    line: (row) => `${FIELDS.map((field) => csvCell(row[field])).join(",")}\n`,
  },
  md: {
    head: "| time | host | directory | exit | command |\n| --- | --- | --- | --- | --- |\n",
    line: markdownRow,
  },
};

/** RFC 4180: quoted where it must be; what is not known is empty. */
function csvCell(value: string | number | boolean | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function markdownRow({ started_at, host, cwd, exit_code, cmd }: ExportRow): string {
  const time = started_at === 0 ? "" : localTime(started_at * 1000);
  const cells = [
    time,
    host ?? "",
    cwd === null ? "" : code(cwd),
    String(exit_code ?? ""),
    code(cmd),
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
}

/** A code span: its fence is longer than any run of backticks in it (CommonMark, section 6.1). */
function code(text: string): string {
  const line = text.replaceAll(/\r\n|\r|\n/g, " ↵ ");
  const runs = line.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const pad = runs.length > 0 ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}
