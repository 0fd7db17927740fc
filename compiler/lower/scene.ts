// What the lowering of one graph shares: the model, the layout, input ports made once, and memoised subgraphs.
import { type Builder, builder } from "../ir/build.ts";
import type { Dim, Dtype, Shape, Value } from "../ir/graph.ts";
import type { History, Model } from "../model.ts";

/**
 * `request`: one history, N candidates; what depends on the user alone has no candidate axis.
 * `batch`: every row has its own user, history and candidate (training, leak-free evaluation).
 */
export type Layout = "request" | "batch";

/** Where along the data a feature's encoded values stand. */
export type Site =
  | { readonly kind: "candidate" }
  /** user and context: one row a request */
  | { readonly kind: "once" }
  | { readonly kind: "history"; readonly history: History }
  /** the projector's batch of items */
  | { readonly kind: "items" };

export interface Scene {
  readonly model: Model;
  readonly layout: Layout;
  readonly outside: ReadonlySet<string>;
  /** Writes at the root; declarations write at `b.at(name, doc)`. */
  readonly b: Builder;
  /** The input port of that name, made on first use. */
  input(name: string, dtype: Dtype, shape: Shape, doc: string): Value;
  /** The subgraph of that key, written on first use: what two users share stays one. */
  once<T>(key: string, write: () => T): T;
}

export function scene(model: Model, layout: Layout, outside: ReadonlySet<string>): Scene {
  const b = builder("");
  const known = new Map<string, unknown>();
  const once = <T>(key: string, write: () => T): T => {
    if (!known.has(key)) known.set(key, write());
    return known.get(key) as T;
  };
  return {
    model,
    layout,
    outside,
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
export function rowsDim({ layout }: Scene): string {
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
    case "history":
      return [...(batch ? ["batch"] : []), historyDim(scene.model, site.history)];
    case "items":
      return ["items"];
  }
}
