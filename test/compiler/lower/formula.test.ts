// The graphs against the papers' formulas, written down once more as plain loops over raw parameters.
import { describe, expect, it } from "vitest";
import type { Feature, Model } from "../../../compiler/model/model.ts";
import { modelOf } from "../../kit/any-model.ts";
import { type Feeds, requestFeeds } from "../../kit/any-request.ts";
import { graphsOf, type ReadParameter, randomParameters, run } from "../../kit/reference.ts";

const text = (by: string) => `model plain
item {
  id: id(vocab: 6, dim: 3, key: true)
  topics: tags(vocab: 5, max: 3, dim: 2, pool: mean)
  cover: pretrained(size: 3, dim: 2)
  shop: hashed(buckets: 3, hashes: 2, dim: 2)
}
user { age: bucketed(at: [18, 30], dim: 2) }
context { rain: number }
candidate { recall: number }
history watched {
  of: item max: 50
  cross { liked: flag(dim: 2) share: number }
  stats { seen: met(on: item.id) rate: rate(of: share, base: 0.5) last: last(of: liked, dim: 3) far: since(at: [2], dim: 2) newest: last(of: share) }
}
metric relevance { query: [item, user.age, context.rain] keys: watched.item bias: watched.cross match: [item.topics, item.shop, item.id] heads: 2 dim: 3 }
search nearest { from: watched by: ${by} keep: 4 }
attend interest { over: nearest by: relevance values: 2 out: 5 product: true strength: true }
attend average { over: nearest by: mean }
tower ranking {
  input: [interest, average, item, user, context, candidate, watched.stats] hidden: [4] activation: prelu cross: 1
  predict { click: binary stay: regression }
}
tower flat { wide: [item, user.age, candidate, watched.stats] predict { tap: binary rest: regression } }
tower both {
  input: [item] hidden: [] wide: [user, item.topics]
  predict { share: binary keep: regression }
}
tower lone { wide: [user] predict { leave: binary } }`;

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, index) => sum + x * b[index], 0);
const plus = (a: readonly number[], b: readonly number[]) => a.map((x, index) => x + b[index]);
const scaled = (a: readonly number[], factor: number) => a.map((x) => x * factor);

/** x M for M [in, out], from `start` of its data. */
function times(x: readonly number[], data: ArrayLike<number>, out: number, start = 0): number[] {
  return Array.from({ length: out }, (_, column) =>
    x.reduce((sum, value, row) => sum + value * data[start + row * out + column], 0),
  );
}

class Plain {
  readonly model: Model;
  readonly feeds: Feeds;
  readonly read: ReadParameter;
  constructor(model: Model, feeds: Feeds, read: ReadParameter) {
    this.model = model;
    this.feeds = feeds;
    this.read = read;
  }

  raw(port: string, at: number): number[] {
    const { shape, data } = this.feeds[port];
    const one = data.length / shape[0];
    return Array.from(data).slice(at * one, (at + 1) * one);
  }

  columns({ embedding, projection, width, pool }: Feature, port: string, at: number): number[] {
    if (width === 0) {
      return [];
    }
    const raw = this.raw(port, at);
    if (embedding === null && projection === null) {
      return raw;
    }
    if (projection) {
      return times(raw, this.read(projection.parameter).data, width);
    }
    const rows = raw
      .filter((row) => row >= 0)
      .map((row) => Array.from(this.read(embedding!.parameter).data).slice(row * width, (row + 1) * width));
    const sum = rows.reduce(plus, new Array<number>(width).fill(0));
    return pool === "mean" ? scaled(sum, 1 / Math.max(rows.length, 1)) : sum;
  }

  side(features: readonly Feature[], prefix: string, at: number): number[] {
    return features.flatMap((feature) => this.columns(feature, `${prefix}${feature.name}`, at));
  }

