// Self-attention over the behaviours of several lists (after TransAct V2) as plain loops, in both layouts; what order means to it.
import { describe, expect, it } from "vitest";
import { byText } from "../../../compiler/by/kinds.ts";
import { gradients } from "../../../compiler/gradient/reverse.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { topological } from "../../../compiler/ir/graph.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { parameters } from "../../../compiler/parameters/parameters.ts";
import { rewrite } from "../../../compiler/passes/index.ts";
import { modelOf } from "../../kit/any-model.ts";
import { batchFeeds, type Feeds, isOfBehaviours, requestFeeds, takeRows } from "../../kit/any-request.ts";
import { disagreement, named, results } from "../../kit/gradient.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { keptLists } from "../../kit/kept-lists.ts";
import { graphsOf, outputsApart, type ReadParameter, randomParameters, run } from "../../kit/reference.ts";

const text = (over: string, by: string) => `model plain
item { id: id(vocab: 6, dim: 3, key: true) price: number }
history watched { of: item max: 50 cross { liked: flag(dim: 2) share: number } }
history bought { of: item max: 50 cross { paid: number } }
metric relevance { query: item keys: watched.item heads: 2 dim: 3 }
search nearest { from: watched by: relevance keep: 3 }
attend interest { over: ${over} by: ${by} }
attend kept { over: nearest by: relevance }
tower ranking { input: [interest] hidden: [] predict { click: regression } }
tower other { input: [kept] hidden: [] predict { rest: binary } }`;

interface Setting {
  readonly layers: number;
  readonly heads: number;
  readonly dim: number;
  readonly hidden?: number;
}

const written = (setting: Setting) =>
  `encoder(${Object.entries(setting)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ")})`;

type Row = readonly number[];
interface List {
  readonly history: "watched" | "bought";
  readonly places: Row;
}

const plus = (x: Row, y: Row) => x.map((one, i) => one + y[i]);

/** What the attend gives a candidate of its lists. */
function literal(feeds: Feeds, read: ReadParameter, setting: Setting) {
  const { layers, heads, dim, hidden = 2 * heads * dim } = setting;
  const width = heads * dim;
  const row = (parameter: string, columns: number, at: number) =>
    Array.from(read(parameter).data.slice(at * columns, (at + 1) * columns));
  const item = (stem: string, at: number) => [
    ...row("item.id.table", 3, feeds[`${stem}.item.id`].data[at]),
    feeds[`${stem}.item.price`].data[at],
  ];
  const times = (x: Row, name: string, out: number, start = 0) =>
    Array.from({ length: out }, (_, to) =>
      x.reduce((sum, value, from) => sum + value * read(name).data[start + from * out + to], 0),
    );
  const affine = (x: Row, stem: string, out: number) =>
    plus(times(x, `${stem}.weight`, out), [...read(`${stem}.bias`).data]);
  const normed = (x: Row, stem: string) => {
    const mean = x.reduce((sum, one) => sum + one, 0) / x.length;
    const variance = x.reduce((sum, one) => sum + (one - mean) ** 2, 0) / x.length;
    const scaled = x.map((one, i) => ((one - mean) / Math.sqrt(variance + 1e-5)) * read(`${stem}.scale`).data[i]);
    return plus(scaled, [...read(`${stem}.shift`).data]);
  };
  const behaviour = (history: string, at: number) => [
    ...item(history, at),
    ...(history === "watched"
      ? [...row("watched.liked.table", 2, feeds["watched.liked"].data[at]), feeds["watched.share"].data[at]]
      : [feeds["bought.paid"].data[at]]),
  ];
  const layer = (index: number, tokens: readonly Row[]) => {
    const stem = `interest.${index}`;
    const rows = tokens.map((x) => normed(x, `${stem}.norm`));
    const head = (name: string, a: number) => rows.map((x) => times(x, `${stem}.${name}`, dim, a * width * dim));
    const found = rows.map((): number[] => []);
    for (let a = 0; a < heads; a++) {
      const [asked, keys, values] = ["query", "keys", "values"].map((name) => head(name, a));
      asked.forEach((query, t) => {
        const scores = keys.map((key) => key.reduce((sum, one, j) => sum + one * query[j], 0) / Math.sqrt(dim));
        const total = scores.reduce((sum, one) => sum + Math.exp(one), 0);
        const shares = scores.map((one) => Math.exp(one) / total);
        found[t].push(...values[0].map((_, j) => values.reduce((sum, value, m) => sum + shares[m] * value[j], 0)));
      });
    }
    return tokens.map((x, t) => {
      const met = plus(x, times(found[t], `${stem}.out`, width));
      const up = affine(normed(met, `${stem}.network.norm`), `${stem}.network.up`, hidden);
      return plus(
        met,
        affine(
          up.map((one) => Math.max(one, 0)),
          `${stem}.network.down`,
          width,
        ),
      );
    });
  };
  return (candidate: number, lists: readonly List[]): Row => {
    const asked = times(item("candidate", candidate), "interest.candidate", width);
    let tokens: readonly Row[] = lists.flatMap(({ history, places }, list) =>
      places.map((at) =>
        plus(
          plus(times(behaviour(history, at), `interest.token.${history}`, width), asked),
          row("interest.source", width, list),
        ),
      ),
    );
    if (tokens.length === 0) {
      return new Array<number>(width).fill(0);
    }
    for (let i = 0; i < layers; i++) {
      tokens = layer(i, tokens);
    }
    const y = tokens.map((x) => normed(x, "interest.norm"));
    const largest = y[0].map((_, j) => Math.max(...y.map((one) => one[j])));
    const first = lists[0].places.length > 0 ? y[0] : new Array<number>(width).fill(0);
    return times([...largest, ...first], "interest.out", width);
  };
}

