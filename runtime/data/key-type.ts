// Keys of items and users: held as 64-bit integers where every file that names them has whole numbers, else as texts.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import type { Binding, PartFiles } from "./binding.ts";
import { boundRows, type Written } from "./bound-rows.ts";
import { castTo, due, familyOf } from "./database/cast.ts";
import type { Source } from "./database/source.ts";
import { hasTyped } from "./files/csv-form.ts";
import { once } from "./files/reading.ts";
import type { KeyType } from "./items.ts";
import { rowsKey } from "./listed-binding.ts";
import { type NamedPart, openParts, type Relation, readAsIds, requireColumn } from "./relation.ts";
import type { Resolved } from "./resolve.ts";

type Role = "events" | "items" | "users" | "vectors";

/** The files of a role, which the binding names. */
export async function openBound(source: Source, binding: Binding, role: Role): Promise<Relation> {
  const bound = binding[role];
  if (bound === null) {
    throw new TwinError(`${binding.place()}: no file of ${role} is named`);
  }
  const names = namesIn(binding, role);
  const listed = role === "events" ? Object.values(binding.lists ?? {}) : [];
  const expected = [
    ...names.map(({ text }) => text),
    ...listed.flatMap(({ item, clock }) => (clock === null ? [item] : [item, clock.column])),
  ];
  const key = writtenAt(binding, role);
  const headings = textsIn({ ...binding, path: null, folder: null }).filter(hasTyped);
  const form = headings.length === 0 ? bound.form : { ...bound.form, headings };
  const relation = await openParts(source, partsIn(bound.file, key, binding), [...new Set(expected)], form);
  const keep =
    "key" in bound || bound.where === undefined ? null : { text: bound.where, where: binding.place(key, "where") };
  return boundRows(source, relation, names, keep);
}

/** The key of data.yaml that says the rows of a role. */
const writtenAt = (binding: Binding, role: Role): string => (role === "events" ? rowsKey(binding) : role);

function partsIn(file: string | PartFiles, role: string, { place }: Binding): NamedPart[] {
  if (typeof file === "string") {
    return [{ file, where: place(role, "file") }];
  }
  return (["train", "validation", "test"] as const).flatMap((name, part) => {
    const own = file[name];
    return own === undefined ? [] : [{ file: own, where: place(role, "file", name), part }];
  });
}

/** What data.yaml names in the rows of a role: columns, nested keys and expressions. */
function namesIn(binding: Binding, role: Role): Written[] {
  const { events, knownAt, split, place } = binding;
  const written = (text: string, ...path: readonly string[]): Written => ({ text, where: place(...path) });
  if (role !== "events") {
    const keyed = binding[role];
    return keyed === null ? [] : [written(keyed.key, role, "key")];
  }
  if (events === null) {
    return [];
  }
  const { user, item, clock } = events;
  const key = writtenAt(binding, role);
  return [
    ...(user === null ? [] : [written(user, key, "user")]),
    written(item, key, "item"),
    ...(clock === null ? [] : [written(clock.column, key, clock.unit === "steps" ? "order" : "time")]),
    ...Object.entries(knownAt).map(([name, { column }]) => written(column, "columns", name, "known_at")),
    ...(split?.kind === "part" ? [written(split.column, "split", "column")] : []),
  ];
}

/** All texts that a binding has in it. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") {
    return [value];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
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
