// DARE's formulas as plain loops over raw parameters: scores of own rows, values that know their candidate, tables of own keys.
import { describe, expect, it } from "vitest";
import { kernelSection } from "../../../compiler/emit/kernel-section.ts";
import { lowerGraphs } from "../../../compiler/graphs/index.ts";
import type { Attributes } from "../../../compiler/ir/graph.ts";
import { modelOf } from "../../kit/any-model.ts";
import { type Feeds, itemFeeds, requestFeeds } from "../../kit/any-request.ts";
import { graphsOf, type ReadParameter, randomParameters, run } from "../../kit/reference.ts";
import { compiled } from "../../kit/small-model.ts";

const text = (rest = "") => `model decoupled
item {
  id: id(vocab: 6, dim: 3, key: true)
  topics: tags(vocab: 5, max: 3, dim: 2, pool: mean)
  shop: hashed(buckets: 3, hashes: 2, dim: 2)
  price: number
}
history watched { of: item max: 50 cross { ago: id(vocab: 4, dim: 2) } }
metric relevance {
  query: [item.id, item.topics, item.shop] keys: [watched.item.id, watched.item.topics, watched.item.shop]
  bias: watched.ago match: item.id dim: 12 embeddings: own(dim: 4)
}
search nearest { from: watched by: relevance keep: 4 }
attend interest { over: nearest by: relevance value: product strength: true }
tower ranking { input: [interest, item] hidden: [] predict { click: binary } }
${rest}`;

const own = ["id", "topics", "shop"];
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, index) => sum + x * b[index], 0);
const plus = (a: readonly number[], b: readonly number[]) => a.map((x, index) => x + b[index]);

class Plain {
  readonly feeds: Feeds;
  readonly read: ReadParameter;
  constructor(feeds: Feeds, read: ReadParameter) {
    this.feeds = feeds;
    this.read = read;
  }

  raw(port: string, at: number): number[] {
    const { shape, data } = this.feeds[port];
    const one = data.length / shape[0];
    return Array.from(data).slice(at * one, (at + 1) * one);
  }

  /** Rows of a table, added up; those of topics averaged. */
  looked(table: string, port: string, at: number): number[] {
    const { shape, data } = this.read(table);
    const rows = this.raw(port, at).filter((row) => row >= 0);
    const sum = rows
      .map((row) => Array.from(data).slice(row * shape[1], (row + 1) * shape[1]))
      .reduce(plus, new Array<number>(shape[1]).fill(0));
    return port.endsWith("topics") ? sum.map((x) => x / Math.max(rows.length, 1)) : sum;
  }

  /** What the scores read: rows of the metric's own tables. */
  attention(prefix: string, at: number): number[] {
    return own.flatMap((name) => this.looked(`relevance.own.${name}.table`, `${prefix}.${name}`, at));
  }

  /** What values and towers read: rows of the features' tables, and the price as it is. */
  representation(prefix: string, at: number): number[] {
    const rows = own.flatMap((name) => this.looked(`item.${name}.table`, `${prefix}.${name}`, at));
    return [...rows, ...this.raw(`${prefix}.price`, at)];
  }

  score(candidate: number, behaviour: number): number {
    const q = this.attention("candidate.item", candidate);
    const s = this.attention("watched.item", behaviour);
    const ago = dot(this.looked("watched.ago.table", "watched.ago", behaviour), [
      ...this.read("relevance.bias.ago.w").data,
    ]);
    const [id, other] = [this.raw("candidate.item.id", candidate)[0], this.raw("watched.item.id", behaviour)[0]];
    const agrees = id > 0 && id === other ? this.read("relevance.match.id").data[0] : 0;
    return dot(q, s) / Math.sqrt(12) + ago * this.read("relevance.bias.ago.beta").data[0] + agrees;
  }

