// Clusters of behaviours: ln n in both stages, written down as what it means.
import { describe, expect, it } from "vitest";
import { modelOf } from "../../kit/any-model.ts";
import { type Feeds, requestFeeds, takeRows } from "../../kit/any-request.ts";
import { graphsOf, randomParameters, run } from "../../kit/reference.ts";

const text = (bias: string, heads = "round_robin") => `model clusters
item { id: id(vocab: 6, dim: 3, key: true) cover: pretrained(size: 3, dim: 2) }
history watched { of: item max: 50 cluster: kmeans(on: item.cover, size: 9) cross { liked: flag(dim: 2) } }
metric relevance { query: item keys: watched.item bias: ${bias} heads: 2 dim: 3 }
search nearest { from: watched by: relevance keep: 3 heads: ${heads} }
attend kept { over: nearest by: relevance }
attend all { over: watched by: relevance }
tower ranking { input: [all] hidden: [] predict { click: binary } }
tower other { input: [kept] hidden: [] predict { tap: binary } }`;

const shape = { candidates: 3, history: 9, valid: 7, seed: 5 };
const both = "[watched.cross, log(watched.size)]";

/** The request with each cluster as so many copies of it, each of them one behaviour. */
function unfolded(feeds: Feeds): Feeds {
  const sizes = Array.from(feeds["watched.size"].data);
  const rows = sizes.flatMap((size, row) => Array<number>(Math.max(size, 1)).fill(row));
  const all = Object.entries(feeds).map(([name, tensor]) => [
    name,
    name.startsWith("watched.") ? takeRows(tensor, rows) : tensor,
  ]);
  const made: Feeds = Object.fromEntries(all);
  return { ...made, "watched.size": { shape: [rows.length], data: rows.map((row) => Math.min(sizes[row], 1)) } };
}

describe("a cluster of n behaviours", () => {
  it.each([both, "log(watched.size)"])("weighs in an attention like n copies of it, by %s", (bias) => {
    const model = modelOf(text(bias));
    const read = randomParameters(model, 3);
    const feeds = requestFeeds(model, shape);
    expect(Math.max(...Array.from(feeds["watched.size"].data))).toBeGreaterThan(1);
    const graph = graphsOf(model).get("request")!;
    const [folded, copies] = [feeds, unfolded(feeds)].map((one) =>
      Array.from(run(graph, one, read)["click.logit"].data),
    );
    folded.forEach((logit, candidate) => {
      expect(logit).toBeCloseTo(copies[candidate], 9);
    });
    // Without the logarithm it is not so.
    const plain = modelOf(text("watched.cross"));
    const without = run(graphsOf(plain).get("request")!, feeds, randomParameters(plain, 3))["click.logit"].data;
    expect(Math.abs(without[0] - folded[0])).toBeGreaterThan(1e-4);
  });

  it("gains ln n in the search, under every head alike", () => {
    const model = modelOf(text(both, "max"));
    const read = randomParameters(model, 3);
    const feeds = requestFeeds(model, shape);
    const ones = { ...feeds, "watched.size": { ...feeds["watched.size"], data: feeds["watched.valid"].data } };
    const graphs = graphsOf(model);
    const [sized, single] = [feeds, ones].map((one): Feeds => {
      const { kept } = run(graphs.get("request")!, one, read);
      return { kept, ...run(graphs.get("explain")!, { ...one, kept }, read) };
    });
    const length = shape.history;
    const gained = Array.from(sized["all.bias"].data, (bias, at) => bias - single["all.bias"].data[at]);
    gained.forEach((gain, at) => {
      const size = feeds["watched.size"].data[at % length];
      expect(gain).toBeCloseTo(Math.log(Math.max(size, 1)), 9);
    });
    // The greatest is kept first: that of the scores with what was gained.
    const metric = Array.from(sized["all.metric"].data);
    for (let candidate = 0; candidate < shape.candidates; candidate++) {
      const score = (head: number, at: number) => {
        const place = (head * shape.candidates + candidate) * length + at;
        return metric[place] + sized["all.bias"].data[place];
      };
      const best = Array.from({ length: shape.valid }, (_, at) => Math.max(score(0, at), score(1, at)));
      expect(sized.kept.data[candidate * 3]).toBe(best.indexOf(Math.max(...best)));
    }
  });
});
