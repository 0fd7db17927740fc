// CSV files: read as texts, strictly by the form of each file's first lines, with types that hold in all rows.
import { TwinError } from "../../../contract/error.ts";
import { fileList, literal, quoted, type Source } from "../database/source.ts";
import { type CsvForm, formOf } from "./csv-form.ts";
import type { FileForm } from "./file-form.ts";
import { firstBytes, isGzip, isZstd, linesOf } from "./file-head.ts";
import { foldersOf } from "./folder-columns.ts";
import { eachOnce } from "./headings.ts";
import { endsOpen, OpenQuote } from "./open-quote.ts";
import { isEmpty, type Reading, runsOf, textName } from "./reading.ts";
import { shownPath } from "./shown-path.ts";
import { beginningOf, type TextFile } from "./text-files.ts";
import { decideTypes, typedText } from "./text-types.ts";

/** Lines that a file's form is taken from. */
const looked = 200;

/** @param expected columns that every file should have */
export async function readCsv(
  source: Source,
  texts: readonly TextFile[],
  expected: readonly string[],
  given: FileForm,
): Promise<Reading> {
  const files = texts.map(({ file }) => file);
  const paths = new Map(texts.map(({ file, path }) => [file, path]));
  const forms = new Map<string, CsvForm>();
  const same = new Map<string, CsvForm>();
  /** Files of which the database is asked alone whether they end within a quotation mark. */
  const doubtful: string[] = [];
  for (const text of texts) {
    const { file } = text;
    const looked = await lookAt(source, text, expected, given);
    if (looked === null) {
      continue;
    }
    const { form, open } = looked;
    const key = JSON.stringify(form);
    const known = same.get(key) ?? form;
    same.set(key, known);
    forms.set(file, known);
    if (texts.length > 1 && (open ?? (await mayEndOpen(text, form)))) {
      doubtful.push(file);
    }
  }
  const [first] = forms.values();
  if (first === undefined) {
    throw new TwinError(`${shownPath(files[0])} is empty: it has not a single line`);
  }
  for (const [file, form] of forms) {
    if (form.header !== first.header) {
      throw new TwinError(
        `${shownPath(file)} ${form.header ? "begins with headings, and other files have none" : "has no line of headings, and other files have one"}: write all files alike`,
      );
    }
  }
  const known = new Map<string, string>();
  for (const { names } of same.values()) {
    for (const name of names) {
      if (!known.has(name.toLowerCase())) {
        known.set(name.toLowerCase(), name);
      }
    }
  }
  const names = [...known.values()];
  const folders = foldersOf(files, names);
  const hive = folders?.options ?? "hive_partitioning = false";
  const has = (form: CsvForm, name: string): boolean =>
    form.names.some((one) => one.toLowerCase() === name.toLowerCase());
  /** Whole numbers as what they are, as their digits are their text; everything else as text. */
  const rows = (some: readonly string[], whole: ReadonlySet<string>, extra = ""): string => {
    const type = (name: string): string => (whole.has(name.toLowerCase()) ? "BIGINT" : "VARCHAR");
    const runs = runsOf(some, (file) => forms.get(file));
    const selects = runs.map(({ files: alike, of: form }) => {
      const columns = names.map((name) => (has(form, name) ? quoted(name) : `NULL::${type(name)} AS ${quoted(name)}`));
      const types = form.names.map((name) => `${literal(name)}: '${type(name)}'`).join(", ");
      return `SELECT ${columns.join(", ")}${extra} FROM read_csv(${fileList(alike.map((file) => paths.get(file) ?? file))}, auto_detect = false, delim = ${literal(form.delimiter)}, quote = '"', escape = ${literal(form.escape)}, header = ${form.header}, columns = {${types}}, ${hive})`;
    });
    if (selects.length > 0) {
      return `(${selects.join(" UNION ALL ")})`;
    }
    // Only files without a line are asked for.
    const none = names.map((name) => `NULL::${type(name)} AS ${quoted(name)}`).join(", ");
    const others = (folders?.columns ?? []).map((column) => `NULL::${column.type} AS ${quoted(column.name)}`);
    const written = (folders?.texts ?? []).map((name) => `NULL::VARCHAR AS ${quoted(textName(name))}`);
    return `(SELECT ${[none, ...(extra === "" ? [] : [...others, ...written])].join(", ")} WHERE false)`;
  };
  for (const file of doubtful) {
    await source.all(`SELECT count(*) FROM ${rows([file], new Set())}`);
  }
  const types = await decideTypes(source, rows(files, new Set()), names);
  const whole = new Set(types.filter(({ type }) => type === "BIGINT").map(({ name }) => name.toLowerCase()));
  const written = types.filter(({ type }) => type !== "VARCHAR" && type !== "BIGINT");
  const select = [
    ...types.map(
      ({ name, type }) => `${type === "BIGINT" ? quoted(name) : typedText(quoted(name), type)} AS ${quoted(name)}`,
    ),
    ...written.map(({ name }) => `${quoted(name)} AS ${quoted(textName(name))}`),
    ...(folders?.columns ?? []).map(({ name }) => quoted(name)),
    ...(folders?.texts ?? []).map((name) => quoted(textName(name))),
  ].join(", ");
  const absent = names.map(
    (name) => [name, [...forms].flatMap(([file, form]) => (has(form, name) ? [] : [file]))] as const,
  );
  return {
    columns: [...types, ...(folders?.columns ?? [])],
    texts: new Set([...written.map(({ name }) => name), ...(folders?.texts ?? [])]),
    absent: new Map(absent.filter(([, without]) => without.length > 0)),
    guards: [],
    empty: await isEmpty(source, rows(files, new Set())),
    renamed: eachOnce([...forms].flatMap(([file, form]) => form.renamed.map((one) => ({ file, ...one })))),
    ...([...same.values()].every(({ delimiter }) => delimiter === first.delimiter) && { separator: first.delimiter }),
    sql: (some) => `(SELECT ${select} FROM ${rows(some, whole, folders?.select ?? "")})`,
  };
}

