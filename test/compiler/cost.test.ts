// `show cost`: counts that can be worked out by hand, and what they are held against.
import { describe, expect, it } from "vitest";
import { costReport, costText, parameters } from "../../compiler/index.ts";
import { compiled, smallSource } from "../kit/small-model.ts";

/** One inherent feature of 4 numbers, one cross feature of 2, so that every term can be written down. */
const tiny = `model tiny

item {
  video: id(vocab: 9, dim: 4, key: true)
}

history watched {
  of: item
  max: 100
  cross {
    liked: flag(dim: 2)
  }
}

metric relevance {
  query: item
  keys: watched.item
  bias: watched.cross
  heads: 2
  dim: 3
}

search nearest {
  from: watched
  by: relevance
  keep: 5
}

attend interest {
  over: nearest
  by: relevance
  values: 3
  out: 4
}

tower ranking {
  input: [interest]
  hidden: [7]
  predict {
    click: binary
  }
}

table video_keys {
  of: relevance.keys
  precision: float16
}
`;

describe("counted costs", () => {
  const { model } = compiled(tiny, { vocabularies: new Map() });
  const report = costReport(model, { candidates: 10, history: 50 });
  const [N, L, H, C, A, d, v, out] = [10, 50, 4, 2, 2, 3, 3, 4];

  it("of unsplit attention are the formula's, per candidate row and shared", () => {
    const project = L * (H + C) * A * (d + v);
    const each = H * A * d + L * A * (d + v) + A * v * out;
    expect(report.attention!.unsplitShared).toBe(project + N * each);
    expect(report.attention!.unsplitPerCandidate).toBe(N * (project + each));
  });

  it("of the projector are its matrix, of the tower its layers", () => {
    const projector = report.graphs.find(({ name }) => name === "projector")!;
    expect(projector.before).toBe(H * A * d);
    const tower = report.graphs.find(({ name }) => name === "rank")!.scopes.find(({ scope }) => scope === "ranking")!;
    expect(tower.before).toBeGreaterThanOrEqual(N * (out * 7 + 7));
    expect(tower.before).toBeLessThan(1.5 * N * (out * 7 + 7));
  });

  it("of the search are at least one dot product a behaviour, and fall with the rewrites", () => {
    const search = report.graphs.find(({ name }) => name === "search")!;
    expect(search.after).toBeGreaterThanOrEqual(N * L * A * d);
    expect(search.after).toBeLessThan(search.before);
  });

  it("grow with candidates and history", () => {
    const after = (candidates: number, history: number) => costReport(model, { candidates, history }).attention!.after;
    expect(after(20, 50)).toBeGreaterThan(after(10, 50));
    expect(after(10, 100)).toBeGreaterThan(after(10, 50));
  });

  it("give parameters and bytes of all that there is", () => {
    const count = parameters(model).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(report.parameters).toEqual({ count, bytes: 4 * count, embeddings: 10 * 4 + 3 * 2 });
    expect(report.tables).toEqual([{ name: "video_keys", width: 6, precision: "float16", row: 12, most: 9 * 12 }]);
  });

  it("default to 100 candidates and the longest history", () => {
    expect(costReport(model)).toMatchObject({ candidates: 100, histories: { watched: 100 } });
  });

  it("are in the manifest", () => {
    const { model: small, manifest } = compiled();
    const { graphs } = costReport(small);
    expect(manifest.costs.multiply_adds).toEqual(Object.fromEntries(graphs.map(({ name, after }) => [name, after])));
    expect(manifest.costs).toMatchObject({ candidates: 100, history: 50 });
  });
});

describe("the text", () => {
  it("is stable, aligned and without a quoted percentage", () => {
    const text = costText(
      costReport(compiled(tiny, { vocabularies: new Map() }).model, { candidates: 10, history: 50 }),
    );
    expect(text).toContain("table video_keys  12 bytes a row (6 × float16), at most 108 bytes");
    expect(text).toContain("multiply-adds of one request: 10 candidates, behaviours: 50 of watched");
    expect(text).toMatch(/unsplit, the user side computed once {2,}[\d,]+ {2,}\d+\.\d\d ×/);
    expect(text).not.toContain("99.3");
    expect(text).not.toMatch(/ $/m);
  });

  it("speaks of no attention where there is none", () => {
    const source = smallSource
      .replace(/attend interest[\s\S]*?\n}\n/, "")
      .replace(/attend recent[\s\S]*?\n}\n/, "")
      .replace("[interest, recent, item, user, candidate]", "[item, user, candidate]")
      .replace(/search nearest[\s\S]*?\n}\n/, "")
      .replace("[relevance.keys, interest.values]", "relevance.keys");
    const report = costReport(compiled(source).model);
    expect(report.attention).toBeNull();
    expect(costText(report)).not.toContain("unsplit");
  });
});

describe("statistics", () => {
  const counting = tiny
    .replace(
      "liked: flag(dim: 2)\n  }",
      "liked: flag(dim: 2)\n  }\n  stats { seen: met(on: item.video) all: met last: last(of: liked, dim: 3) }",
    )
    .replace("[interest]", "[interest, watched.stats]");
  const report = (source: string) =>
    costReport(compiled(source, { vocabularies: new Map() }).model, { candidates: 10, history: 50 });

  it("cost a pass a user and a look-up a candidate for each feature, and widen the tower by their columns", () => {
    const [without, with3] = [report(tiny), report(counting)];
    expect(without.stats).toEqual([]);
    expect(with3.stats).toEqual([{ history: "watched", count: 3, behaviours: 50, by: ["item.video"] }]);
    expect(costText(with3)).toContain(
      "statistics of watched  3: a pass over 50 behaviours a user, a look-up by item.video a candidate\n",
    );
    expect(costText(report(counting.replace("met(on: item.video)", "met")))).toContain(
      "statistics of watched  3: a pass over 50 behaviours a user, nothing more a candidate\n",
    );
    expect(with3.parameters.embeddings - without.parameters.embeddings).toBe(3 * 3);
    const tower = ({ graphs }: typeof without) =>
      graphs.find(({ name }) => name === "rank")!.scopes.find(({ scope }) => scope === "ranking")!.before;
    expect(tower(with3) - tower(without)).toBe(10 * 5 * 7);
  });

  it("cost the search and the attention nothing", () => {
    expect(report(counting).attention).toEqual(report(tiny).attention);
  });
});
