// Every planted scenario, and the order of systems that it makes: docs/comparison.md has the figures that the margins are taken from.
import { afterAll, describe, expect, it } from "vitest";
import { cleanUp } from "../kit/built-twin.ts";
import { plantedAucs } from "../kit/planted-comparison.ts";

afterAll(cleanUp);
const users = 150;
const minutes = 30 * 60_000;

describe("a comparison on planted data, at length", () => {
  it(
    "themes that share no category: TWIN alone is ahead",
    async () => {
      const { twin, ...others } = await plantedAucs("themes", ["twin", "sim_hard", "newest", "mean"], users);
      expect(twin).toBeGreaterThan(0.86);
      for (const other of Object.values(others)) {
        expect(twin - other).toBeGreaterThan(0.15);
      }
    },
    minutes,
  );

  it(
    "categories: where they are the interest, SIM hard does not lose",
    async () => {
      const { twin, sim_hard } = await plantedAucs("categories", ["twin", "sim_hard"], users);
      expect(sim_hard).toBeGreaterThan(twin - 0.02);
    },
    minutes,
  );

  it(
    "newest: what attends to the newest alone is not behind, and ahead of the mean of all",
    async () => {
      const { newest, twin, mean } = await plantedAucs("newest", ["newest", "twin", "mean"], users, 100);
      expect(newest).toBeGreaterThan(twin - 0.02);
      expect(newest - mean).toBeGreaterThan(0.03);
    },
    minutes,
  );

  it(
    "none: a history without effect leaves all alike",
    async () => {
      const all = Object.values(await plantedAucs("none", ["twin", "sim_hard", "newest", "mean"], users));
      expect(Math.min(...all)).toBeGreaterThan(0.65);
      expect(Math.max(...all) - Math.min(...all)).toBeLessThan(0.015);
    },
    minutes,
  );

  it(
    "repeats: whoever finds the same item is ahead of the newest",
    async () => {
      const { twin, sim_hard, newest, mean } = await plantedAucs(
        "repeats",
        ["twin", "sim_hard", "newest", "mean"],
        users,
      );
      expect(twin - newest).toBeGreaterThan(0.04);
      expect(twin - mean).toBeGreaterThan(0.04);
      expect(twin).toBeGreaterThan(sim_hard - 0.01);
    },
    minutes,
  );

  it(
    "counts: without them TWIN falls behind itself, and behind a regression on them",
    async () => {
      const { twin, plain, wide } = await plantedAucs("counts", ["twin", "plain", "wide"], users);
      expect(twin - plain).toBeGreaterThan(0.02);
      expect(wide).toBeGreaterThan(plain);
    },
    minutes,
  );
});
