// Diagnostics as text for people: title, code frames, help; and a line that counts them.

import { printable, width } from "../contract/width.ts";
import type { Diagnostic, Severity } from "./diagnostic.ts";
import { frame, lastLine, type Paint } from "./frame.ts";

export interface RenderOptions {
  /** ANSI colours; false unless asked for. */
  readonly color?: boolean;
  /** How many diagnostics are shown, 100 unless said otherwise; a line tells how many more there are. */
  readonly limit?: number;
}

const helpWidth = 80;

const ansi = { error: "31", warning: "33", note: "36" } as const;
const paintWith =
  (code: string) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`;
const plain = (text: string): string => text;

/**
 * All diagnostics, in the order given, a blank line between them and a line feed at the end; "" for none. Characters
 * of the source that could disturb a terminal are replaced. Columns count characters, from 1.
 */
export function render(diagnostics: readonly Diagnostic[], { color = false, limit = 100 }: RenderOptions = {}): string {
  if (diagnostics.length === 0) {
    return "";
  }
  const blocks = diagnostics.slice(0, limit).map((diagnostic) => one(diagnostic, color));
  const rest = diagnostics.slice(limit);
  if (rest.length > 0) {
    blocks.push(`… and ${summarize(rest)} more`);
  }
  return `${blocks.join("\n\n")}\n`;
}

function one({ code, severity, title, primary, also, help }: Diagnostic, color: boolean): string {
  const gutter = String(Math.max(...[primary, ...also].map(lastLine))).length;
  const paint = (code: string): ((text: string) => string) => (color ? paintWith(code) : plain);
  const line = paint("34");
  const main: Paint = { frame: line, mark: paint(`1;${ansi[severity]}`) };
  const side: Paint = { frame: line, mark: line };
  const head = paint(`1;${ansi[severity]}`)(`${severity}[${code}]`);
  const lines = [`${head}: ${paint("1")(printable(title))}`, ...frame(primary, gutter, "^", main)];
  for (const label of also) {
    lines.push(...frame(label, gutter, "─", side));
  }
  for (const paragraph of help) {
    lines.push("", ...wrap(printable(paragraph), helpWidth));
  }
  return lines.join("\n");
}

/** Breaks at blanks, never within backquotes; a longer word stands alone. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/(?:`[^`]*`|[^\s`]|`)+/g) ?? []) {
    if (line !== "" && width(line) + 1 + width(word) > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  if (line !== "") {
    lines.push(line);
  }
  return lines;
}

const severities: readonly Severity[] = ["error", "warning", "note"];

/** "3 errors, 1 note"; "" for none. */
export function summarize(diagnostics: readonly Diagnostic[]): string {
  return severities
    .map((severity) => [diagnostics.filter((d) => d.severity === severity).length, severity] as const)
    .filter(([count]) => count > 0)
    .map(([count, severity]) => `${count.toLocaleString("en-US")} ${severity}${count === 1 ? "" : "s"}`)
    .join(", ");
}
