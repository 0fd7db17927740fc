// A database for tests and benches that make or look at files of their own: without the seal that the runtime's has.
import { DuckDBInstance } from "@duckdb/node-api";

export class Database {
  readonly #instance: DuckDBInstance;
  readonly connection: Awaited<ReturnType<DuckDBInstance["connect"]>>;

  private constructor(instance: DuckDBInstance, connection: Database["connection"]) {
    this.#instance = instance;
    this.connection = connection;
  }

  static async open(): Promise<Database> {
    const settings = { memory_limit: "1GB", threads: "2", autoinstall_known_extensions: "false" };
    const instance = await DuckDBInstance.create(":memory:", settings);
    return new Database(instance, await instance.connect());
  }

  /** Rows as objects of plain values. */
  async all(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.connection.runAndReadAll(sql)).getRowObjectsJS() as Record<string, unknown>[];
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
  }
}

/** What one query yields. */
export async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const database = await Database.open();
  try {
    return await database.all(sql);
  } finally {
    database.close();
  }
}
