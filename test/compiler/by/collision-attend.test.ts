// SDIM's attention as plain loops over bits, in both layouts; what must hold of it whatever is drawn; its gradient.
import { describe, expect, it } from "vitest";
import { byText } from "../../../compiler/by/kinds.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { keptPort } from "../../../compiler/model/ports.ts";
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

interface Setting {
  readonly hashes: number;
  readonly width: number;
  readonly normalize?: "l2" | "none";
  readonly scale?: "rms" | "none";
  readonly seed?: number;
}

const written = (setting: Setting) =>
  `collision(item, ${Object.entries(setting)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ")})`;

/** What a candidate gets of a list, and of each behaviour in it the share of groups in which it collides. */
function literal(feeds: Feeds, read: ReadParameter, setting: Setting) {
  const { hashes, width, normalize, scale, seed = 1 } = setting;
  const code = coder(hashes, seed, scale);
  const groups = hashes / width;
  return (candidate: number, list: readonly number[]) => {
    const q = code(columnsAt(feeds, read, "candidate", candidate));
    const out = new Array<number>(9).fill(0);
    const shares = list.map(() => 0);
    for (let group = 0; group < groups; group++) {
      const sum = new Array<number>(9).fill(0);
      list.forEach((at, i) => {
        const s = code(columnsAt(feeds, read, "watched", at));
        for (let bit = group * width; bit < (group + 1) * width; bit++) {
          if (s[bit] !== q[bit]) {
            return;
          }
        }
        shares[i] += 1 / groups;
        pooledColumns(feeds, read, at).forEach((one, j) => {
          sum[j] += one;
        });
      });
      const norm = Math.hypot(...sum);
      for (let j = 0; j < 9; j++) {
        out[j] += normalize === "none" ? sum[j] / groups : norm === 0 ? 0 : sum[j] / norm / groups;
      }
    }
    return { out, shares };
  };
}

const settings: readonly Setting[] = [
  { hashes: 12, width: 3 },
  { hashes: 16, width: 8, scale: "none", seed: 7 },
  { hashes: 6, width: 2, normalize: "none" },
];
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

/** Some of the first behaviours are candidates' own items. */
const met = (feeds: Feeds, valid: number): Feeds =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => {
      const own = name.startsWith("watched.item.") ? feeds[name.replace("watched", "candidate")].data : [];
      return [
        name,
        { shape, data: Array.from(data, (one, at) => (at < Math.min(2, valid) && at in own ? own[at] : one)) },
      ];
    }),
  );
const parametersOf = (model: Model) => squared(randomParameters(model, 3), "interest");

describe.each(settings)("hashes: $hashes, width: $width, normalize: $normalize, scale: $scale", (setting) => {
  it.each(overs)("over %s with %i behaviours is as the loops, in a request and in a batch", (over, valid) => {
    const model = modelOf(text(over, written(setting)));
    const read = parametersOf(model);
    const feeds = met(requestFeeds(model, { candidates, history, valid, seed: 8 }), valid);
    const searched = run(graphsOf(model).get("search")!, feeds, read);
    const requested = run(graphsOf(model).get("request")!, feeds, read);
    const explained = run(graphsOf(model).get("explain")!, { ...feeds, ...searched }, read)["interest.weights"];
    const batched = run(graphsOf(model, "batch").get("request")!, batchFeeds(feeds, model, candidates), read);
    const due = literal(feeds, read, setting);
    const [weight, bias] = ["weight", "bias"].map((name) => read(`ranking.click.${name}`).data);
    const all = Array.from({ length: valid }, (_, at) => at);
    const counts = { none: 0, some: 0 };
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
      found.forEach(({ shares }, head) => {
        const start = (head * candidates + candidate) * length;
        const shown = Array.from(explained.data).slice(start, start + length);
        shares.forEach((share, i) => {
          counts[share === 0 ? "none" : "some"]++;
          expect(shown[i]).toBeCloseTo(share, 9);
        });
        expect(shown.slice(shares.length).every((one) => one === 0)).toBe(true);
      });
    }
    if (valid > 6 && (over.startsWith("watched") || setting.width < 8)) {
      expect(counts.some).toBeGreaterThan(0);
      expect(counts.none).toBeGreaterThan(0);
    }
  });
});

describe("the attend", () => {
  it("asks for no order: behaviours in another one give the same", () => {
    const model = modelOf(text("watched", written(settings[0])));
    const read = parametersOf(model);
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
    const plain = "collision(item, hashes: 12, width: 3)";
    expect(by("collision(item, hashes: 12, width: 3, normalize: l2, scale: rms, seed: 1)")).toBe(plain);
    const other = "collision(item, hashes: 12, width: 3, normalize: none, scale: none, seed: 4)";
    expect(by(other)).toBe(other);
  });

  it("gives zeros and a finite gradient where sums are zero, and measures the mean squares of the batch's items", async () => {
    const model = modelOf(text("watched", written(settings[0])));
    const training = trainGraphs(model, { wholeRows: 30 });
    const read: ReadParameter = (name) => {
      const { shape, data } = parametersOf(model)(name);
      return name.endsWith(".table") ? { shape, data: data.map(() => 0) } : { shape, data };
    };
    const given = batchOf(
      model,
      [9, 0].map((valid, i) => ({ history: 9, valid, seed: 4 + i })),
    );
    const zero = (name: string) => name === "watched.item.price" || name === "watched.share";
    const batch = Object.fromEntries(
      Object.entries(given).map(([name, x]) => [name, zero(name) ? { ...x, data: Array.from(x.data, () => 0) } : x]),
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
    expect(Array.from(data)).toHaveLength(3);
    expect(data[2]).toBeCloseTo(0.9 * 9 + 0.1 * square, 5);
    const scored = run(graphsOf(model, "batch").get("request")!, batch, read);
    expect(Object.keys(scored)).toContain(keptPort(model, model.searches[0]));
    expect(Array.from(scored.click.data)).toEqual([0, 1].map(() => read("ranking.click.bias").data[0]));
  });
});
