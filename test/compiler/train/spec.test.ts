// The contract of training's graphs: valid, complete, the same every time.
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { emitOnnx } from "../../../compiler/emit/onnx.ts";
import type { Attributes } from "../../../compiler/ir/graph.ts";
import { parameters } from "../../../compiler/parameters/parameters.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { TrainSpecSchema } from "../../../contract/training-spec.ts";
import { modelOf } from "../../kit/any-model.ts";
import { builtModels } from "../../kit/built-models.ts";
import { bytesOf, compiled, smallSource } from "../../kit/small-model.ts";

const bytes = (graph: Parameters<typeof emitOnnx>[0]) =>
  emitOnnx(graph, {
    external: (name) => {
      throw new Error(`${name} is held in ${graph.name}`);
    },
    metadata: {},
    producerVersion: "",
  });

describe("the contract of training", () => {
  it.each(builtModels())("of %s names every port and every parameter, once", (_, model) => {
    const { graphs, spec } = trainGraphs(model, { wholeRows: 30 });
    v.parse(TrainSpecSchema, spec);
    for (const [name, graph] of graphs) {
      const { inputs, outputs, file } = spec.graphs[name]!;
      expect(file).toBe(`train/${name}.onnx`);
      expect(inputs.map((port) => port.name)).toEqual(
        graph.inputs.map(({ node }) => (node.attributes as Attributes["input"]).name),
      );
      expect(outputs.map((output) => output.name)).toEqual(graph.outputs.map((output) => output.name));
      expect(Buffer.from(bytes(graph)).equals(bytes(trainGraphs(model, { wholeRows: 30 }).graphs.get(name)!))).toBe(
        true,
      );
      for (const { source } of inputs) {
        if ("frame" in source && source.frame !== null) {
          expect(spec.frames.map((frame) => frame.name)).toContain(source.frame);
        }
      }
    }
    const carried = spec.graphs.step.outputs.filter(({ result }) => result.kind === "carried").map(({ name }) => name);
    const taken = (spec.graphs.update?.inputs ?? []).filter(({ source }) => source.kind === "carried");
    expect(taken.map(({ name }) => name).sort()).toEqual(carried.sort());
    const held = [
      ...spec.packs.flatMap((pack) => pack.parameters.map(({ name }) => name)),
      ...spec.tables.map((table) => table.parameter),
    ];
    expect(held.sort()).toEqual(
      parameters(model)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("keeps clear of a model's own names", () => {
    const text = smallSource
      .replaceAll("watched", "dense")
      .replaceAll("liked:", "m:")
      .replaceAll("nearest", "rate")
      .replaceAll("ago:", "v:");
    const { graphs, spec } = trainGraphs(modelOf(text.replace(/}\s*$/, "}\ntrain { dense: adam() }\n")));
    const names = spec.graphs.step.inputs.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("rate.m");
    for (const graph of graphs.values()) {
      expect(bytes(graph).length).toBeGreaterThan(0);
    }
  });

  it("is built with the model: files of training hold no numbers of the weights", () => {
    const files = (seed: number) => compiled(undefined, { seed }).files.filter(({ path }) => path.startsWith("train/"));
    const [one, other] = [files(1), files(2)];
    expect(one.map(({ path }) => path)).toEqual(other.map(({ path }) => path));
    one.forEach((file, index) => {
      expect(Buffer.from(bytesOf(file)).equals(bytesOf(other[index]))).toBe(true);
    });
  });
});
