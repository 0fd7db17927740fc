// A warm start: rows follow their vocabulary's entries, what no longer fits starts anew, and all of it is told.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { embeddingSpecs, featureSpecs, parameters } from "../../compiler/index.ts";
import { encodeSafetensors } from "../../contract/safetensors.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import { warmStart, warmStartText } from "../../runtime/train/warm-start.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { compiled, smallSource } from "../kit/small-model.ts";

afterAll(cleanUp);

const size = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);

/** A model whose parameters hold their place among all: 1000 · parameter + index. */
function learned(source: string, entries: readonly string[]) {
  const vocabularies = new Map([["item.topics", entries]]);
  const { model } = compiled(source, { vocabularies });
  const all = parameters(model);
  const tensors = all.map(({ name, shape }, p) => ({
    name,
    shape,
    data: Float32Array.from({ length: size(shape) }, (_, i) => 1000 * (p + 1) + i),
  }));
  const path = join(temporary(), "weights.safetensors");
  writeFileSync(path, encodeSafetensors(tensors));
  return {
    all,
    tensors,
    path,
    encoding: { features: featureSpecs(model), embeddings: embeddingSpecs(model), vocabularies },
  };
}

function warm(before: ReturnType<typeof learned>, now: ReturnType<typeof learned>) {
  const weights = openTensors(before.path);
  const { read, report } = warmStart(
    now.all,
    (name) => new Float32Array(size(now.all.find((one) => one.name === name)!.shape)).fill(-1),
    weights,
    before.encoding,
    now.encoding,
  );
  return { read, report, old: (name: string) => before.tensors.find((one) => one.name === name)!.data };
}

describe("the same model", () => {
  it("keeps everything", () => {
    const entries = ["drama", "comedy"];
    const { read, report, old } = warm(learned(smallSource, entries), learned(smallSource, entries));
    expect(report).toMatchObject({ reshaped: [], fresh: [], gone: [] });
    for (const name of report.kept) {
      expect(read(name)).toEqual(old(name));
    }
  });
});

describe("other data", () => {
  it("moves rows with their entries; a new entry starts as the unknown row", () => {
    const before = learned(smallSource, ["drama", "comedy", "news"]);
    const { read, report, old } = warm(before, learned(smallSource, ["comedy", "sport", "drama"]));
    const table = "item.topics.table";
    expect(report.reshaped).toEqual([{ name: table, kept: 2, added: 1 }]);
    const [rows, earlier] = [read(table), old(table)];
    const row = (values: Float32Array, i: number) => [...values.subarray(4 * i, 4 * i + 4)];
    expect(row(rows, 0)).toEqual(row(earlier, 0));
    expect(row(rows, 1)).toEqual(row(earlier, 2));
    expect(row(rows, 2)).toEqual(row(earlier, 0));
    expect(row(rows, 3)).toEqual(row(earlier, 1));
    expect(row(rows, 4)).toEqual([-1, -1, -1, -1]);
    expect(warmStartText(report)).toContain("reshaped: item.topics.table: 2 rows kept, 1 new");
  });
});

describe("a changed model", () => {
  const changed = smallSource
    .replace("id(vocab: 40,", "id(vocab: 50,")
    .replace("at: [7s, 30s]", "at: [7s, 60s]")
    .replace("author: hashed", "writer: hashed")
    .replace("buckets: 20, dim: 4)", "buckets: 20, dim: 4, formerly: author)")
    .replace("hidden: [8]", "hidden: [12]")
    .replace("predict {\n    click: binary", "predict {\n    like: binary");

  it("keeps what means the same, and says what does not", () => {
    const { read, report, old } = warm(learned(smallSource, ["drama"]), learned(changed, ["drama"]));
    expect(report.kept).toContain("relevance.query");
    expect(read("item.writer.table")).toEqual(old("item.author.table"));
    expect(report.reshaped).toEqual([{ name: "item.video.table", kept: 41, added: 10 }]);
    expect([...read("item.video.table").subarray(0, 8)]).toEqual([...old("item.video.table").subarray(0, 8)]);
    expect([...read("item.video.table").subarray(-4)]).toEqual([-1, -1, -1, -1]);
    const fresh = new Map(report.fresh.map(({ name, because }) => [name, because]));
    expect(fresh.get("item.length.table")).toBe("its rows are encoded otherwise now");
    expect(fresh.get("ranking.hidden.0.bias")).toBe("it was [8] and is [12]");
    expect(fresh.get("ranking.like.weight")).toBe("the earlier run has none");
    expect(report.gone).toEqual(["ranking.click.weight", "ranking.click.bias"]);
    expect([...read("ranking.hidden.0.bias")]).toEqual(new Array(12).fill(-1));
  });
});
