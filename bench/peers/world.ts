// Made-up samples in memory, the same for the same settings: users with a liking for some categories and a long history.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { logistic, random } from "../../contract/random.ts";
import type { Encoded } from "../../runtime/encode/encoded.ts";
import type { Batch, Dataset, Part } from "../../runtime/learn/dataset.ts";

export interface WorldSize {
  readonly items: number;
  readonly authors: number;
  readonly categories: number;
  readonly users: number;
  /** Behaviours of the longest history. */
  readonly history: number;
  /** Every history at its longest, or of all lengths from none up. */
  readonly lengths: "full" | "mixed";
  readonly samples: Readonly<Record<Part, number>>;
  readonly seed: number;
  /** So many samples, one after the other, are of one user, each a behaviour later than the one before; absent: 1. */
  readonly together?: number;
}

/** The world that steps are timed in: every history is `history` long. */
export const timedWorld = (items: number, history: number, batch: number, seed: number, together = 1): WorldSize => ({
  items,
  authors: 10_000,
  categories: 100,
  users: Math.max(400, Math.min(4000, Math.floor(4e6 / history))),
  history,
  lengths: "full",
  samples: { training: batch * 200, validation: 1, test: 1 },
  seed,
  ...(together > 1 && { together }),
});

const tags = 4;
const vector = 12;
const streams = { items: 1, likings: 2, behaviours: 3, samples: 4, users: 5 };

export const worldFile = "world.json";

/** Of a folder with the world's settings: what a worker thread is told. */
export const openDataset = (folder: string): Dataset =>
  openWorld(JSON.parse(readFileSync(join(folder, worldFile), "utf8")) as WorldSize);

/**
 * Items are met with a probability of 1 / rank (Zipf). A user likes 40 in 100 categories, dislikes as many; behaviours on
 * liked ones are mostly marked as liked. logit of a click = −0.4 + 2.2 · liking(category) + 0.4 · quality + 0.5 · recall.
 */
export function openWorld(size: WorldSize): Dataset {
  const { items, users, history, seed, together = 1 } = size;
  const stride = history + together - 1;
  const columns = itemColumns(size);
  const quality = Float32Array.from(
    { length: items + 1 },
    (
      (draw) => () =>
        draw.normal()
    )(random(seed, 0)),
  );
  const category = columns["item.category"] as Int32Array;
  const likings = likingsOf(size);
  const behaviours = behavioursOf(size, category, likings);
  const zipf = zipfOf(items);
  const parts: Record<Part, number> = { training: 1, validation: 2, test: 3 };

  const userOf = (part: Part, sample: number) => {
    const drawn =
      together === 1
        ? random(seed, streams.samples, parts[part], sample)
        : random(seed, streams.users, parts[part], Math.floor(sample / together));
    return drawn.below(users);
  };
  const batch = (
    part: Part,
    samples: Uint32Array,
    least: Readonly<Record<string, number>>,
    most: Readonly<Record<string, number>> = {},
  ): Batch => {
    const rows = samples.length;
    const lengths = new Int32Array(rows);
    const user = new Uint32Array(rows);
    const single = {
      "user.user_id": new Int32Array(rows),
      "context.hour": new Int32Array(rows),
      "candidate.recall": new Float32Array(rows),
    };
    const labels = { click: new Float32Array(rows), like: new Float32Array(rows) };
    const candidate = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      const draw = random(seed, streams.samples, parts[part], samples[row]);
      // The first of the sample's draws is its user where each has its own.
      draw.below(users);
      user[row] = userOf(part, samples[row]);
      candidate[row] = zipf(draw.next());
      lengths[row] = size.lengths === "full" ? history : draw.below(history + 1);
      const liking = likings[user[row] * (size.categories + 1) + category[candidate[row]]];
      single["user.user_id"][row] = 1 + user[row];
      single["context.hour"][row] = 1 + draw.below(24);
      single["candidate.recall"][row] = draw.normal();
      const pull = 0.4 * quality[candidate[row]] + 0.5 * single["candidate.recall"][row];
      labels.click[row] = draw.next() < logistic(-0.4 + 2.2 * liking + pull) ? 1 : 0;
      labels.like[row] = draw.next() < logistic(-1 + liking) ? 1 : 0;
    }
    const wanted = Math.min(most.watched ?? history, history);
    const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
    const length = Math.max(Math.min(longest, wanted), least.watched ?? 0, 1);
    const start = user.map((one, row) => one * stride + together - 1 - (samples[row] % together));
    const cut = Object.fromEntries(
      Object.entries(behaviours).map(([name, all]) => {
        const values = new Int32Array(rows * length);
        for (let row = 0; row < rows; row++) {
          const from = start[row];
          values.set(all.subarray(from, from + Math.min(lengths[row], length)), row * length);
        }
        return [name, values];
      }),
    );
    const { item, ...cross } = cut;
    return {
      rows,
      samples,
      histories: { watched: { length, lengths: lengths.map((n) => Math.min(n, length)), item, cross } },
      candidate,
      single,
      labels,
      weight: new Float32Array(rows).fill(1),
      offset: new Float32Array(rows),
      user,
      time: Float64Array.from(samples),
      row: Float64Array.from(samples),
    };
  };
  return {
    fingerprint: JSON.stringify(size),
    items: { count: items + 1, columns, occurrences: new Uint32Array(items + 1).fill(1) },
    users,
    count: (part) => size.samples[part],
    batch,
    whose: (part) => ({
      user: Uint32Array.from({ length: size.samples[part] }, (_, sample) => userOf(part, sample)),
      time: Float64Array.from({ length: size.samples[part] }, (_, sample) => sample),
    }),
    labels: (part, samples) => batch(part, samples, {}),
    close: () => {},
  };
}

