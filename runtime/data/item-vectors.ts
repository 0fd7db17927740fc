// `vectors:` of data.yaml: a second file of what items have, beside the items file or the log's items, joined by the key.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import type { Binding } from "./binding.ts";
import { quoted, type Source } from "./database/source.ts";
import type { KeyType } from "./items.ts";
import { keyColumn, openBound } from "./key-type.ts";
import { locate, type Relation } from "./relation.ts";
import { explainRead, type Resolved, resolve, selection, type Wanted, wantedOf } from "./resolve.ts";

/** Of the key in queries; no column of a file may be called so. */
const keyName = "#vkey";

export interface ItemVectors {
  readonly relation: Relation;
  readonly key: Resolved;
  readonly features: readonly { readonly feature: FeatureSpec; readonly column: Resolved }[];
}

/**
 * The file with those of the features that it has.
 * @param keyType how item keys are held
 * @returns null where none is named @throws TwinError where a key is missing in it, or comes twice
 */
export async function openVectors(
  source: Source,
  binding: Binding,
  features: readonly FeatureSpec[],
  keyType: KeyType,
): Promise<ItemVectors | null> {
  if (binding.vectors === null) {
    return null;
  }
  const relation = await openBound(source, binding, "vectors");
  const where = binding.place("vectors", "key");
  const key = await keyColumn(source, relation, binding.vectors.key, keyType, keyName, where);
  await checkKeys(source, relation, key).catch(async (cause) => {
    throw await explainRead(source, relation, [key])(cause);
  });
  const found: { feature: FeatureSpec; column: Resolved }[] = [];
  for (const { feature, wanted } of besideIn(relation, binding, features)) {
    found.push({ feature, column: await resolve(source, relation, binding, wanted) });
  }
  return { relation, key, features: found };
}

/** Those of the features that the file has. @param relation the file of `vectors` */
export const besideIn = (
  relation: Relation,
  binding: Binding,
  features: readonly FeatureSpec[],
): { readonly feature: FeatureSpec; readonly wanted: Wanted }[] =>
  features.flatMap((feature) => {
    const wanted = wantedOf(feature);
    return wanted !== null && !feature.key && hasColumn(relation, binding, wanted) ? [{ feature, wanted }] : [];
  });

/** Whether a feature's column, or what serves where none is named, is one of the file beside its key. */
function hasColumn({ columns }: Relation, binding: Binding, wanted: Wanted): boolean {
  const written = binding.columns[wanted.bound ?? wanted.name];
  const names = written === undefined ? wanted.defaults : [written.kind === "sql" ? written.sql : written.column];
  return names.some((name) => columns.has(name) && name !== binding.vectors?.key);
}

async function checkKeys(source: Source, relation: Relation, key: Resolved): Promise<void> {
  const keys = `SELECT ${key.sql} AS k FROM ${relation.sql()}`;
  const [bare] = await source.all(`SELECT count(*) - count(k) AS n FROM (${keys})`);
  if (Number(bare.n) > 0) {
    const place = await locate(source, relation, `(${key.sql}) IS NULL`);
    throw new TwinError(`${place ?? relation.name}, column \`${key.shown}\`: the item's key is missing`);
  }
  const [twice] = await source.all(
    `SELECT k::VARCHAR AS k FROM (${keys}) GROUP BY ALL HAVING count(*) > 1 ORDER BY 1 LIMIT 1`,
  );
  if (twice !== undefined) {
    throw new TwinError(
      `${relation.name}, column \`${key.shown}\`: the key ${twice.k} is given more than once; an item has one row here, so remove the others`,
    );
  }
}

/** @throws TwinError where a column that is read from there stands in both files */
export function expectApart({ relation, features }: ItemVectors, items: Relation, binding: Binding): void {
  for (const { feature, column } of features) {
    if (items.columns.has(column.shown)) {
      throw new TwinError(
        `${binding.place("vectors")}: ${relation.name} and ${items.name} both have a column \`${column.shown}\`, so that ${feature.name} may be either: rename one of them`,
      );
    }
  }
}

/**
 * A select of `base` with the file's features beside, in the order of `place`.
 * @param base a select with `"#key"` and the column `place`, which is left out of the result
 */
export function besideVectors({ relation, key, features }: ItemVectors, base: string, place: string): string {
  const columns = features.map(({ column }) => column);
  const names = columns.map(({ name }) => `, v.${quoted(name)}`).join("");
  const rows = `SELECT ${selection([key, ...columns])} FROM ${relation.sql()}`;
  return `SELECT b.* EXCLUDE (${quoted(place)})${names} FROM (${base}) b LEFT JOIN (${rows}) v ON v.${quoted(keyName)} = b."#key" ORDER BY b.${quoted(place)}`;
}

/** A select of v (the raw value) and n for a feature of the file. @param items a select of k, the item's key, and n */
export function vectorValues({ relation, key }: ItemVectors, column: Resolved, items: string): string {
  const rows = `SELECT ${key.sql} AS vk, ${column.sql} AS v FROM ${relation.sql()}`;
  return `SELECT v, n FROM (${rows}) JOIN (${items}) ON k = vk`;
}
