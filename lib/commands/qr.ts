/**
 * A QR code on a terminal: two rows of it in a line of text.
 *
 * @module
 */
import { encode } from "uqr";

/** White around the code: the standard wants four modules (ISO/IEC 18004). */
const QUIET_ZONE = 4;

/** By whether the upper and the lower module are light. */
const HALVES = [" ", "▄", "▀", "█"];

/**
 * The code of a text, to be scanned from the screen.
 *
 * @param colour white on black is asked of the terminal, whatever its own colours are
 */
export function qrCode(text: string, colour: boolean): string {
  const { data } = encode(text, { ecc: "L", border: QUIET_ZONE });
  let lines = "";
  for (let row = 0; row < data.length; row += 2) {
    const lower = data[row + 1] ?? data[row]!.map(() => true);
    const line = data[row]!.map((dark, i) => HALVES[(dark ? 0 : 2) + (lower[i] ? 0 : 1)]).join("");
    lines += colour ? `\x1b[97;40m${line}\x1b[0m\n` : `${line}\n`;
  }
  return lines;
}
