// Parquet files: the schema of every one, and for each column one type that holds what all of them hold.
import { type ColumnInfo, fileList, literal, quoted, type Source } from "../database/source.ts";
import { commonType, converted } from "./common-type.ts";
import { foldersOf } from "./folder-columns.ts";
import { parquetFooter } from "./parquet-footer.ts";
import { type Guard, type Reading, runsOf } from "./reading.ts";

/** A type that no value can be brought to: what the files hold has nothing in common. */
const none = "MIXED";

interface Column {
  readonly name: string;
  readonly type: string;
  /** By schema, the type there; null where the schema has no such column. */
  readonly own: readonly (string | null)[];
}

export async function readParquet(source: Source, files: readonly string[]): Promise<Reading> {
  const { schemas, of, rows } = await schemasOf(source, files);
  const columns = await Promise.all(columnsOf(schemas).map((column) => settled(source, column, files, of)));
  const folders = foldersOf(
    files,
    columns.map(({ name }) => name),
  );
  const plain = schemas.length === 1 && columns.every(({ type }) => type !== "BLOB");
  const select = (schema: number): string =>
    columns.map((column) => `${valueIn(column, schema)} AS ${quoted(column.name)}`).join(", ");
  const rowsOf = (some: readonly string[], schema: number): string => {
    if (plain && folders === null) {
      return `read_parquet(${fileList(some)}, hive_partitioning = false)`;
    }
    return `(SELECT ${select(schema)}${folders === null ? "" : folders.select} FROM read_parquet(${fileList(some)}, ${folders?.options ?? "hive_partitioning = false"}))`;
  };
  return {
    columns: [...columns.map(shown), ...(folders?.columns ?? [])],
    texts: new Set(folders?.texts ?? []),
    absent: absentOf(columns, files, of),
    guards: columns.flatMap((column) => guardsOf(column, files, of)),
    rows,
    sql: (some) => {
      const runs = runsOf(some, of);
      if (runs.length > 1 && columns.every(joinable)) {
        return joined(some, new Set(runs.map((run) => run.of)));
      }
      const selects = runs.map((run) => rowsOf(run.files, run.of));
      return selects.length === 1
        ? selects[0]
        : `(${selects.map((one) => `SELECT * FROM ${one}`).join(" UNION ALL ")})`;
    },
  };

  /** All files at once: a select for each run of files takes much longer where schemas alternate. */
  function joined(some: readonly string[], schemas: ReadonlySet<number>): string {
    const selected = columns.map(({ name, type, own }) => {
      const there = own.some((from, schema) => from !== null && schemas.has(schema));
      return `CAST(${there ? quoted(name) : "NULL"} AS ${type}) AS ${quoted(name)}`;
    });
    return `(SELECT ${selected.join(", ")}${folders === null ? "" : folders.select} FROM read_parquet(${fileList(some)}, union_by_name = true, ${folders?.options ?? "hive_partitioning = false"}))`;
  }

  function shown({ name, type, own }: Column): ColumnInfo {
    return { name, type: type === "BLOB" ? "VARCHAR" : type === none ? inFiles(own) : type };
  }
}

const widened = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT"];

/** Whether the database itself widens the column over all files, without any value changing. */
const joinable = ({ type, own }: Column): boolean =>
  type !== none &&
  type !== "BLOB" &&
  own.every((from) => from === null || from === type || (widened.includes(from) && widened.includes(type)));

/** Number of the schema that a file has. */
type SchemaOf = (file: string) => number;

/** The different schemas, and which one each file has. */
async function schemasOf(source: Source, files: readonly string[]) {
  const numbers = new Map<string, number>();
  const described = new Map<string, number>();
  let rows: number | null = 0;
  const of = new Map<string, number>();
  const schemas: ColumnInfo[][] = [];
  for (const file of files) {
    const footer = parquetFooter(file);
    rows = rows === null || footer === null ? null : rows + footer.rows;
    // A file whose schema is not told apart from the others' is looked at by itself.
    const signature = footer?.schema ?? file;
    let number = numbers.get(signature);
    if (number === undefined) {
      const schema = await source.describe(
        `SELECT * FROM read_parquet(${fileList([file])}, hive_partitioning = false)`,
      );
      const columns = JSON.stringify(schema);
      number = described.get(columns) ?? schemas.length;
      if (number === schemas.length) {
        schemas.push(schema);
        described.set(columns, number);
      }
      numbers.set(signature, number);
    }
    of.set(file, number);
  }
  const numberOf: SchemaOf = (file) => {
    const number = of.get(file);
    if (number === undefined) {
      throw new Error(`${file} is not among the files whose schemas were read`);
    }
    return number;
  };
  return { schemas, of: numberOf, rows };
}

