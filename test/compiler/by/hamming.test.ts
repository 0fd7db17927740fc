// ETA's search as plain loops over codes; what the codes tell apart; and what a step measures for them.
import { describe, expect, it } from "vitest";
import { byText, searchRule } from "../../../compiler/by/kinds.ts";
import { keptPort } from "../../../compiler/model/ports.ts";
import { parameters } from "../../../compiler/parameters/parameters.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { streams } from "../../../contract/random.ts";
import { modelOf } from "../../kit/any-model.ts";
import { requestFeeds } from "../../kit/any-request.ts";
import { coder, columnsAt, hashedItem, squared } from "../../kit/plain-codes.ts";
import { graphsOf, randomParameters, run } from "../../kit/reference.ts";
import { batchOf, keptByAll, trainFeeds } from "../../kit/train-feeds.ts";
import { interpreted, stepOnce } from "../../kit/train-step.ts";
import { checkText, found, whole } from "../check/program.ts";

const text = (by = "hamming(item, bits: 16, seed: 3)", max = 50) => `model plain
${hashedItem}
history watched { of: item max: ${max} cross { share: number } }
metric relevance { query: item keys: watched.item heads: 2 dim: 3 }
search nearest { from: watched by: ${by} keep: 3 }
attend interest { over: nearest by: relevance }
tower ranking { input: [interest] hidden: [] predict { click: binary } }`;

const agreeing = (a: readonly boolean[], b: readonly boolean[]) => a.filter((one, i) => one === b[i]).length;

describe("hamming", () => {
  it.each(["request", "batch"] as const)(
    "keeps those whose codes agree most, the newer of equals first: %s",
    (layout) => {
      const model = modelOf(text());
      const read = squared(randomParameters(model, 3), "nearest");
      const code = coder(16, 3);
      const [candidates, history, valid] = [5, 12, 11];
      const rows = Array.from({ length: candidates }, (_, i) => ({ history, valid, seed: 8 + i }));
      const feeds =
        layout === "request" ? requestFeeds(model, { candidates, history, valid, seed: 8 }) : batchOf(model, rows);
      const kept = run(graphsOf(model, layout).get("search")!, feeds, read)[keptPort(model, model.searches[0])];
      const of = (stem: string, at: number) => code(columnsAt(feeds, read, stem, at));
      let ties = 0;
      for (let r = 0; r < candidates; r++) {
        const q = of("candidate", r);
        const scores = Array.from({ length: valid }, (_, at) =>
          agreeing(q, of("watched", layout === "request" ? at : r * history + at)),
        );
        const due = scores.map((_, at) => at).sort((a, b) => scores[b] - scores[a] || a - b);
        ties += due.filter((at, i) => i > 0 && scores[at] === scores[due[i - 1]]).length;
        expect(Array.from(kept.data).slice(r * 3, r * 3 + 3)).toEqual(due.slice(0, 3));
      }
      expect(ties).toBeGreaterThan(0);
    },
  );

  it("tells ids apart: another id alone turns a fair share of the bits, however small its table's values are", () => {
    const model = modelOf(`model plain
      item { id: id(vocab: 9000, dim: 8, key: true) shop: id(vocab: 20, dim: 8) topics: tags(vocab: 30, max: 3, dim: 8) }
      history watched { of: item max: 50 }
      metric relevance { query: item keys: watched.item heads: 1 dim: 3 }
      search nearest { from: watched by: hamming(item, bits: 64) keep: 3 }
      attend interest { over: nearest by: relevance }
      tower ranking { input: [interest] hidden: [] predict { click: binary } }`);
    const starts = new Map(parameters(model).map((one) => [one.name, one]));
    const start = starts.get("nearest.square")!.init;
    const given = start.kind === "given" ? start.values : [];
    expect(given[0]).toBeCloseTo(0.05 ** 2 / 3, 9);
    expect(given[1]).toBeCloseTo(1, 9);
    const next = streams.exampleItems(4).next;
    const uniform = (bound: number, width: number) => Array.from({ length: width }, () => bound * (2 * next() - 1));
    const { normal } = streams.planes(1, 24, 64);
    const planes = Array.from({ length: 24 * 64 }, normal);
    const share = (scales: readonly number[]) => {
      let turned = 0;
      for (let trial = 0; trial < 200; trial++) {
        const rest = [...uniform(Math.sqrt(3), 8), ...uniform(Math.sqrt(3), 8)];
        const [a, b] = [0, 1].map(() => [...uniform(0.05, 8), ...rest].map((x, i) => x / scales[Math.floor(i / 8)]));
        for (let bit = 0; bit < 64; bit++) {
          const side = (x: readonly number[]) => x.reduce((sum, one, i) => sum + one * planes[i * 64 + bit], 0) > 0;
          turned += Number(side(a) !== side(b));
        }
      }
      return turned / (200 * 64);
    };
    expect(share(given.map(Math.sqrt))).toBeGreaterThan(0.2);
    expect(share([1, 1, 1])).toBeLessThan(0.02);
  });

  it("measures the mean squares of the batch's items in every step, of which a tenth is taken", async () => {
    const model = modelOf(text());
    const training = trainGraphs(model, { wholeRows: 30 });
    const read = squared(randomParameters(model, 4), "nearest");
    const batch = batchOf(
      model,
      [4, 9].map((valid, i) => ({ history: 9, valid, seed: 4 + i })),
    );
    const parts = { model, spec: training.spec, batch, read, kept: keptByAll(model, batch, read), seed: 4 };
    const { step, update } = training.spec.graphs;
    const feeds = { ...trainFeeds(step, parts), ...(update && trainFeeds(update, parts)) };
    const outputs = await stepOnce(training, feeds, interpreted);
    const { data } = Object.entries(outputs).find(([name]) => name.includes("statistics"))![1];
    const items = feeds["item.price"].data;
    const square = Array.from(items).reduce((sum, x) => sum + x * x, 0) / items.length;
    expect(data[2]).toBeCloseTo(0.9 * 9 + 0.1 * square, 5);
    expect(Array.from(data)).toHaveLength(3);
  });

  it("is built in a search, and refuses more bits than scores can hold beside positions", () => {
    const model = modelOf(text());
    expect(byText(model.searches[0].by)).toBe("hamming(item, bits: 16, seed: 3)");
    expect(searchRule(model.searches[0].by)).not.toBeNull();
    const long = whole
      .replace("by: relevance keep", "by: hamming(item, bits: 4096) keep")
      .replace(/max: \S+/, "max: 100k");
    expect(found(checkText(long))).toContain("out-of-range: hamming(item, bits: 4096)");
  });
});
