// Columns that hold many values each: lists, and texts that are lists, by what separates their values.
import { familyOf } from "../database/cast.ts";
import { literal, quoted, type Source } from "../database/source.ts";
import type { Profile } from "./profile.ts";

export interface ListShape {
  readonly column: string;
  /** Separates the values of texts; null: lists, or texts such as `[1, 7, 24]`. */
  readonly by: string | null;
  /** A row's values as texts: none is empty, and a row without a list has none. */
  readonly values: string;
  /** How many places a row's list has, empty ones among them. */
  readonly places: string;
  /** The values as they stand, in their own type where the column is a list. */
  readonly raw: string;
}

/** What may separate values; blanks, commas and the like only where all between them are items. */
export const separators = ["|", ",", ";", "^", "#", "~", "\t", " ", ":", "_", "-", "/"] as const;

/** Share of the rows with something in them that have a separator, for it to be one. */
const someParted = 0.2;

/** @param rows a table, or a select in brackets @returns a shape for each separator that may be one, of each column that may hold lists */
export async function listShapes(source: Source, rows: string, columns: readonly Profile[]): Promise<ListShape[]> {
  const shapes: ListShape[] = [];
  for (const { name, type, family } of columns) {
    if (family === "list") {
      const nested = familyOf(type.replace(/\[\d*\]$/, "")) === "list";
      shapes.push(...(nested ? [] : [listShape(name)]));
    }
  }
  const texts = columns.filter(({ type }) => type === "VARCHAR");
  if (texts.length === 0) {
    return shapes;
  }
  const asked = texts.flatMap(({ name }, i) => [
    `avg((${text(name)} LIKE '[%]')::INTEGER) AS "${i} list"`,
    ...separators.map((by, j) => `avg(contains(trim(${text(name)}), ${literal(by)})::INTEGER) AS "${i} ${j}"`),
  ]);
  for (let start = 0; start < asked.length; start += most) {
    const [row] = await source.all(`SELECT ${asked.slice(start, start + most).join(", ")} FROM ${rows}`);
    texts.forEach(({ name }, i) => {
      if (Number(row[`${i} list`] ?? 0) > 1 - someParted) {
        shapes.push(bracketShape(name));
      }
      shapes.push(
        ...separators.filter((_, j) => Number(row[`${i} ${j}`] ?? 0) > someParted).map((by) => textShape(name, by)),
      );
    });
  }
  return shapes;
}

/** Aggregates of one query. */
const most = 2000;

const text = (name: string): string => `nullif(trim(CAST(${quoted(name)} AS VARCHAR)), '')`;

const filled = (list: string): string =>
  `list_filter(list_transform(coalesce(${list}, []), lambda x: trim(x)), lambda x: x IS NOT NULL AND x <> '')`;

const shapeOf = (column: string, by: string | null, raw: string, texts: string): ListShape => ({
  column,
  by,
  values: filled(texts),
  places: `coalesce(len(${raw}), 0)`,
  raw,
});

export const listShape = (column: string): ListShape =>
  shapeOf(column, null, quoted(column), `CAST(${quoted(column)} AS VARCHAR[])`);

export function bracketShape(column: string): ListShape {
  const list = `TRY_CAST(${text(column)} AS VARCHAR[])`;
  return shapeOf(column, null, list, list);
}

export function textShape(column: string, by: string): ListShape {
  const list = `string_split(${text(column)}, ${literal(by)})`;
  return shapeOf(column, by, list, list);
}
