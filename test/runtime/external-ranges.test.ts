// The bytes of the weights that a graph says it reads: the same as a protobuf library finds, in graphs of every kind.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pkg from "onnx-proto";
import { afterAll, expect, it } from "vitest";
import { externalRanges } from "../../contract/external-ranges.ts";
import { built, cleanUp } from "../kit/built-twin.ts";
import { rankSource } from "../kit/rank-model.ts";

afterAll(cleanUp);

const { onnx } = pkg;

it("are those of its external tensors, wherever in the graph they stand", () => {
  const dir = built(rankSource("precision: uint8"), { tableInput: "uint8" });
  const graphs = readdirSync(dir).filter((name) => name.endsWith(".onnx"));
  expect(graphs.length).toBeGreaterThan(8);
  for (const name of graphs) {
    const bytes = new Uint8Array(readFileSync(join(dir, name)));
    const due = (onnx.ModelProto.decode(bytes).graph?.initializer ?? []).flatMap(({ externalData }) => {
      const entry = (key: string) => externalData?.find((one) => one.key === key)?.value ?? "";
      const from = Number(entry("offset"));
      return entry("location") === ""
        ? []
        : [{ location: entry("location"), from, to: from + Number(entry("length")) }];
    });
    expect(externalRanges(bytes, name)).toEqual(due);
    expect(due.every(({ location }) => location === "weights.safetensors")).toBe(true);
  }
});

it("are found in branches and attributes", () => {
  const tensor = {
    externalData: [
      { key: "location", value: "w" },
      { key: "offset", value: "8" },
      { key: "length", value: "4" },
    ],
  };
  const inner = { initializer: [tensor], node: [{ attribute: [{ t: tensor }, { tensors: [tensor] }] }] };
  const model = onnx.ModelProto.encode({
    graph: { node: [{ opType: "If", attribute: [{ g: inner }, { graphs: [inner] }] }], initializer: [tensor] },
    metadataProps: [{ key: "a", value: "b" }],
  }).finish();
  expect(externalRanges(model, "m")).toEqual(Array.from({ length: 7 }, () => ({ location: "w", from: 8, to: 12 })));
});

it("are refused in what is cut short, or none", () => {
  const bytes = new Uint8Array(readFileSync(join(built(rankSource()), "rank.onnx")));
  expect(() => externalRanges(bytes.subarray(0, bytes.length - 3), "rank.onnx")).toThrow(
    /rank\.onnx is no ONNX file: it is cut short/,
  );
  expect(() => externalRanges(new TextEncoder().encode("<html>"), "rank.onnx")).toThrow(/rank\.onnx is no ONNX file/);
  const lying = {
    externalData: [
      { key: "location", value: "w" },
      { key: "offset", value: "-1" },
      { key: "length", value: "4" },
    ],
  };
  const model = onnx.ModelProto.encode({ graph: { initializer: [lying] } }).finish();
  expect(() => externalRanges(model, "m")).toThrow(/no proper place/);
});
