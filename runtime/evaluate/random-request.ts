// Random requests for a model, from a seed: what the self-test searches in.

import { isComputed } from "../../contract/encoder-spec.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import type { RawValue } from "../encode/raw.ts";
import { crossFeatures, type PrepareRequest, type RankRequest } from "../request/index.ts";

/** How items are named in random requests. */
export interface ItemDraw {
  /** Keys are 1 … items. */
  readonly items: number;
  /** Whether their features come along, because no store holds them. */
  readonly inline: boolean;
  /** Entries of a vocabulary, so that some values are known. */
  readonly vocabulary: (name: string) => readonly string[];
}

const now = 1_700_000_000;

/** One request: histories of `length` behaviours, `candidates` candidates. */
export function randomRequest(
  manifest: Manifest,
  draw: ItemDraw,
  next: () => number,
  length: number,
  candidates: number,
): { prepare: PrepareRequest; rank: RankRequest } {
  const brought = ({ encoder, training }: FeatureSpec) =>
    encoder.kind !== "key" && encoder.kind !== "centroid" && !isComputed(encoder) && training !== true;
  const group = (name: FeatureSpec["group"]) =>
    manifest.features.filter((feature) => feature.group === name && brought(feature));
  const column = (feature: FeatureSpec, rows: number) =>
    Array.from({ length: rows }, () => rawValue(feature, next, draw));
  const single = (features: readonly FeatureSpec[]) =>
    recordOf(features.map((feature) => [feature.column, rawValue(feature, next, draw)]));
  const items = (rows: number) => {
    const item = Array.from({ length: rows }, () => 1 + Math.floor(next() * draw.items));
    if (!draw.inline) {
      return { item };
    }
    return { item, items: recordOf(group("item").map((feature) => [feature.column, column(feature, rows)])) };
  };
  const history = recordOf(
    manifest.histories.map(({ name, max }) => {
      const rows = Math.min(max, length);
      const cross = crossFeatures(manifest, name).filter(({ encoder }) => !isComputed(encoder));
      const columns = cross.map((feature) => [feature.column, column(feature, rows)] as const);
      const time = Array.from({ length: rows }, () => now - Math.floor(next() ** 4 * 3e7));
      return [name, { ...items(rows), time, ...recordOf(columns) }];
    }),
  );
  const own = group("candidate").map((feature) => [feature.column, column(feature, candidates)] as const);
  return {
    prepare: { user: single(group("user")), time: now, history },
    rank: {
      context: single(group("context")),
      candidates: { ...items(candidates), ...recordOf(own) },
    },
  };
}

function rawValue(feature: FeatureSpec, next: () => number, draw: ItemDraw): RawValue {
  const { encoder } = feature;
  if (next() < 0.02) {
    return null;
  }
  switch (encoder.kind) {
    case "id":
    case "hashed":
    case "vocabulary":
      return rowValue(encoder, feature, next, draw);
    case "bucketed":
    case "elapsed": {
      const low = encoder.edges[0] ?? 0;
      const high = encoder.edges.at(-1) ?? 0;
      return low - 1 + next() * (high - low + 2);
    }
    case "flag":
      return next() < 0.5;
    case "tags": {
      const { of } = encoder;
      return Array.from({ length: Math.floor(next() * (encoder.max + 1)) }, () => rowValue(of, feature, next, draw));
    }
    case "pretrained":
      return Float32Array.from({ length: encoder.size }, () => next() * 2 - 1);
    case "number":
      return (encoder.mean ?? 0) + (next() * 10 - 5) * (encoder.deviation ?? 1);
    case "members":
      return 1 + Math.floor(next() * 20);
    case "place":
    case "gap":
    case "hour":
    case "weekday":
    case "centroid":
    case "key":
      return null;
  }
}

type RowKind = Extract<FeatureSpec["encoder"], { kind: "id" | "hashed" | "vocabulary" }>;

function rowValue(encoder: RowKind, feature: FeatureSpec, next: () => number, draw: ItemDraw): number | string {
  if (encoder.kind === "id") {
    return Math.floor(next() * encoder.vocab);
  }
  if (encoder.kind === "hashed") {
    return Math.floor(next() * 4 * encoder.buckets);
  }
  const entries = draw.vocabulary(feature.vocabulary ?? feature.name);
  return entries.length === 0 ? "unseen" : entries[Math.floor(next() * entries.length)];
}
