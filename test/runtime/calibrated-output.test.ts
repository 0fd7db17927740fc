// Calibrated labels where the model runs: the probability is corrected, and so is a score of it; the logit is not.
import { afterAll, describe, expect, it } from "vitest";
import { initialValues, parameters, type WeightSource } from "../../compiler/index.ts";
import { littleEndian } from "../../compiler/values/values.ts";
import { calibrated, knots } from "../../contract/calibration.ts";
import { load, selfTest } from "../../runtime/index.ts";
import { anyCalibration } from "../kit/any-calibration.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, numbers, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { compiled } from "../kit/small-model.ts";

afterAll(cleanUp);

const plain = rankSource().replace("like: binary }", "like: binary(through: click) } score { like: 0.5 click: 1 }");
const source = plain
  .replace("click: binary ", "click: binary(calibrate: isotonic) ")
  .replace("through: click)", "through: click, calibrate: platt)");
const [isotonic, platt] = [anyCalibration([2, knots], numbers(3)), Float32Array.of(0.4, -1.25)];

/** Start values, the last layers' larger, so that logits reach beyond the knots. */
function weights(text: string, given: Readonly<Record<string, Float32Array>>): WeightSource {
  const all = parameters(compiled(text, { vocabularies: new Map() }).model!);
  const start = initialValues(all, 1);
  const read = (name: string): Float32Array =>
    given[name] ?? start.read(name).map((x) => (/ranking.(click|like).weight/.test(name) ? 12 * x : x));
  return {
    tensors: new Map(all.map((one) => [one.name, one])),
    step: 1,
    path: "drawn",
    read,
    chunks: (name) => [littleEndian(read(name))],
  };
}

const fits = { "ranking.click.calibration": isotonic, "ranking.like.calibration": platt };

describe.each(["graph", "kernel"] as const)("by the %s", (plan) => {
  it("corrects the probability and the score alone", async () => {
    const [with_, without] = await Promise.all([
      builtRanked(source, {}, { weights: weights(source, fits) }),
      builtRanked(plain, {}, { weights: weights(plain, {}) }),
    ]);
    const [twin, other] = await Promise.all([with_, without].map((dir) => load(dir, { threads: 1, plan })));
    try {
      const [prepared, base] = await Promise.all([twin, other].map((one) => one.prepare(someUser(30))));
      const request = someCandidates(40);
      const { scores, logits, score } = await prepared.rank(request);
      const before = await base.rank(request);
      expect(logits).toEqual(before.logits);
      const logOf = (z: number) => -Math.log1p(Math.exp(-Math.abs(z))) + Math.min(z, 0);
      let outside = 0;
      logits.click.forEach((z, i) => {
        const click = calibrated("isotonic", isotonic, z);
        const like = calibrated("platt", platt, logits.like[i]);
        outside += Number(z < isotonic[0] || z > isotonic[knots - 1]);
        expect(scores.click[i]).toBeCloseTo(1 / (1 + Math.exp(-click)), 5);
        expect(scores.like[i]).toBeCloseTo(1 / (1 + Math.exp(-like)), 5);
        expect(score![i]).toBeCloseTo(logOf(click) + 0.5 * logOf(like), 4);
      });
      expect(outside).toBeGreaterThan(0);
      expect(outside).toBeLessThan(40);
      const explained = await prepared.explain(request);
      explained.forEach((one, i) => {
        expect(one.scores.click).toBeCloseTo(scores.click[i], 4);
      });
      expect((await selfTest(with_, { threads: 1, requests: 3 })).passed).toBe(true);
    } finally {
      await Promise.all([twin, other].map((one) => one.close()));
    }
  }, 120_000);
});

describe("weights whose calibration is none", () => {
  const falling = isotonic.slice();
  falling[knots + 4] = -9;
  const twice = isotonic.slice();
  twice[7] = twice[6];
  it.each([
    ["ranking.like.calibration", Float32Array.of(-0.1, 2), /ranking\.like\.calibration: its slope is -0\.1/],
    ["ranking.click.calibration", falling, /ranking\.click\.calibration: its knots 4 and 5 give .* which falls/],
    ["ranking.click.calibration", twice, /its knots 7 and 8 lie at .* and must ascend/],
  ])("are refused by name: %s", async (name, values, message) => {
    const given = { ...fits, [name]: values };
    await expect(builtRanked(source, {}, { weights: weights(source, given) })).rejects.toThrow(message);
  });
});