interface Looked {
  readonly form: CsvForm;
  /** Whether the file ends within a quotation mark; null where its beginning is not all. */
  readonly open: boolean | null;
}

/** Null where the file is empty. */
async function lookAt(
  source: Source,
  text: TextFile,
  expected: readonly string[],
  given: FileForm,
): Promise<Looked | null> {
  const { file, path } = text;
  const begins = beginningOf(text);
  const lines = (begins && linesOf(begins.text, begins.whole, looked)) ?? (await linesIn(source, path));
  const form = formOf(file, lines, expected, given);
  if (form === null) {
    if (lines.some((line) => line !== "")) {
      throw new TwinError(`${shownPath(file)}, line 1: a quotation mark is not closed, or something follows it`);
    }
    return null;
  }
  if (!begins?.whole) {
    return { form, open: null };
  }
  const quote = new OpenQuote(form);
  quote.add(begins.text, true);
  return { form, open: quote.open };
}

/** What is compressed with zstd is not looked into here. */
async function mayEndOpen({ path }: TextFile, form: CsvForm): Promise<boolean> {
  const begin = firstBytes(path, 4);
  return isZstd(begin) || endsOpen(path, isGzip(begin), form);
}

/** The first lines as the database reads them. */
async function linesIn(source: Source, path: string): Promise<string[]> {
  const rows = await source.all(
    `SELECT line FROM read_csv(${fileList([path])}, auto_detect = false, delim = chr(1), quote = '', escape = '', header = false, columns = {'line': 'VARCHAR'}, strict_mode = false, hive_partitioning = false) LIMIT ${looked}`,
  );
  return rows.map(({ line }) => String(line ?? ""));
}