const settings: readonly Setting[] = [
  { layers: 1, heads: 1, dim: 3 },
  { layers: 2, heads: 2, dim: 2, hidden: 5 },
];
/** Lists, with how many behaviours `watched` has, and `bought`. */
const overs = [
  ["watched.last(3)", 7, 9],
  ["watched.last(3)", 2, 0],
  ["nearest", 7, 9],
  ["[nearest, watched.last(4)]", 9, 9],
  ["[nearest, watched.last(4)]", 2, 9],
  ["[nearest, watched.last(4)]", 0, 9],
  ["[watched.last(2), watched.last(4)]", 9, 1],
  ["[bought.last(5), nearest]", 6, 3],
  ["[bought.last(5), nearest]", 6, 0],
  ["[nearest, bought.last(2)]", 0, 8],
] as const;
const [candidates, history] = [4, 9];

/** A request in which `bought` has its own number of behaviours. */
function feedsOf(model: Model, watched: number, bought: number, seed: number): Feeds {
  const feeds = requestFeeds(model, { candidates, history, valid: watched, seed });
  const name = "bought.valid";
  if (feeds[name] !== undefined) {
    feeds[name] = { ...feeds[name], data: Float64Array.from({ length: history }, (_, at) => (at < bought ? 1 : 0)) };
  }
  return feeds;
}

/** The lists of a candidate, in the order of `over`. */
function listsOf(
  model: Model,
  over: string,
  searched: Feeds,
  candidate: number,
  counts: Record<string, number>,
): List[] {
  return over
    .replace(/[[\]]/g, "")
    .split(", ")
    .map((one): List => {
      if (one === "nearest") {
        const [list] = keptLists(model, one, searched, candidate);
        return { history: "watched", places: list.filter((at) => at < counts.watched) };
      }
      const [, name, count] = /^(\w+)\.last\((\d+)\)$/.exec(one)!;
      const length = Math.min(Number(count), counts[name]);
      return { history: name as List["history"], places: Array.from({ length }, (_, at) => at) };
    });
}

