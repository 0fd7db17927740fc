// What the database says of a file that it cannot read, in our words: file, line or column, and a way out.
import { createReadStream } from "node:fs";
import { TwinError } from "../../../contract/error.ts";
import { fileList, firstLines, quoted, type Source } from "../database/source.ts";
import { encodingAdvice, firstWrongText } from "./encoding.ts";
import type { Format } from "./file-form.ts";
import { parquetTrouble } from "./file-kind.ts";
import { twinKey } from "./headings.ts";
import { shownPath } from "./shown-path.ts";
import { withOriginals } from "./utf8-copy.ts";

interface Read {
  readonly name: string;
  readonly format: Format;
  readonly files: readonly string[];
}

/** An error of reading these files. Looks for the file at fault where the database does not name it. */
export async function readError(source: Source, { name, format, files }: Read, cause: unknown): Promise<TwinError> {
  if (cause instanceof TwinError) {
    return cause;
  }
  const text = withOriginals(cause instanceof Error ? cause.message : String(cause));
  const told = damagedZstd.test(text)
    ? await zstdError(source, name, files)
    : format === "csv"
      ? (csvError(text, name) ?? (await mixedEnds(text, name, files)))
      : format === "json"
        ? (jsonError(text) ?? (await twinKeys(source, files, text)))
        : await parquetError(source, files);
  return new TwinError(told ?? `${name}: ${firstLines(new Error(text))}`, { cause });
}

/** What the decompressor says; a frame without a checksum may give other bytes, and says nothing. */
const damagedZstd = /Restored data doesn't match checksum|Data corruption detected|ZSTD/;

async function zstdError(source: Source, name: string, files: readonly string[]): Promise<string> {
  const some = files.filter((file) => /\.zst$/i.test(file));
  let damaged: string | undefined = some.length === 1 ? some[0] : undefined;
  for (const file of some.length > 1 ? some : []) {
    const lines = `read_csv(${fileList([file])}, header = false, delim = chr(7), quote = '', escape = '', columns = {line: 'VARCHAR'}, ignore_errors = true, strict_mode = false)`;
    const said = await source.all(`SELECT count(*) FROM ${lines}`).then(() => "", firstLines);
    if (damagedZstd.test(said)) {
      damaged = file;
      break;
    }
  }
  return `${damaged === undefined ? name : shownPath(damaged)} is damaged: copy or compress it anew (\`zstd -t\` tests it)`;
}

function csvError(text: string, name: string): string | null {
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  const file = /^\s*file = (.+)$/m.exec(text)?.[1];
  if (line === undefined) {
    return null;
  }
  return `${file === undefined ? name : shownPath(file)}, line ${line}: ${csvReason(text, file)}`;
}

/** The database stops without a place where something follows a quotation mark, and where a file's lines end in different ways. */
async function mixedEnds(text: string, name: string, files: readonly string[]): Promise<string | null> {
  if (!/state machine reached an invalid state/.test(text)) {
    return null;
  }
  for (const file of files.filter((one) => !/\.(gz|zst)$/i.test(one))) {
    const line = await otherEnd(file);
    if (line !== null) {
      const shown = shownPath(file);
      return `${shown}, line ${line}: it does not end as the lines before it do (LF or CR LF): write all alike, such as by \`dos2unix ${shown}\``;
    }
  }
  return `${name}: a quotation mark is not closed, or something follows it`;
}

/** The first line that ends otherwise than the first one; null where all end alike, or fields that are marked stand before it. */
async function otherEnd(file: string): Promise<number | null> {
  let [lines, first, last] = [0, "", ""];
  for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const text = last + Buffer.from(bytes).toString("latin1");
    for (let at = text.indexOf("\n"), from = 0; at >= 0; from = at + 1, at = text.indexOf("\n", from)) {
      const end = text[at - 1] === "\r" ? "\r\n" : "\n";
      lines++;
      first ||= end;
      if (text.slice(from, at).includes('"')) {
        return null;
      }
      if (end !== first) {
        return lines;
      }
    }
    last = text.slice(text.lastIndexOf("\n") + 1);
  }
  return null;
}

