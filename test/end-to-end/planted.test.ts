// What a comparison has to find, and what it must not: one planted effect and one control; the others in planted.long.test.ts.
import { afterAll, describe, expect, it } from "vitest";
import { cleanUp } from "../kit/built-twin.ts";
import { plantedAucs } from "../kit/planted-comparison.ts";

afterAll(cleanUp);

describe("a comparison on planted data", () => {
  it("themes that share no category: TWIN comes near the limit, SIM hard finds none of it", async () => {
    const { twin, sim_hard } = await plantedAucs("themes", ["twin", "sim_hard"], 150);
    expect(twin).toBeGreaterThan(0.82);
    expect(twin - sim_hard).toBeGreaterThan(0.15);
  }, 600_000);

  it("none: a history without effect makes no system better", async () => {
    const { twin, newest } = await plantedAucs("none", ["twin", "newest"], 100);
    expect(newest).toBeGreaterThan(0.65);
    expect(Math.abs(twin - newest)).toBeLessThan(0.015);
  }, 600_000);
});
