// Parquet files: the schema of every one, and for each column one type that holds what all of them hold.
import { type ColumnInfo, fileList, literal, quoted, type Source } from "../database/source.ts";
import { commonType, converted } from "./common-type.ts";
import { foldersOf } from "./folder-columns.ts";
import { eachOnce } from "./headings.ts";
import { parquetFooter } from "./parquet-footer.ts";
import { type ParquetSchema, parquetSchema } from "./parquet-schema.ts";
import { type Guard, isEmpty, type Reading, runsOf } from "./reading.ts";

/** A type that no value can be brought to: what the files hold has nothing in common. */
const none = "MIXED";

interface Column {
  readonly name: string;
  readonly type: string;
  /** By schema, the type there; null where the schema has no such column. */
  readonly own: readonly (string | null)[];
}

export async function readParquet(source: Source, files: readonly string[]): Promise<Reading> {
  const { schemas, of, rows, without } = await schemasOf(source, files);
  /** Files without a row say nothing, neither of types. */
  const filled = (some: readonly string[]): readonly string[] => {
    const others = some.filter((file) => !without.has(file));
    return others.length === 0 ? some : others;
  };
  const telling = new Set(filled(files).map(of));
  const columns = await Promise.all(
    columnsOf(schemas, telling).map((column) => settled(source, column, files, schemas, of)),
  );
  const folders = foldersOf(
    files,
    columns.map(({ name }) => name),
  );
  const plain = schemas.length === 1 && columns.every(({ type }) => type !== "BLOB");
  const select = (schema: number): string =>
    columns.map((column) => `${valueIn(column, schema)} AS ${quoted(column.name)}`).join(", ");
  const rowsOf = (some: readonly string[], schema: number): string => {
    const { table } = schemas[schema];
    if (plain && folders === null) {
      return table(some);
    }
    return `(SELECT ${select(schema)}${folders === null ? "" : folders.select} FROM ${table(some, folders?.options)})`;
  };
  const sql = (some: readonly string[]): string => {
    const runs = runsOf(filled(some), of);
    if (runs.length > 1 && columns.every(joinable) && schemas.every(({ asNamed }) => asNamed)) {
      return joined(filled(some), new Set(runs.map((run) => run.of)));
    }
    const selects = runs.map((run) => rowsOf(run.files, run.of));
    return selects.length === 1 ? selects[0] : `(${selects.map((one) => `SELECT * FROM ${one}`).join(" UNION ALL ")})`;
  };
  return {
    columns: [...columns.map(shown), ...(folders?.columns ?? [])],
    texts: new Set(folders?.texts ?? []),
    absent: absentOf(columns, files, schemas, of),
    guards: columns.flatMap((column) => guardsOf(column, files, schemas, of)),
    renamed: eachOnce(
      schemas.flatMap(({ renamed }, schema) => {
        const file = files.find((one) => of(one) === schema)!;
        return renamed.map((one) => ({ file, ...one }));
      }),
    ),
    rows,
    empty: rows === null ? await isEmpty(source, sql(files)) : rows === 0,
    sql,
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

/** The different schemas, which one each file has, and the files without a row, as far as their ends say it. */
async function schemasOf(source: Source, files: readonly string[]) {
  const numbers = new Map<string, number>();
  const described = new Map<string, number>();
  let rows: number | null = 0;
  const without = new Set<string>();
  const of = new Map<string, number>();
  const schemas: ParquetSchema[] = [];
  for (const file of files) {
    const footer = parquetFooter(file);
    rows = rows === null || footer === null ? null : rows + footer.rows;
    if (footer?.rows === 0) {
      without.add(file);
    }
    // A file whose schema is not told apart from the others' is looked at by itself.
    const signature = footer?.schema ?? file;
    let number = numbers.get(signature);
    if (number === undefined) {
      const schema = await parquetSchema(source, file);
      const columns = JSON.stringify([schema.columns, schema.table([])]);
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
  return { schemas, of: numberOf, rows, without };
}

/**
 * Columns of all schemas, in the order in which they come up; names that differ in case alone are one.
 * @param telling schemas that have a row: theirs are the types, of each column that is in one of them
 */
function columnsOf(schemas: readonly ParquetSchema[], telling: ReadonlySet<number>): Column[] {
  const names = new Map<string, string>();
  for (const { columns } of schemas) {
    for (const { name } of columns) {
      if (!names.has(name.toLowerCase())) {
        names.set(name.toLowerCase(), name);
      }
    }
  }
  return [...names].map(([key, name]) => {
    const own = schemas.map(({ columns }) => columns.find((column) => column.name.toLowerCase() === key)?.type ?? null);
    const told = own.map((type, schema) => (telling.has(schema) ? type : null));
    const types = told.every((type) => type === null) ? own : told;
    return { name, type: commonOf(types), own: types };
  });
}

/** A type that a file gives to a column without a single value says nothing: it is missing there. */
async function settled(
  source: Source,
  column: Column,
  files: readonly string[],
  schemas: readonly ParquetSchema[],
  of: SchemaOf,
): Promise<Column> {
  if (column.type !== none) {
    return column;
  }
  const own: (string | null)[] = [];
  for (const [schema, type] of column.own.entries()) {
    const alike = files.filter((file) => of(file) === schema);
    const [row] =
      type === null
        ? [{ some: false }]
        : await source.all(`SELECT count(${quoted(column.name)}) > 0 AS some FROM ${schemas[schema].table(alike)}`);
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

function guardsOf(
  { name, type, own }: Column,
  files: readonly string[],
  schemas: readonly ParquetSchema[],
  of: SchemaOf,
): Guard[] {
  const raw = (file: string): string => schemas[of(file)].table([file]);
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

function absentOf(
  columns: readonly Column[],
  files: readonly string[],
  schemas: readonly ParquetSchema[],
  of: SchemaOf,
) {
  const absent = new Map<string, readonly string[]>();
  for (const { name } of columns) {
    const has = schemas.map((schema) => schema.columns.some((one) => one.name.toLowerCase() === name.toLowerCase()));
    const without = has.includes(false) ? files.filter((file) => !has[of(file)]) : [];
    if (without.length > 0) {
      absent.set(name, without);
    }
  }
  return absent;
}
