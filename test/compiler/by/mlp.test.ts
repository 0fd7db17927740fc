// DIN's network as plain loops over raw parameters, and what must hold of it whatever the parameters are.
import { describe, expect, it } from "vitest";
import { byText } from "../../../compiler/by/kinds.ts";
import { modelOf } from "../../kit/any-model.ts";
import { type Feeds, requestFeeds } from "../../kit/any-request.ts";
import { keptLists } from "../../kit/kept-lists.ts";
import { graphsOf, type ReadParameter, randomParameters, run } from "../../kit/reference.ts";

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

const hidden = [5, 4];

/** What the attend gives one candidate over a list of behaviours: Σ w K. */
function literal(feeds: Feeds, read: ReadParameter, by: { activation: string; softmax: boolean }) {
  const number = (port: string, at: number) => feeds[port].data[at];
  const row = (parameter: string, width: number, at: number) =>
    Array.from(read(parameter).data.slice(at * width, (at + 1) * width));
  const item = (stem: string, at: number) => [
    ...row("item.id.table", 3, number(`${stem}.item.id`, at)),
    number(`${stem}.item.price`, at),
  ];
  const cross = (at: number) => [
    ...row("watched.liked.table", 2, number("watched.liked", at)),
    number("watched.share", at),
  ];
  const layer = (x: readonly number[], stem: string, width: number, last = false) => {
    const [weight, bias] = [read(`${stem}.weight`).data, read(`${stem}.bias`).data];
    return Array.from({ length: width }, (_, to) => {
      const z = x.reduce((sum, value, from) => sum + value * weight[from * width + to], bias[to]);
      if (last) {
        return z;
      }
      switch (by.activation) {
        case "prelu":
          return z > 0 ? z : z * read(`${stem}.alpha`).data[to];
        case "gelu":
          return (z / 2) * (1 + erf(z * Math.SQRT1_2));
        default:
          return Math.max(z, 0);
      }
    });
  };
  return (candidate: number, list: readonly number[]): number[] => {
    const scores = list.map((at) => {
      const [q, s] = [item("candidate", candidate), item("watched", at)];
      const x = [...q, ...s, ...q.map((one, i) => one - s[i]), ...q.map((one, i) => one * s[i]), ...cross(at)];
      const first = layer(x, "interest.hidden.0", hidden[0]);
      return layer(layer(first, "interest.hidden.1", hidden[1]), "interest.score", 1, true)[0];
    });
    const top = Math.max(...scores);
    const total = scores.reduce((sum, one) => sum + Math.exp(one - top), 0);
    const weights = by.softmax ? scores.map((one) => Math.exp(one - top) / total) : scores;
    return list.reduce(
      (sum, at, i) => [...item("watched", at), ...cross(at)].map((value, j) => sum[j] + weights[i] * value),
      new Array<number>(7).fill(0),
    );
  };
}

/** Of Abramowitz and Stegun's 7.1.5, to the last bit that matters here. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

describe.each([
  { activation: "relu", softmax: false },
  { activation: "prelu", softmax: true },
  { activation: "gelu", softmax: false },
])("$activation, softmax $softmax", (by) => {
  const written = `mlp(hidden: [${hidden.join(", ")}], activation: ${by.activation}, softmax: ${by.softmax})`;

  it.each([
    ["watched", 7],
    ["watched", 0],
    ["watched.last(3)", 7],
    ["watched.last(3)", 2],
    ["nearest", 7],
    ["lists", 6],
  ])("over %s with %i behaviours is as the loops", (over, valid) => {
    const model = modelOf(text(over, written));
    const read = randomParameters(model, 3);
    const feeds = requestFeeds(model, { candidates: 4, history: 9, valid, seed: 8 });
    const searched = run(graphsOf(model).get("search")!, feeds, read);
    const results = run(graphsOf(model).get("request")!, feeds, read);
    const weigh = literal(feeds, read, by);
    const [weight, bias] = ["weight", "bias"].map((name) => read(`ranking.click.${name}`).data);
    const all = Array.from({ length: valid }, (_, at) => at);
    const listsOf = (candidate: number): readonly (readonly number[])[] =>
      over === "nearest" || over === "lists"
        ? keptLists(model, over, searched, candidate)
        : [over === "watched" ? all : all.slice(0, 3)];
    for (let candidate = 0; candidate < 4; candidate++) {
      const due = listsOf(candidate)
        .map((list) => weigh(candidate, list))
        .reduce((left, right) => left.map((one, i) => one + right[i]));
      const wanted = due.reduce((sum, one, i) => sum + one * weight[i], bias[0]);
      expect(results.click.data[candidate]).toBeCloseTo(wanted, 7);
    }
  });
});

it("is written without what is the default", () => {
  const by = (written: string) => byText(modelOf(text("watched", written)).attends[0].by);
  expect(by("mlp(hidden: [4], activation: gelu)")).toBe("mlp(hidden: [4], activation: gelu)");
  expect(by("mlp(hidden: [4], softmax: false)")).toBe("mlp(hidden: [4])");
});
