// Where values stand along the data of a graph.
import type { Feature, GroupName, History } from "./model.ts";

/** Where along the data a feature's encoded values stand. */
export type Site =
  | { readonly kind: "candidate" }
  /** user and context: one row a request */
  | { readonly kind: "once" }
  | { readonly kind: "history"; readonly history: History; readonly given?: Given }
  /** the projector's batch of items */
  | { readonly kind: "items" };

const ofCandidates: ReadonlySet<GroupName> = new Set(["item", "candidate", "stats"]);

/** Where a tower reads a feature: one value a candidate, or one a request. */
export const towerSite = ({ group }: Feature): Site & { readonly kind: "candidate" | "once" } => ({
  kind: ofCandidates.has(group) ? "candidate" : "once",
});

/** Behaviours of a history that the host has gathered for a stage: all that a graph sees of them. */
export interface Given {
  /** Stem of its ports. */
  readonly name: string;
  /** Behaviours of a list; null: as many as the batch's longest history has. */
  readonly length: number | null;
  /** Lists a row, one for each head; null: one for all. */
  readonly heads: number | null;
}
