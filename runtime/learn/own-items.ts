// The items of some rows of a batch, numbered anew: a run over these rows alone then projects no other row's.
import { recordOf } from "../../contract/record.ts";
import type { Assembled } from "./assemble.ts";
import { takenRows } from "./buffers.ts";
import type { Numbering } from "./numbering.ts";
import type { TrainPlan } from "./plan.ts";

type Items = Pick<Assembled, "items" | "itemFeatures">;

/**
 * @param indices candidates and behaviours of the rows, counted in the batch's items; from here on in those that are returned
 * @returns those that occur; number 0 is still the unknown one
 */
export function ownItems(
  { items, itemFeatures }: Items,
  { width }: Pick<TrainPlan, "width">,
  indices: readonly Int32Array[],
  numbering: Numbering,
): Items {
  numbering.begin(items.length);
  for (const index of indices) {
    numbering.number(index, index);
  }
  const rows = numbering.values;
  const features = Object.entries(itemFeatures).map(
    ([name, values]) => [name, takenRows(values, rows, width[name])] as const,
  );
  return { items: rows.map((row) => items[row]), itemFeatures: recordOf(features) };
}
