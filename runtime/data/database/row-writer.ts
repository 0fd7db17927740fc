// Writes rows to a Parquet file through a table of the database, a batch at a time.
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBAppender,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  FLOAT,
  INTEGER,
  LIST,
  listValue,
  VARCHAR,
} from "@duckdb/node-api";
import { TwinError } from "../../../contract/error.ts";
import { attempt, removeLeftoversOf } from "../../host/files.ts";
import { firstLines, literal, partialOf, quoted, type Source } from "./source.ts";

const batch = 2048;

const types = {
  int64: BIGINT,
  int32: INTEGER,
  float32: FLOAT,
  float64: DOUBLE,
  boolean: BOOLEAN,
  text: VARCHAR,
  "int32[]": LIST(INTEGER),
  "int64[]": LIST(BIGINT),
  "text[]": LIST(VARCHAR),
  "float32[]": LIST(FLOAT),
} as const;

export type CellType = keyof typeof types;
/** int64 is a BigInt; lists are plain arrays; null is missing. */
export type Cell =
  | bigint
  | number
  | string
  | boolean
  | null
  | readonly (bigint | number | string | null)[]
  | Float32Array;

/**
 * Writes the rows of a query under a path that the source was opened to write, as one step: CSV with headings where it ends
 * in `.csv`, else Parquet.
 * @param told key-value metadata of a Parquet file; how many rows it has in memory at a time: fewer than usual where they are large
 * @throws TwinError naming the path, where they cannot be read or written
 */
export async function copyRows(
  source: Source,
  select: string,
  path: string,
  told: { readonly metadata?: Readonly<Record<string, string>>; readonly groupRows?: number } = {},
): Promise<void> {
  const partial = partialOf(resolve(path));
  attempt("write", path, () => mkdirSync(dirname(partial), { recursive: true }));
  removeLeftoversOf(resolve(path));
  const { metadata, groupRows } = told;
  const pairs = metadata && Object.entries(metadata).map(([key, value]) => `${literal(key)}: ${literal(value)}`);
  const parquet = [
    "FORMAT parquet, COMPRESSION zstd",
    ...(pairs === undefined ? [] : [`KV_METADATA {${pairs.join(", ")}}`]),
    ...(groupRows === undefined ? [] : [`ROW_GROUP_SIZE ${groupRows}`]),
  ];
  const format = /\.csv$/i.test(path) ? "FORMAT csv, HEADER true" : parquet.join(", ");
  try {
    await source.all(`COPY (${select}) TO ${literal(partial)} (${format}, USE_TMP_FILE false)`);
    attempt("write", path, () => renameSync(partial, path));
  } catch (cause) {
    rmSync(partial, { force: true });
    throw cause instanceof TwinError ? cause : new TwinError(`cannot write ${path}: ${firstLines(cause)}`, { cause });
  }
}

export class RowWriter {
  readonly #source: Source;
  readonly #table: string;
  readonly #appender: DuckDBAppender;
  readonly #chunk: DuckDBDataChunk;
  readonly #columns: DuckDBValue[][];
  #rows = 0;

  private constructor(source: Source, table: string, appender: DuckDBAppender, held: readonly DuckDBType[]) {
    this.#source = source;
    this.#table = table;
    this.#appender = appender;
    this.#chunk = DuckDBDataChunk.create(held);
    this.#columns = held.map(() => new Array<DuckDBValue>(batch).fill(null));
  }

  /** A writer of rows with these columns. The table lives in the source's database until `save`. */
  static async create(
    source: Source,
    table: string,
    columns: readonly (readonly [string, CellType])[],
  ): Promise<RowWriter> {
    const fields = columns.map(([name, type]) => `${quoted(name)} ${types[type]}`).join(", ");
    await source.all(`CREATE OR REPLACE TABLE ${quoted(table)} (${fields})`);
    const held = columns.map(([, type]) => types[type]);
    return new RowWriter(source, table, await source.connection.createAppender(table), held);
  }

  add(...values: readonly Cell[]): void {
    for (let i = 0; i < this.#columns.length; i++) {
      const value = values[i];
      this.#columns[i][this.#rows] = typeof value === "object" && value !== null ? listValue([...value]) : value;
    }
    if (++this.#rows === batch) {
      this.#flush();
    }
  }

  /**
   * Writes all rows, in order, under a path that the source was opened to write, as one step; the table is dropped. A path
   * that ends in `.csv` gets CSV with headings, every other one Parquet.
   * @param select what is written instead of the rows as they are: a query that reads the table
   * @param metadata key-value metadata of a Parquet file
   */
  async save(
    path: string,
    select = `SELECT * FROM ${quoted(this.#table)}`,
    metadata?: Readonly<Record<string, string>>,
  ): Promise<void> {
    this.close();
    await copyRows(this.#source, select, path, metadata === undefined ? {} : { metadata });
    await this.#source.all(`DROP TABLE ${quoted(this.#table)}`);
  }

  /** All rows lie in the table, which stays; no more are taken. */
  close(): void {
    this.#flush();
    this.#appender.closeSync();
  }

  #flush(): void {
    if (this.#rows === 0) {
      return;
    }
    this.#chunk.reset();
    this.#chunk.rowCount = this.#rows;
    for (let i = 0; i < this.#columns.length; i++) {
      const values = this.#columns[i];
      this.#chunk.setColumnValues(i, this.#rows === batch ? values : values.slice(0, this.#rows));
    }
    this.#appender.appendDataChunk(this.#chunk);
    this.#rows = 0;
  }
}