  /** α_a of one candidate and behaviour. */
  score(head: number, candidate: number, behaviour: number): number {
    const { item, metrics } = this.model;
    const [{ dim, bias }] = metrics;
    const q = this.side(item.features, "candidate.item.", candidate);
    const s = this.side(item.features, "watched.item.", behaviour);
    const start = head * q.length * dim;
    const query = [
      times(q, this.read("relevance.query").data, dim, start),
      ...this.asked().map((feature) => {
        const { qualified, width } = feature;
        const weight = this.read(`relevance.query.${qualified}`).data;
        return times(this.columns(feature, qualified, 0), weight, dim, head * width * dim);
      }),
    ].reduce(plus);
    const key = times(s, this.read("relevance.keys").data, dim, start);
    const biases = bias.map((feature) => {
      const w = this.read(`relevance.bias.${feature.name}.w`).data;
      const x = this.columns(feature, feature.qualified, behaviour);
      return (
        dot(x, Array.from(w).slice(head * feature.width)) * this.read(`relevance.bias.${feature.name}.beta`).data[0]
      );
    });
    const agreeing = ["topics", "shop", "id"].map((name) =>
      this.agree(name, candidate, behaviour) ? this.read(`relevance.match.${name}`).data[head] : 0,
    );
    return dot(query, key) / Math.sqrt(dim) + [...biases, ...agreeing].reduce((sum, x) => sum + x, 0);
  }

  /** What joins the query. */
  asked(): readonly Feature[] {
    return [...this.model.user.features, ...this.model.context.features];
  }

  /** Whether both are known and have the same value, of tags any. */
  agree(name: string, candidate: number, behaviour: number): boolean {
    const [theirs, ours] = [this.raw(`watched.item.${name}`, behaviour), this.raw(`candidate.item.${name}`, candidate)];
    return name === "topics"
      ? theirs.some((topic) => topic > 0 && ours.includes(topic))
      : theirs.every((row, index) => row > 0 && row === ours[index]);
  }

  /** K = [K_h, K_c] of one behaviour. */
  behaviour(at: number): number[] {
    return [
      ...this.side(this.model.item.features, "watched.item.", at),
      ...this.side(this.model.histories[0].cross.features, "watched.", at),
    ];
  }

  value(head: number, at: number): number[] {
    const parts = ["item", "liked", "share"];
    const widths = [9, 2, 1];
    const k = this.behaviour(at);
    let start = 0;
    return parts.reduce(
      (sum, part, index) => {
        const x = k.slice(start, start + widths[index]);
        start += widths[index];
        return plus(sum, times(x, this.read(`interest.values.${part}`).data, 2, head * widths[index] * 2));
      },
      [0, 0],
    );
  }

  interest(candidate: number, list: readonly number[]): number[] {
    const met = [0, 1].map((head) => list.map((at) => this.score(head, candidate, at)));
    const strength = [
      ...met.map((scores) => (list.length === 0 ? 0 : Math.log(scores.reduce((sum, x) => sum + Math.exp(x), 0)))),
      ...met.map((scores) => (list.length === 0 ? 0 : Math.max(...scores))),
      list.length === 0 ? 1 : 0,
    ];
    const heads = [0, 1].flatMap((head) => {
      const scores = list.map((at) => Math.exp(this.score(head, candidate, at)));
      const total = scores.reduce((sum, x) => sum + x, 0);
      return list.reduce((sum, at, index) => plus(sum, scaled(this.value(head, at), scores[index] / total)), [0, 0]);
    });
    const y = times(heads, this.read("interest.out").data, 5);
    const q = [
      ...this.side(this.model.item.features, "candidate.item.", candidate),
      ...this.asked().flatMap((feature) => this.columns(feature, feature.qualified, 0)),
    ];
    const asked = times(q, this.read("interest.product").data, 5);
    return [...y, ...y.map((one, i) => one * asked[i]), ...strength];
  }

  average(list: readonly number[]): number[] {
    const sum = list.map((at) => this.behaviour(at)).reduce(plus, new Array<number>(12).fill(0));
    return scaled(sum, 1 / Math.max(list.length, 1));
  }

  /** Σ_F e_F[row] + w_F · numbers of one task. */
  wide(tower: string, features: readonly Feature[], candidate: number, task: number): number {
    const { tasks } = this.model.towers.find(({ name }) => name === tower)!;
    const terms = features.map(({ qualified, embedding, group, name }) => {
      const once = group === "user" || group === "context";
      const raw = this.raw(group === "item" ? `candidate.item.${name}` : qualified, once ? 0 : candidate);
      const { data } = this.read(`${tower}.wide.${qualified}.${embedding === null ? "weight" : "table"}`);
      const weight = (row: number) => data[row * tasks.length + task];
      const each =
        embedding === null ? raw.map((x, column) => x * weight(column)) : raw.filter((row) => row >= 0).map(weight);
      return each.reduce((sum, x) => sum + x, 0);
    });
    return terms.reduce((sum, x) => sum + x, 0);
  }

