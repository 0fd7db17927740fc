// One table in each kind of file that is read, with whatever headings: also those that no database would write.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporary } from "./built-twin.ts";
import { ask } from "./database.ts";

export const tableKinds = ["csv", "jsonl", "json", "parquet"] as const;
export type TableKind = (typeof tableKinds)[number];

type Cell = number | string | readonly number[];

/** The file's content. Texts have no quotation marks in them, lists of CSV are parted by bars. */
export async function tableFile(
  kind: TableKind,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): Promise<string | Uint8Array> {
  if (kind === "parquet") {
    return parquetFile(headings, rows);
  }
  if (kind === "csv") {
    const text = (cell: Cell): string => (typeof cell === "object" ? cell.join("|") : String(cell));
    return `${[headings, ...rows.map((row) => row.map(text))].map((row) => row.join()).join("\n")}\n`;
  }
  const records = rows.map(
    (row) => `{${row.map((cell, i) => `${JSON.stringify(headings[i])}:${JSON.stringify(cell)}`).join()}}`,
  );
  return kind === "json" ? `[${records.join(",\n")}]` : records.map((record) => `${record}\n`).join("");
}

/** @param headings of 3 bytes at least. Written with other names of as many bytes, which are replaced in the file: the database would not write one name twice. */
async function parquetFile(headings: readonly string[], rows: readonly (readonly Cell[])[]): Promise<Uint8Array> {
  const names = headings.map((heading, i) => `~${i}`.padEnd(Buffer.byteLength(heading), "~"));
  const value = (cell: Cell): string => (typeof cell === "number" ? `${cell}::BIGINT` : literal(cell));
  const values = (rows.length === 0 ? [headings.map(() => "")] : rows).map((row) => `(${row.map(value).join()})`);
  const columns = names.map((name) => `"${name}"`).join();
  const file = join(temporary(), "table.parquet");
  const some = rows.length === 0 ? " WHERE false" : "";
  await ask(`COPY (SELECT * FROM (VALUES ${values.join()}) v(${columns})${some}) TO '${file}' (FORMAT parquet)`);
  const text = names.reduce(
    (bytes, name, i) => bytes.replaceAll(name, Buffer.from(headings[i]).toString("latin1")),
    readFileSync(file).toString("latin1"),
  );
  return Buffer.from(text, "latin1");
}

const literal = (cell: string | readonly number[]): string =>
  typeof cell === "string" ? `'${cell}'` : `[${cell.join()}]::BIGINT[]`;
