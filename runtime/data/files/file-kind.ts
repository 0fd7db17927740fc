// What a file is, by its first and last bytes, where that is not what its name says.
import { statSync } from "node:fs";
import { TwinError } from "../../../contract/error.ts";
import { attempt } from "../../host/files.ts";
import type { Format } from "./file-form.ts";
import { type FileHead, firstBytes, headOf, isGzip, isZstd } from "./file-head.ts";

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  bytes.length >= text.length && Buffer.from(bytes.subarray(0, text.length)).toString("latin1") === text;

/** Formats of others, by how they begin. */
const others: readonly (readonly [string, string, string])[] = [
  ["PK\x03\x04", "a zip archive", "unpack it first"],
  ["\x89HDF\r\n", "an HDF5 file", "write its table as Parquet (pandas: `read_hdf(…).to_parquet(…)`)"],
  ["ORC", "an ORC file", "write its table as Parquet"],
  ["Obj\x01", "an Avro file", "write its rows as Parquet"],
  [
    "ARROW1",
    "an Arrow (Feather) file",
    "write its table as Parquet (pyarrow: `pq.write_table(feather.read_table(…), …)`)",
  ],
  ["SQLite format 3", "an SQLite database", "write its table as CSV or Parquet"],
  ["\x93NUMPY", "a NumPy array", "write it as Parquet or CSV with a column for each of its columns"],
  ["BZh", "compressed with bzip2", "decompress it (`bunzip2`), or compress it with gzip or zstd"],
  ["\xfd7zXZ", "compressed with xz", "decompress it (`unxz`), or compress it with gzip or zstd"],
  ["\x80\x02", "a Python pickle", "write its table as Parquet (pandas: `read_pickle(…).to_parquet(…)`)"],
  ["\x80\x03", "a Python pickle", "write its table as Parquet (pandas: `read_pickle(…).to_parquet(…)`)"],
  ["\x80\x04", "a Python pickle", "write its table as Parquet (pandas: `read_pickle(…).to_parquet(…)`)"],
  ["\x80\x05", "a Python pickle", "write its table as Parquet (pandas: `read_pickle(…).to_parquet(…)`)"],
];

/** @throws TwinError where the file is no text of that format, whatever stands in it */
export function expectText(file: string, format: "csv" | "json", shown: string): FileHead {
  const head = headOf(file);
  const { raw, bytes } = head;
  if (startsWith(raw, "PAR1") || startsWith(raw, "PARE")) {
    throw new TwinError(`${shown} is a Parquet file: name it .parquet, or write \`format: parquet\` beside \`file\``);
  }
  refuseOthers(raw, shown);
  refuseOthers(bytes ?? raw, shown);
  for (const [ending, is, named] of [
    [/\.gz$/i, isGzip(raw), "gzip"],
    [/\.zst$/i, isZstd(raw), "zstd"],
  ] as const) {
    const says = ending.test(file);
    const end = named === "gzip" ? ".gz" : ".zst";
    if (says && !is && raw.length > 0) {
      throw new TwinError(`${shown} is not compressed with ${named}: name it without ${end}`);
    }
    if (!says && is) {
      throw new TwinError(`${shown} is compressed with ${named}: name it with ${end} at the end`);
    }
  }
  if (
    format === "csv" &&
    bytes !== null &&
    /^\uFEFF?\s*[{[]\s*("|\{)/.test(Buffer.from(bytes.subarray(0, 400)).toString("utf8"))
  ) {
    throw new TwinError(
      `${shown} looks like JSON, and is read as CSV: name it .jsonl, or write \`format: json\` beside \`file\``,
    );
  }
  return head;
}

function refuseOthers(bytes: Uint8Array, shown: string): void {
  const [, kind, way] = others.find(([begins]) => startsWith(bytes, begins)) ?? [];
  if (kind !== undefined) {
    throw new TwinError(`${shown} is ${kind}, which is not read: ${way}`);
  }
}

/** Smaller is no Parquet file: magic bytes, an end, its length, and magic bytes. */
const leastParquet = 12;

/** What is wrong with a Parquet file as its first and last bytes say; null: nothing that they tell. */
export function parquetTrouble(file: string): string | null {
  const { size } = attempt("read", file, () => statSync(file));
  if (size === 0) {
    return "is empty: it has not a single byte";
  }
  const begin = firstBytes(file, 16);
  if (startsWith(begin, "PARE")) {
    return encrypted;
  }
  if (!startsWith(begin, "PAR1")) {
    const text = begin.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13));
    const way = isGzip(begin)
      ? "compressed with gzip: decompress it"
      : isZstd(begin)
        ? "compressed with zstd: decompress it"
        : text
          ? "it looks like text: name it .csv or .jsonl, or write `format: csv` beside `file`"
          : "it does not begin as one";
    return `is no Parquet file: ${way}`;
  }
  const end = firstBytes(file, 8, Math.max(0, size - 8));
  if (startsWith(end.subarray(4), "PARE")) {
    return encrypted;
  }
  if (size < leastParquet || !startsWith(end.subarray(4), "PAR1")) {
    return "is cut off: its end, which says what is in it, is missing. Copy or write it anew";
  }
  const footer = new DataView(end.buffer, end.byteOffset).getUint32(0, true);
  return footer + leastParquet > size
    ? "is damaged: its end says a length beyond the file. Copy or write it anew"
    : null;
}

const encrypted = "is encrypted, which is not read: write it without encryption";

/** @throws TwinError where a Parquet file's first or last bytes are wrong */
export function expectParquet(file: string, shown: string): void {
  const trouble = parquetTrouble(file);
  if (trouble !== null) {
    throw new TwinError(`${shown} ${trouble}`);
  }
}

export const formatWord: Readonly<Record<Format, string>> = { csv: "CSV", parquet: "Parquet", json: "JSON" };
