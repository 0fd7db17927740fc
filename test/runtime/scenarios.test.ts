// The planted scenarios: that what they say decides the clicks does, and that nothing else can tell.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { logistic } from "../../contract/random.ts";
import { generate } from "../../runtime/example/generate.ts";
import {
  checkSize,
  type Item,
  type ScenarioName,
  type Shown,
  scenarioNames,
  scenarioOf,
  shelf,
  type WorldSize,
} from "../../runtime/planted/index.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";

afterAll(cleanUp);

interface World {
  readonly items: readonly Item[];
  /** By user, oldest first. */
  readonly lives: readonly (readonly Shown[])[];
}

function world(scenario: ScenarioName, users = 6): World {
  const size: WorldSize = { ...scenarioOf({ scenario }).size, users, seed: 3, scenario };
  const stock = shelf(size);
  const { items, life } = scenarioOf(size);
  return { items: [...items(size)], lives: Array.from({ length: users }, (_, user) => [...life(size, stock, user)]) };
}

/** Truths of all events by what is given of them. */
function truthsBy(lives: World["lives"], key: (shown: Shown, user: number) => string): Set<number>[] {
  const found = new Map<string, Set<number>>();
  lives.forEach((life, user) => {
    for (const shown of life) {
      const of = key(shown, user);
      found.set(of, (found.get(of) ?? new Set()).add(shown.truth));
    }
  });
  return [...found.values()];
}

const two = [logistic(-0.4 + 2.4), logistic(-0.4 - 2.4)];
/** Each once, and both are there. */
function expectOneEach(truths: readonly ReadonlySet<number>[], expected: readonly number[] = two): void {
  expect(truths.every(({ size }) => size === 1)).toBe(true);
  expect(new Set(truths.flatMap((one) => [...one]))).toEqual(new Set(expected));
}

describe("planted scenarios", () => {
  it("themes: the user's liking of the theme decides; none of a theme's earlier behaviours has the candidate's category, none is new", () => {
    const { items, lives } = world("themes");
    const theme = ({ item }: Shown) => items[item].topics[0];
    expectOneEach(truthsBy(lives, (shown, user) => `${user} ${theme(shown)}`));
    expect(new Set(items.map(({ topics }) => topics.length))).toEqual(new Set([1]));
    for (const life of lives) {
      life.forEach((shown, i) => {
        const before = life.slice(0, i).filter((one) => theme(one) === theme(shown));
        expect(before.length).toBe(Math.floor(i / 24));
        expect(before.some(({ item }) => items[item].category === items[shown.item].category)).toBe(false);
        expect(life.slice(Math.max(0, i - 23), i).some((one) => theme(one) === theme(shown))).toBe(false);
      });
    }
  });

  it("newest: one liking of a category between two changes of mind, 100 behaviours apart, and others after it", () => {
    const { items, lives } = world("newest");
    for (const life of lives) {
      const changes = life.flatMap((shown, i) => {
        const { category } = items[shown.item];
        const last = life.slice(0, i).findLast(({ item }) => items[item].category === category);
        return last !== undefined && last.truth !== shown.truth ? [i] : [];
      });
      expect(changes.length).toBeGreaterThan(3);
      // Every change is within a phase of one length: modulo 100 they begin at one place, and a category is met soon after.
      const begin = Array.from({ length: 100 }, (_, first) => first).find((first) => {
        const phase = (i: number) => Math.floor((i + 100 - first) / 100);
        const each = life.map((shown, i) => `${phase(i)} ${items[shown.item].category} ${shown.truth}`);
        return new Set(each).size === new Set(each.map((one) => one.split(" ").slice(0, 2).join(" "))).size;
      });
      expect(begin).toBeDefined();
    }
  });

  it("none: item and hour decide, and the same of every user", () => {
    const { lives } = world("none", 40);
    const truths = truthsBy(lives, ({ item, hour }) => `${item} ${hour >= 18}`);
    expect(truths.length).toBe(200);
    expect(truths.every(({ size }) => size === 1)).toBe(true);
  });

  it("repeats: 24 items of the user's own in one order, each liked or not", () => {
    const { lives } = world("repeats");
    expectOneEach(truthsBy(lives, ({ item }, user) => `${user} ${item}`));
    for (const life of lives) {
      expect(new Set(life.map(({ item }) => item)).size).toBe(24);
      expect(life.every(({ item }, i) => i < 24 || item === life[i - 24].item)).toBe(true);
    }
    expect(lives[0][0].item).not.toBe(lives[1][0].item);
  });

  it("counts: the number of earlier behaviours of the category decides, whatever became of them", () => {
    const { items, lives } = world("counts");
    for (const life of lives) {
      const seen = new Map<number, number>();
      for (const { item, truth } of life) {
        const { category } = items[item];
        const n = seen.get(category) ?? 0;
        seen.set(category, n + 1);
        expect(truth).toBe(logistic(-6 + 1.6 * Math.log1p(n)));
      }
      const most = Math.max(...seen.values());
      expect(most).toBeGreaterThan(60);
    }
  });

  it("are written with what decides, and are the same from the same seed; one that was there before keeps its rows", async () => {
    const dir = temporary();
    const { users, items } = await generate({ dir, scenario: "themes", users: 3 });
    expect([users, items]).toEqual([3, 1152]);
    expect(readFileSync(join(dir, "README.md"), "utf8")).toContain("logit = −0.4 + 2.4 · liking(theme)");
    for (const scenario of scenarioNames) {
      expect(world(scenario, 1)).toEqual(world(scenario, 1));
      expect(scenarioOf({ scenario }).text).toContain("logit =");
    }
    expect(scenarioOf({})).toBe(scenarioOf({ scenario: "categories" }));
  });

  it("refuse sizes in which they cannot be planted", () => {
    const size = { users: 2, items: 1152, behaviours: 384, categories: 24, seed: 1, scenario: "themes" } as const;
    expect(() => checkSize(size, 0)).not.toThrow();
    expect(() => checkSize({ ...size, items: 500 }, 0)).toThrow("576 for 24 of each, and 500 are asked for");
    expect(() => checkSize({ ...size, behaviours: 600 }, 0)).toThrow("give fewer behaviours");
    expect(() => checkSize({ ...size, scenario: "repeats", items: 23, categories: 4 }, 0)).toThrow("there are 23");
  });
});