/** A uniform number → the ordinal of an item, 1 …; frequent ones lie scattered. */
function zipfOf(items: number): (u: number) => number {
  const log = Math.log(items);
  let stride = 7919;
  while (items % stride === 0) {
    stride += 2;
  }
  return (u) => 1 + ((Math.floor(Math.exp(u * log)) * stride) % items);
}

const shared = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * length));

function itemColumns({ items, authors, categories, seed }: WorldSize): Record<string, Encoded> {
  const draw = random(seed, streams.items);
  const id = shared(items + 1);
  const author = shared(items + 1);
  const category = shared(items + 1);
  const topics = shared((items + 1) * tags).fill(-1);
  const cover = new Float32Array(new SharedArrayBuffer(4 * (items + 1) * vector));
  for (let i = 1; i <= items; i++) {
    id[i] = i;
    author[i] = 1 + draw.below(authors);
    category[i] = 1 + draw.below(categories);
    for (let tag = draw.below(tags + 1) - 1; tag >= 0; tag--) {
      topics[i * tags + tag] = 1 + draw.below(300);
    }
    for (let j = 0; j < vector; j++) {
      cover[i * vector + j] = draw.next() - 0.5;
    }
  }
  return {
    "item.video_id": id,
    "item.author_id": author,
    "item.category": category,
    "item.topics": topics,
    "item.cover": cover,
  };
}

/** [users, categories + 1]: 1 likes, −1 dislikes. */
function likingsOf({ users, categories, seed }: WorldSize): Int8Array {
  const draw = random(seed, streams.likings);
  return Int8Array.from({ length: users * (categories + 1) }, () => {
    const kind = draw.next();
    return kind < 0.4 ? 1 : kind < 0.8 ? -1 : 0;
  });
}

/** Of every user in turn the behaviours that some sample sees, newest first, by column. */
function behavioursOf(
  { users, history, categories, items, seed, together = 1 }: WorldSize,
  category: Int32Array,
  likings: Int8Array,
): Record<string, Int32Array> {
  const zipf = zipfOf(items);
  const draw = random(seed, streams.behaviours);
  const stride = history + together - 1;
  const length = users * stride;
  const item = new Int32Array(length);
  const ago = new Int32Array(length);
  const progress = new Int32Array(length);
  const liked = new Int32Array(length);
  for (let at = 0; at < length; at++) {
    const user = Math.floor(at / stride);
    item[at] = zipf(draw.next());
    ago[at] = 1 + Math.min(4, Math.floor((5 * (at - user * stride)) / history));
    progress[at] = 1 + draw.below(4);
    const liking = likings[user * (categories + 1) + category[item[at]]];
    liked[at] = draw.next() < 0.5 + 0.4 * liking ? 2 : 1;
  }
  return { item, "watched.ago": ago, "watched.progress": progress, "watched.liked": liked };
}
