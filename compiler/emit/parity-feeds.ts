// Seeded inputs for parity.safetensors: encoded histories and candidates, with unknown ids, misses, ties and padding.

import { generator } from "../initialise.ts";
import type { Tensor } from "../ir/rule.ts";
import { featurePort, validPort } from "../lower/ports.ts";
import type { Feature, Model } from "../model.ts";
import { allFeatures } from "../parameters.ts";
import { minimumOf } from "./manifest.ts";

export interface Feed extends Tensor {
  readonly data: Float32Array | Int32Array;
}

/** One request that every graph is run on. */
export interface Scenario {
  readonly name: string;
  /** Length of a history with its padding, and how many of it are valid. */
  lengths(minimum: number): { readonly length: number; readonly valid: number };
}

export const candidates = 2;

export const scenarios: readonly Scenario[] = [
  { name: "typical", lengths: (minimum) => ({ length: minimum + 4, valid: minimum + 2 }) },
  { name: "short", lengths: (minimum) => ({ length: minimum, valid: Math.min(minimum, 3) }) },
  { name: "empty", lengths: (minimum) => ({ length: minimum, valid: 0 }) },
];

/** Rows of an embedding table that the cases read: row 0, and at most 31 others spread over the table. Ascending. */
export function sampledRows(rows: number): readonly number[] {
  const spread = Math.min(rows - 1, 31);
  return [0, ...Array.from({ length: spread }, (_, index) => 1 + Math.floor((index * (rows - 1)) / spread))];
}

/**
 * The inputs that come from features, by port, for one scenario. Ids of tables outside count in `sampledRows`, those of
 * tables inside in the table. A history's second behaviour is a copy of its first, so that their scores tie.
 */
export function featureFeeds(
  model: Model,
  outside: ReadonlySet<string>,
  scenario: Scenario,
  attempt: number,
): Map<string, Feed> {
  const draw = generator(0, `parity ${scenario.name}`, attempt);
  const feeds = new Map<string, Feed>();
  for (const feature of allFeatures(model)) {
    if (feature.group === "item" || feature.group === "cross") continue;
    const site = feature.group === "candidate" ? { kind: "candidate" as const } : { kind: "once" as const };
    feeds.set(featurePort(feature, site), column(feature, site.kind === "once" ? 1 : candidates, outside, draw));
  }
  for (const feature of model.item.features) {
    feeds.set(featurePort(feature, { kind: "candidate" }), column(feature, candidates, outside, draw));
  }
  for (const history of model.histories) {
    const { length, valid } = scenario.lengths(minimumOf(model, history.name));
    const data = Float32Array.from({ length }, (_, index) => (index < valid ? 1 : 0));
    feeds.set(validPort(history), { shape: [length], data });
    for (const feature of [...model.item.features, ...history.cross.features]) {
      const drawn = column(feature, length, outside, draw);
      feeds.set(featurePort(feature, { kind: "history", history }), padded(tied(drawn, valid), valid, feature));
    }
  }
  return feeds;
}

/** `count` encoded values of a feature, some of them missing. */
function column(feature: Feature, count: number, outside: ReadonlySet<string>, draw: () => number): Feed {
  const { encoder, embedding } = feature;
  const below = (limit: number) => draw() % limit;
  const real = () => draw() / 2_147_483_648 - 1;
  if (encoder.kind === "pretrained") {
    const rows = Array.from({ length: count }, () =>
      below(8) === 0 ? new Float32Array(encoder.size) : Float32Array.from({ length: encoder.size }, real),
    );
    return { shape: [count, encoder.size], data: Float32Array.from(rows.flatMap((row) => [...row])) };
  }
  if (encoder.kind === "number") return { shape: [count], data: Float32Array.from({ length: count }, real) };
  if (embedding === null) return { shape: [count], data: new Int32Array(count) };
  const rows = sampledRows(embedding.rows);
  const row = () => {
    const place = below(8) === 0 ? 0 : below(rows.length);
    return outside.has(embedding.parameter) ? place : rows[place];
  };
  if (encoder.kind !== "tags") return { shape: [count], data: Int32Array.from({ length: count }, row) };
  const data = new Int32Array(count * encoder.max).fill(-1);
  for (let start = 0; start < data.length; start += encoder.max) {
    const tags = below(encoder.max + 1);
    for (let index = 0; index < tags; index++) data[start + index] = row();
  }
  return { shape: [count, encoder.max], data };
}

function tied(feed: Feed, valid: number): Feed {
  if (valid < 2) return feed;
  const width = feed.data.length / feed.shape[0];
  feed.data.copyWithin(width, 0, width);
  return feed;
}

/** What the runtime writes behind the valid behaviours: 0, and −1 for tags. */
function padded(feed: Feed, valid: number, { encoder }: Feature): Feed {
  feed.data.fill(encoder.kind === "tags" ? -1 : 0, (feed.data.length / feed.shape[0]) * valid);
  return feed;
}