/** Columns of all schemas, in the order in which they come up; names that differ in case alone are one. */
function columnsOf(schemas: readonly (readonly ColumnInfo[])[]): Column[] {
  const names = new Map<string, string>();
  for (const schema of schemas) {
    for (const { name } of schema) {
      if (!names.has(name.toLowerCase())) {
        names.set(name.toLowerCase(), name);
      }
    }
  }
  return [...names].map(([key, name]) => {
    const own = schemas.map((schema) => schema.find((column) => column.name.toLowerCase() === key)?.type ?? null);
    return { name, type: commonOf(own), own };
  });
}

/** A type that a file gives to a column without a single value says nothing: it is missing there. */
async function settled(source: Source, column: Column, files: readonly string[], of: SchemaOf): Promise<Column> {
  if (column.type !== none) {
    return column;
  }
  const own: (string | null)[] = [];
  for (const [schema, type] of column.own.entries()) {
    const alike = files.filter((file) => of(file) === schema);
    const [row] =
      type === null
        ? [{ some: false }]
        : await source.all(
            `SELECT count(${quoted(column.name)}) > 0 AS some FROM read_parquet(${fileList(alike)}, hive_partitioning = false)`,
          );
    own.push(row.some === true ? type : null);
  }
  const [type] = typesOf(own);
  return type === undefined ? column : { ...column, own, type: commonOf(own) };
}

/** The different types of a column; bytes count as texts where others hold texts. */
const typesOf = (own: readonly (string | null)[]): string[] => {
  const types = new Set(own.filter((type) => type !== null));
  return types.size > 1 ? [...new Set([...types].map((type) => (type === "BLOB" ? "VARCHAR" : type)))] : [...types];
};

const commonOf = (own: readonly (string | null)[]): string =>
  typesOf(own).reduce<string | null>(
    (common, one) => (common === null ? null : commonType(common, one)),
    typesOf(own)[0],
  ) ?? none;

const decoded = (e: string, type: string): string => (type === "BLOB" ? `decode(${e})` : e);

function valueIn({ name, type, own }: Column, schema: number): string {
  const from = own[schema];
  if (type === none) {
    return `error(${literal(mixed(name, own))})`;
  }
  if (from === null) {
    return `CAST(NULL AS ${type})`;
  }
  if (from === "BLOB") {
    return decoded(quoted(name), from);
  }
  return converted(quoted(name), from, type).sql;
}

/** A type as no column has one: nothing can be made of it, and the error says what it is. */
const inFiles = (own: readonly (string | null)[]): string =>
  `${[...new Set(own.filter((type) => type !== null))].join(" in one file and ")} in another`;

const mixed = (name: string, own: readonly (string | null)[]): string => `column ${name} holds ${inFiles(own)}`;

function guardsOf({ name, type, own }: Column, files: readonly string[], of: SchemaOf): Guard[] {
  const raw = (file: string): string => `read_parquet(${fileList([file])}, hive_partitioning = false)`;
  return [...new Set(own)].flatMap((from) => {
    if (from === null || type === none) {
      return [];
    }
    const some = files.filter((file) => own[of(file)] === from);
    const column = quoted(name);
    if (from === "BLOB") {
      return [
        {
          column: name,
          bad: `${column} IS NOT NULL AND try(decode(${column})) IS NULL`,
          why: "its bytes are no text in UTF-8",
          files: some,
          raw,
        },
      ];
    }
    const { bad } = converted(column, from, type);
    if (bad === null) {
      return [];
    }
    const why = `this ${from} is beyond ±2^53 and would be rounded, as other files hold the column as ${own.find((one) => one !== null && one !== from)}: write the column with one type in all files`;
    return [{ column: name, bad, why, files: some, raw }];
  });
}

function absentOf(columns: readonly Column[], files: readonly string[], of: SchemaOf) {
  const absent = new Map<string, readonly string[]>();
  for (const { name, own } of columns) {
    const without = files.filter((file) => own[of(file)] === null);
    if (without.length > 0) {
      absent.set(name, without);
    }
  }
  return absent;
}
