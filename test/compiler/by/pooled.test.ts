// Attends without projections beside the mean: of what agrees with the candidate, and by inner products, as plain loops.
import { expect, it } from "vitest";
import { modelOf } from "../../kit/any-model.ts";
import { requestFeeds } from "../../kit/any-request.ts";
import { keptLists } from "../../kit/kept-lists.ts";
import { graphsOf, randomParameters, run } from "../../kit/reference.ts";

const text = (over: string, by: string) => `model plain
item { id: id(vocab: 6, dim: 3, key: true) shop: id(vocab: 2, dim: 2) cover: pretrained(size: 3) }
history watched { of: item max: 50 cross { share: number } }
metric relevance { query: item keys: watched.item heads: 2 dim: 3 }
search nearest { from: watched by: relevance keep: 3 }
search lists { from: watched by: relevance keep: 2 heads: per_head }
attend interest { over: ${over} by: ${by} }
attend kept { over: nearest by: relevance }
attend each { over: lists by: relevance }
tower ranking { input: [interest] hidden: [] predict { click: regression } }
tower other { input: [kept, each] hidden: [] predict { rest: binary } }`;

const overs = [
  ["watched", 7],
  ["watched", 0],
  ["watched.last(3)", 2],
  ["nearest", 7],
  ["lists", 6],
] as const;
const kinds = ["match(item.shop)", "cluster(item.cover, groups: 3)", "inner_product(item.cover)"] as const;

it.each(kinds.flatMap((by) => overs.map(([over, valid]) => [by, over, valid] as const)))(
  "%s over %s with %i behaviours",
  (by, over, valid) => {
    const model = modelOf(text(over, by));
    const read = randomParameters(model, 3);
    const feeds = requestFeeds(model, { candidates: 4, history: 9, valid, seed: 8 });
    const graphs = graphsOf(model);
    const results = run(graphs.get("request")!, feeds, read);
    const searched = run(graphs.get("search")!, feeds, read);
    const raw = (port: string, at: number, width = 1) =>
      Array.from(feeds[port].data).slice(at * width, (at + 1) * width);
    const row = (parameter: string, width: number, at: number) =>
      Array.from(read(parameter).data).slice(at * width, (at + 1) * width);
    const behaviour = (at: number) => [
      ...row("item.id.table", 3, raw("watched.item.id", at)[0]),
      ...row("item.shop.table", 2, raw("watched.item.shop", at)[0]),
      ...raw("watched.item.cover", at, 3),
      ...raw("watched.share", at),
    ];
    const all = Array.from({ length: valid }, (_, at) => at);
    const listsOf = (candidate: number): number[][] =>
      over === "nearest" || over === "lists"
        ? keptLists(model, over, searched, candidate)
        : [over === "watched" ? all : all.slice(0, 3)];
    const weighed = (candidate: number): [number, number][] => {
      const lists = listsOf(candidate);
      if (by !== "inner_product(item.cover)") {
        const of = by === "match(item.shop)" ? "shop" : "cover.cluster_3";
        const shop = raw(`candidate.item.${of}`, candidate)[0];
        const agree = lists.flat().filter((at) => shop > 0 && raw(`watched.item.${of}`, at)[0] === shop);
        return agree.map((at) => [at, 1 / agree.length]);
      }
      const q = raw("candidate.item.cover", candidate, 3);
      return lists.flatMap((list) => {
        const scores = list.map((at) =>
          Math.exp(raw("watched.item.cover", at, 3).reduce((s, x, i) => s + x * q[i], 0)),
        );
        const total = scores.reduce((sum, one) => sum + one, 0);
        return list.map((at, i): [number, number] => [at, scores[i] / total]);
      });
    };
    const [weight, bias] = ["weight", "bias"].map((name) => read(`ranking.click.${name}`).data);
    for (let candidate = 0; candidate < 4; candidate++) {
      const due = weighed(candidate).reduce(
        (sum, [at, w]) => sum.map((one, i) => one + w * behaviour(at)[i]),
        new Array<number>(9).fill(0),
      );
      const wanted = due.reduce((sum, one, i) => sum + one * weight[i], bias[0]);
      expect(results.click.data[candidate]).toBeCloseTo(wanted, 9);
    }
  },
);
