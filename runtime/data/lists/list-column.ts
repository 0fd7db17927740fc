// A column of lists, or of texts that are lists, as lists of a use's values: each value cast alone, what does not fit named.
import { TwinError } from "../../../contract/error.ts";
import { type Cast, castTo, due, familyOf, type Use } from "../database/cast.ts";
import { literal, quoted, type Source } from "../database/source.ts";
import { once, textName } from "../files/reading.ts";
import { idsOfText, wholeNumberText } from "../files/text-types.ts";
import type { Relation } from "../relation.ts";
import { expression, type Resolved } from "../resolve.ts";

/** The values of a row's list before anything is made of them. */
export interface RawList {
  /** For messages: the column or expression. */
  readonly shown: string;
  /** A list, never null: nothing, and an empty text, is the empty list. */
  readonly sql: string;
  /** Type of a value. */
  readonly element: string;
  /** Whether the values were cut out of a text: spaces around do not count, and an empty one is missing. */
  readonly cut: boolean;
  /** The text that they were cut out of. */
  readonly text?: { readonly sql: string; readonly by: string };
  /** A condition on rows whose text is no list, and what is then said. */
  readonly bad: string | null;
  readonly why: string;
}

/** @param by separates the values of texts; null: they are written as `[1, 7, 24]` */
export async function rawList(
  source: Source,
  relation: Relation,
  written: string,
  by: string | null,
  where: string,
): Promise<RawList> {
  const own = relation.columns.get(written);
  const read =
    own === undefined
      ? await expression(source, relation, written, where)
      : relation.texts.has(written)
        ? { sql: quoted(textName(written)), type: "VARCHAR" }
        : { sql: quoted(written), type: own };
  const family = familyOf(read.type);
  const base = { shown: written, bad: null, why: "" };
  if (family === "null") {
    return { ...base, sql: "CAST([] AS VARCHAR[])", element: "VARCHAR", cut: true };
  }
  if (family === "list") {
    const element = read.type.replace(/\[\d*\]$/, "");
    return { ...base, sql: `coalesce(CAST(${read.sql} AS ${element}[]), [])`, element, cut: false };
  }
  if (family === "other" || (by === null && family !== "text")) {
    const way = family === "other" ? "" : '; where a text holds many values say what separates them: `by: "|"`';
    throw new TwinError(`${where}: \`${written}\` of ${relation.name} holds ${read.type}, and lists are due${way}`);
  }
  const text = `CAST(${read.sql} AS VARCHAR)`;
  const empty = `${text} IS NULL OR trim(${text}) = ''`;
  if (by !== null) {
    const sql = `CASE WHEN ${empty} THEN [] ELSE string_split(${text}, ${literal(by)}) END`;
    return { ...base, sql, element: "VARCHAR", cut: true, text: { sql: text, by } };
  }
  const list = `TRY_CAST(${text} AS VARCHAR[])`;
  return {
    shown: written,
    sql: `CASE WHEN ${empty} THEN [] WHEN ${list} IS NULL THEN error('no list') ELSE ${list} END`,
    element: "VARCHAR",
    cut: true,
    bad: `NOT (${empty}) AND ${list} IS NULL`,
    why: `${quote(text)} || ' is no list such as [1, 7, 24]; say what separates its values, as in \`by: "|"\`'`,
  };
}

/** The beginning of a value in quotation marks. */
const quote = (e: string): string => `'"' || substr(CAST(${e} AS VARCHAR), 1, 60) || '"'`;

/** One value of a list in the lambdas below. */
const value = ({ cut }: RawList): string => (cut ? "nullif(trim(x), '')" : "x");

export interface ListUse {
  readonly name: string;
  readonly use: Use;
  /** Values, as texts, that count as missing. */
  readonly padding?: readonly string[];
  /** The list whose length this one must have. */
  readonly beside?: RawList;
  /** Whether a number that is missing is NaN, so that the values are a typed array. */
  readonly dense?: boolean;
}

/** @throws TwinError naming the place where values of such a type cannot be what is due */
export async function castList(
  source: Source,
  relation: Relation,
  raw: RawList,
  { name, use, padding = [], beside, dense = false }: ListUse,
  where: string,
): Promise<Resolved> {
  const read = await castValue(source, relation, raw, use);
  const cast =
    read !== null && dense && use === "number" ? { ...read, sql: `coalesce(${read.sql}, 'NaN'::DOUBLE)` } : read;
  if (cast === null) {
    throw new TwinError(
      `${where}: the lists \`${raw.shown}\` of ${relation.name} hold ${raw.element}, and ${due[use]} are due`,
    );
  }
  return finishList(raw, padding.length === 0 ? cast : withoutPadding(cast, raw, padding), {
    name,
    use,
    due: due[use],
    ...(beside && { beside }),
    quick: quickly(raw, use === "int64" || use === "whole" ? "BIGINT" : use === "number" ? "DOUBLE" : null, padding),
  });
}

/** A list of numbers read at once, and the condition on the row that it can be. */
export interface Quick {
  readonly when: string;
  readonly sql: string;
}

