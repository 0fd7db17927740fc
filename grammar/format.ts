// The formatter: one layout for every valid file. Reorders nothing, keeps every comment, and is its own fixed point.

import { width } from "../contract/width.ts";
import type { Source } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Body, type Element, type Entry, layout, type Remark, type Shape } from "./layout.ts";
import { lex } from "./lex.ts";
import { parse } from "./parse.ts";

export type Formatted = { readonly text: string } | { readonly diagnostics: readonly Diagnostic[] };

/** Values that would reach beyond this column are broken, one element a line. */
const columns = 100;
const step = 2;

/** The text laid out anew, line feeds only, one at the end; or the syntax errors that stand in the way. */
export function format(source: Source): Formatted {
  const { text } = source;
  const { diagnostics } = parse(source);
  if (diagnostics.length > 0) {
    return { diagnostics };
  }
  const lines = body(layout(text, lex(text)), 0, true);
  return { text: lines.map((line) => `${line}\n`).join("") };
}

/** `lines.push(...more)` without a limit on how many. */
function append(lines: string[], more: readonly string[]): void {
  for (const line of more) {
    lines.push(line);
  }
}

const pad = (indent: number, text: string): string => " ".repeat(indent) + text;
const behind = (comment: string | undefined): string => (comment === undefined ? "" : ` ${comment}`);

/** Entries and the remarks after them. */
function body({ entries, closing }: Body, indent: number, top = false): string[] {
  const lines: string[] = [];
  const names = alignment(entries);
  entries.forEach((entry, i) => {
    if (i > 0 && apart(entries[i - 1], entry, top)) {
      lines.push("");
    }
    append(lines, remarks(entry.before, indent));
    if (entry.before.length > 0 && entry.blankBefore) {
      lines.push("");
    }
    append(lines, one(entry, indent, names[i]));
  });
  if (lines.length > 0 && closing.length > 0 && closing[0].blankBefore) {
    lines.push("");
  }
  append(lines, remarks(closing, indent));
  return lines;
}

/** The first remark's own blank line is its entry's affair. */
const remarks = (all: readonly Remark[], indent: number): string[] =>
  all.flatMap(({ text, blankBefore }, i) => (i > 0 && blankBefore ? ["", pad(indent, text)] : [pad(indent, text)]));

const blankAbove = ({ before, blankBefore }: Entry): boolean =>
  before.length > 0 ? before[0].blankBefore : blankBefore;

/** Whether a blank line stands between two entries: around blocks and sections always, else where the writer put one. */
function apart(last: Entry, next: Entry, top: boolean): boolean {
  if (last.kind === "block" || next.kind === "block") {
    return true;
  }
  if (top && last.kind !== next.kind) {
    return true;
  }
  return blankAbove(next);
}

/** For every setting the longest name of its run: of the settings next to it without a blank line between. */
function alignment(entries: readonly Entry[]): number[] {
  const widths = entries.map(({ head }) => head.length);
  for (let start = 0; start < entries.length; ) {
    let end = start + 1;
    while (end < entries.length && !apart(entries[end - 1], entries[end], false)) {
      end++;
    }
    const longest = widths.slice(start, end).reduce((a, b) => Math.max(a, b), 0);
    widths.fill(longest, start, end);
    start = end;
  }
  return widths;
}

function one(entry: Entry, indent: number, nameWidth: number): string[] {
  const end = behind(entry.after);
  if (entry.body) {
    const inner = body(entry.body, indent + step);
    const open = `${entry.head} {`;
    if (inner.length === 0 && entry.body.opening === undefined) {
      return [pad(indent, `${open}}${end}`)];
    }
    return [pad(indent, open + behind(entry.body.opening))].concat(inner, pad(indent, `}${end}`));
  }
  if (!entry.value) {
    return [pad(indent, entry.head + end)];
  }
  const start = `${entry.head}:`.padEnd(nameWidth + 2);
  return value(entry.value, indent, start, end);
}

/** A value behind `start` on its first line, and with `end` on its last. */
function value(shape: Shape, indent: number, start: string, end: string, mark = ""): string[] {
  const whole = flat(shape);
  const first = pad(indent, start);
  const breakable = shape.close !== undefined && (shape.elements.length > 0 || whole === undefined);
  if (whole !== undefined && (!breakable || width(first) + width(whole) + mark.length <= columns)) {
    return [first + whole + mark + end];
  }
  const inner = indent + step;
  const lines = [first + shape.open + behind(shape.opening)];
  shape.elements.forEach((element, i) => {
    const comma = shape.close === "]" || i < shape.elements.length - 1 ? "," : "";
    append(
      lines,
      element.before.map(({ text }) => pad(inner, text)),
    );
    append(lines, value(element.value, inner, label(element), behind(element.after), comma));
  });
  append(
    lines,
    shape.closing.map(({ text }) => pad(inner, text)),
  );
  lines.push(pad(indent, `${shape.close ?? ""}${mark}${end}`));
  return lines;
}

const label = (element: Element): string => (element.label === undefined ? "" : `${element.label}: `);

/** A value on one line; undefined where a comment within forbids it. */
function flat(shape: Shape): string | undefined {
  if (shape.opening !== undefined || shape.closing.length > 0) {
    return undefined;
  }
  const parts: string[] = [];
  for (const element of shape.elements) {
    const inner = flat(element.value);
    if (inner === undefined || element.before.length > 0 || element.after !== undefined) {
      return undefined;
    }
    parts.push(label(element) + inner);
  }
  return shape.open + parts.join(", ") + (shape.close ?? "");
}
