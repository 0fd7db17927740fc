// The total table of `by` kinds: one without a row does not compile.
import type { BySpec } from "../../contract/by-spec.ts";
import type { ItemCodes } from "../lower/projector.ts";
import type { By } from "../model/by.ts";
import type { Group } from "../model/model.ts";
import { cluster } from "./cluster.ts";
import { collision } from "./collision.ts";
import { encoder } from "./encoder.ts";
import { hamming } from "./hamming.ts";
import { innerProduct } from "./inner-product.ts";
import type { AttendRule, Call, Kind, KindName, Of, SearchRule, Stage } from "./kind.ts";
import { match } from "./match.ts";
import { mean } from "./mean.ts";
import { metric } from "./metric.ts";
import { mlp } from "./mlp.ts";
import { stacked } from "./stacked.ts";

export const kinds: { readonly [K in KindName]: Kind<K> } = {
  metric,
  match,
  inner_product: innerProduct,
  cluster,
  hamming,
  collision,
  mlp,
  stacked,
  encoder,
  mean,
};

/** The row of what a stage goes by. */
export const kindOf = <K extends KindName>(by: Of<K>): Kind<K> => kinds[by.kind as K];

/** How a search goes by it; null: it cannot. */
export const searchRule = <K extends KindName>(by: Of<K>): SearchRule<K> | null => kindOf(by).search;

/** How an attend goes by it; null: it cannot. */
export const attendRule = <K extends KindName>(by: Of<K>): AttendRule<K> | null => kindOf(by).attend;

/** What a stage compares of every item: [items, `codeWidth`]. @throws Error where it goes by what has no codes: a fault of ours */
export const itemCodes: ItemCodes = (scene, stage) => {
  const { codes } = kindOf(stage.by);
  if (codes === undefined) {
    throw new Error(`${stage.name} has no codes`);
  }
  return codes(scene, stage, stage.by, { kind: "items" });
};

/** As a file would write it. */
export const byText = (by: By): string => kindOf(by).text(by);

/** As the manifest says it. */
export const bySpec = (by: By): BySpec => kindOf(by).spec(by);

/** The group `item` with the features that its stages imply, each once, behind what is declared. */
export function withImplied(item: Group, stages: readonly { readonly by: By }[]): Group {
  const implied = stages.flatMap(({ by }) => kindOf(by).implied?.(by) ?? []);
  const once = new Map(implied.map((feature) => [feature.qualified, feature]));
  return once.size === 0 ? item : { ...item, features: [...item.features, ...once.values()] };
}

/** Whether two stages rank by the same thing. */
export const sameBy = (a: By, b: By): boolean => a.kind === b.kind && byText(a) === byText(b);

/** A kind that a file writes as a call. */
export interface NamedCall {
  readonly name: KindName;
  readonly stages: readonly Stage[];
  readonly call: Call<KindName>;
}

/** In the order of the table. */
export const calls: readonly NamedCall[] = Object.entries(kinds).flatMap(([name, { call, ...rules }]) => {
  const stages = (["search", "attend"] as const).filter((stage) => rules[stage] !== null);
  return call === null ? [] : [{ name: name as KindName, stages, call: call as Call<KindName> }];
});