/** What a whole text must be to be read without a look at each value: digits as they would be written again. */
const patterns = { BIGINT: String.raw`-?(0|[1-9]\d{0,17})`, DOUBLE: String.raw`-?\d{1,15}(\.\d{1,15})?` } as const;

/** Null where it cannot be said of a text as a whole, or there is none. */
export function quickly(
  { text }: RawList,
  type: keyof typeof patterns | null,
  padding: readonly string[] = [],
): Quick | null {
  if (
    text === undefined ||
    type === null ||
    /[\d.\s-]/.test(text.by) ||
    !padding.every((one) => /^-?\d{1,18}$/.test(one))
  ) {
    return null;
  }
  const by = text.by.replace(/[\\^$|?*+()[\]{}]/g, String.raw`\$&`);
  const list = `CAST(string_split(${text.sql}, ${literal(text.by)}) AS ${type}[])`;
  const pads = padding.join(", ");
  return {
    when: `regexp_full_match(${text.sql}, ${literal(`${patterns[type]}(${by}${patterns[type]})*`)})`,
    sql: pads === "" ? list : `list_transform(${list}, lambda x: CASE WHEN x IN (${pads}) THEN NULL ELSE x END)`,
  };
}

/** A value as the use needs it; where it was cut out of a text, as a column of such texts would be read. */
async function castValue(source: Source, relation: Relation, raw: RawList, use: Use): Promise<Cast | null> {
  const x = value(raw);
  if (raw.cut && (use === "int64" || use === "whole")) {
    return wholeNumberText(x);
  }
  if (raw.cut && use === "identity") {
    const rows = `(SELECT unnest(${raw.sql}) AS x FROM ${(relation.made ?? relation).sql()})`;
    const { files } = relation.made ?? relation;
    const ids = await once(JSON.stringify(["list ids", rows]), files, () => idsOfText(source, rows, x));
    return { sql: ids.sql, bad: null };
  }
  return castTo(use, x, raw.element);
}

function withoutPadding({ sql, bad }: Cast, raw: RawList, padding: readonly string[]): Cast {
  const x = value(raw);
  const values = padding.map(literal).join(", ");
  // As it is written, and as the key that it is: a 0 may stand there as 0.0.
  const pads = `coalesce(CAST(${x} AS VARCHAR) IN (${values}), false)`;
  return {
    sql: `CASE WHEN ${pads} THEN NULL ELSE (CASE WHEN CAST(${sql} AS VARCHAR) IN (${values}) THEN NULL ELSE ${sql} END) END`,
    bad: bad === null ? null : `NOT ${pads} AND (${bad})`,
  };
}

/** @param of what is due of one value, in words */
export function finishList(
  written: RawList,
  cast: Cast,
  of: {
    readonly name: string;
    readonly use: Use;
    readonly due: string;
    readonly beside?: RawList;
    readonly quick: Quick | null;
  },
): Resolved {
  const { beside } = of;
  // Beside a single behaviour an empty text is its missing value, as `|` is of two.
  const raw =
    beside !== undefined && written.cut
      ? {
          ...written,
          sql: `CASE WHEN len(${written.sql}) = 0 AND len(${beside.sql}) = 1 THEN [''] ELSE ${written.sql} END`,
        }
      : written;
  const plain = cast.sql === "(x)" || cast.sql === "x";
  const whole = /^CAST\(\(x\) AS (BIGINT|DOUBLE|VARCHAR)\)$/.exec(cast.sql)?.[1];
  const each = plain
    ? raw.sql
    : whole !== undefined
      ? `CAST(${raw.sql} AS ${whole}[])`
      : `list_transform(${raw.sql}, lambda x: ${cast.sql})`;
  const list = of.quick === null ? each : `CASE WHEN ${of.quick.when} THEN ${of.quick.sql} ELSE ${each} END`;
  const wrong = cast.bad === null ? null : `list_filter(${raw.sql}, lambda x: ${cast.bad})`;
  const reasons: (readonly [string, string])[] = [];
  if (raw.bad !== null) {
    reasons.push([raw.bad, raw.why]);
  }
  const ragged = beside === undefined ? null : `len(${raw.sql}) <> len(${beside.sql})`;
  if (ragged !== null) {
    const counts = `'it has ' || len(${raw.sql}) || ' values, and the history has ' || len(${beside!.sql}) || ' in '`;
    reasons.push([
      ragged,
      `${counts} || ${literal(`\`${beside!.shown}\`: parallel lists have one value for each behaviour`)}`,
    ]);
  }
  if (wrong !== null) {
    reasons.push([
      `len(${wrong}) > 0`,
      `${quote(`${wrong}[1]`)} || ${literal(` in the list does not fit; ${of.due} are due`)}`,
    ]);
  }
  const cases = reasons.map(([bad, why]) => `WHEN ${bad} THEN ${why}`).join(" ");
  return {
    name: of.name,
    sql: ragged === null ? list : `CASE WHEN ${ragged} THEN error('ragged lists') ELSE ${list} END`,
    bad: reasons.length === 0 ? null : reasons.map(([bad]) => `(${bad})`).join(" OR "),
    ...(reasons.length > 0 && { why: `CASE ${cases} END` }),
    derive: null,
    made: "column",
    shown: raw.shown,
    use: of.use,
    due: of.due,
  };
}
