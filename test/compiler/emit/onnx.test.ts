// Emission: equal bytes, names and documents kept, external data, refusals.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pkg from "onnx-proto";
import ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { EmitError, emitOnnx } from "../../../compiler/emit/onnx.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { difference } from "../../kit/difference.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { bytesOf, runGraph } from "../../kit/onnx.ts";

const { onnx } = pkg;
const weights = { table: Float32Array.of(1, 2, 3, 4, 5, 6), w: Float32Array.of(1, -1, 0.5, 2) };

function scoring(): Graph {
  const b = builder("rank");
  const ids = b.input("item_id", "int32", ["candidates"], "which item");
  const relevance = b.at("relevance", "How alike.");
  const rows = relevance.gather(b.parameter("table", [3, 2]), ids);
  const first = relevance.matmul(rows, b.parameter("w", [2, 2]));
  const second = relevance.matmul(first, b.parameter("w", [2, 2]));
  const shifted = relevance.add(second, relevance.scalar(2));
  const twice = relevance.mul(relevance.add(shifted, relevance.scalar(2)), b.scalar(2));
  return { ...graphOf({ score: twice, same: twice, ids, rows }, "rank"), doc: "A whole graph." };
}
const feeds = { item_id: { shape: [2], data: [2, 0] } };
const reference = (name: string) =>
  name === "w" ? { shape: [2, 2], data: weights.w } : { shape: [3, 2], data: weights.table };
const inline = (name: string) => ({ inline: weights[name as keyof typeof weights] });

describe("emitOnnx", () => {
  const metadata = { "twin.model": "a", "twin.build": "b" };
  const bytes = emitOnnx(scoring(), { external: inline, metadata, producerVersion: "1.2.3" });
  const model = onnx.ModelProto.decode(bytes);

  it("gives equal bytes for equal graphs, whatever the order of the metadata", () => {
    const turned = Object.fromEntries(Object.entries(metadata).reverse());
    expect(emitOnnx(scoring(), { external: inline, metadata: turned, producerVersion: "1.2.3" })).toEqual(bytes);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });

  it("keeps names, symbols, documents and metadata", () => {
    expect(model.metadataProps.map(({ key, value }) => `${key}=${value}`)).toEqual(["twin.build=b", "twin.model=a"]);
    expect(model).toMatchObject({ producerName: "twin", producerVersion: "1.2.3", docString: "A whole graph." });
    const [input] = model.graph!.input!;
    expect(input).toMatchObject({ name: "item_id", docString: "which item" });
    expect(input.type!.tensorType!.shape!.dim![0].dimParam).toBe("candidates");
    expect(model.graph!.output!.map(({ name }) => name)).toEqual(["score", "same", "ids", "rows"]);
    const names = model.graph!.node!.map(({ name }) => name!);
    expect(names).toContain("rank/relevance/MatMul_2");
    expect(new Set(names).size).toBe(names.length);
    expect(model.graph!.node!.find(({ name }) => name === "rank/relevance/MatMul")!.docString).toBe("How alike.");
  });

  it("writes equal constants once and every parameter once", () => {
    const names = model.graph!.initializer!.map(({ name }) => name);
    expect(names).toEqual(["table", "w", "constant_1"]);
  });

  it("gives outputs that are inputs, or that are asked for twice", async () => {
    const wanted = evaluate(scoring(), feeds, reference);
    const results = await runGraph(scoring(), feeds, weights);
    for (const name of ["score", "same", "ids", "rows"]) {
      expect(difference(results[name], wanted[name])).toBeNull();
    }
  });

  it("keeps an input's name apart from names made for results", async () => {
    const b = builder("a");
    const x = b.input("a/Exp", "float32", [1]);
    const { "a/Exp_2": y } = await runGraph(graphOf({ "a/Exp_2": b.neg(b.exp(x)) }), {
      "a/Exp": { shape: [1], data: [0] },
    });
    expect(y.data[0]).toBe(-1);
  });

  it("reads parameters from one file beside it, by offset", async () => {
    const folder = mkdtempSync(join(tmpdir(), "twin-"));
    try {
      const [start, end] = [8 + 56, 8 + 56 + weights.table.byteLength];
      const header = `{"table":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}}`.padEnd(56).slice(0, 56);
      const parts = [new BigUint64Array([56n]), new TextEncoder().encode(header), weights.table, weights.w];
      writeFileSync(
        join(folder, "weights.safetensors"),
        Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))),
      );
      const external = (name: string) => ({
        location: "weights.safetensors",
        offset: name === "table" ? start : end,
        length: name === "table" ? 24 : 16,
      });
      const beside = emitOnnx(scoring(), { external, metadata: {}, producerVersion: "0" });
      expect(beside.length).toBeLessThan(bytesOf(scoring(), weights).length + 200);
      writeFileSync(join(folder, "rank.onnx"), beside);
      const session = await ort.InferenceSession.create(join(folder, "rank.onnx"));
      const { score } = await session.run({ item_id: new ort.Tensor("int32", Int32Array.of(2, 0), [2]) });
      await session.release();
      const wanted = evaluate(scoring(), feeds, reference).score;
      expect(difference({ shape: score.dims, data: score.data as Float32Array }, wanted)).toBeNull();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("writes offsets beyond 2³¹ in full", () => {
    const external = (name: string) => ({ location: "w", offset: 5_000_000_000, length: name === "table" ? 24 : 16 });
    const { graph } = onnx.ModelProto.decode(emitOnnx(scoring(), { external, metadata: {}, producerVersion: "0" }));
    const entries = graph!.initializer![0].externalData!.map(({ key, value }) => `${key}=${value}`);
    expect(entries).toEqual(["location=w", "offset=5000000000", "length=24"]);
  });

  it("refuses a parameter whose bytes do not fill its shape", () => {
    const short = () => ({ inline: new Float32Array(3) });
    const emit = () => emitOnnx(scoring(), { external: short, metadata: {}, producerVersion: "0" });
    expect(emit).toThrow(EmitError);
    expect(emit).toThrow("parameter table has 12 bytes, but [3, 2] in float32 takes 24");
    const nowhere = () => ({ location: "w", offset: -1, length: 24 });
    expect(() => emitOnnx(scoring(), { external: nowhere, metadata: {}, producerVersion: "0" })).toThrow(
      "offset -1 of w",
    );
  });

  it("refuses more numbers than protobuf can carry, and says what to move out", () => {
    const b = builder("big");
    const rows = 2 ** 28;
    const graph = graphOf({ y: b.gather(b.parameter("table", [rows, 2]), b.input("i", "int32", ["n"])) }, "big");
    // Nothing reads the numbers, so a view that only claims its length will do.
    const claimed = Object.defineProperty(new Float32Array(0), "byteLength", { value: rows * 8 });
    const emit = () => emitOnnx(graph, { external: () => ({ inline: claimed }), metadata: {}, producerVersion: "0" });
    expect(emit).toThrow("graph big holds 2147483648 bytes of numbers, but an ONNX file ends at 2 GB: keep table");
  });
});
