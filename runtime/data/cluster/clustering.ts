// What a model says of a clustered history, over the items' vectors: the behaviours of a past as they are clustered.
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec, Manifest } from "../../../contract/manifest.ts";
import { encodeBuckets } from "../../encode/buckets.ts";
import type { EncodeContext } from "../../encode/context.ts";
import type { DataColumn, DataValue } from "../../encode/data-column.ts";
import type { ItemValues } from "./item-values.ts";
import type { Clustering } from "./snapshots.ts";

/**
 * @param cross features in the order of a past's columns
 * @param within as the model has it, with its edges; null: nothing keeps behaviours apart
 */
export function clusteringOf(
  { on, size }: NonNullable<Manifest["histories"][number]["cluster"]>,
  cross: readonly FeatureSpec[],
  within: FeatureSpec | null,
  items: ItemValues,
  { seed, context }: { readonly seed: number; readonly context: EncodeContext },
): Clustering {
  const vectors = items.vectors.get(on)!;
  const width = vectors.length / items.keys.length;
  const apart = within === null ? null : cross.findIndex(({ name }) => name === within.name);
  const groupsOf = within === null ? null : grouping(within, context);
  return {
    size,
    seed,
    encoders: cross.map(({ encoder }) => encoder),
    behaviours(past, start, columns) {
      const numbers = items.numbersOf(past.item).subarray(start);
      const rows = new Float32Array(numbers.length * width).fill(Number.NaN);
      numbers.forEach((item, at) => {
        if (item >= 0) {
          rows.set(vectors.subarray(item * width, (item + 1) * width), at * width);
        }
      });
      return {
        vectors: rows,
        width,
        items: numbers,
        groups: apart === null || groupsOf === null ? null : groupsOf(columns[apart]),
      };
    },
  };
}

/** By bucket, where values fall into buckets; else by value. @throws TwinError for features with a value of every behaviour's own */
function grouping(within: FeatureSpec, context: EncodeContext): (column: DataColumn) => Int32Array {
  const { name, encoder } = within;
  // The same value is the same group in every snapshot.
  const groups = new Map<string, number>();
  switch (encoder.kind) {
    case "bucketed":
      return (column) => encodeBuckets(within, encoder.edges, column, context);
    case "id":
    case "vocabulary":
    case "hashed":
    case "flag":
      return (column) => {
        return Int32Array.from<DataValue>(column, (value) => {
          const text = String(value);
          const group = groups.get(text) ?? groups.size;
          groups.set(text, group);
          return group;
        });
      };
    default:
      throw new TwinError(
        `behaviours cannot be kept apart by ${name}, which is of kind ${encoder.kind}: \`within\` takes a feature of few values that a behaviour brings (bucketed, id, vocabulary, hashed or flag)`,
      );
  }
}
