// How a CSV file is written: its separator and whether its first line holds headings, from its first lines alone. Lines that are
// written otherwise are errors of reading: nothing is skipped, and nothing is filled up.

export interface CsvForm {
  readonly delimiter: string;
  readonly escape: '"' | "\\";
  readonly header: boolean;
  readonly names: readonly string[];
}

const delimiters = [",", "\t", ";", "|"];

/** The records of some lines, of which the last may be cut off; null where they are not written like that. */
export function recordsOf(text: string, delimiter: string, mark: '"' | "\\"): string[][] | null {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
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
      if (at < text.length && text[at] !== delimiter && text[at] !== "\n") {
        return null;
      }
    } else {
      const start = at;
      while (at < text.length && text[at] !== delimiter && text[at] !== "\n") {
        at++;
      }
      field = text.slice(start, at);
    }
    record.push(field);
    if (text[at] === delimiter) {
      at++;
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

/**
 * @param lines the file's first lines
 * @param expected columns that the file should have, expressions among them: they tell headings from data
 */
export function formOf(path: string, lines: readonly string[], expected: readonly string[]): CsvForm | null {
  const text = lines.join("\n").replace(/^\uFEFF/, "");
  const tabs = /\.(tsv|tab|inter|item|user)(\.|$)/i.test(path);
  const tried = (tabs ? ["\t", ...delimiters] : delimiters).flatMap((delimiter) =>
    (['"', "\\"] as const).flatMap((mark) => {
      const records = recordsOf(text, delimiter, mark);
      return records === null || records.length === 0 ? [] : [{ delimiter, mark, records }];
    }),
  );
  if (tried.length === 0) {
    return null;
  }
  /** Records that are as long as the first, from the start on. */
  const alike = (records: readonly (readonly string[])[]): number => {
    const other = records.findIndex((record) => record.length !== records[0].length);
    return other < 0 ? records.length : other;
  };
  const named = ({ records: [first] }: (typeof tried)[number]): boolean => {
    const has = (name: string): boolean => first.some((field) => field.trim() === name);
    const due = expected.filter((name) => plain.test(name) || has(name));
    return due.length > 0 && due.every(has);
  };
  // A quotation mark that is not closed swallows what should tell the separator.
  const lost = delimiters.some(
    (delimiter) => lines[0].includes(delimiter) && !tried.some((one) => one.delimiter === delimiter),
  );
  if (lost && tried.every(({ records }) => records[0].length === 1)) {
    return null;
  }
  const several = tried.filter(({ records }) => records[0].length > 1);
  const best = [...(several.length > 0 ? several : tried)].sort(
    (a, b) =>
      Number(named(b)) - Number(named(a)) ||
      Number(alike(b.records) === b.records.length) - Number(alike(a.records) === a.records.length) ||
      (tabs ? Number(b.delimiter === "\t") - Number(a.delimiter === "\t") : 0) ||
      alike(b.records) - alike(a.records) ||
      b.records[0].length - a.records[0].length,
  )[0];
  const [first, ...rest] = best.records;
  const header =
    named(best) ||
    (!numbered(
      expected.filter((name) => plain.test(name)),
      first.length,
    ) &&
      looksLikeHeadings(first, rest));
  return {
    delimiter: best.delimiter,
    escape: best.mark,
    header,
    names: namesOf(header ? first : first.map(() => "")),
  };
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

/** Names as the database makes them: what has none is `column3`, and what comes twice is told apart. */
function namesOf(fields: readonly string[]): string[] {
  const taken = new Set<string>();
  return fields.map((field, i) => {
    const base = field.trim() === "" ? `column${i}` : field.trim();
    let name = base;
    for (let n = 1; taken.has(name.toLowerCase()); n++) {
      name = `${base}_${n}`;
    }
    taken.add(name.toLowerCase());
    return name;
  });
}
