// Lives in which one known thing decides the clicks: what a comparison of systems can find, and what can refute it.
import { logistic, type Random, streams } from "../../contract/random.ts";
import type { Shelf } from "./shelf.ts";
import { type Item, items, type Shown, span, start, type WorldSize } from "./world.ts";

/** What is shown next, and the logit of its click. */
interface Next {
  readonly item: number;
  readonly logit: number;
}

/** One user's course: the i-th event, from 0, in the evening or not. */
type Course = (draw: Random, size: WorldSize, stock: Shelf) => (i: number, evening: boolean) => Next;

/** Behaviours between two changes of mind in `newest`. */
export const mood = 100;

/** Items that a user of `repeats` meets again and again. */
export const playlist = 24;

/** Items as ever, but that the n-th has theme ⌊n / categories⌋ mod categories as its one topic and category n mod categories: every pair has its own. */
export function* themeItems(size: WorldSize): Generator<Item> {
  let n = 0;
  for (const item of items(size)) {
    const category = n % size.categories;
    const theme = Math.floor(n++ / size.categories) % size.categories;
    yield { ...item, category, author: category * 20 + (item.author % 20), topics: [theme] };
  }
}

/**
 * Themes come in an order of the user's own that never changes, so that none of the newest `categories` − 1 behaviours has the
 * candidate's theme; and each time with another category, so that none of its theme ever had the candidate's category.
 */
export const themes = living((draw, { categories, items: count }) => {
  const liking = likings(draw, categories);
  const order = shuffled(draw, categories);
  const copies = Math.floor(count / categories ** 2);
  return (i) => {
    const theme = order[i % categories];
    const category = (theme + Math.floor(i / categories)) % categories;
    const item = category + categories * (theme + categories * draw.below(copies));
    return { item, logit: -0.4 + 2.4 * liking[theme] };
  };
});

/** A user likes other categories after every `mood` behaviours, the first change after a part of them. */
export const newest = living((draw, { categories }, stock) => {
  let liking = likings(draw, categories);
  const first = draw.below(mood);
  return (i) => {
    if (i > 0 && (i + first) % mood === 0) {
      liking = likings(draw, categories);
    }
    const category = draw.below(categories);
    return { item: anyOf(draw, stock.byCategory[category]), logit: -0.4 + 2.4 * liking[category] };
  };
});

/** Quality of the item and the hour alone. */
export const none = living((draw, { items: count }, stock) => (_, evening) => {
  const item = draw.below(count);
  return { item, logit: -0.4 + 1.2 * stock.quality[item] + 0.5 * Number(evening) };
});

/** A few items in an order that never changes; a user likes or dislikes each for itself. */
export const repeats = living((draw, { items: count }) => {
  const own = shuffled(draw, count).slice(0, playlist);
  const liking = likings(draw, own.length);
  return (i) => ({ item: own[i % own.length], logit: -0.4 + 2.4 * liking[i % own.length] });
});

/** The more behaviours of a category there were, whatever became of them, the likelier the click. */
export const counts = living((draw, { categories }, stock) => {
  const weights = Array.from({ length: categories }, () => 4 ** draw.normal());
  const all = weights.reduce((sum, one) => sum + one, 0);
  const seen = new Int32Array(categories);
  return () => {
    let left = draw.next() * all;
    let category = 0;
    while (category < categories - 1 && left >= weights[category]) {
      left -= weights[category++];
    }
    const logit = -6 + 1.6 * Math.log1p(seen[category]++);
    return { item: anyOf(draw, stock.byCategory[category]), logit };
  };
});

/** Events evenly over the year; what is clicked is watched by half at least, what is not by half at most. */
function living(course: Course): (size: WorldSize, stock: Shelf, user: number) => Generator<Shown> {
  return function* (size, stock, user) {
    const draw = streams.exampleLife(size.seed, user);
    const next = course(draw, size, stock);
    const gap = span / (size.behaviours + 1);
    for (let i = 0; i < size.behaviours; i++) {
      const time = Math.floor(start + gap * (i + draw.next()));
      const hour = Math.floor((time % 86_400) / 3600);
      const { item, logit } = next(i, hour >= 18);
      const truth = logistic(logit);
      const click = draw.next() < truth;
      yield {
        item,
        time,
        progress: (Number(click) + draw.next()) / 2,
        liked: draw.next() < (click ? 0.15 + 0.5 * truth : 0),
        hour,
        tab: draw.below(4),
        recall: draw.normal(),
        click,
        truth,
      };
    }
  };
}

/** 1 or −1 of each. */
const likings = (draw: Random, count: number): number[] =>
  Array.from({ length: count }, () => (draw.next() < 0.5 ? 1 : -1));

const anyOf = (draw: Random, members: Int32Array): number => members[draw.below(members.length)];

/** 0 … count − 1 in any order (Fisher and Yates). */
function shuffled(draw: Random, count: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = draw.below(i + 1);
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
}
