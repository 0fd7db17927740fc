// How a CSV file is written: its separator and whether its first line holds headings, from its first lines alone. Lines that are
// written otherwise are errors of reading: nothing is skipped, and nothing is filled up.

import { type FileForm, saysTabs } from "./file-form.ts";
import { type Named, namesOf } from "./headings.ts";

export interface CsvForm extends Named {
  readonly delimiter: string;
  readonly escape: '"' | "\\";
  readonly header: boolean;
}

const delimiters = [",", "\t", ";", "|"];
/** What separates fields as well, and stands in texts, too, or in no text at all. */
const doubled = "::";
const unseen = "\x01";
const blank = " ";

/** The records of some lines, of which the last may be cut off; null where they are not written like that. */
export function recordsOf(text: string, delimiter: string, mark: '"' | "\\"): string[][] | null {
  if (!text.includes('"')) {
    return text.split("\n").flatMap((line) => (line === "" ? [] : [line.split(delimiter)]));
  }
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  const separated = (): boolean => text.startsWith(delimiter, at);
  while (at < text.length) {
    let field = "";
    if (text[at] === '"') {
      at++;
      for (;;) {
        if (at >= text.length) {
          return records.length > 0 ? records : null;
        }
        if (mark === "\\" && text[at] === "\\") {
          field += text[at + 1] ?? "";
          at += 2;
        } else if (text[at] === '"') {
          if (mark === '"' && text[at + 1] === '"') {
            field += '"';
            at += 2;
          } else {
            break;
          }
        } else {
          field += text[at++];
        }
      }
      at++;
      if (at < text.length && !separated() && text[at] !== "\n") {
        return null;
      }
    } else {
      const start = at;
      while (at < text.length && !separated() && text[at] !== "\n") {
        at++;
      }
      field = text.slice(start, at);
    }
    record.push(field);
    if (separated()) {
      at += delimiter.length;
      if (at === text.length || text[at] === "\n") {
        record.push("");
      } else {
        continue;
      }
    }
    at++;
    // An empty line is none.
    if (record.length > 1 || record[0] !== "") {
      records.push(record);
    }
    record = [];
  }
  return records;
}

/** What may be a column's name; else it is an expression, of which no heading says anything. */
const plain = /^[^()'"+*/<>=|:,]+$/;

const value = /^\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|true|false|nan|\d{4}[-/]\d{1,2}[-/]\d{1,2}.*|\[.*\])?\s*$/i;

interface Tried {
  readonly delimiter: string;
  readonly mark: '"' | "\\";
  readonly records: readonly (readonly string[])[];
}

/**
 * @param lines the file's first lines
 * @param expected columns that the file should have, expressions among them: they tell headings from data
 */
export function formOf(
  path: string,
  lines: readonly string[],
  expected: readonly string[],
  given: FileForm = {},
): CsvForm | null {
  const text = lines.join("\n").replace(/^\uFEFF/, "");
  const named = ({ records: [headings] }: Tried): boolean => {
    const has = (name: string): boolean => headings.some((field) => field.trim() === name || untyped(field) === name);
    const due = expected.filter((name) => plain.test(name) || has(name));
    return due.length > 0 && due.every(has);
  };
  const best = separated(path, text, lines[0] ?? "", named, given.separator);
  if (best === null) {
    return null;
  }
  const [first, ...rest] = best.records;
  const header =
    given.header ??
    (named(best) ||
      (!numbered(
        expected.filter((name) => plain.test(name)),
        first.length,
      ) &&
        looksLikeHeadings(first, rest)));
  return {
    delimiter: best.delimiter,
    escape: best.mark,
    header,
    ...namesOf(header ? bare(first, given.headings ?? []).map((heading) => heading.trim()) : first.map(() => "")),
  };
}

/** Records that are as long as the first, from the start on. */
function alike({ records }: Tried): number {
  const other = records.findIndex((record) => record.length !== records[0].length);
  return other < 0 ? records.length : other;
}

const allAlike = (one: Tried): boolean => alike(one) === one.records.length;

/** Columns whose every value is a number, a truth or a day. */
const tellingColumns = ({ records }: Tried): number =>
  records[0].filter((_, i) => records.every((record) => (record[i] ?? "").trim() !== "" && value.test(record[i])))
    .length;

