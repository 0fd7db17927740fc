// Which columns of a file hold each row's past: lists of what rows are of, told by their values, and by their names where those alone say little.
import { TwinError } from "../../../contract/error.ts";
import { quoted, type Source } from "../database/source.ts";
import { type ListShape, listShapes, separators } from "./list-shapes.ts";
import type { Profile } from "./profile.ts";
import { historyWords, usual } from "./role-words.ts";

export interface FoundHistory extends ListShape {
  /** A value that fills up lists and is no item. */
  readonly padding: string | null;
}

interface Evidence extends FoundHistory {
  /** Of the values, those that some row is of. */
  readonly share: number;
  readonly different: number;
  readonly longest: number;
  /** Of the rows with a list, those whose own item is in it. */
  readonly own: number;
  /** Whether all rows of one item have one list, so that it says what the item is. */
  readonly steady: boolean;
}

/** What fills up lists, as texts. */
const paddings = ["0", "-1", "pad", "<pad>", "[pad]", "null", "none", "nan", "unk", "<unk>"];

/** Share of values that are items from which on a list is of items, whatever it is called; of numbers, which are also other things' numbers. */
const [mostlyItems, nearlyAll] = [0.5, 0.9];
/** The same of a list that is called a history: its items may be seldom shown. */
const someItems = 0.02;
/** A list that has its own row's item so often is what was shown, or chosen, with it. */
const mostlyOwn = 0.8;

/**
 * @param rows a table of some rows @param items a select of the texts `x` of all items that are known
 * @param item the rows' column @param named a column that the caller calls a history
 * @returns histories, and lists that hold their own row's item @throws TwinError where `named` is none
 */
export async function historiesIn(
  source: Source,
  rows: string,
  items: string,
  item: Profile,
  columns: readonly Profile[],
  named: string | undefined,
): Promise<{ readonly found: FoundHistory[]; readonly own: string[] }> {
  const shapes = await listShapes(
    source,
    rows,
    columns.filter(({ name }) => name !== item.name && (named === undefined || name === named)),
  );
  const [{ met }] = await source.all(`SELECT count(DISTINCT ${quoted(item.name)})::DOUBLE AS met FROM ${rows}`);
  const best = new Map<string, Evidence>();
  const own = new Set<string>();
  for (const shape of shapes) {
    const evidence = await evidenceOf(source, rows, items, item.name, shape);
    if (evidence === null) {
      continue;
    }
    const fits = named !== undefined ? evidence.share > 0 : isHistory(evidence, item, Number(met));
    if (fits && named === undefined && evidence.own > mostlyOwn) {
      own.add(shape.column);
      continue;
    }
    const known = best.get(shape.column);
    if (fits && (known === undefined || evidence.share > known.share)) {
      best.set(shape.column, evidence);
    }
  }
  if (named !== undefined && best.size === 0) {
    const told = separators.map((by) => JSON.stringify(by)).join(" ");
    throw new TwinError(
      `--history: no value of \`${named}\` is one of \`${item.name}\`; lists are due, or texts whose values are separated by one of ${told}`,
    );
  }
  const found: FoundHistory[] = [];
  for (const group of await parallelGroups(source, rows, [...best.values()])) {
    found.push(group.reduce((a, b) => (better(b, a, item.name) ? b : a)));
  }
  return { found, own: [...own].filter((name) => !best.has(name)) };
}

/** Words of a column's name, `id` apart. */
const wordsOf = (name: string): string[] =>
  usual(name)
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word.length > 1 && !/^ids?$/.test(word));

const alike = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);

const sharesName = (one: string, item: string): boolean =>
  wordsOf(one).some((word) => wordsOf(item).some((other) => alike(word, other)));

/** Of lists that run parallel one is of the items: it is called so, or names more of them. */
function better(one: Evidence, other: Evidence, item: string): boolean {
  const [a, b] = [sharesName(one.column, item), sharesName(other.column, item)];
  return a !== b ? a : one.share * one.different > other.share * other.different;
}

/** @param met different items of the rows that the lists were looked at in: a file has more */
function isHistory({ column, share, different, longest, steady }: Evidence, item: Profile, met: number): boolean {
  if (steady || longest < 2 || different < 2) {
    return false;
  }
  if (historyWords.test(usual(column))) {
    return share >= someItems;
  }
  return item.family === "text" ? share >= mostlyItems : share >= nearlyAll && different >= mostlyItems * met;
}

async function evidenceOf(
  source: Source,
  rows: string,
  items: string,
  item: string,
  shape: ListShape,
): Promise<Evidence | null> {
  const own = `trim(CAST(${quoted(item)} AS VARCHAR))`;
  const each = `(SELECT ${own} AS i, ${shape.values} AS l FROM ${rows})`;
  const values = `(SELECT v, lower(v) IN (${paddings.map((one) => `'${one}'`).join(", ")}) AND v NOT IN (${items}) AS pads FROM (SELECT unnest(l) AS v FROM ${each}))`;
  const [row] = await source.all(
    `SELECT avg((${whole("v")} IN (${items}))::INTEGER) FILTER (NOT pads) AS share, count(DISTINCT v) FILTER (NOT pads)::DOUBLE AS different, mode(v) FILTER (pads) AS padding FROM ${values}`,
  );
  if (row?.share === null || row?.share === undefined) {
    return null;
  }
  const [lists] = await source.all(
    `SELECT max(len(l))::DOUBLE AS longest, avg(list_contains(l, i)::INTEGER) FILTER (len(l) > 0) AS own FROM ${each}`,
  );
  const [repeated] = await source.all(
    `SELECT count(*)::DOUBLE AS n, count(*) FILTER (a IS NOT DISTINCT FROM b)::DOUBLE AS same FROM (SELECT min(l) AS a, max(l) AS b FROM ${each} WHERE len(l) > 0 GROUP BY i HAVING count(*) > 1)`,
  );
  return {
    ...shape,
    padding: row.padding === null ? null : String(row.padding),
    share: Number(row.share),
    different: Number(row.different),
    longest: Number(lists?.longest ?? 0),
    own: Number(lists?.own ?? 0),
    steady: Number(repeated?.n ?? 0) > 0 && Number(repeated.same) > 0.99 * Number(repeated.n),
  };
}

/** 12.0 as 12, as whole numbers are written where some are missing. */
export const whole = (text: string): string => `regexp_replace(${text}, '^(-?\\d+)\\.0+$', '\\1')`;

/** The values of a history's lists without what fills them up. */
export const behavioursOf = ({ values, padding }: FoundHistory): string =>
  padding === null ? values : `list_filter(${values}, lambda x: x <> '${padding.replaceAll("'", "''")}')`;

/** Lists with equally many behaviours in every row stand together. */
async function parallelGroups(source: Source, rows: string, found: readonly Evidence[]): Promise<Evidence[][]> {
  const groups: Evidence[][] = [];
  for (const one of found) {
    let joined = false;
    for (const group of groups) {
      const [row] = await source.all(
        `SELECT bool_and(len(${behavioursOf(group[0])}) = len(${behavioursOf(one)}) AND ${group[0].places} = ${one.places}) AS same FROM ${rows}`,
      );
      if (row?.same === true) {
        group.push(one);
        joined = true;
        break;
      }
    }
    if (!joined) {
      groups.push([one]);
    }
  }
  return groups;
}
