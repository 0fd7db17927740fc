// Which features data.yaml makes from other columns: what goes into the manifest, so that serving does the same.
import type { Derived, FeatureSpec } from "../../contract/manifest.ts";
import { type Binding, boundFiles } from "./binding.ts";
import { Source } from "./database/source.ts";
import { openBound } from "./key-type.ts";

/**
 * Derivations as they are written, and features made by SQL, which whoever sends a request must supply.
 * @param read whether the files may be looked at, to tell an expression from a column's name; else names are single words
 */
export async function derivedFeatures(
  binding: Binding,
  features: readonly FeatureSpec[],
  read = true,
): Promise<Derived[]> {
  const derived: Derived[] = [];
  const expressions: { readonly feature: string; readonly sql: string }[] = [];
  // What lists say of items is of the items, which a table has.
  const listed = Object.values(binding.lists ?? {})
    .flatMap(({ columns }) => Object.entries(columns))
    .filter(([name]) => features.some((feature) => feature.name === name && feature.group === "cross"));
  for (const [name, column] of [...Object.entries(binding.columns), ...listed]) {
    if (!features.some((feature) => feature.name === name)) {
      continue;
    }
    if (column.kind === "sql") {
      expressions.push({ feature: name, sql: column.sql });
    } else {
      derived.push(
        column.kind === "map"
          ? { feature: name, ...column, values: { ...column.values } }
          : { feature: name, ...column },
      );
    }
  }
  for (const [feature, { column }] of Object.entries(binding.knownAt)) {
    if (features.some(({ name }) => name === feature)) {
      derived.push({ feature, kind: "known_at", column });
    }
  }
  if (expressions.length === 0) {
    return derived;
  }
  const names = read ? await columnNames(binding) : null;
  for (const { feature, sql } of expressions) {
    // A column under another name is no expression: a request brings it under the feature's.
    const ofItems = features.some((one) => one.name === feature && one.group === "item");
    const group = ofItems ? names?.items : names?.events;
    const isColumn = group?.has(sql) ?? /^\w+$/.test(sql);
    if (!isColumn) {
      derived.push({ feature, kind: "sql", sql });
    }
  }
  return derived;
}

async function columnNames(binding: Binding): Promise<{ items: Set<string>; events: Set<string> }> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const of = async (role: "items" | "events" | "users" | "vectors"): Promise<string[]> => {
      const named = binding[role];
      if (named === null) {
        return [];
      }
      const { columns, computed } = await openBound(source, binding, role);
      return [...columns.keys()].filter((name) => !computed?.has(name));
    };
    const events = await of("events");
    // Without an items file the rows that name items say what these are.
    const items = binding.items === null ? events : await of("items");
    return {
      items: new Set([...items, ...(await of("vectors"))]),
      events: new Set([...events, ...(await of("users"))]),
    };
  } finally {
    source.close();
  }
}

/** Features whose raw column has their own name, where nothing tells raw from derived: a request sends the derived value. */
export function ambiguous(derived: readonly Derived[]): string[] {
  return derived.flatMap((one) =>
    (one.kind === "map" || one.kind === "scale") && one.feature.slice(one.feature.lastIndexOf(".") + 1) === one.column
      ? [one.feature]
      : [],
  );
}
