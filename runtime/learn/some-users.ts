// A data set whose training part is that of some users alone, all samples of each; every other part stays whole.
import { fingerprintOf } from "../../contract/fingerprint.ts";
import { streams } from "../../contract/random.ts";
import type { Dataset, Part } from "./dataset.ts";
import { shuffle } from "./order.ts";

/** How many users are drawn of those who have samples to train on: a share of them, above 0 and at most 1, or a number. */
export type UserCount = { readonly share: number } | { readonly count: number };

export type UserDraw = UserCount & { readonly seed: number };

export interface Drawn {
  readonly taken: number;
  /** Users with samples in the training part. */
  readonly of: number;
}

/**
 * Users are put in an order by the seed, whatever the training part holds of them, and the first that have samples in it are
 * taken: a larger draw of a seed holds every smaller one. Items and what is counted over the training part are those of all.
 */
export function ofSomeUsers(dataset: Dataset, draw: UserDraw): { readonly dataset: Dataset; readonly drawn: Drawn } {
  const { user, time } = dataset.whose("training");
  const known = marks(dataset.users, user);
  const order = Uint32Array.from({ length: dataset.users }, (_, ordinal) => ordinal);
  shuffle(order, streams.someUsers(draw.seed).below);
  const all = order.filter((one) => known[one] === 1);
  const most = "share" in draw ? Math.max(1, Math.round(draw.share * all.length)) : draw.count;
  const taken = all.subarray(0, most);
  const chosen = marks(dataset.users, taken);
  const kept = Uint32Array.from(user.keys()).filter((sample) => chosen[user[sample]] === 1);
  const within = (part: Part, samples: Uint32Array) =>
    part === "training" ? samples.map((sample) => kept[sample]) : samples;
  const whose = { user: kept.map((sample) => user[sample]), time: Float64Array.from(kept, (sample) => time[sample]) };
  return {
    drawn: { taken: taken.length, of: all.length },
    dataset: {
      fingerprint: fingerprintOf({ data: dataset.fingerprint, users: { seed: draw.seed, taken: taken.length } }),
      items: dataset.items,
      users: dataset.users,
      ...(dataset.counted && { counted: dataset.counted }),
      count: (part) => (part === "training" ? kept.length : dataset.count(part)),
      whose: (part) => (part === "training" ? whose : dataset.whose(part)),
      labels: (part, samples) => dataset.labels(part, within(part, samples)),
      batch: (part, samples, ...bounds) => ({ ...dataset.batch(part, within(part, samples), ...bounds), samples }),
      close: () => dataset.close(),
    },
  };
}

const marks = (count: number, ordinals: Uint32Array): Uint8Array => {
  const marked = new Uint8Array(count);
  for (const ordinal of ordinals) {
    marked[ordinal] = 1;
  }
  return marked;
};
