// Parts of the lowering by themselves: what a feature brings, which behaviours count, what is told apart, what is refused.
import { describe, expect, it } from "vitest";
import { itemCodes } from "../../../compiler/by/kinds.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { topological, type Value } from "../../../compiler/ir/graph.ts";
import type { Tensor } from "../../../compiler/ir/rule.ts";
import { behaviours } from "../../../compiler/lower/behaviours.ts";
import { concatenated, embed, encoded } from "../../../compiler/lower/embed.ts";
import { whole } from "../../../compiler/lower/frame.ts";
import { countable } from "../../../compiler/lower/mask.ts";
import { hasBias, inherentHistory, lowerMetric } from "../../../compiler/lower/metric.ts";
import { lowerProjector } from "../../../compiler/lower/projector.ts";
import { scene } from "../../../compiler/lower/scene.ts";
import { lowerTower } from "../../../compiler/lower/tower.ts";
import type { Attend, Feature, Metric, Model, Table } from "../../../compiler/model/model.ts";
import type { Site } from "../../../compiler/model/site.ts";
import { modelOf } from "../../kit/any-model.ts";
import { requestFeeds } from "../../kit/any-request.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { graphsOf, outputsApart, randomParameters, run } from "../../kit/reference.ts";

const text = (input = "item, user", item = "") => `model parts
item {
  ${item}
  id: id(vocab: 6, dim: 3, key: true)
  topics: tags(vocab: 5, max: 3, dim: 2, pool: sum)
  kinds: tags(vocab: 5, max: 3, dim: 2, pool: mean)
}
user { age: bucketed(at: [18, 30], dim: 2) sex: id(vocab: 3, dim: 2) }
candidate { recall: number }
history watched { of: item max: 50 cross { liked: flag(dim: 2) } }
metric relevance { query: item keys: watched.item bias: watched.cross heads: 2 dim: 3 }
metric topical { query: [item.topics] keys: [watched.item.topics] dim: 2 }
metric kind { query: [item.kinds] keys: [watched.item.kinds] dim: 2 }
search nearest { from: watched by: relevance keep: 4 }
attend interest { over: nearest by: relevance }
table masked { of: relevance.keys }
table topic_keys { of: topical.keys }
table kind_keys { of: kind.keys on_miss: compute }
tower ranking { input: [interest, ${input}] hidden: [4] predict { click: binary } }`;

const model = modelOf(text());
const [history] = model.histories;
const feature = (name: string): Feature => model.item.features.find((one) => one.name === name)!;
const serving = () => scene(model, "request", new Set());
const training = () => scene(model, "batch", new Set(), { learns: false, measured: new Map() });
const candidate: Site = { kind: "candidate" };
const nothing: Feature = { ...feature("id"), encoder: { kind: "key" } as Feature["encoder"], width: 0 };
const inputs = (value: Value) =>
  topological([value]).flatMap(({ node }) => (node.op === "input" ? [node.attributes.name] : []));
const shapes = (value: Value) => value.shape.join();

function numbersOf(value: Value, feeds: Readonly<Record<string, Tensor>>, data: readonly number[] = []): number[] {
  const read = () => ({ shape: [6, 2], data: Float32Array.from(data) });
  return Array.from(evaluate(graphOf({ value }), feeds, read).value.data);
}

