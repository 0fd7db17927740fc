// Which changes make tables stale, and which leave them valid (semantics.md 2).
import { describe, expect, it } from "vitest";
import { initialValues, parameters, type WeightSource } from "../../compiler/index.ts";
import { littleEndian } from "../../compiler/values/values.ts";
import { compiled, smallSource, vocabularies } from "../kit/small-model.ts";

const prints = (...options: Parameters<typeof compiled>) => compiled(...options).manifest.fingerprints;

const { manifest, model } = compiled();
const original = manifest.fingerprints;
const all = parameters(model);
const start = initialValues(all, model.train.seed);

const changed = (from: string, to: string) => {
  const source = smallSource.replace(from, to);
  if (source === smallSource) {
    throw new Error(`the model does not say ${from}`);
  }
  return source;
};

/** What changes between the small model and another build: names of the fingerprints that differ. */
function differing(...options: Parameters<typeof compiled>): string[] {
  const [before, after] = [original, prints(...options)];
  return [
    ...(before.metric.relevance === after.metric.relevance ? [] : ["metric"]),
    ...(before.producer.video_keys === after.producer.video_keys ? [] : ["producer"]),
    ...(before.weights === after.weights ? [] : ["weights"]),
  ];
}

/** The small model's start values with one parameter changed. */
function retrained(name: string): WeightSource {
  const read = (of: string) => (of === name ? start.read(of).map((x) => x + 1) : start.read(of));
  return {
    tensors: new Map(all.map((parameter) => [parameter.name, parameter])),
    step: null,
    path: "w",
    read,
    chunks: (of) => [littleEndian(read(of))],
  };
}

describe("fingerprints", () => {
  it("are the same for the same source and weights, drawn or given", () => {
    expect(differing()).toEqual([]);
    expect(differing(smallSource, { weights: retrained("") })).toEqual([]);
  });

  it.each([
    ["a bucket edge of the item", "at: [7s, 30s]", "at: [7s, 31s]", ["producer"]],
    ["a bucket edge of the user", "at: [18, 35]", "at: [18, 36]", []],
    ["an edge of a cross feature", "at: [1h, 1d]", "at: [1h, 2d]", []],
    ["the tags' pooling", "max: 3, dim: 4)", "max: 3, dim: 4, pool: mean)", ["metric", "producer"]],
    ["how many tags count", "max: 3, dim: 4)", "max: 2, dim: 4)", ["metric", "producer"]],
    ["the heads", "heads: 2", "heads: 1", ["metric", "producer", "weights"]],
    ["the width of a head", "dim: 4\n}\n\nsearch", "dim: 5\n}\n\nsearch", ["metric", "producer", "weights"]],
    ["the tower", "hidden: [8]", "hidden: [9]", ["weights"]],
    ["how many are kept", "keep: 6", "keep: 5", []],
    ["the precision", "precision: uint8", "precision: float16", []],
    ["a comment", "model small", "// small\nmodel small", []],
    ["a name, not said", "author: hashed", "maker: hashed", ["metric", "producer", "weights"]],
  ])("after a change of %s", (_, from, to, expected) => {
    const found = differing(changed(from, to));
    expect(found.filter((name) => name !== "weights")).toEqual(expected.filter((name) => name !== "weights"));
    if (expected.includes("weights")) {
      expect(found).toContain("weights");
    }
  });

  it("stay after a rename that is said, with the old weights", () => {
    const renamed = changed("author: hashed(buckets: 20", "maker: hashed(formerly: author, buckets: 20");
    expect(differing(renamed, { weights: retrained("") })).toEqual(["weights"]);
    const bias = changed("liked: flag(dim: 2)", "loved: flag(dim: 2, formerly: liked)");
    expect(differing(bias, { weights: retrained("") })).toEqual(["weights"]);
  });

  it("see another vocabulary", () => {
    const other = new Map([["item.topics", [...vocabularies.get("item.topics")!].reverse()]]);
    expect(differing(smallSource, { vocabularies: other })).toEqual(["producer"]);
  });

  it.each([
    ["ranking.hidden.0.weight", ["weights"]],
    ["relevance.query", ["weights"]],
    ["user.age.table", ["weights"]],
    ["watched.ago.table", ["weights"]],
    ["relevance.keys", ["producer", "weights"]],
    ["interest.values.item", ["producer", "weights"]],
    ["item.length.table", ["producer", "weights"]],
  ])("after training of %s", (name, expected) => {
    expect(differing(smallSource, { weights: retrained(name) })).toEqual(expected);
  });

  it("let a table of keys be when the values are trained", () => {
    const keysOnly = changed("of: [relevance.keys, interest.values]", "of: relevance.keys");
    const producer = (name: string) => prints(keysOnly, { weights: retrained(name) }).producer.video_keys;
    expect(producer("interest.values.item")).toBe(producer(""));
    expect(producer("relevance.keys")).not.toBe(producer(""));
  });
});
