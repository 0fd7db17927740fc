// Seeded inputs for parity.safetensors: encoded histories and candidates, with unknown ids, misses, ties and padding.

import { elementCount } from "../../contract/element-count.ts";
import { encodedShapeOf, isFloat } from "../../contract/encoder-spec.ts";
import type { Tensor } from "../ir/rule.ts";
import { popularityTable } from "../lower/popularity.ts";
import { allFeatures } from "../model/features.ts";
import type { Feature, Model } from "../model/model.ts";
import { featurePort, rawPorts, validPort } from "../model/ports.ts";
import { rowsOf } from "../model/searched.ts";
import { towerSite } from "../model/site.ts";
import { generator } from "../values/initialise.ts";
import { minimumOf } from "./manifest.ts";

export interface Feed extends Tensor {
  readonly data: Float32Array | Int32Array;
}

/** One request that graphs are run on. */
export interface Scenario {
  readonly name: string;
  readonly candidates: number;
  /** Length of a history with its padding, and how many of it are valid. */
  lengths(minimum: number): { readonly length: number; readonly valid: number };
  /** How many behaviours tables hold, and the projector is given; absent: all. */
  readonly held?: number;
  /** The first behaviours are the candidates themselves, so that a search for what is equal finds some. */
  readonly met?: true;
  /** Which behaviour each one is a copy of, so that their scores tie under every head. */
  copied?(index: number): number;
  /** Made however long histories are padded to. */
  readonly long?: true;
  /** Where the walk is to start: draws are taken that lead there. */
  readonly walk?: { readonly enough: true } | { readonly attempt: number };
  /**
   * The candidate is unknown, save for its vectors and numbers, of which so much is left: scores are mostly the bias, whose
   * order is each head's own, where the inherent part's is much the same under all heads before they are trained.
   */
  readonly faint?: number;
  /**
   * What is run on it: every graph; all that a GPU runs, without the side graphs of the kernel; all but the projector; or the
   * search alone, whose walk takes another way there. Tables as they are stored are tried by all but the last.
   */
  readonly graphs: "all" | "devices" | "requests" | "search";
}

const whole = (minimum: number, times: number) => {
  const length = minimum + Math.min(2000, Math.ceil((times - 1) * minimum));
  return { length, valid: length };
};
const pairs = (index: number) => index - (index % 2);

/**
 * The walk's ways: one candidate or a few against many (more than 16 are multiplied otherwise), and a history so long that
 * heads share little, then shorter and shorter, each with behaviours that are all unlike and with repeated ones; three
 * candidates are more than the walk's sample.
 */
export const scenarios: readonly Scenario[] = [
  {
    name: "typical",
    candidates: 2,
    lengths: (minimum) => ({ length: minimum + 4, valid: minimum + 2 }),
    copied: (index) => (index === 1 ? 0 : index),
    graphs: "all",
    long: true,
  },
  {
    name: "short",
    candidates: 2,
    lengths: (minimum) => ({ length: minimum, valid: Math.min(minimum, 3) }),
    graphs: "requests",
    long: true,
  },
  {
    name: "empty",
    candidates: 2,
    lengths: (minimum) => ({ length: minimum, valid: 0 }),
    graphs: "requests",
    long: true,
  },
  {
    name: "many",
    candidates: 17,
    lengths: (minimum) => ({ length: minimum + 4, valid: minimum + 2 }),
    graphs: "requests",
  },
  {
    name: "sample",
    candidates: 2,
    lengths: (minimum) => whole(minimum, 8),
    faint: 0.3,
    walk: { enough: true },
    graphs: "search",
  },
  ...[8, 4, 2].flatMap((times, attempt): Scenario[] => {
    const lengths = (minimum: number) => whole(minimum, times);
    const rest = { candidates: 3, lengths, walk: { attempt }, graphs: "search" } as const;
    const left = times > 2 && { faint: 0.05 };
    return [
      { name: `attempt_${attempt}`, ...rest, ...left },
      { name: `attempt_${attempt}_pairs`, copied: pairs, ...rest, ...left },
    ];
  }),
  { name: "alike", candidates: 3, lengths: (minimum) => whole(minimum, 1.5), copied: () => 0, graphs: "search" },
];

/** What tries a device before it is used: a page fetches it. */
export const small: Scenario = {
  name: "small",
  candidates: 2,
  lengths: (minimum) => ({ length: minimum, valid: Math.min(minimum, 8) }),
  held: 8,
  met: true,
  graphs: "devices",
};

/** Rows of an embedding table that the cases read: row 0, and at most 31 others spread over the table. Ascending. */
export function sampledRows(rows: number): readonly number[] {
  const spread = Math.min(rows - 1, 31);
  return [0, ...Array.from({ length: spread }, (_, index) => 1 + Math.floor((index * (rows - 1)) / spread))];
}