describe("a feature", () => {
  it("of tags brings the sum of those that are there, or their mean", () => {
    const rows = [0, 0, 1, 10, 2, 20, 3, 30, 4, 40, 5, 50];
    const feeds = (name: string) => ({ [name]: { shape: [2, 3], data: [4, 2, -1, -1, -1, -1] } });
    expect(numbersOf(embed(serving(), feature("topics"), candidate), feeds("candidate.item.topics"), rows)).toEqual([
      6, 60, 0, 0,
    ]);
    expect(numbersOf(embed(serving(), feature("kinds"), candidate), feeds("candidate.item.kinds"), rows)).toEqual([
      3, 30, 0, 0,
    ]);
  });

  it("of a key brings nothing, and others stand side by side without it", () => {
    expect(() => encoded(serving(), nothing, candidate)).toThrow("item.id is a key: it identifies and enters no graph");
    const side = concatenated(serving(), [nothing, feature("topics"), feature("kinds")], candidate, "here");
    expect([side.node.op, shapes(side)]).toEqual(["concat", "candidates,4"]);
    expect(() => concatenated(serving(), [nothing], candidate, "here")).toThrow("here: no feature brings a column");
    expect(() => embed(serving(), { ...feature("id"), embedding: null }, candidate)).toThrow(
      "item.id has no embedding table",
    );
  });

  it("of an item is computed once for each of a batch's items, and read where it stands", () => {
    const one = embed(training(), feature("topics"), candidate);
    expect([one.node.op, one.node.inputs.map(shapes)]).toEqual(["gather", ["items,2", "batch"]]);
    expect(inputs(one)).toEqual(["item.topics", "candidate.item"]);
    const both = concatenated(training(), [feature("id"), feature("topics")], candidate, "here");
    expect([both.node.op, both.node.inputs.map(shapes)]).toEqual(["gather", ["items,5", "batch"]]);
    const mixed = concatenated(training(), [feature("id"), model.candidate.features[0]], candidate, "here");
    expect([mixed.node.op, mixed.node.inputs.map(shapes)]).toEqual(["concat", ["batch,3", "batch,1"]]);
  });
});

describe("a behaviour counts", () => {
  const [masked, topics, kinds] = model.tables;
  it("where every table has it that masks what it misses", () => {
    const feeds = {
      "watched.valid": { shape: [4], data: [1, 1, 1, 0] },
      "watched.masked.row": { shape: [4], data: [1, 0, 5, 0] },
      "watched.topic_keys.row": { shape: [4], data: [1, 2, 0, 0] },
    };
    const counts = (...tables: Table[]) => countable(serving(), whole(serving(), history), tables);
    expect(kinds.onMiss).toBe("compute");
    expect(inputs(counts(kinds))).toEqual(["watched.valid"]);
    expect(numbersOf(counts(masked, kinds, topics, masked), feeds)).toEqual([1, 0, 0, 0]);
    expect(inputs(counts(masked, masked))).toEqual(["watched.valid", "watched.masked.row"]);
  });

  it("by each table apart", () => {
    const one = serving();
    const frame = whole(one, history);
    expect(countable(one, frame, [masked])).not.toBe(countable(one, frame, [topics]));
    expect(countable(one, frame, [masked])).toBe(countable(one, frame, [masked, kinds]));
  });
});

it("a behaviour of an item without columns is what its history adds", () => {
  const one = scene({ ...model, item: { ...model.item, features: [nothing] } }, "request", new Set());
  expect(inputs(behaviours(one, model.attends[0], whole(one, history)))).toEqual(["watched.liked"]);
  expect(shapes(behaviours(serving(), model.attends[0], whole(serving(), history)))).toBe("history,9");
});

describe("a metric", () => {
  const [relevance] = model.metrics;
  it("tells keys that are read from keys that are computed, and columns of one feature from another's", () => {
    const one = serving();
    const frame = whole(one, history);
    const held = { table: model.tables[0], part: model.tables[0].of[0] };
    const [fresh, cached] = [lowerMetric(one, relevance, frame, null), lowerMetric(one, relevance, frame, held)];
    expect([inputs(fresh.metric).includes("masked"), inputs(cached.metric).includes("masked")]).toEqual([false, true]);
    const [topics, kinds] = [feature("topics"), feature("kinds")].map((of) => inherentHistory(one, frame, [of]));
    expect([inputs(topics), inputs(kinds)]).toEqual([["watched.item.topics"], ["watched.item.kinds"]]);
  });

  it("has a bias where a feature brings a column, and of those alone", () => {
    const of = (...bias: Feature[]): Metric => ({ ...relevance, bias });
    const [liked] = relevance.bias;
    expect([of(), of(nothing), of(nothing, liked)].map(hasBias)).toEqual([false, false, true]);
    const one = serving();
    const score = lowerMetric(one, of(nothing, liked), whole(one, history), null);
    expect(inputs(score.bias!)).toEqual(["watched.liked"]);
  });
});