  /** Σ w_i (e_i ∗ q), then log-sum-exp, maximum, and whether none counts. */
  interest(candidate: number, list: readonly number[]): number[] {
    const q = this.representation("candidate.item", candidate);
    const scores = list.map((at) => this.score(candidate, at));
    const total = scores.reduce((sum, x) => sum + Math.exp(x), 0);
    const pooled = list
      .map((at, index) =>
        this.representation("watched.item", at).map((x, column) => (Math.exp(scores[index]) / total) * x * q[column]),
      )
      .reduce(plus, new Array<number>(q.length).fill(0));
    return list.length === 0 ? [...pooled, 0, 0, 1] : [...pooled, Math.log(total), Math.max(...scores), 0];
  }

  click(candidate: number, list: readonly number[]): number {
    const x = [...this.interest(candidate, list), ...this.representation("candidate.item", candidate)];
    return dot(x, Array.from(this.read("ranking.click.weight").data)) + this.read("ranking.click.bias").data[0];
  }
}

describe.each([3, 0, 12])("with %d behaviours", (valid) => {
  const shape = { candidates: 3, history: 12, valid, seed: 23 + valid };

  it("the request graph is the formula", () => {
    const model = modelOf(text());
    const read = randomParameters(model, 7);
    const feeds = requestFeeds(model, shape);
    const results = run(graphsOf(model).get("request")!, feeds, read);
    const plain = new Plain(feeds, read);
    for (let candidate = 0; candidate < shape.candidates; candidate++) {
      const score = (at: number) => plain.score(candidate, at);
      const all = Array.from({ length: valid }, (_, index) => index);
      const wanted = all.sort((a, b) => score(b) - score(a) || a - b).slice(0, 4);
      const kept = Array.from(results.kept.data).slice(candidate * 4, (candidate + 1) * 4);
      expect(kept.slice(0, wanted.length)).toEqual(wanted);
      expect(results["click.logit"].data[candidate]).toBeCloseTo(plain.click(candidate, wanted), 6);
    }
  });
});

const model = modelOf(text("table own_keys { of: relevance.keys }"));
const readsOf = (graph: { readonly inputs: readonly { readonly node: { readonly attributes: unknown } }[] }) =>
  graph.inputs.map(({ node }) => (node.attributes as Attributes["input"]).name);

describe("own tables", () => {
  it("stand inside where the features' lie outside: such a build has its reference numbers, its projector's among them", () => {
    const { manifest } = compiled(text("table own_keys { of: relevance.keys }"), {
      outside: "all",
      vocabularies: new Map(),
    });
    expect(manifest.graphs.projector?.inputs.map(({ source }) => source)).toContainEqual({
      kind: "item",
      feature: "item.id",
      raw: true,
    });
  });

  it("are what a table of keys holds, side by side", () => {
    const read = randomParameters(model, 7);
    const feeds = requestFeeds(model, { candidates: 2, history: 5, valid: 5, seed: 3 });
    const rows = run(graphsOf(model).get("projector")!, itemFeeds(feeds, model.histories[0]), read);
    const { shape, data } = rows.keys;
    expect(shape).toEqual([5, 12]);
    const plain = new Plain(feeds, read);
    for (let at = 0; at < 5; at++) {
      for (const [column, x] of plain.attention("watched.item", at).entries()) {
        expect(data[at * 12 + column]).toBeCloseTo(x, 9);
      }
    }
  });

  it("are read by rows as they count them where the features' embeddings lie outside", () => {
    const outside = new Set(own.map((name) => `item.${name}.table`));
    const graphs = lowerGraphs(model, { layout: "request", outside });
    expect(readsOf(graphs.get("projector")!)).toEqual(own.map((name) => `item.${name}.row`));
    expect(readsOf(graphs.get("search")!).filter((name) => name.endsWith(".row"))).toEqual([
      "watched.row",
      ...own.map((name) => `candidate.item.${name}.row`),
    ]);
    const fresh = readsOf(graphs.get("rank_fresh")!);
    expect(fresh).toEqual(expect.arrayContaining(own.map((name) => `watched.item.${name}.row`)));
    expect(fresh).toContain("item.id.rows");
  });

  it("go through the kernel, with values as wide as the item", () => {
    const section = kernelSection(model);
    expect(section.runs && section.cached.attends.map(({ attend, width }) => [attend, width])).toEqual([
      ["interest", 8],
    ]);
  });
});
