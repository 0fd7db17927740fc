// The check that a graph stays on every device: it names operator, dtype and provider.
import { describe, expect, it } from "vitest";
import { emitNodes } from "../../../compiler/emit/emitter.ts";
import { claims, nodePlacement, placement } from "../../../compiler/emit/placement.ts";
import { builder } from "../../../compiler/ir/build.ts";
import type { OnnxNode } from "../../../compiler/ir/rule.ts";
import { cudaKernels } from "../../kit/cuda-kernels.ts";
import { graphOf } from "../../kit/graph-of.ts";

const node = (
  opType: string,
  inputs: string[],
  outputs: string[],
  attributes: OnnxNode["attributes"] = {},
): OnnxNode => ({
  opType,
  name: `m/${opType}`,
  inputs,
  outputs,
  attributes,
  doc: "",
});
const judge = (nodes: OnnxNode[]) =>
  nodePlacement(
    { nodes, constants: [], parameters: [] },
    new Map([
      ["x", "float32"],
      ["i", "int32"],
    ] as const),
  );

describe("placement", () => {
  it("finds nothing in what the compiler emits for a search", () => {
    const b = builder("search");
    const scores = b.input("scores", "float32", [4, "candidates", "history"]);
    const kept = b.roundRobin(scores, b.input("positions", "float32", ["history"]), 50);
    expect(emitNodes(graphOf({ kept })).nodes.some(({ opType }) => opType === "If")).toBe(true);
    expect(placement(graphOf({ kept }))).toEqual([]);
  });

  it("claims of CUDA what ONNX Runtime publishes of its kernels", () => {
    const unpublished = claims("cuda").filter(({ op, dtype }) => !cudaKernels[op]?.includes(dtype));
    expect(unpublished).toEqual([]);
    expect(claims("cuda").length).toBeGreaterThan(90);
  });

  it("names an operator that no provider is known to have", () => {
    const found = judge([node("OneHot", ["x"], ["y"])]);
    expect(found.map(({ provider }) => provider)).toEqual(["cpu", "cuda", "wasm", "webgpu"]);
    expect(found[3]).toEqual({
      node: "m/OneHot",
      op: "OneHot",
      provider: "webgpu",
      reason: "OneHot is not among the operators known to run on webgpu",
    });
  });

  it("follows int64 out of TopK and Shape: arithmetic and casts of it leave the device", () => {
    const found = judge([
      node("TopK", ["x", "k"], ["values", "indices"]),
      node("Cast", ["indices"], ["whole"], { to: 6 }),
      node("Add", ["whole", "i"], ["sum"]),
      node("Shape", ["x"], ["shape"]),
      node("Concat", ["shape"], ["joined"], { axis: 0 }),
    ]);
    expect(found.map(({ provider, reason }) => [provider, reason])).toEqual([
      ["webgpu", "Cast of int64 does not run on webgpu: it takes float32, int32, bool, float16 there"],
      ["webgpu", "Concat of int64 does not run on webgpu: it takes float32, int32 there"],
    ]);
  });

  it("looks into the branches of an If, and knows what they return", () => {
    const branch = {
      outputs: ["whole"],
      types: [{ dtype: "int32", shape: [null] }] as const,
      nodes: [node("Cast", ["x"], ["whole"], { to: 6 }), node("TopK", ["whole", "k"], ["v", "j"])],
    };
    const found = judge([
      node("Cast", ["x"], ["condition"], { to: 9 }),
      node("If", ["condition"], ["chosen"], { then_branch: branch, else_branch: branch }),
      node("Slice", ["chosen"], ["part"]),
    ]);
    expect(found.map(({ op, provider }) => `${op} ${provider}`)).toEqual([
      "TopK webgpu",
      "TopK webgpu",
      "Slice webgpu",
    ]);
  });

  it("finds a boolean output of a graph that passes an input on, on WebGPU alone", () => {
    const flag = builder("m").input("flag", "bool", ["n"]);
    expect(placement(graphOf({ copy: flag }))).toEqual([
      {
        node: "copy/Identity",
        op: "Identity",
        provider: "webgpu",
        reason: "Identity of bool does not run on webgpu: it takes float32, int32 there",
      },
    ]);
    expect(placement(graphOf({ copy: flag }), ["cpu", "wasm", "cuda"])).toEqual([]);
  });
});
