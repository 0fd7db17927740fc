// `twin diff`: what is kept, what must be done again, and why.
import { describe, expect, it } from "vitest";
import { type Built, diff, diffText, initialValues, parameters } from "../../compiler/index.ts";
import { compiled, smallSource, vocabularies } from "../kit/small-model.ts";

const { manifest, model } = compiled();

const values = initialValues(parameters(model), model.train.seed);
const built: Built = {
  manifest,
  weights: {
    tensors: new Map(parameters(model).map((parameter) => [parameter.name, parameter])),
    ...values,
    path: "build/small/weights.safetensors",
  },
  vocabularies,
};

function against(...changes: [string, string][]) {
  const source = changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) {
      throw new Error(`the model does not say ${from}`);
    }
    return text.replace(from, to);
  }, smallSource);
  return diff(built, compiled(source, { vocabularies: new Map() }).model);
}

describe("diff", () => {
  it("finds nothing to do for the same source", () => {
    const report = against();
    expect(report.parameters.kept).toEqual(parameters(model).map(({ name }) => name));
    expect(report.tables).toEqual([{ name: "video_keys", state: "valid", because: [] }]);
    expect(report.redo).toBe(false);
    expect(diffText(report)).toContain("Nothing has to be trained or built again.");
  });

  it("keeps the table when only the tower changes", () => {
    const report = against(["hidden: [8]", "hidden: [9]"]);
    expect(report.parameters.reshaped.map(({ name }) => name)).toEqual([
      "ranking.hidden.0.weight",
      "ranking.hidden.0.bias",
      "ranking.click.weight",
    ]);
    expect(report.tables[0].state).toBe("valid");
    expect(report.redo).toBe(true);
    expect(diffText(report)).toContain("To do: train.");
  });

  it("sees a moved edge, names the feature and rebuilds the table", () => {
    const report = against(["at: [7s, 30s]", "at: [7s, 31s]"]);
    expect(report.encoders.map(({ name }) => name)).toEqual(["item.length"]);
    expect(report.tables).toEqual([
      { name: "video_keys", state: "rebuild", because: ["item.length is encoded otherwise"] },
    ]);
    expect(diffText(report)).toContain("To do: train, then build the tables.");
  });

  it("keeps the table when a user's edge moves, but trains", () => {
    const report = against(["at: [18, 35]", "at: [18, 36]"]);
    expect(report.tables[0].state).toBe("valid");
    expect(report.redo).toBe(true);
  });

  it("carries a rename that is said", () => {
    const report = against(["author: hashed(", "maker: hashed(formerly: author, "]);
    expect(report.parameters.renamed).toEqual([{ from: "item.author.table", to: "item.maker.table" }]);
    expect(report.request).toEqual({ added: [], gone: [], renamed: [{ from: "item.author", to: "item.maker" }] });
    expect(report.tables[0].state).toBe("valid");
    expect(report.redo).toBe(false);
  });

  it("names a score that comes, goes or weighs otherwise, for which nothing has to be done again", () => {
    const scored = (weight: number): [string, string] => ["  predict {", `  score { click: ${weight} }\n\n  predict {`];
    const source = (weight: number) => smallSource.replace(...scored(weight));
    const before = { ...built, manifest: compiled(source(2)).manifest };
    const report = against(scored(2));
    expect(report).toMatchObject({ score: { from: null, to: "click 2" }, redo: false });
    expect(diffText(report)).toContain("answer\n  new       score (click 2)\n");
    expect(diffText(diff(before, model))).toContain("  gone      score (click 2)\n");
    const other = compiled(source(3), { vocabularies: new Map() }).model;
    expect(diffText(diff(before, other))).toContain("  changed   score (click 2) is (click 3) now\n");
    expect(diff(before, compiled(source(2), { vocabularies: new Map() }).model).score).toBeNull();
  });

  it("says that requests no longer bring what only biases a label", () => {
    const report = against(
      ["item, user, candidate]", "item, user]"],
      ["click: binary", "click: binary(bias: candidate.price)"],
    );
    expect(report.request).toEqual({ added: [], gone: ["candidate.price"], renamed: [] });
    expect(report.parameters.added.map(({ name }) => name)).toEqual(["ranking.click.shown.weight"]);
  });

  it("tells new and gone fields, labels and parameters", () => {
    const report = against(
      ["price: number(scale: log)", "discount: number(scale: log)"],
      ["click: binary", "like: binary"],
      ["liked: flag(dim: 2)", "liked: flag(dim: 2)\n    progress: bucketed(at: [10%], dim: 2)"],
    );
    expect(report.request).toEqual({
      added: ["candidate.discount", "watched.progress"],
      gone: ["candidate.price"],
      renamed: [],
    });
    expect(report.labels).toEqual({ added: ["like"], gone: ["click"] });
    expect(report.parameters.gone).toEqual(["ranking.click.weight", "ranking.click.bias"]);
    expect(report.parameters.added.map(({ name }) => name)).toContain("watched.progress.table");
    expect(report.tables[0]).toEqual({
      name: "video_keys",
      state: "rebuild",
      because: ["the metric relevance is another one"],
    });
  });

  it.each([
    [["precision: uint8", "precision: float16"], "its precision is float16, not uint8"],
    [["of: [relevance.keys, interest.values]", "of: relevance.keys"], "it holds relevance.keys now"],
    [["heads: 2", "heads: 1"], "the metric relevance is another one"],
    [["max: 3, dim: 4", "max: 3, dim: 4, pool: mean"], "its projector computes something else"],
    [
      ["cover: pretrained(size: 5, dim: 3)", "cover: pretrained(size: 6, dim: 3)"],
      "item.cover.projection has to be trained first",
    ],
  ] as [[string, string], string][])("rebuilds the table after %s", (change, reason) => {
    const [table] = against(change).tables;
    expect(table.state).toBe("rebuild");
    expect(table.because).toContain(reason);
  });

  it("tells tables that are new or gone", () => {
    expect(against(["table video_keys", "table other_keys"]).tables.map(({ name, state }) => [name, state])).toEqual([
      ["other_keys", "new"],
      ["video_keys", "gone"],
    ]);
  });
});

