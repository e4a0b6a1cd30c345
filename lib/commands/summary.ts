/**
 * What a sync did, in a line.
 *
 * @module
 */
import { countRejections, type ObjectKind, type RunReport, type RunReports } from "../sync/mod.ts";
import { counted } from "../ui/text.ts";

const KINDS: readonly ObjectKind[] = ["segment", "tombstone", "blob"];

/** Counts of objects by kind, as text: "2 segments, 1 tombstone"; undefined where there are none. */
export function objectCounts(counts: Readonly<Record<ObjectKind, number>>): string | undefined {
  const parts = KINDS.filter((kind) => counts[kind] > 0).map((kind) => counted(counts[kind], kind));
  return parts.length > 0 ? parts.join(", ") : undefined;
}

/** What was rejected, as text: "2 segments (corrupt)"; undefined where nothing was. */
export function rejections(rejected: RunReport["rejected"]): string | undefined {
  const parts = Object.entries(rejected).flatMap(([kind, reasons]) =>
    Object.entries(reasons).map(([why, n]) => `${counted(n, kind)} (${why})`)
  );
  return parts.length > 0 ? parts.join(", ") : undefined;
}

/** How many objects these runs rejected. */
export function rejectedBy(reports: RunReports): number {
  return Object.values(reports).reduce((n, { rejected }) => n + countRejections(rejected), 0);
}

/**
 * Sums runs up in one line.
 *
 * @param gained events that are here now and were not before; negative: events that are gone
 */
export function summaryLine({ pull, push }: RunReports, gained: number): string {
  const parts: string[] = [];
  const pulled = pull && objectCounts(pull.imported);
  if (pulled) parts.push(`pulled ${pulled} (${change(gained)})`);
  const pushed = push && objectCounts(push.imported);
  if (pushed) parts.push(`pushed ${pushed}`);
  return parts.length > 0 ? parts.join("; ") : "nothing new";
}

function change(gained: number): string {
  return gained < 0 ? `${counted(-gained, "event")} gone` : counted(gained, "new event");
}
