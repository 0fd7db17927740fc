// One labelled place as a code frame: where it is, its line, and a mark under it.

import { columnsOf, printable, width } from "../contract/width.ts";
import type { Label } from "./diagnostic.ts";
import { lineAt, lineSpan, positionAt } from "./source.ts";

/** How parts of a report are painted; the identity where there is no colour. */
export interface Paint {
  readonly frame: (text: string) => string;
  readonly mark: (text: string) => string;
}

/** Columns of code that one frame shows; a longer line is cut around its mark. */
const columns = 120;
const tabWidth = 4;

/** The last line number that a frame of this label shows. */
export const lastLine = (label: Label): number => lineAt(label.span.source, lastOffset(label));

const lastOffset = ({ span }: Label): number => Math.max(span.start, span.end - 1);

/** The lines of one frame. `gutter` is the width of the line numbers; `underline` is `^` or `─`. */
export function frame(label: Label, gutter: number, underline: string, paint: Paint): string[] {
  const { source, start, end } = label.span;
  const { line, column } = positionAt(source, start);
  const last = lastLine(label);
  const blank = " ".repeat(gutter);
  const lines = [`${blank} ${paint.frame("┌─")} ${printable(source.path)}:${line}:${column}`];
  const show = (number: number, from: number, to: number, text: string): void => {
    const whole = lineSpan(source, number);
    const cut = excerpt(source.text.slice(whole.start, whole.end), from - whole.start, to - whole.start);
    const under = `${underline.repeat(cut.length)}${text && ` ${printable(text)}`}`;
    lines.push(`${paint.frame(`${String(number).padStart(gutter)} │`)} ${cut.text}`.trimEnd());
    lines.push(`${paint.frame(`${blank} │`)} ${" ".repeat(cut.start)}${paint.mark(under)}`);
  };
  if (line === last) {
    show(line, start, end, label.text);
  } else {
    show(line, start, lineSpan(source, line).end, "");
    if (last > line + 1) {
      lines.push(`${blank} ${paint.frame("…")}`);
    }
    const final = lineSpan(source, last);
    const indent = source.text.slice(final.start, final.end).search(/\S|$/);
    show(last, final.start + indent, end, label.text);
  }
  return lines;
}

/** A line with tabs as blanks, cut to the columns around a range; and where in it, in columns, the range is. */
function excerpt(line: string, from: number, to: number): { text: string; start: number; length: number } {
  // Far more UTF-16 units than any frame shows are not worth measuring.
  const first = Math.max(0, from - 4 * columns);
  const raw = line.slice(first, first + 12 * columns);
  let text = "";
  let at = 0;
  const starts: number[] = [];
  const cells: string[] = [];
  let unit = first;
  let start = 0;
  let end = -1;
  for (const character of raw) {
    if (unit <= from) {
      start = at;
    }
    const cell = character === "\t" ? " ".repeat(tabWidth - (at % tabWidth)) : printable(character);
    starts.push(at);
    cells.push(cell);
    at += character === "\t" ? cell.length : columnsOf(cell);
    unit += character.length;
    if (unit <= to) {
      end = at;
    }
  }
  if (unit <= from) {
    start = at;
  }
  const length = Math.max(1, end - start);
  if (first === 0 && at <= columns && raw.length === line.length) {
    return { text: cells.join(""), start, length };
  }
  const left = Math.max(0, Math.min(start - 30, at - columns));
  const right = left + columns;
  let shift = 0;
  if (left > 0 || first > 0) {
    text = "…";
  }
  const kept = cells.filter((_, i) => starts[i] >= left + width(text) && starts[i] < right);
  const firstKept = starts.find((column) => column >= left + width(text)) ?? 0;
  shift = firstKept - width(text);
  const more = at > right || first + raw.length < line.length;
  return {
    text: `${text}${kept.join("")}${more ? "…" : ""}`,
    start: start - shift,
    length: Math.max(1, Math.min(length, right - start)),
  };
}
