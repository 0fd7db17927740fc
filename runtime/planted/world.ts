// The planted world of the example data: items with categories and quality, users with interests of a lifetime.
import { logistic, type Random, streams } from "../../contract/random.ts";
import type { ScenarioName } from "./scenarios.ts";
import type { Shelf } from "./shelf.ts";

export interface WorldSize {
  readonly users: number;
  readonly items: number;
  /** Behaviours of each user. */
  readonly behaviours: number;
  readonly categories: number;
  readonly seed: number;
  /** What decides the clicks; default `categories`. */
  readonly scenario?: ScenarioName;
}

export interface Item {
  readonly id: bigint;
  readonly author: number;
  readonly category: number;
  /** Seconds. */
  readonly duration: number;
  readonly topics: readonly number[];
  /** Deviations from the mean. */
  readonly quality: number;
}

/** One event, and the probability by which its click was drawn. */
export interface Shown {
  readonly item: number;
  /** Epoch seconds. */
  readonly time: number;
  readonly progress: number;
  readonly liked: boolean;
  readonly hour: number;
  readonly tab: number;
  readonly recall: number;
  readonly click: boolean;
  readonly truth: number;
}

/** First and last second of the log: the year 2023. */
export const start = 1_672_531_200;
export const span = 365 * 86_400;

const topicsOfCategory = 6;

/**
 * Items. Ids are sparse and beyond 2^53, as production ids are. Every category has its own authors and topics.
 * Draws: nine or more an item from `exampleItems`.
 */
export function* items({ items: count, categories, seed }: WorldSize): Generator<Item> {
  const draw = streams.exampleItems(seed);
  let id = 1n << 60n;
  for (let i = 0; i < count; i++) {
    id += BigInt(1 + draw.below(1_000_000));
    const category = i < categories ? i : draw.below(categories);
    const topics = new Set([category * topicsOfCategory + draw.below(topicsOfCategory)]);
    for (let more = draw.below(3); more > 0; more--) {
      topics.add(draw.below(categories * topicsOfCategory));
    }
    const author = category * 20 + draw.below(20);
    const duration = 5 + draw.below(60) + (draw.next() < 0.2 ? draw.below(400) : 0);
    yield { id, author, category, duration, topics: [...topics], quality: draw.normal() };
  }
}

/**
 * A user's life. A user likes about four in ten categories, dislikes as many, for ever. Categories come round: each is met
 * once in a round through all of them, so that the latest behaviours say little of the category now shown, while what the
 * user did with it long ago (clicked, watched to the end, liked) says whether they like it. That is what a search through
 * the whole history can find and a recent window cannot.
 *
 * logit of a click = −0.6 + 2.2 · liking(category) + 0.5 · quality + 0.3 · (same category within the last 10) + 0.2 · evening
 */
export function* life(size: WorldSize, stock: Shelf, user: number): Generator<Shown> {
  const draw = streams.exampleLife(size.seed, user);
  const { categories, behaviours } = size;
  const liking = new Float32Array(categories);
  for (let c = 0; c < categories; c++) {
    const kind = draw.next();
    liking[c] = kind < 0.4 ? 1 : kind < 0.8 ? -1 : 0;
  }
  const recent = new Int32Array(10).fill(-1);
  const gap = span / (behaviours + 1);
  let first = 0;
  let stride = 1;
  for (let i = 0; i < behaviours; i++) {
    if (i % categories === 0) {
      first = draw.below(categories);
      stride = coprime(draw, categories);
    }
    const category = (first + (i % categories) * stride) % categories;
    const members = stock.byCategory[category];
    // The more popular items of a category stand first: the square favours them.
    const place = draw.next();
    const item = members[Math.floor(place * place * members.length)];
    const time = Math.floor(start + gap * (i + draw.next()));
    const hour = Math.floor((time % 86_400) / 3600);
    const again = recent.includes(category) ? 1 : 0;
    const evening = hour >= 18 ? 1 : 0;
    const quality = stock.quality[item];
    const truth = logistic(-0.6 + 2.2 * liking[category] + 0.5 * quality + 0.3 * again + 0.2 * evening);
    const click = draw.next() < truth;
    const watched = draw.next();
    const liked = draw.next() < (click ? 0.15 + 0.5 * truth : 0);
    recent[i % recent.length] = category;
    yield {
      item,
      time,
      progress: click ? 0.3 + 0.7 * Math.max(watched, truth * draw.next()) : 0.25 * watched,
      liked,
      hour,
      tab: draw.below(4),
      recall: 0.5 * quality + 0.5 * draw.normal(),
      click,
      truth,
    };
  }
}

/** A stride that visits every category once in a round. */
function coprime(draw: Random, count: number): number {
  for (;;) {
    const stride = 1 + draw.below(Math.max(1, count - 1));
    let a = stride;
    let b = count;
    while (b !== 0) {
      [a, b] = [b, a % b];
    }
    if (a === 1) {
      return stride;
    }
  }
}
