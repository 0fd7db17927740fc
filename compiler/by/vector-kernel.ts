// Searches by products of vectors, one for a candidate and one for a behaviour, as the kernel runs them.
import type { Value } from "../ir/graph.ts";
import type { KeySource } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import type { Search } from "../model/model.ts";
import type { Product } from "./kernel.ts";

export interface Vectors {
  readonly width: number;
  /** The table whose columns the behaviours' are; null: `keys`. */
  readonly held: KeySource;
  /** [R, width] */
  query(scene: Scene): Value;
  /** [L, width] */
  keys(scene: Scene): Value;
  /** [1, L]; null: there is none. */
  readonly bias: ((scene: Scene) => Value) | null;
}

/** One head. */
export function vectorProduct({ name, doc, from }: Search, { width, held, query, keys, bias }: Vectors): Product {
  const oneHead = (of: (scene: Scene) => Value) => (scene: Scene) => scene.b.at(name, doc).unsqueeze(of(scene), 0);
  return {
    name,
    stem: name,
    history: from,
    heads: 1,
    width,
    held,
    query: oneHead(query),
    projected: oneHead(keys),
    bias,
    match: [],
  };
}
