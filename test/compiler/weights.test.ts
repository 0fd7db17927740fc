// weights.safetensors: canonical order, streamed, and every way in which given weights do not fit.
import { describe, expect, it } from "vitest";
import { weightsOf } from "../../compiler/emit/weights.ts";
import { InputError, initialValues, parameters, type WeightSource } from "../../compiler/index.ts";
import { littleEndian } from "../../compiler/values/values.ts";
import { portableDigest } from "../../contract/digest.ts";
import { parseSafetensors } from "../../contract/safetensors.ts";
import { bytesOf, compiled, smallSource } from "../kit/small-model.ts";

type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>;

/** Start values of the small model, as weights that a trainer might have written, in pieces of `piece` values. */
function source(change: (tensors: Tensors) => void = () => {}, piece = 7): WeightSource {
  const all = parameters(compiled().model);
  const values = initialValues(all, 3);
  const tensors: Tensors = new Map(all.map(({ name, shape }) => [name, { shape, data: values.read(name) }]));
  change(tensors);
  return {
    tensors,
    step: 1200,
    path: "run/weights.safetensors",
    read: (name) => tensors.get(name)!.data,
    *chunks(name) {
      const { data } = tensors.get(name)!;
      for (let at = 0; at < data.length; at += piece) {
        yield littleEndian(data.slice(at, at + piece));
      }
    },
  };
}

const built = (change?: (tensors: Tensors) => void, text?: string) => compiled(text, { weights: source(change) });

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
}

describe("the weights file", () => {
  it("holds every parameter in canonical order and says where they come from", () => {
    const { files, model } = built();
    const bytes = bytesOf(files.find(({ path }) => path === "weights.safetensors")!);
    const { entries, metadata } = parseSafetensors(bytes, bytes.length, "weights.safetensors");
    expect([...entries.keys()]).toEqual(parameters(model).map(({ name }) => name));
    expect(metadata).toEqual({ model: "small", untrained: "false", step: "1200" });
    const { start, end } = entries.get("relevance.query")!;
    expect(Buffer.from(bytes.slice(start, end))).toEqual(Buffer.from(littleEndian(source().read("relevance.query"))));
  });

  it("is the same whatever the pieces in which the weights are read", () => {
    const sums = [1, 7, 1000].map((piece) => compiled(undefined, { weights: source(undefined, piece) }).manifest.files);
    expect(sums[1]).toEqual(sums[0]);
    expect(sums[2]).toEqual(sums[0]);
  });

  it("says that start values are untrained", () => {
    expect(compiled().manifest).toMatchObject({ untrained: true, step: null });
    expect(built().manifest).toMatchObject({ untrained: false, step: 1200 });
  });

  it("picks rows while it passes by, also where a piece cuts them", () => {
    const { model } = compiled();
    const values = source(undefined, 5);
    const file = weightsOf({
      model: "small",
      parameters: parameters(model),
      values: { ...values, untrained: false },
      digest: portableDigest,
      keep: new Map([["item.video.table", [0, 3, 40]]]),
    });
    const table = values.read("item.video.table");
    for (const row of [0, 3, 40]) {
      expect(file.rows.get("item.video.table")!.get(row)).toEqual(table.slice(4 * row, 4 * row + 4));
    }
  });
});

describe("weights that do not fit", () => {
  it("names what is missing, extra and misshapen, all at once, with shapes", () => {
    const text = message(() =>
      built((tensors) => {
        tensors.delete("interest.out");
        tensors.set("stranger", { shape: [1], data: new Float32Array(1) });
        tensors.set("relevance.query", { shape: [2, 4], data: new Float32Array(8) });
      }),
    );
    expect(text).toContain("run/weights.safetensors does not hold the weights of this model:");
    expect(text).toContain("interest.out is missing: the model has it as [8, 8]");
    expect(text).toContain("stranger is no parameter of the model");
    expect(text).toContain("relevance.query is [2, 4], but the model has it as [2, 17, 4]");
    expect(text).toContain("twin diff");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("names the place of %d", (value) => {
    const text = message(() =>
      built((tensors) => {
        tensors.get("relevance.keys")!.data[4 * 17 + 4 * 2 + 3] = value;
      }),
    );
    expect(text).toContain(`relevance.keys[1, 2, 3] is ${value}`);
  });

  it("refuses values that end early", () => {
    const short = source();
    const chunks = (name: string) => (name === "interest.out" ? [new Uint8Array(8)] : short.chunks(name));
    expect(message(() => compiled(undefined, { weights: { ...short, chunks } }))).toContain(
      "interest.out end after 2 of 64 values",
    );
  });

  it("takes tensors under the name that a feature had before", () => {
    const renamed = smallSource.replace(
      "author: hashed(buckets: 20, dim: 4)",
      "maker: hashed(buckets: 20, dim: 4, formerly: author)",
    );
    const { files } = built(undefined, renamed);
    const bytes = bytesOf(files.find(({ path }) => path === "weights.safetensors")!);
    const { start, end } = parseSafetensors(bytes, bytes.length, "").entries.get("item.maker.table")!;
    expect(Buffer.from(bytes.slice(start, end))).toEqual(Buffer.from(littleEndian(source().read("item.author.table"))));
    const lost = message(() => built((tensors) => tensors.delete("item.author.table"), renamed));
    expect(lost).toContain("item.maker.table is missing (nor as item.author.table, its former name)");
  });
});

describe("vocabularies that do not fit", () => {
  it.each([
    [new Map([["item.nobody", ["a"]]]), "item.nobody"],
    [new Map([["item.topics", ["a", "b", "a"]]]), 'holds "a" twice, the second time at entry 3'],
    [
      new Map([["item.topics", Array.from({ length: 31 }, (_, i) => String(i))]]),
      "has 31 entries, but the model allows 30",
    ],
  ])("are refused: %o", (vocabularies, reason) => {
    expect(message(() => compiled(undefined, { vocabularies }))).toContain(reason);
  });
});
