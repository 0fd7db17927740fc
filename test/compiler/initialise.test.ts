// Start values: the distributions, and bytes that never change.
import { describe, expect, it } from "vitest";
import type { Init, Parameter } from "../../compiler/model/parameter.ts";
import { blockLength, glorot, startValues } from "../../compiler/values/initialise.ts";
import { initialValues, littleEndian } from "../../compiler/values/values.ts";
import { digestOf } from "../../contract/digest.ts";
import { bytesOf, compiled } from "../kit/small-model.ts";

const parameter = (name: string, shape: readonly number[], init: Init): Parameter => ({
  name,
  shape,
  init,
  role: "dense",
  formerly: null,
});

const uniform = (bound: number): Init => ({ kind: "uniform", bound });

function values(one: Parameter, seed = 7, all = [one]): number[] {
  return [...startValues(one, seed, new Map(all.map((p) => [p.name, p])))].flatMap((piece) => [...piece]);
}

describe("start values", () => {
  it("are the same bytes on every machine", () => {
    const { files } = compiled(undefined, { seed: 1 });
    const weights = files.find(({ path }) => path === "weights.safetensors")!;
    expect(digestOf(bytesOf(weights))).toBe(weights.sha256);
    expect(weights.sha256).toBe("baf368873f6c050ff7dffa74d77de5a5f0b238f4d87d543a2a401843bba7e3d5");
  });

  it("depend on seed and name, and on nothing else", () => {
    const a = parameter("a", [100], uniform(0.05));
    const b = parameter("b", [100], uniform(0.05));
    expect(values(a)).toEqual(values(a, 7, [b, a]));
    expect(values(a)).not.toEqual(values(b));
    expect(values(a)).not.toEqual(values(a, 8));
  });

  it("fill uniform and Glorot ranges without bias", () => {
    for (const [init, bound] of [
      [uniform(0.05), 0.05],
      [{ kind: "glorot", fanIn: 30, fanOut: 20 }, Math.sqrt(6 / 50)],
    ] as const) {
      const drawn = values(parameter("p", [20_000], init));
      expect(Math.max(...drawn)).toBeLessThanOrEqual(Math.fround(bound));
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(-Math.fround(bound));
      expect(Math.max(...drawn)).toBeGreaterThan(0.999 * bound);
      const mean = drawn.reduce((a, b) => a + b, 0) / drawn.length;
      expect(Math.abs(mean)).toBeLessThan(0.02 * bound);
    }
    expect(glorot(30, 20)).toBe(Math.sqrt(6 / 50));
  });

  it("copy the draws of the parameter they start as", () => {
    const query = parameter("m.query", [2, 3, 4], { kind: "glorot", fanIn: 3, fanOut: 4 });
    const keys = parameter("m.keys", [2, 3, 4], { kind: "copy", of: "m.query" });
    expect(values(keys, 7, [query, keys])).toEqual(values(query));
    const other = parameter("m.keys", [2, 4, 3], { kind: "copy", of: "m.query" });
    expect(() => values(other, 7, [query, other])).toThrow("m.keys starts as a copy of m.query");
  });

  it("come in blocks that join to the whole, each with draws of its own", () => {
    const large = parameter("large", [blockLength + 10, 3], uniform(1));
    const whole = initialValues([large], 7).read("large");
    const pieces = [...initialValues([large], 7).chunks("large")];
    expect(pieces.length).toBe(4);
    expect(Buffer.concat(pieces).equals(littleEndian(whole))).toBe(true);
    expect([...whole.slice(0, 100)]).not.toEqual([...whole.slice(blockLength, blockLength + 100)]);
  });

  it("hold constants", () => {
    expect(values(parameter("beta", [3], { kind: "constant", value: 1 }))).toEqual([1, 1, 1]);
  });
});
