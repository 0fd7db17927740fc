// The set of models that graphics devices are tried on in *full* holds all that a graph may hold.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attempts } from "../../compiler/ir/ops/round-robin-onnx.ts";
import { embeddingsOf } from "../../compiler/model/embeddings.ts";
import { storedTypes } from "../../contract/port-spec.ts";
import { anyModel } from "../kit/any-model.ts";
import { operatorsOf } from "../kit/branch-sides.ts";
import { long, patience } from "../kit/effort.ts";
import { pairsOf, pairsOfModel } from "../kit/emitted-pairs.ts";
import { modelTexts } from "../kit/provider-models.ts";
import { covering, providerModels, walking } from "../kit/provider-set.ts";

const models = covering.map((name) => providerModels.get(name)!());
const graphs = models.flatMap((model) => model.graphs);
const pairs = new Set(graphs.flatMap(({ graph }) => [...pairsOf(graph)]));

describe("the covering set", () => {
  it("has every pair of operator and dtype of the models of the repository", () => {
    const wanted = [...modelTexts().values()].flatMap((model) => [...pairsOfModel(model)]);
    expect([...new Set(wanted)].filter((pair) => !pairs.has(pair))).toEqual([]);
    expect(pairs.size).toBeGreaterThan(45);
  });

  it("has every pair of random models", { timeout: patience(120_000) }, () => {
    fc.assert(
      fc.property(anyModel(), (model) => {
        expect([...pairsOfModel(model)].filter((pair) => !pairs.has(pair))).toEqual([]);
      }),
      { numRuns: long ? 400 : 15 },
    );
  });

  it("has every type of stored rows, and each operator that selects", () => {
    const dtypes = new Set(graphs.flatMap(({ graph }) => graph.inputs.map(({ dtype }) => dtype)));
    expect(storedTypes.filter((type) => !dtypes.has(type))).toEqual([]);
    const selecting = new Set(graphs.flatMap(({ selections }) => selections.map(({ node }) => node.op)));
    expect([...selecting].sort()).toEqual(["roundRobin", "topPositions"]);
  });

  it("has embeddings whose rows come in from outside, before a search and behind it", () => {
    const taking = models.flatMap(({ model, graphs: built }) => {
      const outside = new Set(embeddingsOf(model).map(({ input }) => input));
      return built.filter(({ graph }) => graph.inputs.some(({ node }) => outside.has(node.attributes.name)));
    });
    expect(new Set(taking.map(({ name }) => name))).toEqual(new Set(["search", "rank"]));
  });

  it("has a search with as many attempts as a walk can have, whose every If tells its side", () => {
    const [search, ...others] = models[covering.indexOf(walking)].graphs;
    expect([search.name, others]).toEqual(["search", []]);
    const [{ node }] = search.selections;
    const most = Math.max(
      ...[1, 2, 3, 4, 8].flatMap((heads) => [5, 20, 100, 400].map((k) => attempts(heads, k).length)),
    );
    expect(attempts(Number(node.inputs[0].shape[0]), node.attributes.keep)).toHaveLength(most);
    // Of every attempt whether it was enough, all but the last; in every one whether scores tie; and how scores are made.
    expect(search.ifs.length).toBeGreaterThanOrEqual(2 * most);
  });
});

describe("an instrumented graph", () => {
  it("has the nodes of the built one, in their order", () => {
    for (const graph of graphs.filter(({ ifs }) => ifs.length === 0)) {
      expect(operatorsOf(graph.bytes), `${graph.model}, ${graph.name}`).toEqual(operatorsOf(graph.built));
    }
  });
});
