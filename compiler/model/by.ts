// What a search or an attend measures relevance by: a metric, or one of the kinds of compiler/by/.
import type { Feature, Metric, Search } from "./model.ts";

/** What a model holds of each kind; its row in compiler/by/kinds.ts says all else. */
export type By =
  | { readonly kind: "metric"; readonly metric: Metric }
  | { readonly kind: "match"; readonly feature: Feature }
  | { readonly kind: "inner_product"; readonly feature: Feature }
  | { readonly kind: "cluster"; readonly feature: Feature; readonly groups: number }
  | { readonly kind: "hamming"; readonly bits: number; readonly scale: "rms" | "none"; readonly seed: number }
  | {
      readonly kind: "collision";
      readonly hashes: number;
      /** Hashes of one group, a divisor of `hashes`. */
      readonly width: number;
      readonly normalize: "l2" | "none";
      readonly scale: "rms" | "none";
      readonly seed: number;
    }
  | {
      readonly kind: "mlp";
      readonly hidden: readonly number[];
      readonly activation: "relu" | "prelu" | "gelu";
      /** Whether weights sum to one. */
      readonly softmax: boolean;
    }
  | {
      readonly kind: "stacked";
      readonly layers: number;
      readonly heads: number;
      /** Of one head. */
      readonly dim: number;
      /** Width within the gated layers. */
      readonly hidden: number;
    }
  | {
      readonly kind: "encoder";
      readonly layers: number;
      readonly heads: number;
      /** Of one head. */
      readonly dim: number;
      /** Width within the feed-forward networks. */
      readonly hidden: number;
    }
  | { readonly kind: "mean" };

/** The metric that is weighed by: what has heads, projections, and keys and values that a table may hold. Null: there is none. */
export const metricOf = (by: By): Metric | null => ("metric" in by ? by.metric : null);

/** How many lists a search keeps for a candidate where every head keeps its own; null: one for all. */
export const listsOf = ({ heads, by }: Pick<Search, "heads" | "by">): number | null =>
  heads === "per_head" ? (metricOf(by)?.heads ?? null) : null;
