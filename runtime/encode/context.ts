// What encoding a column needs beside its values, and how it refuses a wrong one.
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { describe } from "./keys.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface EncodeContext {
  readonly hasher: Hasher;
  /** The frozen vocabulary of that name (`features[].vocabulary`). */
  readonly vocabulary: (name: string) => Vocabulary;
  /** The place, for errors: "history watched", "candidates". */
  readonly where: string;
  /** Request time in epoch seconds (or steps), or one for each row. For `elapsed`. */
  readonly now?: number | Float64Array;
  /** Times of the behaviours, in the same unit; NaN is missing. For `elapsed`. */
  readonly times?: Float64Array;
}

/** Throws the error of one wrong value. `index` is the row, counted from 0. */
export function refuse(
  feature: FeatureSpec,
  context: Pick<EncodeContext, "where">,
  index: number,
  value: unknown,
  expected: string,
): never {
  throw new TwinError(
    `${context.where}: feature ${feature.name}, index ${index}: ${describe(value)} where ${expected} is due`,
  );
}
