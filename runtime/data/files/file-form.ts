// What data.yaml may say of how a file is written, beside its name; what is not said is told from the files.
import { TwinError } from "../../../contract/error.ts";

export const formats = ["csv", "parquet", "json"] as const;
export type Format = (typeof formats)[number];

export interface FileForm {
  readonly format?: Format;
  /** What stands between fields of CSV. */
  readonly separator?: string;
  /** Whether the first line of CSV holds headings. */
  readonly header?: boolean;
  /** A name that `TextDecoder` knows. */
  readonly encoding?: string;
  /** Texts of data.yaml with headings in them that are named with their type, as `genre:token_seq`: those keep that name. */
  readonly headings?: readonly string[] | "all";
}

const signs: Readonly<Record<string, string>> = {
  "^A": "\x01",
  "\\x01": "\x01",
  "\\u0001": "\x01",
  "\\t": "\t",
  tab: "\t",
  space: " ",
};

/** Bytes that a separator may have for the database. */
const mostBytes = 4;

/** @throws TwinError for what cannot separate fields */
export function separatorOf(written: string, where: string): string {
  const separator = signs[written] ?? written;
  if (/["\r\n\0]/.test(separator)) {
    throw new TwinError(`${where}: a quotation mark, the end of a line or NUL cannot separate fields`);
  }
  const bytes = Buffer.byteLength(separator);
  if (bytes > mostBytes) {
    throw new TwinError(
      `${where}: a separator has at most ${mostBytes} bytes, and ${JSON.stringify(written)} has ${bytes}`,
    );
  }
  return separator;
}

/** A separator as data.yaml takes it back. */
export function writtenSeparator(separator: string): string {
  return separator === "\x01" ? '"^A"' : JSON.stringify(separator);
}

/** @throws TwinError for an encoding that nothing here can read */
export function encodingOf(written: string, where: string): string {
  try {
    return new TextDecoder(written).encoding;
  } catch {
    throw new TwinError(
      `${where}: the encoding \`${written}\` is not known; use one such as utf-8, utf-16le, gbk, gb18030, big5, shift_jis, euc-kr, latin1 or windows-1251`,
    );
  }
}

const csvEndings = "csv|tsv|tab|txt|dat|data|log|psv|inter|item|user|kg|net|link";
const endings: readonly (readonly [Format, RegExp])[] = [
  ["csv", new RegExp(`\\.(${csvEndings})$`)],
  ["parquet", /\.(parquet|pq)$/],
  ["json", /\.(jsonl|ndjson|json)$/],
];

/** What a file's name says of its format, compressed or not. */
export function formatOf(path: string): Format | null {
  const name = path.toLowerCase().replace(/\.(gz|zst)$/, "");
  return endings.find(([, ending]) => ending.test(name))?.[0] ?? null;
}

/** Whether a file's name says that tabs separate its fields. */
export const saysTabs = (path: string): boolean => /\.(tsv|tab|inter|item|user|kg|net|link)(\.|$)/i.test(path);