describe.each(settings)("layers: $layers, heads: $heads, dim: $dim, hidden: $hidden", (setting) => {
  it.each(overs)(
    "over %s with %i and %i behaviours is as the loops, in a request and in a batch",
    (over, watched, bought) => {
      const model = modelOf(text(over, written(setting)));
      const read = randomParameters(model, 3);
      const feeds = feedsOf(model, watched, bought, 8);
      const searched = run(graphsOf(model).get("search")!, feeds, read);
      const requested = run(graphsOf(model).get("request")!, feeds, read);
      const rewritten = run(rewrite(graphsOf(model).get("request")!, { verify: true }), feeds, read);
      const batched = run(graphsOf(model, "batch").get("request")!, batchFeeds(feeds, model, candidates), read);
      const due = literal(feeds, read, setting);
      const [weight, bias] = ["weight", "bias"].map((name) => read(`ranking.click.${name}`).data);
      for (let candidate = 0; candidate < candidates; candidate++) {
        const out = due(candidate, listsOf(model, over, searched, candidate, { watched, bought }));
        const wanted = out.reduce((sum, one, i) => sum + one * weight[i], bias[0]);
        for (const results of [requested, rewritten, batched]) {
          expect(results.click.data[candidate]).toBeCloseTo(wanted, 7);
        }
      }
    },
  );
});