describe("diff of statistics", () => {
  const change = (source: string, ...changes: readonly (readonly [string, string])[]) =>
    changes.reduce((text, [from, to]) => {
      expect(text).toContain(from);
      return text.replace(from, to);
    }, source);
  const source = change(
    smallSource,
    ["item, user, candidate]", "item, user, candidate, watched.stats]"],
    [
      "    liked: flag(dim: 2)\n  }",
      `    liked: flag(dim: 2)
  }
  stats {
    seen: met(on: item.author)
    rate: rate(on: item.topics, of: liked, base: 0.2)
    away: since(on: item.author, at: [1h, 1d], dim: 2)
  }`,
    ],
  );
  const old = compiled(source);
  const all = parameters(old.model);
  const weights = {
    tensors: new Map(all.map((parameter) => [parameter.name, parameter])),
    ...initialValues(all, old.model.train.seed),
    path: "build/small/weights.safetensors",
  };
  const after = (...changes: readonly (readonly [string, string])[]) =>
    diff({ manifest: old.manifest, weights, vocabularies }, compiled(change(source, ...changes)).model);

  it("finds nothing to do for the same, nor where names are others", () => {
    expect(after().redo).toBe(false);
    const renamed = after(
      ["author: hashed(", "maker: hashed(formerly: author, "],
      ["met(on: item.author)", "met(on: item.maker)"],
      ["since(on: item.author", "since(on: item.maker"],
      ["liked: flag(", "loved: flag(formerly: liked, "],
      ["of: liked", "of: loved"],
      ["away: since(", "gap: since(formerly: away, "],
    );
    expect(renamed.redo).toBe(false);
    expect(renamed.encoders).toEqual([]);
    expect(renamed.parameters.renamed).toContainEqual({
      from: "watched.stats.away.table",
      to: "watched.stats.gap.table",
    });
    // No request brings a statistic.
    expect(renamed.request.renamed.map(({ to }) => to)).toEqual(["item.maker", "watched.loved"]);
  });

  it("trains where one is counted otherwise, and keeps the tables of items", () => {
    for (const [from, to, name] of [
      ["met(on: item.author)", "met(on: item.length)", "seen"],
      ["base: 0.2", "base: 0.3", "rate"],
      ["base: 0.2", "base: 0.2, k: 9", "rate"],
      ["at: [1h, 1d], dim: 2)\n  }", "at: [1h, 2d], dim: 2)\n  }", "away"],
    ] as const) {
      const report = after([from, to]);
      expect(report.encoders.map((one) => one.name)).toEqual([`watched.stats.${name}`]);
      expect(report.tables.map(({ state }) => state)).toEqual(["valid"]);
      expect(report.redo).toBe(true);
    }
    const more = after(["seen: met(on: item.author)", "seen: met(on: item.author) all: met"]);
    expect(more.parameters.reshaped.map(({ name }) => name)).toEqual(["ranking.hidden.0.weight"]);
    expect(more.request).toEqual({ added: [], gone: [], renamed: [] });
  });
});
