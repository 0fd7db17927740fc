// `--table-input`: a variant means what its graph means over decoded rows, in random models; and what cannot be asked for.
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { placement } from "../../compiler/emit/placement.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import { verify } from "../../compiler/ir/verify.ts";
import type { Model } from "../../compiler/model/model.ts";
import { layoutOf } from "../../compiler/model/table-layout.ts";
import { rewrite } from "../../compiler/passes/index.ts";
import { storedVariants } from "../../compiler/plan/stored-tables.ts";
import { fromHalf } from "../../contract/half.ts";
import { ManifestSchema } from "../../contract/manifest.ts";
import { encodeRows, headsOf, type RowFormat } from "../../runtime/table/precision.ts";
import { storedRows } from "../../runtime/table/stored-rows.ts";
import { anyModel } from "../kit/any-model.ts";
import { anyRequest, type Feeds } from "../kit/any-request.ts";
import { outputsApart, run, world } from "../kit/reference.ts";
import { compiled, smallSource } from "../kit/small-model.ts";

const types = ["float16", "uint8"] as const;

/** The tables of a request as stored, and as exact numbers. */
function tables(model: Model, feeds: Feeds, type: (typeof types)[number]): { stored: Feeds; decoded: Feeds } {
  const [stored, decoded]: Feeds[] = [{}, {}];
  for (const { name, width, of } of model.tables) {
    const heads = headsOf(of.map(layoutOf));
    const format: RowFormat = { precision: type, width, heads };
    const { data, shape } = feeds[name];
    const { values, affine } = storedRows(encodeRows(Float32Array.from(data), format), format);
    const numbers = affine ? Float64Array.from(values) : Float64Array.from(values, fromHalf);
    stored[name] = { shape, data: numbers };
    if (affine) {
      stored[`${name}.scale`] = { shape: [shape[0], 2 * heads.length], data: affine };
    }
    const headOf = heads.flatMap((columns, head) => new Array<number>(columns).fill(head));
    const exact = numbers.map((number, index) => {
      if (!affine) {
        return number;
      }
      const at = 2 * (Math.floor(index / width) * heads.length + headOf[index % width]);
      return affine[at] * number + affine[at + 1];
    });
    decoded[name] = { shape, data: exact };
  }
  return { stored, decoded };
}

const readsTable = (graph: Graph, model: Model) =>
  graph.inputs.some(({ node }) => model.tables.some(({ name }) => name === (node.attributes as { name: string }).name));

describe.each(types)("variants over %s rows", (type) => {
  it("mean what their graphs mean over the decoded rows, as lowered and as rewritten", () => {
    let compared = 0;
    fc.assert(
      fc.property(anyModel({ tables: true }), anyRequest(), (model, request) => {
        const { graphs, feeds, read } = world(model, request);
        const { stored, decoded } = tables(model, feeds, type);
        for (const form of [graphs, new Map([...graphs].map(([name, graph]) => [name, rewrite(graph)] as const))]) {
          const variants = storedVariants(model, form, type).graphs;
          for (const [name, graph] of form) {
            const variant = variants.get(name);
            expect(variant !== undefined, name).toBe(readsTable(graph, model));
            if (!variant) {
              continue;
            }
            verify(variant);
            expect(variant.name).toBe(`${name}.${type}`);
            if (form !== graphs) {
              expect(placement(variant)).toEqual([]);
            }
            const wanted: Record<string, Tensor> = run(graph, { ...feeds, ...decoded }, read);
            expect(outputsApart(run(variant, { ...feeds, ...stored }, read), wanted)).toBeNull();
            compared++;
          }
        }
      }),
      { numRuns: 15 },
    );
    expect(compared).toBeGreaterThan(15);
  });
});

describe("the artefacts", () => {
  const source = (precision: string) => smallSource.replace("precision: uint8", `precision: ${precision}`);

  it.each(types)("hold the %s variants beside the graphs, which stay what they are", (type) => {
    const plain = compiled(source(type));
    const { files, manifest } = compiled(source(type), { tableInput: type });
    const added = files.map(({ path }) => path).filter((path) => !plain.files.some((file) => file.path === path));
    const readers = ["search", "rank", "request", "request_fresh", "explain"];
    expect(added).toEqual(readers.map((name) => `${name}.${type}.onnx`));
    // The reference's cases gain those of the variants.
    const others = ["manifest.json", "manifest.yaml", "parity.safetensors", "parity.small.safetensors"];
    for (const { path, sha256 } of plain.files.filter(({ path }) => !others.includes(path))) {
      expect(files.find((file) => file.path === path)?.sha256, path).toBe(sha256);
    }
    expect(v.parse(ManifestSchema, manifest)).toEqual(manifest);
    const { inputs } = manifest.graphs.search!.variants![type]!;
    expect(inputs.find(({ name }) => name === "video_keys")).toMatchObject({ dtype: type, shape: ["rows", 16] });
    const scale = inputs.find(({ name }) => name === "video_keys.scale");
    if (type === "uint8") {
      expect(scale).toMatchObject({ dtype: "float32", shape: ["rows", 8] });
    } else {
      expect(scale).toBeUndefined();
    }
    expect(manifest.graphs.rank_fresh!.variants).toBeUndefined();
    expect(manifest.graphs.rank!.inputs).toEqual(plain.manifest.graphs.rank!.inputs);
    expect(manifest.plan.map(({ choice }) => choice).join("\n")).toContain(`search.${type}.onnx`);
    expect(manifest.fingerprints).toEqual(plain.manifest.fingerprints);
  });

  it("are refused where a table is stored otherwise, or where there is none", () => {
    expect(() => compiled(source("float32"), { tableInput: "float16" })).toThrow(
      /--table-input float16: .*\n {2}table video_keys has `precision: float32`\nSay `precision: float16` in the table/,
    );
    expect(() => compiled(source("uint8"), { tableInput: "float16" })).toThrow(/`precision: uint8`/);
    const bare = smallSource.slice(0, smallSource.indexOf("table video_keys"));
    expect(() => compiled(bare, { tableInput: "uint8" })).toThrow(/it has no table\nLeave the option out/);
  });
});
