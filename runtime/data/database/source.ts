// The DuckDB connection: the only way to files of rows. Bounded memory, two threads, spilling to a temporary folder, UTC, and
// sealed: it reaches the files that it was opened for, and nothing else.

import { rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { TwinError } from "../../../contract/error.ts";
import { cell } from "../../../contract/width.ts";
import { attempt } from "../../host/files.ts";
import { temporaryFolder } from "../../host/temporary-folder.ts";
import { chunks, type ListedChunk } from "./chunk.ts";
import { manySmallTexts } from "./small-texts.ts";

export interface SourceOptions {
  /** Files and globs that are read, as absolute paths. Globs are expanded when the source opens. */
  readonly reads?: readonly string[];
  /** Files that a `RowWriter` of this source saves, as absolute paths. */
  readonly writes?: readonly string[];
  /** DuckDB's own limit, such as "1GB"; what exceeds it is spilled to disk. */
  readonly memory?: string;
  /** Default: two, and one for many small texts. */
  readonly threads?: number;
  /** A database file instead of memory: for tables that do not fit. */
  readonly database?: string;
}

export interface ColumnInfo {
  readonly name: string;
  /** DuckDB's name of the type: BIGINT, VARCHAR, INTEGER[], … */
  readonly type: string;
}

/** An identifier of SQL, quoted. @throws TwinError for a name with a NUL, at which the database would end the whole query */
export const quoted = (name: string): string => `"${whole(name).replaceAll('"', '""')}"`;
/** A text of SQL, quoted. @throws TwinError as `quoted` */
export const literal = (text: string): string => `'${whole(text).replaceAll("'", "''")}'`;

/** A number of SQL: exactly this float64, where digits alone would be read as a decimal. */
export const double = (value: number): string => `'${value}'::DOUBLE`;

function whole(text: string): string {
  if (!text.includes("\0")) {
    return text;
  }
  throw new TwinError(
    `${JSON.stringify(text.slice(0, 80))} has the character NUL in it, which no name or text may have here`,
  );
}

/** Where a `RowWriter` writes what it then renames to `path`. */
export const partialOf = (path: string): string => join(dirname(path), `.${basename(path)}.${process.pid}-0.partial`);

/** A file's name as a pattern that finds it alone. */
const pattern = (file: string): string => file.replace(/[*?[]/g, "[$&]");

export class Source {
  readonly #instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  readonly #files = new Map<string, readonly string[]>();
  /** Folder of what is spilled, which goes with the source; the database reads what is put there, too. */
  readonly folder: string;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, spill: string) {
    this.#instance = instance;
    this.connection = connection;
    this.folder = spill;
  }

  /** @throws TwinError where the database cannot be opened, or cannot be sealed */
  static async open(options: SourceOptions = {}): Promise<Source> {
    const spill = temporaryFolder("data");
    let source: Source | null = null;
    try {
      const instance = await DuckDBInstance.create(options.database ?? ":memory:", {
        memory_limit: options.memory ?? "1GB",
        threads: String(options.threads ?? 2),
        temp_directory: spill,
        // Nothing is fetched from elsewhere, and no code is loaded.
        autoinstall_known_extensions: "false",
        autoload_known_extensions: "false",
        allow_community_extensions: "false",
        allow_persistent_secrets: "false",
      });
      source = new Source(instance, await instance.connect(), spill);
      // Many files are opened in each of several queries: what their ends say is kept, and their bytes the system keeps already.
      await source.all("SET GLOBAL parquet_metadata_cache = true");
      await source.all("SET GLOBAL enable_external_file_cache = false");
      await source.#seal(options);
      return source;
    } catch (cause) {
      if (source) {
        source.close();
      } else {
        rmSync(spill, { recursive: true, force: true });
      }
      if (cause instanceof TwinError) {
        throw cause;
      }
      throw new TwinError(`the database cannot be opened: ${firstLines(cause)}`, { cause });
    }
  }

  /**
   * The machine's zone and calendar do not matter (a Thai locale counts years from 543 BC), and what SQL reads or writes is
   * what was named. Files are opened late, so globs are expanded first; the order of the last three statements counts.
   */
  async #seal({ reads = [], writes = [], threads }: SourceOptions): Promise<void> {
    for (const name of reads) {
      this.#files.set(name, await this.#expand(name));
    }
    const files = [...this.#files.values()].flat();
    const allowed = new Set([...files, ...files.map(pattern), ...writes.map(partialOf)]);
    if (threads === undefined && manySmallTexts(files)) {
      await this.all("SET GLOBAL threads = 1");
    }
    await this.all("SET GLOBAL TimeZone = 'UTC'");
    await this.all("SET GLOBAL Calendar = 'gregorian'");
    await this.all(`SET GLOBAL allowed_paths = [${[...allowed].map(literal).join(", ")}]`);
    await this.all("SET GLOBAL enable_external_access = false");
    await this.all("SET GLOBAL lock_configuration = true");
  }

  /** A name that is a file's own is no glob, whatever signs are in it. */
  async #expand(name: string): Promise<string[]> {
    const found = attempt("read", name, () => statSync(name, { throwIfNoEntry: false }));
    if (found !== undefined) {
      return found.isDirectory() ? [] : [name];
    }
    const files = await this.all(`SELECT file FROM glob(${literal(name)}) ORDER BY file`);
    return files.map(({ file }) => String(file));
  }

  /** The files behind a name that the source was opened for, in the order of their names. */
  files(name: string): readonly string[] {
    const files = this.#files.get(name);
    if (files === undefined) {
      throw new Error(`${name} was not among the files that this source was opened for`);
    }
    return files;
  }

  /**
   * Runs a statement; rows as objects of plain values (for small results).
   * @throws TwinError where memory or a disk is full; else the database's error, unwrapped
   */
  async all(sql: string): Promise<Record<string, unknown>[]> {
    try {
      return (await this.connection.runAndReadAll(sql)).getRowObjectsJS();
    } catch (cause) {
      const full = noRoom(cause instanceof Error ? cause.message : String(cause));
      throw full === null ? cause : new TwinError(full, { cause });
    }
  }

  async describe(select: string): Promise<ColumnInfo[]> {
    const rows = await this.all(`DESCRIBE ${select}`);
    return rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
  }

  /**
   * Streams a query as columns, about `rows` at a time. `explain` turns a database's error into one of ours.
   * @param flat columns of lists, none of them null, that come as `lists`
   */
  async *stream(
    sql: string,
    rows: number,
    explain: (cause: unknown) => TwinError | Promise<TwinError> = databaseError,
    flat: ReadonlySet<string> = new Set(),
  ): AsyncGenerator<ListedChunk> {
    try {
      yield* chunks(await this.connection.stream(sql), rows, flat);
    } catch (cause) {
      throw cause instanceof TwinError ? cause : await explain(cause);
    }
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Paths of files for `read_csv` and the like: each is found as it is, also where its name looks like a glob. */
/** A cell of a small result that is a list of numbers; empty where there is none. */
export const numberList = (cell: unknown): number[] => (Array.isArray(cell) ? cell.map(Number) : []);

export const fileList = (files: readonly string[]): string => `[${files.map(pattern).map(literal).join(", ")}]`;

/** What is said where memory or a disk is full, or a file may not be that large; null for other messages. */
function noRoom(text: string): string | null {
  if (/out of memory|could not allocate/i.test(text)) {
    return "the data do not fit into the memory that reading may use, even with spilling: give more memory or fewer columns";
  }
  if (/no space left|failed to (offload|write)/i.test(text)) {
    return fullDisk(text);
  }
  if (/file too large/i.test(text)) {
    return "a file that is written is larger than this system allows for one file: raise the limit (`ulimit -f`)";
  }
  return null;
}

/** Which disk is full: what is spilled lies in the system's temporary folder, what is kept in the folder of the output. */
function fullDisk(text: string): string {
  const path = /"([^"]*[\\/][^"]*)"/.exec(text)?.[1];
  const spilled = `the temporary folder ${tmpdir()} is full: free space there, or set TMPDIR to another disk`;
  if (path !== undefined && resolve(path).startsWith(resolve(tmpdir(), "twin-data-"))) {
    return spilled;
  }
  return path === undefined
    ? `a disk is full: that of the output, or that of the temporary folder ${tmpdir()} (TMPDIR names another)`
    : `the disk of ${dirname(path)} is full: free space there, or write to a folder on another disk`;
}

/** What the database said, in its first line, as an error of ours. */
export function databaseError(cause: unknown): TwinError {
  return new TwinError(firstLines(cause), { cause });
}

/** The telling part of a database message: without positions in SQL that the user never wrote. */
export function firstLines(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const full = noRoom(text);
  if (full !== null) {
    return full;
  }
  if (/max expression depth|memory exhausted at or near/i.test(text)) {
    return "it is nested too deep";
  }
  const lines = text.split("\n").map((line) => line.trim());
  const end = lines.findIndex(
    (line) => line.startsWith("LINE 1:") || line.startsWith("Possible ") || line === "Candidate",
  );
  const told = lines.slice(0, end < 0 ? 4 : end).filter((line) => line !== "" && !line.startsWith("Column "));
  return shortQuotes(told.join("; ").replace(/^(\w+ )+Error: /, ""));
}

/** A message quotes the field that it could not read, which may be megabytes: its beginning is enough. */
export const shortQuotes = (message: string): string =>
  message.replace(
    /(["'`])(?:(?!\1)[^\n]){200,}?\1(?!\w)/g,
    (quote) => `${quote[0]}${cell(quote.slice(1, -1))}${quote[0]}`,
  );