  logits(candidate: number, list: readonly number[]): number[] {
    const { item, user, context, candidate: own, histories } = this.model;
    const x0 = [
      ...this.interest(candidate, list),
      ...this.average(list),
      ...this.side(item.features, "candidate.item.", candidate),
      ...this.side(user.features, "user.", 0),
      ...this.side(context.features, "context.", 0),
      ...this.side(own.features, "candidate.", candidate),
      ...this.side(histories[0].stats.features, "watched.stats.", candidate),
    ];
    const affine = (x: readonly number[], stem: string, out: number) =>
      plus(times(x, this.read(`${stem}.weight`).data, out), Array.from(this.read(`${stem}.bias`).data));
    const crossed = plus(
      affine(x0, "ranking.cross.0", x0.length).map((x, index) => x * x0[index]),
      x0,
    );
    const alpha = this.read("ranking.hidden.0.alpha").data;
    const hidden = affine(crossed, "ranking.hidden.0", 4).map((x, index) => (x > 0 ? x : alpha[index] * x));
    return ["click", "stay"].map((label) => affine(hidden, `ranking.${label}`, 1)[0]);
  }
}

describe.each([3, 0, 12])("with %d behaviours", (valid) => {
  const shape = { candidates: 3, history: 12, valid, seed: 11 + valid };

  it.each([
    "relevance",
    "match(item.topics)",
    "match(item.shop)",
    "cluster(item.cover, groups: 3)",
    "inner_product(item.cover)",
  ])("the request graph by %s is the formula", (by) => {
    const model = modelOf(text(by));
    const read = randomParameters(model, 5);
    const feeds = requestFeeds(model, shape);
    const results = run(graphsOf(model).get("request")!, feeds, read);
    const plain = new Plain(model, feeds, read);
    const behaviours = Array.from({ length: valid }, (_, index) => index);
    for (let candidate = 0; candidate < shape.candidates; candidate++) {
      const kept = Array.from(results.kept.data).slice(candidate * 4, (candidate + 1) * 4);
      const ranked = (score: (at: number) => number) => [...behaviours].sort((a, b) => score(b) - score(a) || a - b);
      const shared = by.startsWith("cluster") ? "cover.cluster_3" : by.includes("shop") ? "shop" : "topics";
      const matches = (at: number) => plain.agree(shared, candidate, at);
      let wanted: number[] = [];
      if (by === "relevance") {
        const lists = [0, 1].map((head) => ranked((at) => plain.score(head, candidate, at)));
        for (let rank = 0; rank < valid; rank++) {
          wanted.push(lists[0][rank], lists[1][rank]);
        }
        wanted = [...new Set(wanted)].slice(0, 4);
      } else if (by.startsWith("match") || by.startsWith("cluster")) {
        wanted = behaviours.filter(matches).slice(0, 4);
      } else {
        wanted = ranked((at) =>
          dot(plain.raw("candidate.item.cover", candidate), plain.raw("watched.item.cover", at)),
        ).slice(0, 4);
      }
      expect(kept.slice(0, wanted.length)).toEqual(wanted);
      const [click, stay] = plain.logits(candidate, wanted);
      expect(results["click.logit"].data[candidate]).toBeCloseTo(click, 6);
      expect(results.click.data[candidate]).toBeCloseTo(1 / (1 + Math.exp(-click)), 6);
      expect(results.stay.data[candidate]).toBeCloseTo(stay, 6);
      const { item, user, candidate: own, histories } = model;
      const brought = item.features.filter(({ width }) => width > 0);
      const terms = [...brought, ...user.features, ...own.features, ...histories[0].stats.features];
      const topics = item.features.filter(({ name }) => name === "topics");
      for (const [tower, features, labels] of [
        ["flat", terms, ["tap", "rest"]],
        ["both", [...user.features, ...topics], ["share", "keep"]],
        ["lone", user.features, ["leave"]],
      ] as const) {
        for (const label of labels) {
          // Columns of wide terms are in the order of the labels' names, not of the source.
          const column = labels.filter((other) => other < label).length;
          const base = read(`${tower}.${label}.bias`).data[0];
          const x = plain.side(item.features, "candidate.item.", candidate);
          const deep = tower === "both" ? times(x, read(`both.${label}.weight`).data, 1)[0] : 0;
          const wanted = base + deep + plain.wide(tower, features, candidate, column);
          expect(results[`${label}.logit`].data[candidate]).toBeCloseTo(wanted, 6);
        }
      }
    }
  });
});