describe("the projector", () => {
  it("makes each table of its own features", () => {
    const [, topics, kinds] = lowerProjector(serving(), itemCodes).map(({ value }) => inputs(value));
    expect([topics, kinds]).toEqual([["item.topics"], ["item.kinds"]]);
  });

  it("refuses values of an attention that has none of its own", () => {
    const attend = { ...model.attends[0], by: { kind: "mean" } } as Attend;
    const tables = [{ ...model.tables[0], of: [{ kind: "values", attend, width: 4 }] }] as Table[];
    expect(() => lowerProjector(scene({ ...model, tables }, "request", new Set()), itemCodes)).toThrow(
      "attend interest has no values of its own",
    );
  });
});

describe("a tower", () => {
  const tower = (of: Model, training = false) =>
    lowerTower(
      scene(of, training ? "batch" : "request", new Set(), training ? { learns: false, measured: new Map() } : null),
      of.towers[0],
      () => null as never,
    );
  const without = (input: Model["towers"][number]["input"]): Model => ({
    ...model,
    towers: [{ ...model.towers[0], input }],
  });

  it("takes features one by one as it takes their group, and reads rows by whatever feature comes first", () => {
    const shape = { candidates: 3, history: 9, valid: 7, seed: 2 };
    const singly = modelOf(text("item.id, item.topics, item.kinds, user.age, user.sex"));
    const tagsFirst = modelOf(text("item.id, item.topics, item.kinds, user", "first: tags(vocab: 5, max: 2, dim: 2)"));
    const outputs = (of: Model) => {
      const request = graphsOf(of).get("request")!;
      const feeds = { ...requestFeeds(model, shape), ...requestFeeds(of, shape) };
      const rows = Object.fromEntries(
        of.tables.flatMap(({ name, width }) => [
          [name, { shape: [2, width], data: new Float64Array(2 * width).fill(0.3) }],
          [`watched.${name}.row`, { shape: [9], data: new Float64Array(9).fill(1) }],
        ]),
      );
      return run(request, { ...feeds, ...rows }, randomParameters(of, 3));
    };
    expect(outputsApart(outputs(singly), outputs(model))).toBeNull();
    expect(outputs(tagsFirst).click.shape).toEqual([3]);
  });

  it("reads the columns of a batch's items by one look-up", () => {
    const [, items, user] = model.towers[0].input;
    const [{ logit }] = tower(without([items, user]), true);
    const read = topological([logit]).filter(
      ({ node }) =>
        node.op === "gather" && node.inputs[1].node.op === "input" && inputs(node.inputs[1])[0] === "candidate.item",
    );
    expect(read.map(shapes)).toEqual(["batch,7"]);
    const empty = { ...items, group: { ...model.item, features: [nothing] } } as typeof items;
    expect(tower(without([empty, user]), true)[0].logit.shape).toEqual(["batch"]);
  });

  it("names its layers by their experts", () => {
    const mixed = modelOf(text().replace("hidden: [4]", "hidden: [4] experts: 2"));
    const scopes = (of: Model) => {
      const graph = graphsOf(of).get("request")!;
      return [...new Set(topological(graph.outputs.map(({ value }) => value)).map(({ node }) => node.scope))];
    };
    const hidden = (of: Model) => scopes(of).filter((scope) => scope.includes("hidden"));
    expect(hidden(model)).toEqual(["ranking/hidden.0"]);
    expect(hidden(mixed)).toEqual(["ranking/expert.0.hidden.0", "ranking/expert.1.hidden.0"]);
  });

  it("refuses features of behaviours, and a model without features of candidates", () => {
    const [, items, user] = model.towers[0].input;
    const cross = { kind: "feature", feature: history.cross.features[0] } as unknown as typeof items;
    expect(() => tower(without([cross]))).toThrow("tower ranking: watched.liked belongs to no single row");
    const none = { ...model.item, features: [] };
    expect(() => tower({ ...without([user]), item: none, candidate: { ...model.candidate, features: [] } })).toThrow(
      "no feature of a candidate enters a graph",
    );
  });
});