/**
 * The inputs that come from features, by port, for one scenario. Ids of tables outside count in `sampledRows`, those of
 * tables inside in the table.
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
    if (feature.group === "item" || feature.group === "cross") {
      continue;
    }
    const site = towerSite(feature);
    const count = site.kind === "once" ? 1 : scenario.candidates;
    feeds.set(
      featurePort(feature, site),
      feature.encoder.kind === "popularity"
        ? { shape: [count], data: rowsBelow(popularityTable(feature).shape[0], count, draw) }
        : column(feature, count, outside, draw),
    );
  }
  for (const feature of model.item.features) {
    const drawn = column(feature, scenario.candidates, outside, draw);
    feeds.set(featurePort(feature, { kind: "candidate" }), faint(drawn, scenario, feature));
  }
  for (const history of model.histories) {
    const { length, valid } = scenario.lengths(minimumOf(model, history.name));
    const data = Float32Array.from({ length }, (_, index) => (index < valid ? 1 : 0));
    feeds.set(validPort(history), { shape: [length], data });
    for (const feature of [...model.item.features, ...history.cross.features]) {
      const drawn = column(feature, length, outside, draw);
      // Where lists of heads are to differ, or to agree, clusters are of one: else every head would rank by their sizes alone.
      if (feature.encoder.kind === "members" && scenario.graphs === "search") {
        drawn.data.fill(1);
      }
      if (scenario.met && feature.group === "item") {
        const { data } = feeds.get(featurePort(feature, { kind: "candidate" }))!;
        drawn.data.set(data.subarray(0, drawn.data.length));
      }
      feeds.set(
        featurePort(feature, { kind: "history", history }),
        padded(copied(drawn, valid, scenario), valid, feature),
      );
    }
  }
  for (const { port, feature, site } of rawPorts(model)) {
    const { embedding } = feature;
    // Items are those of a history: the projector is given theirs.
    if (embedding !== null && outside.has(rowsOf(embedding)) && site.kind !== "items") {
      const { shape, data } = feeds.get(featurePort(feature, site))!;
      const rows = sampledRows(embedding.rows);
      feeds.set(port, { shape, data: Int32Array.from(data, (place) => (place < 0 ? place : rows[place])) });
    }
  }
  return feeds;
}

const rowsBelow = (rows: number, count: number, draw: () => number): Int32Array =>
  Int32Array.from({ length: count }, () => draw() % rows);

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
  if (encoder.kind === "members") {
    return { shape: [count], data: Float32Array.from({ length: count }, () => 1 + below(20)) };
  }
  if (isFloat(encoder)) {
    return { shape: [count], data: Float32Array.from({ length: count }, real) };
  }
  if (encoder.kind === "centroid") {
    // Few, so that some candidates and behaviours share theirs.
    const clusters = Math.min(encoder.groups, 4);
    return { shape: [count], data: Int32Array.from({ length: count }, () => below(clusters + 1)) };
  }
  if (embedding === null) {
    return { shape: [count], data: new Int32Array(count) };
  }
  const rows = sampledRows(embedding.rows);
  const row = () => {
    const place = below(8) === 0 ? 0 : below(rows.length);
    return outside.has(embedding.parameter) ? place : rows[place];
  };
  if (encoder.kind !== "tags") {
    const shape = [count, ...encodedShapeOf(encoder)];
    return { shape, data: Int32Array.from({ length: elementCount(shape) }, row) };
  }
  const data = new Int32Array(count * encoder.max).fill(-1);
  for (let start = 0; start < data.length; start += encoder.max) {
    const tags = below(encoder.max + 1);
    for (let index = 0; index < tags; index++) {
      data[start + index] = row();
    }
  }
  return { shape: [count, encoder.max], data };
}

function copied(feed: Feed, valid: number, { copied: from }: Scenario): Feed {
  const width = feed.data.length / feed.shape[0];
  for (let index = 0; from !== undefined && index < valid; index++) {
    const source = from(index) * width;
    feed.data.copyWithin(index * width, source, source + width);
  }
  return feed;
}

function faint(feed: Feed, { faint: left }: Scenario, { encoder }: Feature): Feed {
  if (left === undefined) {
    return feed;
  }
  if (isFloat(encoder)) {
    feed.data.forEach((x, i) => {
      feed.data[i] = left * x;
    });
  } else {
    feed.data.fill(encoder.kind === "tags" ? -1 : 0);
  }
  return feed;
}

/** What the runtime writes behind the valid behaviours: 0, and −1 for tags. */
function padded(feed: Feed, valid: number, { encoder }: Feature): Feed {
  feed.data.fill(encoder.kind === "tags" ? -1 : 0, (feed.data.length / feed.shape[0]) * valid);
  return feed;
}
