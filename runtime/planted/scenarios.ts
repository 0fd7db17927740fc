// The worlds that example data can be of: what decides the clicks, by name, and sizes that show it.
import { TwinError } from "../../contract/error.ts";
import { counts, mood, newest, none, playlist, repeats, themeItems, themes } from "./lives.ts";
import type { Shelf } from "./shelf.ts";
import { type Item, items, life, type Shown, type WorldSize } from "./world.ts";

export const scenarioNames = ["categories", "themes", "newest", "none", "repeats", "counts"] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface Scenario {
  /** What is planted, and the logit of a click. */
  readonly text: string;
  /** Where nothing else is asked for. */
  readonly size: Omit<WorldSize, "seed" | "scenario">;
  items(size: WorldSize): Generator<Item>;
  /** A user's events in time order. */
  life(size: WorldSize, stock: Shelf, user: number): Generator<Shown>;
  /** @throws TwinError where this cannot be planted in that size */
  check(size: WorldSize): void;
}

const fits = () => {};

const scenarios: Record<ScenarioName, Scenario> = {
  categories: {
    text: `Every user likes some categories and dislikes others for ever, and meets each category once in a round through all
of them. What a user did with a category long ago decides the click; the latest behaviours say little of it.

logit = −0.6 + 2.2 · liking(category) + 0.5 · quality(item) + 0.3 · (same category within the last 10) + 0.2 · evening`,
    size: { users: 200, items: 2000, behaviours: 500, categories: 64 },
    items,
    life,
    check: fits,
  },
  themes: {
    text: `Every user likes half of the themes, an item's one topic, and dislikes the others for ever. Themes come in an order that never
changes, each time with another category: no earlier behaviour with the candidate's theme has its category, and none is
among the newest ones, fewer than there are themes (as many as categories).

logit = −0.4 + 2.4 · liking(theme), liking ±1`,
    size: { users: 300, items: 1152, behaviours: 384, categories: 24 },
    items: themeItems,
    life: themes,
    check({ categories, items: count, behaviours }) {
      const cells = categories ** 2;
      if (count < cells) {
        throw new TwinError(
          `example data: themes need an item of every theme and category, ${cells} for ${categories} of each, and ${count} are asked for; give more items`,
        );
      }
      if (behaviours > cells) {
        throw new TwinError(
          `example data: after ${cells} behaviours a theme comes with a category for the second time, and ${behaviours} are asked for; give fewer behaviours`,
        );
      }
    },
  },
  newest: {
    text: `Every user likes half of the categories, others after every ${mood} behaviours: what is older says nothing.

logit = −0.4 + 2.4 · liking(category, now), liking ±1`,
    size: { users: 300, items: 500, behaviours: 400, categories: 8 },
    items,
    life: newest,
    check: fits,
  },
  none: {
    text: `The history has no effect.

logit = −0.4 + 1.2 · quality(item) + 0.5 · evening`,
    size: { users: 300, items: 100, behaviours: 300, categories: 8 },
    items,
    life: none,
    check: fits,
  },
  repeats: {
    text: `Every user meets ${playlist} items of their own again and again, in an order that never changes, and likes or dislikes each for
itself: behaviours with the very same item decide.

logit = −0.4 + 2.4 · liking(item), liking ±1`,
    size: { users: 300, items: 400, behaviours: 384, categories: 4 },
    items,
    life: repeats,
    check({ items: count }) {
      if (count < playlist) {
        throw new TwinError(`example data: a user repeats ${playlist} items, and there are ${count}; give more items`);
      }
    },
  },
  counts: {
    text: `Users meet some categories often and others seldom. How often they met the candidate's, whatever became of it, decides.

logit = −6 + 1.6 · ln(1 + earlier behaviours of the category)`,
    size: { users: 300, items: 500, behaviours: 400, categories: 20 },
    items,
    life: counts,
    check: fits,
  },
};

export const scenarioOf = ({ scenario = "categories" }: Pick<WorldSize, "scenario">): Scenario => scenarios[scenario];