function separated(
  path: string,
  text: string,
  first: string,
  named: (one: Tried) => boolean,
  given: string | undefined,
): Tried | null {
  // Where nothing is marked, or no mark could be undone, both readings are one.
  const marks = text.includes('"') && text.includes("\\") ? (['"', "\\"] as const) : (['"'] as const);
  const tried = (some: readonly string[]): Tried[] =>
    some.flatMap((delimiter) =>
      marks.flatMap((mark) => {
        const records = recordsOf(text, delimiter, mark);
        return records === null || records.length === 0 ? [] : [{ delimiter, mark, records }];
      }),
    );
  const chosen = (some: readonly Tried[], tabs: boolean): Tried | undefined =>
    [...some].sort(
      (a, b) =>
        Number(named(b)) - Number(named(a)) ||
        Number(allAlike(b)) - Number(allAlike(a)) ||
        (tabs ? Number(b.delimiter === "\t") - Number(a.delimiter === "\t") : 0) ||
        alike(b) - alike(a) ||
        b.records[0].length - a.records[0].length,
    )[0];
  if (given !== undefined) {
    return chosen(tried([given]), false) ?? null;
  }
  /** By signs that part the first record. */
  const several = (some: readonly string[]): Tried[] =>
    tried(some.filter((sign) => text.includes(sign))).filter(({ records }) => records[0].length > 1);
  const best = chosen(several(delimiters), saysTabs(path));
  const rare = several([unseen, doubled]).filter(allAlike);
  const other = chosen(rare, false);
  if (other !== undefined && (best === undefined || outdoes(other, best, named))) {
    return other;
  }
  if (best !== undefined) {
    return best;
  }
  const usual = tried(delimiters);
  // A quotation mark that is not closed swallows what should tell the separator.
  if (delimiters.some((sign) => first.includes(sign) && !usual.some(({ delimiter }) => delimiter === sign))) {
    return null;
  }
  const one = chosen(usual, false) ?? null;
  const words = chosen(several([blank]).filter(allAlike), false);
  // Texts have blanks in them: a column that is looked for tells that there is one alone.
  return words !== undefined && (one === null || !named(one)) ? words : one;
}

/** Whether lines that a usual sign separates, too, rather are separated by a rare one. */
function outdoes(rare: Tried, usual: Tried, named: (one: Tried) => boolean): boolean {
  if (named(rare) !== named(usual)) {
    return named(rare);
  }
  return rare.delimiter === unseen || !allAlike(usual) || tellingColumns(rare) > tellingColumns(usual);
}

/** The types that headings of RecBole's atomic files end in. */
const typed = /:(token|token_seq|float|float_seq)$/;

/** Whether a heading with its type stands in a text, which may be an expression. */
export const hasTyped = (text: string): boolean => /:(token|float)/.test(text);

const untyped = (heading: string): string => heading.trim().replace(typed, "");

/** Headings that all end in their type count without it. @param kept texts in which those stand that are named with it */
function bare(headings: readonly string[], kept: readonly string[] | "all"): readonly string[] {
  if (kept === "all" || !headings.every((heading) => typed.test(heading.trim()))) {
    return headings;
  }
  return headings.map((heading) => (kept.some((text) => text.includes(heading.trim())) ? heading : untyped(heading)));
}

/** Whether the columns are named by their places: `column0`, as those of files without headings are. */
const numbered = (expected: readonly string[], count: number): boolean =>
  expected.length > 0 && expected.every((name) => /^column\d+$/.test(name) && Number(name.slice(6)) < count);

/** Headings are texts. Where a heading is a number itself, a column of other values below tells. */
function looksLikeHeadings(first: readonly string[], rest: readonly (readonly string[])[]): boolean {
  const texts = first.filter((field) => !value.test(field));
  if (texts.length === 0) {
    return false;
  }
  if (texts.length === first.length) {
    return true;
  }
  // A name that is empty (an index), or a number, among others: headings where the columns with names hold values.
  return first.some(
    (field, i) => !value.test(field) && rest.length > 0 && rest.every((record) => value.test(record[i] ?? "")),
  );
}
