// Popularity as columns of samples: of the training part as of each sample's time, of the others as of the end of training.
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type Encoded, encodedRows } from "../encode/encoded.ts";
import { popularity } from "../stats/popularity.ts";
import { pickRows } from "./pick-rows.ts";

/** The training part's samples. */
export interface CountedRows {
  readonly time: Float64Array;
  /** Ordinals. */
  readonly candidate: Int32Array;
  /** Number in the log; −1 for a drawn negative, which counts for nothing. */
  readonly row: Float64Array;
  /** By label; NaN is missing. */
  readonly label: (name: string) => Float32Array | null;
}

export interface SamplePopularity {
  readonly width: number;
  /** Of the training samples: [rows, width] */
  readonly training: Float32Array;
  /** By row of the value: [values, width] */
  readonly frozen: Float32Array;
}

/** Features of popularity among a model's. */
export const popularityFeatures = (features: readonly FeatureSpec[]): FeatureSpec[] =>
  features.filter(({ encoder }) => encoder.kind === "popularity");

/** @param items encoded values by ordinal, of the feature that it is over */
export function samplePopularity(
  { name, encoder }: FeatureSpec,
  items: Encoded,
  rows: CountedRows,
  delay: number,
): SamplePopularity {
  if (encoder.kind !== "popularity") {
    throw new Error(`${name} is no popularity`);
  }
  const { of, on, values, k, window } = encoder;
  const label = of === null ? null : (rows.label(of) ?? new Float32Array(rows.time.length).fill(Number.NaN));
  const counted = popularity(
    {
      time: rows.time,
      value: pickRows(encodedRows(items, on), rows.candidate),
      label,
      real: Uint8Array.from(rows.row, (row) => Number(row >= 0)),
    },
    { values, k, window, delay },
  );
  return { width: counted.width, training: counted.rows, frozen: counted.frozen };
}

/** The column of samples of a later part. */
export const frozenColumn = (
  { frozen, width }: Pick<SamplePopularity, "frozen" | "width">,
  items: Encoded,
  candidate: Int32Array,
): Float32Array => pickRows(frozen, pickRows(encodedRows(items, "popularity"), candidate), width);

/** Values of the item feature that a popularity is over, by ordinal. @throws Error where there is none: a fault of ours */
export function overColumn({ name, encoder }: FeatureSpec, items: Readonly<Record<string, Encoded>>): Encoded {
  const column = encoder.kind === "popularity" ? items[encoder.on] : undefined;
  if (column === undefined) {
    throw new Error(`${name} is over no feature of the items`);
  }
  return column;
}
