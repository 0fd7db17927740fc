// Stacked target attention (STCA) as plain loops, in both layouts and every frame; what is made once, and what never.
import { describe, expect, it } from "vitest";
import { byText } from "../../../compiler/by/kinds.ts";
import { gradients } from "../../../compiler/gradient/reverse.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { type Graph, topological, type Value } from "../../../compiler/ir/graph.ts";
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
metric relevance { query: item keys: watched.item heads: 2 dim: 3 }
search nearest { from: watched by: relevance keep: 3 }
search lists { from: watched by: relevance keep: 2 heads: per_head }
attend interest { over: ${over} by: ${by} }
attend kept { over: nearest by: relevance }
attend each { over: lists by: relevance }
tower ranking { input: [interest] hidden: [] predict { click: regression } }
tower other { input: [kept, each] hidden: [] predict { rest: binary } }`;

interface Setting {
  readonly layers: number;
  readonly heads: number;
  readonly dim: number;
  readonly hidden?: number;
}

const written = (setting: Setting) =>
  `stacked(${Object.entries(setting)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ")})`;

type Row = readonly number[];

/** What the attend gives a candidate of its lists, and the weights of every layer, list and head. */
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
    times(x, `${stem}.weight`, out).map((one, i) => one + read(`${stem}.bias`).data[i]);
  const swiglu = (x: Row, stem: string) => {
    const up = affine(x, `${stem}.up`, hidden);
    const open = affine(x, `${stem}.gate`, hidden).map((z, i) => (z / (1 + Math.exp(-z))) * up[i]);
    return affine(open, `${stem}.down`, width);
  };
  const normed = (x: Row, stem: string) => {
    const mean = x.reduce((sum, one) => sum + one, 0) / x.length;
    const variance = x.reduce((sum, one) => sum + (one - mean) ** 2, 0) / x.length;
    return x.map(
      (one, i) =>
        ((one - mean) / Math.sqrt(variance + 1e-5)) * read(`${stem}.norm.scale`).data[i] +
        read(`${stem}.norm.shift`).data[i],
    );
  };
  const behaviour = (at: number) => [
    ...item("watched", at),
    ...row("watched.liked.table", 2, feeds["watched.liked"].data[at]),
    feeds["watched.share"].data[at],
  ];
  return (candidate: number, lists: readonly Row[]) => {
    const q = item("candidate", candidate);
    const found: Row[] = [];
    const weights: Row[][] = lists.map(() => []);
    for (let i = 0; i < layers; i++) {
      const stem = `interest.${i}`;
      const asks =
        i === 0
          ? normed(swiglu(q, `${stem}.asks`), `${stem}.asks`)
          : swiglu(times([...q, ...found.flat()], `${stem}.fuse`, width), `${stem}.asks`);
      const o = new Array<number>(width).fill(0);
      lists.forEach((list, s) => {
        const rows = list.map((at) => normed(swiglu(behaviour(at), `${stem}.history`), `${stem}.history`));
        for (let a = 0; a < heads; a++) {
          const head = (x: Row, name: string) => times(x, `${stem}.${name}`, dim, a * width * dim);
          const query = head(asks, "query");
          const scores = rows.map(
            (x) => head(x, "keys").reduce((sum, one, j) => sum + one * query[j], 0) / Math.sqrt(dim),
          );
          const total = scores.reduce((sum, one) => sum + Math.exp(one), 0);
          const shares = scores.map((one) => Math.exp(one) / total);
          weights[s].push(shares);
          rows.forEach((x, m) => {
            head(x, "values").forEach((one, j) => {
              o[a * dim + j] += shares[m] * one;
            });
          });
        }
      });
      found.push(o);
    }
    return { out: times(found.flat(), "interest.out", width), weights };
  };
}

const settings: readonly Setting[] = [
  { layers: 1, heads: 1, dim: 3 },
  { layers: 3, heads: 2, dim: 2, hidden: 5 },
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

describe.each(settings)("layers: $layers, heads: $heads, dim: $dim, hidden: $hidden", (setting) => {
  it.each(overs)("over %s with %i behaviours is as the loops, in a request and in a batch", (over, valid) => {
    const model = modelOf(text(over, written(setting)));
    const read = randomParameters(model, 3);
    const feeds = requestFeeds(model, { candidates, history, valid, seed: 8 });
    const searched = run(graphsOf(model).get("search")!, feeds, read);
    const requested = run(graphsOf(model).get("request")!, feeds, read);
    const rewritten = run(rewrite(graphsOf(model).get("request")!, { verify: true }), feeds, read);
    const explained = run(graphsOf(model).get("explain")!, { ...feeds, ...searched }, read)["interest.weights"];
    const batched = run(graphsOf(model, "batch").get("request")!, batchFeeds(feeds, model, candidates), read);
    const due = literal(feeds, read, setting);
    const [weight, bias] = ["weight", "bias"].map((name) => read(`ranking.click.${name}`).data);
    const all = Array.from({ length: valid }, (_, at) => at);
    for (let candidate = 0; candidate < candidates; candidate++) {
      const lists: readonly Row[] =
        over === "nearest" || over === "lists"
          ? keptLists(model, over, searched, candidate).map((list) => list.filter((at) => at < valid))
          : [over === "watched" ? all : all.slice(0, 3)];
      const { out, weights } = due(candidate, lists);
      const wanted = out.reduce((sum, one, i) => sum + one * weight[i], bias[0]);
      for (const results of [requested, rewritten, batched]) {
        expect(results.click.data[candidate]).toBeCloseTo(wanted, 7);
      }
      const [shown, , length] = explained.shape;
      expect(shown).toBe(over === "lists" ? 2 : setting.layers * setting.heads);
      const mean = (list: readonly Row[]) =>
        list[0].map((_, m) => list.reduce((sum, one) => sum + one[m], 0) / list.length);
      const shares = over === "lists" ? weights.map(mean) : weights[0];
      shares.forEach((wantedShares, head) => {
        const start = (head * candidates + candidate) * length;
        Array.from(explained.data)
          .slice(start, start + length)
          .forEach((one, m) => {
            expect(one).toBeCloseTo(wantedShares[m] ?? 0, 7);
          });
      });
    }
  });
});

/** How many values of such a shape a graph computes. */
const ofShape = (graph: Graph, shape: string) =>
  topological(graph.outputs.map(({ value }) => value)).filter(
    (value) => value.node.op !== "parameter" && value.shape.join() === shape,
  ).length;

describe("the attend", () => {
  const setting = { layers: 2, heads: 2, dim: 4, hidden: 6 };

  it("asks for no order: behaviours in another one give the same", () => {
    const model = modelOf(text("watched", written(setting)));
    const read = randomParameters(model, 5);
    const feeds = requestFeeds(model, { candidates, history, valid: history, seed: 5 });
    const order = Array.from({ length: history }, (_, at) => (at * 4 + 2) % history);
    const turned = Object.fromEntries(
      Object.entries(feeds).map(([name, x]) => [name, isOfBehaviours(model, name) ? takeRows(x, order) : x]),
    );
    const of = (given: Feeds) => ({ click: run(graphsOf(model).get("request")!, given, read).click });
    expect(outputsApart(of(turned), of(feeds))).toBeNull();
  });

  it("gives zeros for an empty history, whatever the parameters", () => {
    const model = modelOf(text("watched", written(setting)));
    const read = randomParameters(model, 6);
    const feeds = requestFeeds(model, { candidates, history, valid: 0, seed: 5 });
    const { click } = run(graphsOf(model).get("request")!, feeds, read);
    expect(Array.from(click.data)).toEqual(Array(candidates).fill(read("ranking.click.bias").data[0]));
  });

  it.each(["watched", "nearest"])("over %s makes behaviours once a user and layer in a request", (over) => {
    const model: Model = modelOf(text(over, written(setting)));
    const request = rewrite(graphsOf(model).get("request")!, { verify: true });
    const made = topological(request.outputs.map(({ value }) => value)).filter(
      ({ node, shape }) => node.op === "layerNorm" && shape[0] === "history",
    );
    expect(made.map(({ shape }) => shape.join())).toEqual(["history,8", "history,8"]);
  });

  it.each(["as lowered", "rewritten"])(
    "makes no keys and values where rows have histories of their own, %s",
    (form) => {
      const model = modelOf(text("watched", written(setting)));
      const lowered = graphsOf(model, "batch").get("request")!;
      const graph = form === "rewritten" ? rewrite(lowered, { verify: true }) : lowered;
      for (const shape of ["2,batch,history,4", "batch,history,2,4", "batch,2,history,4"]) {
        expect(ofShape(graph, shape)).toBe(0);
      }
      expect(ofShape(graph, "batch,history,8")).toBeGreaterThan(0);
    },
  );

  it.each(["watched", "watched.last(4)", "nearest", "lists"])("has the gradients of differences, over %s", (over) => {
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
      ...batchFeeds(requestFeeds(model, { candidates, history, valid: 6, seed: 4 }), model, candidates),
      ...Object.fromEntries([...wrt.keys()].map((name) => [name, read(name)])),
    };
    const found = results(graph, tensors);
    const own = [...wrt.keys()].filter((name) => name.startsWith("interest."));
    expect(own).toHaveLength(parameters(model).filter(({ name }) => name.startsWith("interest.")).length);
    for (const name of [...own, "item.id.table", "watched.liked.table"]) {
      const { data } = found[`d.${name}`];
      const sizes = Array.from(data, Math.abs);
      // Softmax takes nothing from what every behaviour's score has in common, but no parameter is without effect.
      expect(Math.max(...sizes), name).toBeGreaterThan(0);
      for (const index of [sizes.indexOf(Math.max(...sizes)), data.length >> 1]) {
        expect(disagreement(data[index], graph, tensors, "loss", { name, index }), name).toBeNull();
      }
    }
  });

  it("is built, and written without what is the default", () => {
    const by = (one: string) => {
      const model = modelOf(text("watched", one));
      return byText(model.attends[0].by);
    };
    const plain = "stacked(layers: 2, heads: 2, dim: 3)";
    expect(by("stacked(layers: 2, heads: 2, dim: 3, hidden: 12)")).toBe(plain);
    expect(by("stacked(layers: 2, dim: 3)")).toBe("stacked(layers: 2, heads: 1, dim: 3)");
    const other = "stacked(layers: 2, heads: 2, dim: 3, hidden: 5)";
    expect(by(other)).toBe(other);
    expect(modelOf(text("watched", other)).attends[0].out).toBe(6);
  });

  it("owns parameters layer by layer, in the order in which they are used", () => {
    const model = modelOf(text("watched", written(setting)));
    const own = parameters(model).filter(({ name }) => name.startsWith("interest."));
    const layer = (index: number) => own.filter(({ name }) => name.startsWith(`interest.${index}.`));
    expect(own.at(-1)).toMatchObject({ name: "interest.out", shape: [16, 8] });
    expect(layer(0).length + layer(1).length + 1).toBe(own.length);
    expect(layer(0)[0]).toMatchObject({ name: "interest.0.history.gate.weight", shape: [7, 6] });
    expect(layer(1).find(({ name }) => name.endsWith(".fuse"))).toMatchObject({ shape: [12, 8] });
    const used = topological(
      graphsOf(model, "batch")
        .get("request")!
        .outputs.map(({ value }) => value),
    );
    const read = new Set(used.flatMap(({ node }) => (made(node) ? [node.attributes.name] : [])));
    expect(own.filter(({ name }) => !read.has(name))).toEqual([]);
  });
});

const made = (node: Value["node"]): node is Extract<Value["node"], { op: "parameter" }> => node.op === "parameter";
