// Which part of the split a row is of: by time, share, user, by the file or column that says it, or as one of a user's last.
import { TwinError } from "../../contract/error.ts";
import type { Binding } from "./binding.ts";
import { familyOf } from "./database/cast.ts";
import { double, literal, quoted } from "./database/source.ts";
import { textName } from "./files/reading.ts";
import { rowsKey } from "./listed-binding.ts";
import { type Relation, requireColumn, setColumn } from "./relation.ts";
import type { Resolved } from "./resolve.ts";
import type { PartSplit, Split } from "./split.ts";

/** How `"#part"` tells the parts of the split. */
export const partNumbers = { training: 0, validation: 1, test: 2 } as const;

export interface RowPart {
  /** Expression of the part, as in `partNumbers`, over the relation's columns, `"#user"`, `"#time"` and `"#row"`. */
  readonly sql: string;
  /** The column that says it, for the rows where it does not; null: nothing of a row can be wrong. */
  readonly column: Resolved | null;
}

/** All are training where nothing is split. @throws TwinError with the place of what no row of the column can be */
export function rowPart(relation: Relation, binding: Binding): RowPart {
  const { split } = binding;
  if (split === null) {
    return { sql: "0", column: null };
  }
  if (split.kind === "part") {
    const column = saidBy(relation, split, binding);
    return { sql: column.sql, column };
  }
  return { sql: partSql(split), column: null };
}

function partSql(split: Exclude<Split, PartSplit>): string {
  switch (split.kind) {
    case "files":
      return quoted(setColumn);
    case "last": {
      // At least one event stays in training, and test is filled before validation.
      const left = `count(*) OVER (PARTITION BY "#user") - 1`;
      const fromEnd = `row_number() OVER (PARTITION BY "#user" ORDER BY "#time" DESC, "#row" DESC)`;
      const among = (last: number): string => `${fromEnd} <= least(${last}, ${left})`;
      return `CASE WHEN ${among(split.test)} THEN 2 WHEN ${among(split.test + split.validation)} THEN 1 ELSE 0 END`;
    }
    case "time":
      return upTo(`"#time"`, split);
    case "share":
      return upTo(
        `(count(*) OVER (PARTITION BY "#user" ORDER BY "#time" RANGE UNBOUNDED PRECEDING) / count(*) OVER (PARTITION BY "#user"))`,
        split,
      );
    case "users":
      return upTo(userShare(`"#user"`), split);
  }
}

const upTo = (
  measure: string,
  { train, validation }: { readonly train: number; readonly validation: number },
): string =>
  `CASE WHEN ${measure} <= ${double(train)} THEN 0 WHEN ${measure} <= ${double(validation)} THEN 1 ELSE 2 END`;

/** A number in [0, 1) that depends on the user's key alone, the same on every machine. */
export function userShare(user: string): string {
  return `(CAST('0x' || substr(md5(CAST(${user} AS VARCHAR)), 1, 8) AS UBIGINT) / 4294967296.0)`;
}

/** A row of another value, or of none, fails the query: it is then named. */
function saidBy(relation: Relation, split: PartSplit, { lists, place }: Binding): Resolved {
  const { column } = split;
  const type = requireColumn(relation, column, place("split", "column"));
  const is = (part: "train" | "validation" | "test"): string => {
    const values = split[part].map((value) => valueIn(relation, column, type, value, place("split", part)));
    return values.length === 0 ? "false" : `coalesce(${values.join(" OR ")}, false)`;
  };
  const [train, validation, test] = [is("train"), is("validation"), is("test")];
  const named = [...split.train, ...split.validation, ...split.test].map((value) => `\`${value}\``).join(", ");
  return {
    name: "#part",
    sql: `CASE WHEN ${train} THEN 0 WHEN ${validation} THEN 1 WHEN ${test} THEN 2 ELSE error('no part') END`,
    bad: `NOT (${train} OR ${validation} OR ${test})`,
    derive: null,
    made: "column",
    shown: column,
    use: "raw",
    due: `${named}, as \`split\` says (\`${rowsKey({ lists })}.where\` leaves other rows out),`,
  };
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/** Whether a column has a value, as its type has it. */
function valueIn(relation: Relation, column: string, type: string, value: string, where: string): string {
  const family = familyOf(type);
  const wrong = (): TwinError =>
    new TwinError(
      `${where}: \`${value}\` is no value of column \`${column}\` of ${relation.name}, which holds ${type}`,
    );
  if (["small", "whole", "huge", "float"].includes(family)) {
    if (value.trim() === "" || !Number.isFinite(Number(value))) {
      throw wrong();
    }
    return `${quoted(column)} = ${double(Number(value))}`;
  }
  if (family === "boolean") {
    const said = truths.get(value.toLowerCase());
    if (said === undefined) {
      throw wrong();
    }
    return `${quoted(column)} = ${said}`;
  }
  if (family === "list" || family === "other") {
    throw wrong();
  }
  const text = relation.texts.has(column) ? quoted(textName(column)) : `CAST(${quoted(column)} AS VARCHAR)`;
  return `${text} = ${literal(value)}`;
}
