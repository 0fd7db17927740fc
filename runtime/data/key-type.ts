// How the keys of items are held: as 64-bit integers or as texts.
import type { FeatureSpec } from "../manifest.ts";
import type { Binding } from "./binding.ts";
import { familyOf } from "./cast.ts";
import type { KeyType } from "./items.ts";
import { openRelation } from "./relation.ts";
import type { Source } from "./source.ts";

/** `key(type)` and `id` say it; a vocabulary or hashed key is what its column holds, in the items file or the event log. */
export async function itemKeyType(source: Source, binding: Binding, feature: FeatureSpec): Promise<KeyType> {
  if (feature.encoder.kind === "key") return feature.encoder.type;
  if (feature.encoder.kind === "id") return "int64";
  const named = binding.items
    ? { file: binding.items.file, column: binding.items.key, role: "items" }
    : binding.events && { file: binding.events.file, column: binding.events.item, role: "events" };
  if (!named) return "int64";
  const relation = await openRelation(source, named.file, binding.place(named.role, "file"));
  return familyOf(relation.columns.get(named.column) ?? "BIGINT") === "text" ? "string" : "int64";
}
