// The models of the repository, small enough for the reference interpreter.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "../../compiler/check/check.ts";
import type { Model } from "../../compiler/model/model.ts";
import { load } from "../../compiler/source/load.ts";

const root = join(import.meta.dirname, "../..");

/** By name: tables of at most 40 rows, at most 6 behaviours kept, layers of at most 20 columns, at most 2 of a stack. */
export function builtModels(): readonly (readonly [string, Model])[] {
  const files = readdirSync(join(root, "models")).filter((file) => file.endsWith(".twin"));
  return files.flatMap((file) => {
    const path = `models/${file}`;
    const { model } = check(
      load(path, (one) => small(readFileSync(join(root, one), "utf8"))),
      { library: true },
    );
    return model === null ? [] : [[file.replace(".twin", ""), model] as const];
  });
}

/** A text of `models/` in that size. */
export function small(text: string): string {
  return text
    .replaceAll(/\b(vocab|vocabulary|buckets|max): *\d+(k|M)?/g, (whole, name, unit) =>
      unit === undefined ? whole : `${name}: 40`,
    )
    .replaceAll(/\bkeep: +\d+/g, "keep: 6")
    .replaceAll(/\blast\(\d+\)/g, "last(4)")
    .replaceAll(/\blayers: *\d+/g, "layers: 2")
    .replaceAll(/\bhidden: +\[[^\]]*\]/g, "hidden: [20, 10]");
}
