// Start values: the distributions, and bytes that never change.
import { describe, expect, it } from "vitest";
import type { Init, Parameter } from "../../compiler/model/parameter.ts";
import { blockLength, generator, glorot, startValues } from "../../compiler/values/initialise.ts";
import { floats, givenValues, initialValues, littleEndian, type WeightSource } from "../../compiler/values/values.ts";
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
    const twice = parameter("m.third", [2, 3, 4], { kind: "copy", of: "m.keys" });
    expect(() => values(twice, 7, [query, keys, twice])).toThrow("m.third starts as a copy of m.keys");
    expect(() => values(keys, 7, [keys])).toThrow("m.keys starts as a copy of m.query, which is not there");
  });

  it("come in blocks that join to the whole, each with draws of its own", () => {
    const large = parameter("large", [blockLength + 10, 3], uniform(1));
    const whole = initialValues([large], 7).read("large");
    const pieces = [...initialValues([large], 7).chunks("large")];
    expect(pieces.length).toBe(4);
    expect(Buffer.concat(pieces).equals(littleEndian(whole))).toBe(true);
    expect([...whole.slice(0, 100)]).not.toEqual([...whole.slice(blockLength, blockLength + 100)]);
  });

  it("of block n are those of the stream of that number, and no block is empty", () => {
    const [seed, bound] = [7, 0.25];
    const drawn = (block: number, count: number) => {
      const next = generator(seed, "two", block);
      return Array.from({ length: count }, () => Math.fround(bound * ((next() >>> 8) / 2 ** 23 - 1)));
    };
    const two = parameter("two", [2 * blockLength + 3], uniform(bound));
    const pieces = [...startValues(two, seed, new Map())];
    expect(pieces.map(({ length }) => length)).toEqual([blockLength, blockLength, 3]);
    expect(pieces.map((piece) => [...piece.slice(0, 3)])).toEqual([0, 1, 2].map((block) => drawn(block, 3)));
    const even = parameter("two", [blockLength], uniform(bound));
    expect([...startValues(even, seed, new Map())].map(({ length }) => length)).toEqual([blockLength]);
  });

  it("hold constants", () => {
    expect(values(parameter("beta", [3], { kind: "constant", value: 1 }))).toEqual([1, 1, 1]);
  });
});

describe("given values", () => {
  const source = (tensors: Readonly<Record<string, readonly number[]>>): WeightSource => ({
    tensors: new Map(Object.entries(tensors).map(([name, shape]) => [name, { shape }])),
    step: 5,
    path: "w.safetensors",
    read: (name) => Float32Array.from(name, (letter) => letter.charCodeAt(0)),
    *chunks(name) {
      yield Uint8Array.from(name, (letter) => letter.charCodeAt(0));
    },
  });
  const renamed = { ...parameter("new", [2], uniform(1)), formerly: "old" };

  it("are read under the name that the file has, the new one before the former", () => {
    const values = givenValues([renamed], source({ old: [2] }));
    expect([...values.read("new")]).toEqual([111, 108, 100]);
    expect([...values.chunks("new")]).toEqual([Uint8Array.of(111, 108, 100)]);
    expect([values.step, values.untrained]).toEqual([5, false]);
    expect(() => values.read("old")).toThrow("there is no parameter old");
    expect([...givenValues([renamed], source({ new: [2] })).read("new")]).toEqual([110, 101, 119]);
  });

  it("that do not fit are named, each by the name in the file", () => {
    const wrong = (tensors: Readonly<Record<string, readonly number[]>>) => () =>
      givenValues([renamed], source(tensors));
    expect(wrong({ old: [3] })).toThrow("old is [3], but the model has new as [2]");
    expect(wrong({ new: [3] })).toThrow("new is [3], but the model has it as [2]");
    expect(wrong({})).toThrow("new is missing (nor as old, its former name): the model has it as [2]");
    expect(wrong({ new: [2], old: [2] })).toThrow("old is no parameter of the model");
  });

  it("are little-endian floats at any place in memory", () => {
    const bytes = littleEndian(Float32Array.of(1.5, -2, 1e30));
    for (const shift of [0, 1, 2, 3, 4]) {
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      expect([...floats(moved.subarray(shift))]).toEqual([1.5, -2, Math.fround(1e30)]);
    }
  });
});
