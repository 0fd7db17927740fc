// What describes any port of a graph, of serving and of training alike.
import * as v from "valibot";

export const portFields = {
  name: v.string(),
  dtype: v.picklist(["float32", "int32"]),
  /** A size, or the symbol of one that is known when the graph runs. */
  shape: v.array(v.union([v.pipe(v.number(), v.integer(), v.minValue(0)), v.string()])),
};