describe("the attend", () => {
  const setting = { layers: 2, heads: 2, dim: 4, hidden: 6 };
  const clicks = (model: Model, feeds: Feeds, read: ReadParameter) => ({
    click: run(graphsOf(model).get("request")!, feeds, read).click,
  });
  const turned = (model: Model, feeds: Feeds, order: readonly number[]): Feeds =>
    Object.fromEntries(
      Object.entries(feeds).map(([name, x]) => [name, isOfBehaviours(model, name) ? takeRows(x, order) : x]),
    );

  it("tells the first behaviour of the first list from the others, which have no order", () => {
    const model = modelOf(text(`[watched.last(${history}), watched.last(4)]`, written(setting)));
    const read = randomParameters(model, 5);
    const feeds = feedsOf(model, history, history, 5);
    const plain = clicks(model, feeds, read);
    expect(outputsApart(clicks(model, turned(model, feeds, [0, 3, 1, 2, 8, 5, 4, 7, 6]), read), plain)).toBeNull();
    expect(outputsApart(clicks(model, turned(model, feeds, [3, 0, 1, 2, 8, 5, 4, 7, 6]), read), plain)).not.toBeNull();
  });

  it("tells lists apart by their sources alone: the same behaviours in another list give something else", () => {
    const model = modelOf(text("[watched.last(4), nearest]", written(setting)));
    const read = randomParameters(model, 5);
    const feeds = feedsOf(model, 3, 0, 5);
    const alike: ReadParameter = (name) => {
      const x = read(name);
      return name === "interest.source" ? { ...x, data: x.data.map((_, i) => x.data[i % 8]) } : x;
    };
    expect(outputsApart(clicks(model, feeds, alike), clicks(model, feeds, read))).not.toBeNull();
  });

  it("reads no padding, whatever stands there", () => {
    const model = modelOf(text("[nearest, watched.last(6)]", written(setting)));
    const read = randomParameters(model, 6);
    const valid = feedsOf(model, 4, 0, 5)["watched.valid"];
    const feeds: Feeds = { ...feedsOf(model, history, 0, 5), "watched.valid": valid };
    const other = turned(model, feeds, [0, 1, 2, 3, 8, 7, 6, 5, 4]);
    expect(other["watched.item.id"]).not.toEqual(feeds["watched.item.id"]);
    expect(clicks(model, other, read)).toEqual(clicks(model, feeds, read));
  });

  it("gives zeros where no list has a behaviour, whatever the parameters", () => {
    const model = modelOf(text("[nearest, watched.last(4), bought.last(2)]", written(setting)));
    const read = randomParameters(model, 6);
    const { click } = clicks(model, feedsOf(model, 0, 0, 5), read);
    expect(Array.from(click.data)).toEqual(Array(candidates).fill(read("ranking.click.bias").data[0]));
  });

  it("projects a history's newest once a user, not once a candidate", () => {
    const model = modelOf(text("watched.last(4)", written(setting)));
    const request = rewrite(graphsOf(model).get("request")!, { verify: true });
    const projected = topological(request.outputs.map(({ value }) => value)).filter(
      ({ node }) =>
        node.op === "matmul" &&
        node.inputs.some(({ node: of }) => of.op === "parameter" && of.attributes.name === "interest.token.watched"),
    );
    expect(projected.map(({ shape }) => shape)).toEqual([[4, 8]]);
  });

  it.each(["watched.last(4)", "[nearest, watched.last(4)]", "[bought.last(3), nearest]"])(
    "has the gradients of differences, over %s",
    (over) => {
      const model = modelOf(text(over, written({ ...setting, dim: 3, hidden: 4 })));
      const read = randomParameters(model, 7);
      const { click } = Object.fromEntries(
        graphsOf(model, "batch")
          .get("request")!
          .outputs.map(({ name, value }) => [name, value]),
      );
      const b = builder("loss");
      const loss = b.mean(b.mul(click, click), [0]);
      const wrt = named(topological([loss]).filter(({ node }) => node.op === "parameter"));
      const grads = gradients(loss, [...wrt.values()]);
      const graph = graphOf({ loss, ...Object.fromEntries([...wrt.keys()].map((name, i) => [`d.${name}`, grads[i]])) });
      const tensors: Feeds = {
        ...batchFeeds(feedsOf(model, 6, 2, 4), model, candidates),
        ...Object.fromEntries([...wrt.keys()].map((name) => [name, read(name)])),
      };
      const found = results(graph, tensors);
      const own = [...wrt.keys()].filter((name) => name.startsWith("interest."));
      expect(own).toHaveLength(parameters(model).filter(({ name }) => name.startsWith("interest.")).length);
      for (const name of [...own, "item.id.table", "watched.liked.table"]) {
        const { data } = found[`d.${name}`];
        const sizes = Array.from(data, Math.abs);
        expect(Math.max(...sizes), name).toBeGreaterThan(0);
        for (const index of [sizes.indexOf(Math.max(...sizes)), data.length >> 1]) {
          expect(disagreement(data[index], graph, tensors, "loss", { name, index }), name).toBeNull();
        }
      }
    },
  );

  it("is built, and written without what is the default", () => {
    const by = (one: string) => {
      const model = modelOf(text("[nearest, watched.last(4)]", one));
      return byText(model.attends[0].by);
    };
    const plain = "encoder(layers: 2, heads: 2, dim: 3)";
    expect(by("encoder(layers: 2, heads: 2, dim: 3, hidden: 12)")).toBe(plain);
    expect(by("encoder(layers: 2, dim: 3)")).toBe("encoder(layers: 2, heads: 1, dim: 3)");
    const other = "encoder(layers: 2, heads: 2, dim: 3, hidden: 5)";
    expect(by(other)).toBe(other);
    expect(modelOf(text("nearest", other)).attends[0].out).toBe(6);
  });

  it("goes over no lists of heads, and a metric over no several lists", () => {
    const lists = text("[nearest, watched.last(4)]", written(setting)).replace("keep: 3", "keep: 3 heads: per_head");
    expect(() => modelOf(lists)).toThrow(/list-does-not-fit.*`nearest`/);
    expect(() => modelOf(text("[nearest, watched.last(4)]", "relevance"))).toThrow(
      /list-does-not-fit.*`watched.last\(4\)`/,
    );
  });

  it("owns one source for each list and one matrix for each history", () => {
    const model = modelOf(text("[nearest, watched.last(4), bought.last(2)]", written(setting)));
    const own = new Map(parameters(model).map((one) => [one.name, one.shape]));
    expect(own.get("interest.source")).toEqual([3, 8]);
    expect(own.get("interest.token.watched")).toEqual([7, 8]);
    expect(own.get("interest.token.bought")).toEqual([5, 8]);
    expect(own.get("interest.candidate")).toEqual([4, 8]);
    expect(own.get("interest.out")).toEqual([16, 8]);
  });
});
