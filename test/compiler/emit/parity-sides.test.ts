// How near a plane the items of a case may lie: found in graphs that hash, and kept away from when a parity file is made.
import { expect, it } from "vitest";
import { parityBytes } from "../../../compiler/emit/parity.ts";
import { featureFeeds, scenarios } from "../../../compiler/emit/parity-feeds.ts";
import { nearestSide } from "../../../compiler/emit/parity-sides.ts";
import { initialValues, parameters } from "../../../compiler/index.ts";
import { builder } from "../../../compiler/ir/build.ts";
import type { Graph, Value } from "../../../compiler/ir/graph.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { recordOf } from "../../../contract/record.ts";
import { parseSafetensors } from "../../../contract/safetensors.ts";
import { modelOf } from "../../kit/any-model.ts";
import { graphsOf } from "../../kit/reference.ts";

const b = builder("");
const graph = (value: Value): Graph => ({ name: "g", doc: "", inputs: [], outputs: [{ name: "y", value, doc: "" }] });
const none = () => {
  throw new Error("no parameter is read");
};
const above = (x: readonly number[], least = 0) => b.greater(b.floats(x), b.scalar(least));

/** Every parameter as it starts. */
function startsOf(model: Model) {
  const starts = initialValues(parameters(model), 1);
  const shapes = new Map(parameters(model).map(({ name, shape }) => [name, shape]));
  return (name: string) => ({ shape: shapes.get(name)!, data: starts.read(name) });
}

it("is the smallest distance by the largest of one set of planes, without what lies in one", () => {
  expect(nearestSide(graph(above([4, -1, 0, 8])), {}, none)).toBe(1 / 8);
  expect(nearestSide(graph(b.and(above([4, -2]), above([300, 3]))), {}, none)).toBeCloseTo(1 / 100, 9);
  expect(nearestSide(graph(above([0, 0])), {}, none)).toBe(Number.POSITIVE_INFINITY);
});

it("is none where nothing is hashed", () => {
  expect(nearestSide(undefined, {}, none)).toBe(Number.POSITIVE_INFINITY);
  expect(nearestSide(graph(above([1e-9, 1], -1e29)), {}, none)).toBe(Number.POSITIVE_INFINITY);
  expect(nearestSide(graph(b.greater(b.ints([1, 5]), b.integer(0))), {}, none)).toBe(Number.POSITIVE_INFINITY);
});

it("decides which draw a case is: one whose items lie near a plane is drawn again", () => {
  const model = modelOf(`model plain
    item { id: id(vocab: 40, dim: 4, key: true) price: number }
    history watched { of: item max: 500 }
    attend interest { over: watched.last(400) by: collision(item, hashes: 96, width: 3, seed: 2) }
    tower ranking { input: [interest] hidden: [] predict { click: binary } }`);
  const parameter = startsOf(model);
  const graphs = graphsOf(model);
  const outside = new Set<string>();
  const prices = (attempt: number) => {
    const feeds = featureFeeds(model, outside, scenarios[0], attempt);
    return { feeds, price: Array.from(feeds.get("watched.item.price")!.data) };
  };
  const first = prices(0);
  expect(nearestSide(graphs.get("rank"), recordOf(first.feeds), parameter)).toBeLessThan(3e-6);
  const bytes = parityBytes({ model, graphs, variants: null, pooled: null, outside, parameter });
  const { entries, metadata } = parseSafetensors(bytes, bytes.length, "parity.safetensors");
  expect(metadata.near_ties).toBeUndefined();
  const { start, end } = entries.get("rank/in/watched.item.price")!;
  const written = Array.from(new Float32Array(bytes.slice(start, end).buffer));
  expect(written).not.toEqual(first.price);
  const taken = [1, 2, 3, 4].map(prices).find(({ price }) => price.join() === written.join())!;
  expect(nearestSide(graphs.get("rank"), recordOf(taken.feeds), parameter)).toBeGreaterThan(3e-6);
});

it("asks nothing of what a search keeps, which is not known yet", () => {
  const model = modelOf(`model plain
    item { id: id(vocab: 40, dim: 4, key: true) price: number }
    history watched { of: item max: 50 }
    search nearest { from: watched by: hamming(item, bits: 8) keep: 3 }
    attend interest { over: nearest by: collision(item, hashes: 6, width: 3) }
    tower ranking { input: [interest] hidden: [] predict { click: binary } }`);
  const parameter = startsOf(model);
  const feeds = recordOf(featureFeeds(model, new Set(), scenarios[0], 0));
  expect(Object.keys(feeds)).not.toContain("kept");
  for (const name of ["search", "rank"] as const) {
    const nearest = nearestSide(graphsOf(model).get(name), feeds, parameter);
    expect(nearest).toBeGreaterThan(0);
    expect(nearest).toBeLessThan(1);
  }
});
