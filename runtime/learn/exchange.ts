// A batch in which some values are those of other samples: what a model is worth without what they tell (permutation importance).
import { alike } from "../../contract/alike.ts";
import { streams } from "../../contract/random.ts";
import { recordOf } from "../../contract/record.ts";
import type { Encoded } from "../encode/encoded.ts";
import type { Assembled, AssembledHistory } from "./assemble.ts";
import { takenRows } from "./buffers.ts";
import { shuffle } from "./order.ts";
import type { TrainPlan } from "./plan.ts";

/** Whose values are taken from another sample, or from another behaviour. */
export type Exchange =
  /** Features of the candidate's item; that item in histories keeps its own. */
  | { readonly kind: "item"; readonly features: readonly string[] }
  /** Features of the user, the request or the candidate, and statistics. */
  | { readonly kind: "single"; readonly features: readonly string[] }
  /** All behaviours, with what was counted of them. */
  | { readonly kind: "history"; readonly history: string; readonly stats: readonly string[] }
  /** A cross feature, among the behaviours of the sample's own history. */
  | { readonly kind: "cross"; readonly history: string; readonly feature: string };

/**
 * @param own the samples @param donor as many others: the i-th gives to the i-th
 * @param seed of the order within histories; a sample's is the same in every batch
 */
export function exchanged(own: Assembled, donor: Assembled, what: Exchange, plan: TrainPlan, seed: number): Assembled {
  switch (what.kind) {
    case "single":
      return { ...own, single: { ...own.single, ...pick(donor.single, what.features) } };
    case "item":
      return withItems(own, donor, what.features, plan);
    case "history":
      return withHistory(own, donor, what.history, what.stats, plan);
    case "cross": {
      const history = own.histories[what.history];
      const values = history.cross[what.feature];
      const width = plan.width[what.feature];
      const order = shuffledWithin(own.samples, history, seed);
      const cross = { ...history.cross, [what.feature]: takenRows(values, order, width) };
      return { ...own, histories: { ...own.histories, [what.history]: { ...history, cross } } };
    }
  }
}

const pick = (values: Readonly<Record<string, Encoded>>, names: readonly string[]) =>
  recordOf(names.map((name) => [name, values[name]] as const));

/** Each candidate becomes an item of its own, behind the batch's. */
function withItems(own: Assembled, donor: Assembled, features: readonly string[], plan: TrainPlan): Assembled {
  const chosen = new Set(features);
  const itemFeatures = recordOf(
    plan.itemFeatures.map((name) => {
      const from = chosen.has(name) ? donor : own;
      const added = takenRows(from.itemFeatures[name], from.candidate, plan.width[name]);
      return [name, joined(own.itemFeatures[name], added)] as const;
    }),
  );
  const items = Int32Array.from([...own.items, ...Array.from(own.candidate, (place) => own.items[place])]);
  return { ...own, items, itemFeatures, candidate: own.candidate.map((_, i) => own.items.length + i) };
}

function withHistory(
  own: Assembled,
  donor: Assembled,
  name: string,
  stats: readonly string[],
  plan: TrainPlan,
): Assembled {
  const history = donor.histories[name];
  // The donors' items stand behind the batch's; number 0 is the unknown item in both.
  const index = history.index.map((place) => (place === 0 ? 0 : own.items.length + place));
  return {
    ...own,
    items: joined(own.items, donor.items),
    itemFeatures: recordOf(
      plan.itemFeatures.map((one) => [one, joined(own.itemFeatures[one], donor.itemFeatures[one])] as const),
    ),
    histories: { ...own.histories, [name]: { ...history, index } },
    single: { ...own.single, ...pick(donor.single, stats) },
  };
}

/** Places of a history's values [B, L], in which each row's behaviours have changed places. */
function shuffledWithin(samples: Uint32Array, { length, lengths }: AssembledHistory, seed: number): Int32Array {
  const order = Int32Array.from({ length: samples.length * length }, (_, i) => i);
  samples.forEach((sample, row) => {
    const { below } = streams.shuffledHistory(seed, sample);
    shuffle(order.subarray(row * length, row * length + lengths[row]), below);
  });
  return order;
}

function joined<T extends Encoded>(first: T, second: T): T {
  const into = alike(first, first.length + second.length);
  into.set(first);
  into.set(second, first.length);
  return into;
}
