// The rows of a file as data.yaml names them: those that `where` keeps, with what an expression or a nested key makes of them
// beside the file's own columns, under the name that is written.
import { TwinError } from "../../contract/error.ts";
import { familyOf } from "./database/cast.ts";
import { literal, quoted, type Source } from "./database/source.ts";
import { type Relation, requireColumn, rowColumn } from "./relation.ts";
import { condition, expression } from "./resolve.ts";

/** What stands at a place of data.yaml. */
export interface Written {
  readonly text: string;
  readonly where: string;
}

interface Computed {
  readonly name: string;
  readonly sql: string;
  readonly type: string;
}

/**
 * @param names each a column, a nested key such as `user.id`, or an SQL expression; in the result each is a column
 * @param keep condition of the rows that count; null: all @throws TwinError with the place of what is none of them
 */
export async function boundRows(
  source: Source,
  relation: Relation,
  names: readonly Written[],
  keep: Written | null,
): Promise<Relation> {
  const made = new Map<string, Computed>();
  for (const { text, where } of names) {
    if (!relation.columns.has(text) && !made.has(text)) {
      made.set(text, { name: text, ...(await computed(source, relation, text, where)) });
    }
  }
  const kept = keep === null ? null : await condition(source, relation, keep.text, keep.where);
  if (made.size === 0 && kept === null) {
    return relation;
  }
  const more = [...made.values()].map(({ name, sql }) => `, ${sql} AS ${quoted(name)}`).join("");
  const filter = kept === null ? "" : ` WHERE ${kept}`;
  // Rows are left out before anything is made of them, and after they are numbered.
  const from = (rows: string): string => `SELECT *${more} FROM (SELECT * FROM ${rows}${filter})`;
  const all = (files?: readonly string[]): string => relation.sql(files);
  const counted = (files: readonly string[]): string =>
    from(`(SELECT *, row_number() OVER () AS "#n" FROM ${all(files)})`);
  return {
    ...relation,
    columns: new Map([...relation.columns, ...[...made.values()].map(({ name, type }) => [name, type] as const)]),
    computed: new Set(made.keys()),
    sql: (files) => `(${from(all(files))})`,
    numbered: from(`(SELECT *, row_number() OVER () - 1 AS ${quoted(rowColumn)} FROM ${all()})`),
    ...(keep !== null && { dropped: { all: all(), allOf: all, counted, where: keep.where, text: keep.text } }),
  };
}

/** Signs that no plain name has, and SQL has. */
const signs = /[()'"+*/<>=|:,[\]{}!?]/;

async function computed(source: Source, relation: Relation, text: string, where: string) {
  const lower = text.toLowerCase();
  if (/^[\p{L}\p{N}_$]+$/u.test(text) || [...relation.columns.keys()].some((name) => name.toLowerCase() === lower)) {
    requireColumn(relation, text, where);
  }
  const nested = await nestedKey(source, relation, text, where);
  if (nested !== null) {
    return nested;
  }
  try {
    return await expression(source, relation, text, where);
  } catch (error) {
    if (!signs.test(text) && !text.includes("\0")) {
      requireColumn(relation, text, where);
    }
    throw error;
  }
}

/** `user.id`: the field `id` of the objects in column `user`. Null where no column has the beginning as its name. */
async function nestedKey(source: Source, relation: Relation, text: string, where: string) {
  if (signs.test(text)) {
    return null;
  }
  // Keys may have blanks in them, and so have expressions: there only a key that is found counts.
  const blanks = /\s/.test(text);
  const keys = text.split(".");
  for (let length = keys.length - 1; length > 0; length--) {
    const column = keys.slice(0, length).join(".");
    const type = relation.columns.get(column);
    if (type === undefined || keys.includes("")) {
      continue;
    }
    const rest = keys.slice(length);
    if (!type.startsWith("STRUCT(")) {
      if (blanks) {
        continue;
      }
      const way =
        familyOf(type) === "text"
          ? `; of JSON in a text write \`${column} ->> '$.${rest.join(".")}'\``
          : type.startsWith("MAP(")
            ? `; of a map write \`${column}['${rest.join(".")}']\``
            : "";
      throw new TwinError(
        `${where}: \`${text}\`: column \`${column}\` of ${relation.name} holds ${brief(type)}, and no objects with keys${way}`,
      );
    }
    const sql = rest.reduce((inner, key) => `struct_extract(${inner}, ${literal(key)})`, quoted(column));
    const found = await source.describe(`SELECT ${sql} AS value FROM ${relation.sql()}`).catch(() => []);
    const [first] = found;
    if (first === undefined && blanks) {
      continue;
    }
    if (first === undefined) {
      throw new TwinError(
        `${where}: \`${text}\`: the objects in column \`${column}\` of ${relation.name} have no such key; they are ${brief(type)}`,
      );
    }
    return { sql, type: first.type };
  }
  return null;
}

const brief = (type: string): string => (type.length > 200 ? `${type.slice(0, 200)}…` : type);
