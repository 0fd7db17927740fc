// What the lowering of one graph shares: the model, the layout, input ports made once, and memoised subgraphs.

import { type Builder, builder } from "../ir/build.ts";
import type { Dim, Dtype, Shape, Value } from "../ir/graph.ts";
import type { History, Model } from "../model/model.ts";
import type { Site } from "../model/site.ts";

/**
 * `request`: one history, N candidates; what depends on the user alone has no candidate axis.
 * `batch`: every row has its own user, history and candidate (training, leak-free evaluation).
 */
export type Layout = "request" | "batch";

/** What a graph of training does otherwise than one of serving. Its layout is `batch`, its items stand once each. */
export interface Training {
  /** Whether it learns: layers go by the batch's own statistics and drop out. Else they work as they serve. */
  readonly learns: boolean;
  /** New values of the measured statistics, by parameter. */
  readonly measured: Map<string, Value>;
}

export interface Scene {
  readonly model: Model;
  readonly layout: Layout;
  readonly outside: ReadonlySet<string>;
  /** Null in graphs that serve. */
  readonly training: Training | null;
  /** Writes at the root; declarations write at `b.at(name, doc)`. */
  readonly b: Builder;
  /** The input port of that name, made on first use. */
  input(name: string, dtype: Dtype, shape: Shape, doc: string): Value;
  /** The subgraph of that key, written on first use: what two users share stays one. */
  once<T>(key: string, write: () => T): T;
}

export function scene(
  model: Model,
  layout: Layout,
  outside: ReadonlySet<string>,
  training: Training | null = null,
): Scene {
  const b = builder("");
  const known = new Map<string, unknown>();
  const once = <T>(key: string, write: () => T): T => {
    if (!known.has(key)) {
      known.set(key, write());
    }
    return known.get(key) as T;
  };
  return {
    model,
    layout,
    outside,
    training,
    b,
    once,
    input: (name, dtype, shape, doc) => once(`input ${name}`, () => b.input(name, dtype, shape, doc)),
  };
}

/** `history`, or `history.NAME` where the model has several. */
export function historyDim(model: Model, history: History): string {
  return model.histories.length > 1 ? `history.${history.name}` : "history";
}

/** The symbol of one score a row: `candidates` or `batch`. */
export function rowsDim({ layout }: Pick<Scene, "layout">): string {
  return layout === "request" ? "candidates" : "batch";
}

/** Leading dims of what stands at a site. */
export function leading(scene: Scene, site: Site): readonly Dim[] {
  const batch = scene.layout === "batch";
  switch (site.kind) {
    case "candidate":
      return [rowsDim(scene)];
    case "once":
      return [batch ? "batch" : 1];
    case "history": {
      const { length, heads } = site.given ?? { length: null, heads: null };
      const lists = heads === null ? [] : [heads];
      return [...lists, ...(batch ? ["batch"] : []), length ?? historyDim(scene.model, site.history)];
    }
    case "items":
      return ["items"];
  }
}
