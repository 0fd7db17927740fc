// The DuckDB connection: the only way to files of rows. Bounded memory, two threads, spilling to a temporary folder.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { TwinError } from "../error.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { type Chunk, chunks } from "./chunk.ts";

export interface SourceOptions {
  /** DuckDB's own limit, such as "1GB"; what exceeds it is spilled to disk. */
  readonly memory?: string;
  readonly threads?: number;
  /** A database file instead of memory: for tables that do not fit. */
  readonly database?: string;
}

export interface ColumnInfo {
  readonly name: string;
  /** DuckDB's name of the type: BIGINT, VARCHAR, INTEGER[], … */
  readonly type: string;
}

/** An identifier of SQL, quoted. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** A text of SQL, quoted. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export class Source {
  readonly #instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  readonly #spill: string;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, spill: string) {
    this.#instance = instance;
    this.connection = connection;
    this.#spill = spill;
  }

  static async open(options: SourceOptions = {}): Promise<Source> {
    const spill = temporaryFolder("data");
    try {
      const instance = await DuckDBInstance.create(options.database ?? ":memory:", {
        memory_limit: options.memory ?? "1GB",
        threads: String(options.threads ?? 2),
        temp_directory: spill,
        // Files are named by the user, in data.yaml; nothing is fetched from elsewhere.
        autoinstall_known_extensions: "false",
      });
      return new Source(instance, await instance.connect(), spill);
    } catch (cause) {
      rmSync(spill, { recursive: true, force: true });
      throw new TwinError(`the database cannot be opened: ${firstLines(cause)}`, { cause });
    }
  }

  /** Runs a statement; rows as objects of plain values (for small results). @throws the database's error, unwrapped */
  async all(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.connection.runAndReadAll(sql)).getRowObjectsJS() as Record<string, unknown>[];
  }

  async describe(select: string): Promise<ColumnInfo[]> {
    const rows = await this.all(`DESCRIBE ${select}`);
    return rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
  }

  /** Streams a query as columns, about `rows` at a time. `explain` turns a database's error into one of ours. */
  async *stream(
    sql: string,
    rows: number,
    explain: (cause: unknown) => TwinError | Promise<TwinError> = databaseError,
  ): AsyncGenerator<Chunk> {
    try {
      yield* chunks(await this.connection.stream(sql), rows);
    } catch (cause) {
      throw cause instanceof TwinError ? cause : await explain(cause);
    }
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
    rmSync(this.#spill, { recursive: true, force: true });
  }
}

/** What the database said, in its first line, as an error of ours. */
export function databaseError(cause: unknown): TwinError {
  return new TwinError(firstLines(cause), { cause });
}

/** The telling part of a database message: without positions in SQL that the user never wrote. */
export function firstLines(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (/out of memory|could not allocate/i.test(text)) {
    return "the data do not fit into the memory that reading may use, even with spilling: give more memory or fewer columns";
  }
  if (/no space left|failed to (offload|write)/i.test(text)) {
    return `the temporary folder ${tmpdir()} is full: free space there, or set TMPDIR to another disk`;
  }
  if (/file too large/i.test(text)) {
    return "a file that is written is larger than this system allows for one file: raise the limit (`ulimit -f`)";
  }
  const lines = text.split("\n").map((line) => line.trim());
  const end = lines.findIndex(
    (line) => line.startsWith("LINE 1:") || line.startsWith("Possible ") || line === "Candidate",
  );
  const told = lines.slice(0, end < 0 ? 4 : end).filter((line) => line !== "" && !line.startsWith("Column "));
  return told.join("; ").replace(/^(\w+ )+Error: /, "");
}
