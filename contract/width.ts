// Texts of others on a terminal: how many columns a character takes, what stands in for one that must not reach it, and cuts.
import { eastAsianWidth } from "get-east-asian-width";

/**
 * Control characters (a source may hold escape sequences), lone halves of pairs, and what takes no room: by it two texts look
 * alike, or one reads backwards.
 */
const unseen =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** The text with every character that could disturb a terminal replaced by one of its width. */
export const printable = (text: string): string =>
  text.replace(unseen, (c) => (c < "\x20" ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : "\ufffd"));

/** 0, 1 or 2. */
export function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) {
    return 1;
  }
  if (zeroWidth.test(character)) {
    return 0;
  }
  return eastAsianWidth(code);
}

export function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    columns += columnsOf(character);
  }
  return columns;
}

const escapeOf = (character: string): string => {
  const code = character.codePointAt(0)!;
  const digits = code.toString(16);
  return code > 0xffff
    ? `\\u{${digits}}`
    : code > 0xff
      ? `\\u${digits.padStart(4, "0")}`
      : `\\x${digits.padStart(2, "0")}`;
};

/** A text for a terminal, line by line: whatever the terminal would act on, or nobody would see, is written as an escape. */
export const escaped = (text: string): string =>
  text.replace(unseen, (c) => (c === "\n" ? c : c === "\t" ? "\\t" : c === "\r" ? "\\r" : escapeOf(c)));

/** The same of JSON, where all of these stand within strings: another text of the same value. */
export const escapedJson = (json: string): string =>
  json.replace(unseen, (c) =>
    c === "\n"
      ? c
      : Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
  );

/** The text in at most so many columns, an ellipsis for what is left out: at its end, or with `tail` columns of its end kept. */
export function cut(text: string, columns: number, tail = 0): string {
  // Far more UTF-16 units than any line shows are not worth measuring.
  if (text.length <= columns * 12 && width(text) <= columns) {
    return text;
  }
  const from = tail === 0 ? "" : [...lastColumns(text.slice(-tail * 12), tail)].join("");
  return `${firstColumns(text, columns - tail - 1)}…${from}`;
}

function firstColumns(text: string, columns: number): string {
  let taken = "";
  let used = 0;
  for (const character of text.slice(0, columns * 12)) {
    used += columnsOf(character);
    if (used > columns) {
      break;
    }
    taken += character;
  }
  return taken;
}

function lastColumns(text: string, columns: number): string[] {
  const characters = [...text];
  let used = 0;
  let at = characters.length;
  while (at > 0) {
    used += columnsOf(characters[at - 1]);
    if (used > columns) {
      break;
    }
    at--;
  }
  return characters.slice(at);
}

/** Columns that a name or value of somebody's data takes in a line or a table, at most. */
const cellColumns = 60;

/** A name or value from somebody's data as part of a line: escaped, line feeds, too, and cut. */
export const cell = (value: unknown, columns = cellColumns): string =>
  // What is cut off need not be escaped.
  cut(escaped(String(value).slice(0, columns * 12)).replaceAll("\n", "\\n"), columns);

/** `cell`, filled with blanks to a width. */
export const padded = (text: string, columns: number, side: "end" | "start" = "end"): string => {
  const blanks = " ".repeat(Math.max(0, columns - width(text)));
  return side === "end" ? text + blanks : blanks + text;
};

/** Rows of texts as lines, their columns under each other: numbers to the right, where `right` says so of their column. */
export function aligned(
  rows: readonly (readonly string[])[],
  right: (column: number) => boolean = () => false,
): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => width(row[column]))));
  return rows.map((row) =>
    row
      .map((text, column) => padded(text, widths[column], right(column) ? "start" : "end"))
      .join("  ")
      .trimEnd(),
  );
}
