// Random encoded requests for any model: every port of its graphs, in the request layout and, repeated, in a batch's.
import fc from "fast-check";
import type { Attributes } from "../../compiler/ir/graph.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import { encoded } from "../../compiler/lower/embed.ts";
import { scene } from "../../compiler/lower/scene.ts";
import type { Feature, History, Model } from "../../compiler/model/model.ts";
import { validPort } from "../../compiler/model/ports.ts";
import type { Site } from "../../compiler/model/site.ts";
import { isFloat } from "../../contract/encoder-spec.ts";

export type Feeds = Record<string, Tensor>;

export interface RequestShape {
  readonly candidates: number;
  /** Length of every history, padding included. */
  readonly history: number;
  /** How many of them are behaviours. */
  readonly valid: number;
  readonly seed: number;
}

/** Histories are at least `minimum` long; often there are fewer behaviours than a search keeps. */
export function anyRequest(minimum = 5): fc.Arbitrary<RequestShape> {
  return fc
    .record({
      candidates: fc.integer({ min: 1, max: 4 }),
      history: fc.integer({ min: minimum, max: minimum + 9 }),
      share: fc.constantFrom(0, 0.1, 0.4, 0.8, 1),
      seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    })
    .map(({ share, ...rest }) => ({ ...rest, valid: Math.floor(share * rest.history) }));
}

/** Uniform in 0 … 1 (Park and Miller's generator): enough for test data, the same everywhere. */
export function uniform(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Item, user, context, candidate and history ports, padding as the host leaves it. */
export function requestFeeds(model: Model, { candidates, history, valid, seed }: RequestShape): Feeds {
  const draw = uniform(seed);
  const feeds: Feeds = {};
  const feed = (features: readonly Feature[], site: Site, count: number, used: number) => {
    for (const feature of features) {
      if (feature.encoder.kind === "key") {
        continue;
      }
      const port = encoded(scene(model, "request", new Set()), feature, site);
      const { name, shape } = port.node.attributes as Attributes["input"];
      const inner = shape.slice(1) as number[];
      const one = inner.reduce((product, dim) => product * dim, 1);
      const data = Array.from({ length: count }, (_, row) => values(feature, one, row < used, draw)).flat();
      feeds[name] = { shape: [count, ...inner], data };
    }
  };
  feed(model.item.features, { kind: "candidate" }, candidates, candidates);
  feed(model.candidate.features, { kind: "candidate" }, candidates, candidates);
  feed(model.user.features, { kind: "once" }, 1, 1);
  feed(model.context.features, { kind: "once" }, 1, 1);
  for (const one of model.histories) {
    feed(model.item.features, { kind: "history", history: one }, history, valid);
    feed(one.cross.features, { kind: "history", history: one }, history, valid);
    feed(one.stats.features, { kind: "candidate" }, candidates, candidates);
    feeds[validPort(one)] = {
      shape: [history],
      data: Array.from({ length: history }, (_, row) => (row < valid ? 1 : 0)),
    };
  }
  return feeds;
}

/** One encoded value: rows from few, so that ties and matches happen, the unknown row 0 among them. */
function values({ encoder, embedding }: Feature, count: number, used: boolean, draw: () => number): number[] {
  const rows = embedding?.rows ?? (encoder.kind === "centroid" ? Math.min(encoder.groups, 3) + 1 : 1);
  const row = () => Math.floor(draw() * rows);
  if (encoder.kind === "tags") {
    const present = used ? Math.floor(draw() * (count + 1)) : 0;
    return Array.from({ length: count }, (_, index) => (index < present ? row() : -1));
  }
  if (encoder.kind === "members") {
    return Array.from({ length: count }, () => (used ? 1 + Math.floor(draw() * 20) : 0));
  }
  return Array.from({ length: count }, () => (!used ? 0 : isFloat(encoder) ? Math.fround(draw() * 4 - 2) : row()));
}

/** Whether a port has one value a candidate: their own, and the statistics beside them. */
export const isOfCandidates = ({ histories }: Model, port: string): boolean =>
  port.startsWith("candidate.") ||
  histories.some(({ stats }) => stats.features.some(({ qualified }) => qualified === port));

/** Whether a port has one value a behaviour. */
export const isOfBehaviours = (model: Model, port: string): boolean =>
  model.histories.some(({ name }) => port.startsWith(`${name}.`)) && !isOfCandidates(model, port);

/** The features of a history's items as the projector reads them: one item a behaviour. */
export function itemFeeds(feeds: Feeds, history: History): Feeds {
  const prefix = `${history.name}.item.`;
  return Object.fromEntries(
    Object.entries(feeds).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[`item.${name.slice(prefix.length)}`, tensor]] : [],
    ),
  );
}

/** The batch of a request: every candidate is a row with a copy of the user and the histories. */
export function batchFeeds(feeds: Feeds, model: Model, candidates: number): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => {
      if (isOfCandidates(model, name)) {
        return [name, { shape, data }];
      }
      const copies = Array.from({ length: candidates }, () => Array.from(data)).flat();
      const aligned = isOfBehaviours(model, name);
      return [name, { shape: aligned ? [candidates, ...shape] : [candidates, ...shape.slice(1)], data: copies }];
    }),
  );
}

/** Rows in another order, or some of them, along the first axis. */
export function takeRows({ shape, data }: Tensor, rows: readonly number[]): Tensor {
  const one = shape.slice(1).reduce((product, dim) => product * dim, 1);
  const picked = rows.flatMap((row) => Array.from(data).slice(row * one, (row + 1) * one));
  return { shape: [rows.length, ...shape.slice(1)], data: picked };
}
