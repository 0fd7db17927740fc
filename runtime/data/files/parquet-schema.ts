// The columns of a Parquet file under names that tell them apart, and the files of one schema as a table of them.
import { type ColumnInfo, fileList, quoted, type Source } from "../database/source.ts";
import { databaseNames, mayBeRenamed, type Named, namesOf } from "./headings.ts";

export interface ParquetSchema {
  readonly columns: readonly ColumnInfo[];
  readonly renamed: Named["renamed"];
  /** Whether each column is called as the database calls it, whatever files it reads at once. */
  readonly asNamed: boolean;
  /** Files of this schema, with its columns. */
  table(files: readonly string[], options?: string): string;
}

export async function parquetSchema(source: Source, file: string): Promise<ParquetSchema> {
  const read = (files: readonly string[], options = "hive_partitioning = false"): string =>
    `read_parquet(${fileList(files)}, ${options})`;
  const columns = await source.describe(`SELECT * FROM ${read([file])}`);
  const told = columns.map(({ name }) => name);
  const headings = mayBeRenamed(told) ? await headingsIn(source, file) : told;
  const { names, renamed } = namesOf(headings);
  // Where the database names them in a way that is not foreseen, its names count.
  const foreseen = databaseNames(headings).join("\0") === told.join("\0");
  if (!foreseen || names.every((name, i) => name === told[i])) {
    return { columns, renamed: foreseen ? renamed : [], asNamed: renamed.length === 0, table: read };
  }
  const changed = told.flatMap((name, i) => (name === names[i] ? [] : [`${quoted(name)} AS ${quoted(names[i])}`]));
  return {
    columns: columns.map(({ type }, i) => ({ name: names[i], type })),
    renamed,
    asNamed: false,
    table: (files, options) => `(SELECT * RENAME (${changed.join(", ")}) FROM ${read(files, options)})`,
  };
}

/** The headings as the file has them, without those within a column. */
async function headingsIn(source: Source, file: string): Promise<string[]> {
  const rows = await source.all(`SELECT name, num_children::INTEGER AS inner FROM parquet_schema(${fileList([file])})`);
  const headings: string[] = [];
  let at = 1;
  const skip = (): void => {
    const within = Number(rows[at++]?.inner ?? 0);
    for (let i = 0; i < within; i++) {
      skip();
    }
  };
  while (at < rows.length) {
    headings.push(String(rows[at].name));
    skip();
  }
  return headings;
}
