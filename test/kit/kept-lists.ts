// The behaviours that an attend looks at for a candidate, by what its search kept.

import type { Model } from "../../compiler/model/model.ts";
import { keptPort } from "../../compiler/model/ports.ts";
import type { Feeds } from "./any-request.ts";

/** The lists of one candidate that the search of this name kept: one, or one a head. */
export function keptLists(model: Model, name: string, searched: Feeds, candidate: number): number[][] {
  const search = model.searches.find((one) => one.name === name);
  if (search === undefined) {
    throw new RangeError(`the model has no search ${name}`);
  }
  const { shape, data } = searched[keptPort(model, search)];
  const [rows, keep] = shape.slice(-2);
  return Array.from({ length: shape.length === 3 ? shape[0] : 1 }, (_, head) =>
    Array.from(data).slice((head * rows + candidate) * keep, (head * rows + candidate + 1) * keep),
  );
}
