// An attend by the Hamming distance as plain loops over bits, in both layouts and every frame; what a step measures for it.
import { describe, expect, it } from "vitest";
import { byText } from "../../../compiler/by/kinds.ts";
import { parameters } from "../../../compiler/parameters/parameters.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { modelOf } from "../../kit/any-model.ts";
import { batchFeeds, type Feeds, isOfBehaviours, requestFeeds, takeRows } from "../../kit/any-request.ts";
import { keptLists } from "../../kit/kept-lists.ts";
import { coder, columnsAt, hashedItem, pooledColumns, squared } from "../../kit/plain-codes.ts";
import { graphsOf, outputsApart, type ReadParameter, randomParameters, run } from "../../kit/reference.ts";
import { batchOf, keptByAll, trainFeeds } from "../../kit/train-feeds.ts";
import { interpreted, stepOnce } from "../../kit/train-step.ts";

const text = (over: string, by: string) => `model plain
${hashedItem}
history watched { of: item max: 50 cross { liked: flag(dim: 2) share: number } }
metric relevance { query: item keys: watched.item heads: 2 dim: 3 }
search nearest { from: watched by: relevance keep: 3 }
search lists { from: watched by: relevance keep: 4 heads: per_head }
attend interest { over: ${over} by: ${by} }
attend kept { over: nearest by: relevance }
attend each { over: lists by: relevance }
tower ranking { input: [interest] hidden: [] predict { click: regression } }
tower other { input: [kept, each] hidden: [] predict { rest: binary } }`;

/** What a candidate gets of a list, and the weight of each behaviour in it. */
function literal(feeds: Feeds, read: ReadParameter, code: ReturnType<typeof coder>) {
  return (candidate: number, list: readonly number[]) => {
    const q = code(columnsAt(feeds, read, "candidate", candidate));
    const scores = list.map((at) => {
      const distance = code(columnsAt(feeds, read, "watched", at)).filter((bit, i) => bit !== q[i]).length;
      // Constants of a graph are float32.
      return (q.length - 2 * distance) / Math.fround(Math.sqrt(q.length));
    });
    const all = scores.reduce((sum, score) => sum + Math.exp(score), 0);
    const weights = scores.map((score) => Math.exp(score) / all);
    const out = new Array<number>(9).fill(0);
    list.forEach((at, i) => {
      pooledColumns(feeds, read, at).forEach((one, j) => {
        out[j] += weights[i] * one;
      });
    });
    return { out, weights };
  };
}

const settings = [
  ["hamming(item, bits: 16)", coder(16, 1)],
  ["hamming(item, bits: 5, scale: none, seed: 7)", coder(5, 7, "none")],
] as const;
const overs = [
  ["watched", 9],
  ["watched", 0],
  ["watched.last(3)", 7],
  ["watched.last(3)", 2],
  ["nearest", 7],
  ["nearest", 1],
  ["lists", 8],
] as const;
const [candidates, history] = [4, 9];

describe.each(settings)("an attend by %s", (by, code) => {
  it.each(overs)("over %s with %i behaviours is as the loops, in a request and in a batch", (over, valid) => {
    const model = modelOf(text(over, by));
    const read = squared(randomParameters(model, 3), "interest");
    const feeds = requestFeeds(model, { candidates, history, valid, seed: 8 });
    const searched = run(graphsOf(model).get("search")!, feeds, read);
    const requested = run(graphsOf(model).get("request")!, feeds, read);
    const explained = run(graphsOf(model).get("explain")!, { ...feeds, ...searched }, read)["interest.weights"];
    const batched = run(graphsOf(model, "batch").get("request")!, batchFeeds(feeds, model, candidates), read);
    const due = literal(feeds, read, code);
    const [weight, bias] = ["weight", "bias"].map((name) => read(`ranking.click.${name}`).data);
    const all = Array.from({ length: valid }, (_, at) => at);
    const met = new Set<number>();
    for (let candidate = 0; candidate < candidates; candidate++) {
      const lists: readonly (readonly number[])[] =
        over === "nearest" || over === "lists"
          ? keptLists(model, over, searched, candidate).map((list) => list.filter((at) => at < valid))
          : [over === "watched" ? all : all.slice(0, 3)];
      const found = lists.map((list) => due(candidate, list));
      const wanted = found.reduce((sum, { out }) => sum + out.reduce((s, one, i) => s + one * weight[i], 0), bias[0]);
      expect(requested.click.data[candidate]).toBeCloseTo(wanted, 7);
      expect(batched.click.data[candidate]).toBeCloseTo(wanted, 7);
      const [, , length] = explained.shape;
      found.forEach(({ weights }, head) => {
        const start = (head * candidates + candidate) * length;
        const shown = Array.from(explained.data).slice(start, start + length);
        weights.forEach((one, i) => {
          met.add(one);
          expect(shown[i]).toBeCloseTo(one, 9);
        });
        expect(shown.slice(weights.length).every((one) => one === 0)).toBe(true);
      });
    }
    if (valid > 6) {
      expect(met.size).toBeGreaterThan(2);
    }
  });
});

describe("the attend", () => {
  it("asks for no order: behaviours in another one give the same", () => {
    const model = modelOf(text("watched", "hamming(item, bits: 16)"));
    const read = squared(randomParameters(model, 3), "interest");
    const feeds = requestFeeds(model, { candidates, history, valid: history, seed: 5 });
    const order = Array.from({ length: history }, (_, at) => (at * 4 + 2) % history);
    const turned = Object.fromEntries(
      Object.entries(feeds).map(([name, x]) => [name, isOfBehaviours(model, name) ? takeRows(x, order) : x]),
    );
    const of = (given: Feeds) => ({ click: run(graphsOf(model).get("request")!, given, read).click });
    expect(outputsApart(of(turned), of(feeds))).toBeNull();
  });

  it("is built, and written without what is the default", () => {
    const by = (one: string) => {
      const model = modelOf(text("watched", one));
      return byText(model.attends[0].by);
    };
    expect(by("hamming(item, bits: 12, scale: rms, seed: 1)")).toBe("hamming(item, bits: 12)");
    expect(by("hamming(item, bits: 12, scale: none, seed: 4)")).toBe("hamming(item, bits: 12, scale: none, seed: 4)");
  });

  it("measures the mean squares of the batch's items, and with `scale: none` has none", async () => {
    const model = modelOf(text("watched", "hamming(item, bits: 16)"));
    const training = trainGraphs(model, { wholeRows: 30 });
    const read = squared(randomParameters(model, 4), "interest");
    const batch = batchOf(
      model,
      [9, 0].map((valid, i) => ({ history: 9, valid, seed: 4 + i })),
    );
    const parts = { model, spec: training.spec, batch, read, kept: keptByAll(model, batch, read), seed: 4 };
    const { step, update } = training.spec.graphs;
    const feeds = { ...trainFeeds(step, parts), ...(update && trainFeeds(update, parts)) };
    const outputs = await stepOnce(training, feeds, interpreted);
    for (const [name, { data }] of Object.entries(outputs)) {
      expect(Array.from(data).every(Number.isFinite), name).toBe(true);
    }
    const { data } = Object.entries(outputs).find(([name]) => name.includes("statistics"))![1];
    const items = Array.from(feeds["item.price"].data);
    const square = items.reduce((sum, x) => sum + x * x, 0) / items.length;
    expect(data[2]).toBeCloseTo(0.9 * 9 + 0.1 * square, 5);
    const plain = modelOf(text("watched", "hamming(item, bits: 16, scale: none)"));
    expect(parameters(plain).map(({ name }) => name)).not.toContain("interest.square");
  });
});
