// Keys of items and users: held as 64-bit integers where every file that names them has whole numbers, else as texts.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import type { Binding } from "./binding.ts";
import { castTo, due, familyOf } from "./database/cast.ts";
import type { Source } from "./database/source.ts";
import { once } from "./files/reading.ts";
import type { KeyType } from "./items.ts";
import { rowsKey } from "./listed-binding.ts";
import { openRelation, type Relation, readAsIds, requireColumn } from "./relation.ts";
import type { Resolved } from "./resolve.ts";

type Role = "events" | "items" | "users";

/** The files of a role, which the binding names. */
export function openBound(source: Source, binding: Binding, role: Role): Promise<Relation> {
  const bound = binding[role];
  if (bound === null) {
    throw new TwinError(`${binding.place()}: no file of ${role} is named`);
  }
  const listed = Object.values(binding.lists ?? {}).flatMap(({ item, clock }) => [item, clock?.column]);
  const expected = "key" in bound ? [bound.key] : [bound.user, bound.item, bound.clock?.column, ...listed];
  const named = expected.filter((column) => typeof column === "string");
  const where = binding.place(role === "events" ? rowsKey(binding) : role, "file");
  return openRelation(source, bound.file, where, [...new Set(named)]);
}

/** `key(type)` and `id` say it; a vocabulary or hashed key is what its columns hold, in the items file and the event log. */
export async function itemKeyType(source: Source, binding: Binding, feature: FeatureSpec): Promise<KeyType> {
  if (feature.encoder.kind === "key") {
    return feature.encoder.type;
  }
  if (feature.encoder.kind === "id") {
    return "int64";
  }
  return writtenItemKeyType(source, binding);
}

/** As the columns say, whatever a model makes of them. */
export function writtenItemKeyType(source: Source, binding: Binding): Promise<KeyType> {
  return sharedType(source, binding, [
    ["events", binding.events?.item],
    ["items", binding.items?.key],
  ]);
}

/** As the events say: a key of the users file that is no such number belongs to nobody, and is refused. */
export function userKeyType(source: Source, binding: Binding): Promise<KeyType> {
  return sharedType(source, binding, [["events", binding.events?.user ?? undefined]]);
}

async function sharedType(
  source: Source,
  binding: Binding,
  columns: readonly (readonly [Role, string | undefined])[],
): Promise<KeyType> {
  for (const [role, column] of columns) {
    if (column === undefined) {
      continue;
    }
    if ((await typeOfKey(source, await openBound(source, binding, role), column)) === "string") {
      return "string";
    }
  }
  return "int64";
}

/** Texts, and whole numbers of which some do not fit into 64 bits with a sign, are held as texts. */
async function typeOfKey(source: Source, relation: Relation, column: string): Promise<KeyType> {
  if (!relation.columns.has(column)) {
    return "int64";
  }
  const { sql, type } = await readAsIds(source, relation, column);
  if (familyOf(type) === "text" || familyOf(type) === "time") {
    return "string";
  }
  if (!/^(UBIGINT|U?HUGEINT|DECIMAL.*)$/.test(type)) {
    return "int64";
  }
  const rows = (relation.made ?? relation).sql();
  const far = `${sql} = trunc(${sql}) AND TRY_CAST(${sql} AS BIGINT) IS NULL`;
  return once(JSON.stringify(["key", rows, sql]), relation.files, async () => {
    const [row] = await source.all(`SELECT bool_or(${far}) AS far FROM ${rows}`);
    return row.far === true ? "string" : "int64";
  });
}

/** A column as keys of a type. @throws TwinError where it cannot hold keys */
export async function keyColumn(
  source: Source,
  relation: Relation,
  column: string,
  held: KeyType,
  name: string,
  where: string,
): Promise<Resolved> {
  requireColumn(relation, column, where);
  const { sql, type } = await readAsIds(source, relation, column);
  const use = held === "int64" ? "int64" : "text";
  const cast = castTo(use, sql, type);
  if (cast === null) {
    throw new TwinError(`${where}: column \`${column}\` of ${relation.name} holds ${type}, and ${due[use]} are due`);
  }
  return { name, ...cast, derive: null, made: "column", shown: column, use };
}