function csvReason(text: string, file: string | undefined): string {
  const counted = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text);
  if (counted) {
    return `it has ${counted[2]} fields, and ${counted[1]} are due as in the file's first line; a field with the separator in it stands in double quotes`;
  }
  if (/unterminated quote/i.test(text)) {
    return "a quotation mark is not closed, or something follows it; within double quotes write it twice";
  }
  if (/maximum line size|exceed/i.test(text)) {
    return "the line is longer than 2 MB";
  }
  if (/unicode|utf/i.test(text)) {
    const plain = file !== undefined && !/\.(gz|zst)$/i.test(file);
    return encodingAdvice(
      (plain ? firstWrongText(file)?.bytes : null) ?? null,
      file === undefined ? "FILE" : shownPath(file),
    );
  }
  return "it is not written as the lines before it";
}

function jsonError(text: string): string | null {
  const found = /Malformed JSON in file "(.+?)", at byte (\d+) in (line|record\/value) (\d+): (.*?)\.?\s*$/m.exec(text);
  if (found === null) {
    return null;
  }
  const [, file, byte, unit, number, said] = found;
  const shown = shownPath(file);
  // The database counts what it has begun to read.
  const at = `${unit === "line" ? "line" : "record"} ${Math.max(1, Number(number) - 1)}`;
  if (/utf/i.test(said)) {
    const wrong = firstWrongText(file);
    return wrong === null
      ? `${shown}, ${at}: its bytes are no text in UTF-8`
      : `${shown}, line ${wrong.line}: ${encodingAdvice(wrong.bytes, shown)}`;
  }
  return `${shown}, ${at}, byte ${byte}: this is no JSON (${said.trim()})`;
}

/** A key that a record, or an object within it, has twice: the database does not say in which file. */
async function twinKeys(source: Source, files: readonly string[], text: string): Promise<string | null> {
  const [, placed, unit, number, key] = doubledKey.exec(text) ?? [];
  if (placed !== undefined && unit !== undefined && number !== undefined && key !== undefined) {
    return twinKey(`${shownPath(placed)}, ${unit === "line" ? "line" : "record"} ${number}: an object`, key);
  }
  const inner = /Duplicate name "(.*?)" in struct/.exec(text)?.[1];
  if (inner === undefined) {
    return null;
  }
  for (const file of files) {
    const columns = `SELECT * FROM read_json(${fileList([file])}, sample_size = -1, hive_partitioning = false)`;
    const told = await source.describe(columns).then(() => "", firstLines);
    if (/Duplicate name/.test(told)) {
      return twinKey(`${shownPath(file)}: an object in a column`, inner);
    }
  }
  return twinKey(`${shownPath(files[0])}: an object in a column`, inner);
}

const doubledKey =
  /JSON transform error\sin file "(.+?)", in (line|record\/value) (\d+): .* has duplicate key "(.*?)"/s;

/** The first file that cannot be read, and the column where it is one that cannot. */
async function parquetError(source: Source, files: readonly string[]): Promise<string | null> {
  for (const file of files) {
    const trouble = parquetTrouble(file);
    if (trouble !== null) {
      return `${shownPath(file)} ${trouble}`;
    }
  }
  for (const file of files) {
    const rows = `read_parquet(${fileList([file])}, hive_partitioning = false)`;
    const fails = (select: string): Promise<string | null> =>
      source.all(select).then(
        () => null,
        (cause: unknown) => firstLines(cause),
      );
    let columns: string[];
    try {
      columns = (await source.describe(`SELECT * FROM ${rows}`)).map((column) => column.name);
    } catch {
      return `${shownPath(file)} is damaged: its end, which says what is in it, cannot be read. Copy or write it anew`;
    }
    if ((await fails(`SELECT bit_xor(hash(r)) FROM ${rows} r`)) === null) {
      continue;
    }
    for (const column of columns) {
      const told = await fails(`SELECT bit_xor(hash(${quoted(column)})) FROM ${rows}`);
      if (told !== null) {
        return `${shownPath(file)}, column \`${column}\`: ${unreadable(told)}`;
      }
    }
  }
  return null;
}

const unreadable = (told: string): string =>
  /unsupported|not supported/i.test(told)
    ? `it is compressed or encoded in a way that is not read: write the file anew with zstd or snappy`
    : `its bytes are damaged. Copy or write the file anew`;
