// What the selection kernel runs of a model, or why it runs nothing: decided of the model alone, before a graph is written.
import { kernelLimits } from "../../contract/kernel-spec.ts";
import type { GraphName } from "../../contract/manifest.ts";
import type { Pooling, Product } from "../by/kernel.ts";
import { byText, kindOf } from "../by/kinds.ts";
import { scene as newScene, type Scene } from "../lower/scene.ts";
import type { Attend, History, Model, Over, Search, Table } from "../model/model.ts";
import { operandPort } from "../model/ports.ts";
import { attentions, readsTables } from "./assemble.ts";
import { attendTables } from "./attend.ts";
import { searchSource } from "./search.ts";

/** 1 where a behaviour counts: it is none of the padding, and each of the tables holds it. */
export interface Mask {
  readonly port: string;
  readonly history: History;
  /** Those that mask what they miss, in the model's order. */
  readonly tables: readonly Table[];
}

export interface PlannedSearch {
  readonly search: Search;
  readonly product: Product;
  readonly mask: Mask;
}

export interface PlannedAttend {
  readonly attend: Attend;
  readonly over: Exclude<Over, { readonly kind: "history" }>;
  readonly pooling: Pooling;
  readonly searched: boolean;
  readonly mask: Mask;
}

/** One way of a request: with keys and values from tables where `keys` allows it, or without. */
export interface KernelPlan {
  readonly user: Extract<GraphName, "kernel_user" | "kernel_user_fresh">;
  readonly head: Extract<GraphName, "kernel_head" | "kernel_head_fresh">;
  readonly products: readonly Product[];
  readonly searches: readonly PlannedSearch[];
  readonly attends: readonly PlannedAttend[];
  /** Attends that stand in the head's graph. */
  readonly left: readonly { readonly attend: Attend; readonly because: string }[];
}

export type KernelPlans =
  | { readonly runs: false; readonly because: string }
  | { readonly runs: true; readonly cached: KernelPlan; readonly fresh: KernelPlan | null };

/** @param outside embeddings that no graph holds */
export function planKernel(model: Model, outside: ReadonlySet<string>): KernelPlans {
  const because = refusal(model, outside);
  if (because !== null) {
    return { runs: false, because };
  }
  const scene = newScene(model, "request", new Set());
  const cached = planned(scene, true);
  return { runs: true, cached, fresh: readsTables(scene) ? planned(scene, false) : null };
}

/** Why the kernel runs nothing of a model; null: it does. */
function refusal({ metrics, searches }: Model, outside: ReadonlySet<string>): string | null {
  if (searches.length === 0) {
    return "the model has no search";
  }
  for (const { name, match } of metrics) {
    // Rows that are fetched are counted anew in each graph, and the rows of two graphs would be compared.
    const fetched = match.find(({ embedding }) => embedding !== null && outside.has(embedding.parameter));
    if (fetched !== undefined) {
      return `the metric ${name} matches ${fetched.qualified}, whose embedding is held outside the graphs`;
    }
  }
  for (const search of searches) {
    const { name, by, keep } = search;
    const rule = kindOf(by).kernel.search;
    const reason =
      typeof rule === "string"
        ? rule
        : keep > kernelLimits.keep
          ? `it keeps ${keep} behaviours, and the kernel at most ${kernelLimits.keep}`
          : tooLarge(rule(search, by, null));
    if (reason !== null) {
      return `the search ${name} goes by ${byText(by)}: ${reason}`;
    }
  }
  return null;
}

function tooLarge({ heads, width }: { readonly heads: number; readonly width: number }): string | null {
  if (heads > kernelLimits.heads) {
    return `it has ${heads} heads, and the kernel takes ${kernelLimits.heads}`;
  }
  return width > kernelLimits.width
    ? `a head is ${width} numbers wide, and the kernel takes ${kernelLimits.width}`
    : null;
}

function planned(scene: Scene, cached: boolean): KernelPlan {
  const { model } = scene;
  const masks = new Map<string, Mask>();
  const mask = (stage: string, history: History, reads: readonly Table[]): Mask => {
    const tables = model.tables.filter((table) => table.onMiss === "mask" && reads.includes(table));
    const key = [history.name, ...tables.map(({ name }) => name)].join(" ");
    const known = masks.get(key) ?? { port: operandPort(stage, "mask"), history, tables };
    masks.set(key, known);
    return known;
  };
  const searches = model.searches.map((search): PlannedSearch => {
    const rule = kindOf(search.by).kernel.search;
    if (typeof rule === "string") {
      throw new Error(`the kernel does not run the search ${search.name}`);
    }
    const source = searchSource(scene, search);
    const product = rule(search, search.by, source);
    return { search, product, mask: mask(search.name, search.from, source === null ? [] : [source.table]) };
  });
  const productOf = new Map(searches.map(({ search, product }) => [search, product]));
  const attends: PlannedAttend[] = [];
  const left: { attend: Attend; because: string }[] = [];
  for (const attend of attentions(model)) {
    const { name, over } = attend;
    const tables = attendTables(scene, attend, cached);
    const pooling = poolingOf(model, attend, tables);
    if (typeof pooling === "string" || over.kind === "history") {
      left.push({ attend, because: typeof pooling === "string" ? pooling : "it goes over a whole history" });
      continue;
    }
    const reads = [tables.keys, tables.values].flatMap((held) => (held === null ? [] : [held.table]));
    const source = over.kind === "search" ? searchSource(scene, over.search) : null;
    attends.push({
      attend,
      over,
      pooling,
      searched: over.kind === "search" && productOf.get(over.search)?.name === pooling.product.name,
      mask: mask(name, over.history, source === null ? reads : [source.table, ...reads]),
    });
  }
  const reads = (list: readonly Attend[]) => readsTables(scene, list);
  return {
    user: cached || !reads(attends.map(({ attend }) => attend)) ? "kernel_user" : "kernel_user_fresh",
    head: cached || !reads(left.map(({ attend }) => attend)) ? "kernel_head" : "kernel_head_fresh",
    products: [
      ...new Map(
        [...searches.map(({ product }) => product), ...attends.map(({ pooling }) => pooling.product)].map((one) => [
          one.name,
          one,
        ]),
      ).values(),
    ],
    searches,
    attends,
    left,
  };
}

/** How the kernel runs an attend, or why it does not. */
function poolingOf(model: Model, attend: Attend, tables: ReturnType<typeof attendTables>): Pooling | string {
  const { by, over } = attend;
  const rule = kindOf(by).kernel.attend;
  if (typeof rule === "string") {
    return rule;
  }
  const pooling = rule(model, attend, by, tables);
  const { product, width } = pooling;
  if (over.kind === "last" && over.count > kernelLimits.keep) {
    return `it goes over ${over.count} behaviours, and the kernel over ${kernelLimits.keep}`;
  }
  return tooLarge(product) ?? tooLarge({ heads: product.heads, width }) ?? pooling;
}
