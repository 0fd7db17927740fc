// What a host feeds to training's graphs, made the slow and obvious way from the features of a batch.

import type { Tensor } from "../../compiler/ir/rule.ts";
import { embeddingsOf } from "../../compiler/model/embeddings.ts";
import type { Model } from "../../compiler/model/model.ts";
import { tablesBeside } from "../../compiler/model/own.ts";
import { keptPort } from "../../compiler/model/ports.ts";
import { encodedShapeOf } from "../../contract/encoder-spec.ts";
import type { TrainFrame, TrainGraph, TrainPort, TrainSpec } from "../../contract/training-spec.ts";
import { type Feeds, isOfBehaviours, type RequestShape, requestFeeds, uniform } from "./any-request.ts";
import { graphsOf, type ReadParameter, run } from "./reference.ts";

/** Requests of one candidate each, stacked into a batch: rows with users, histories and candidates of their own. */
export function batchOf(model: Model, rows: readonly Omit<RequestShape, "candidates">[]): Feeds {
  const all = rows.map((row) => requestFeeds(model, { ...row, candidates: 1 }));
  return Object.fromEntries(
    Object.entries(all[0]).map(([name, { shape }]) => [
      name,
      {
        shape: [rows.length, ...(isOfBehaviours(model, name) ? shape : shape.slice(1))],
        data: all.flatMap((feeds) => Array.from(feeds[name].data)),
      },
    ]),
  );
}

export interface TrainFeedParts {
  readonly model: Model;
  readonly spec: TrainSpec;
  /** Every feature of the batch, as the batch layout of the serving graphs takes them. */
  readonly batch: Feeds;
  readonly read: ReadParameter;
  /** What the searches kept, by search: int32 [batch, keep] or [heads, batch, keep]. */
  readonly kept: Feeds;
  readonly seed: number;
}

/** All inputs of one graph but those that `step` carries over. `compact`: tables hold the rows of the batch alone. */
export function trainFeeds(graph: TrainGraph, parts: TrainFeedParts, compact = false): Feeds {
  const world = worldOf(parts);
  const wanted = graph.inputs.filter(({ source }) => source.kind !== "carried");
  const feeds = Object.fromEntries(wanted.map((port) => [port.name, feedOf(port, world)]));
  return compact ? compacted(wanted, feeds, parts) : feeds;
}

interface World extends TrainFeedParts {
  /** Unique items by feature, and which of them stands where. */
  readonly columns: Readonly<Record<string, Tensor>>;
  readonly index: Readonly<Record<string, readonly number[]>>;
  readonly rows: number;
}

function worldOf(parts: TrainFeedParts): World {
  const { model, batch } = parts;
  const features = model.item.features.filter(({ width, encoder }) => width > 0 || encoder.kind === "centroid");
  const numbers = new Map<string, number>();
  const items: number[][][] = [];
  const add = (values: number[][]) => {
    const key = JSON.stringify(values);
    if (!numbers.has(key)) {
      items.push(values);
    }
    numbers.set(key, numbers.get(key) ?? numbers.size);
    return numbers.get(key)!;
  };
  const inner = ({ encoder }: (typeof features)[number]) => encodedShapeOf(encoder);
  const one = (feature: (typeof features)[number]) => inner(feature)[0] ?? 1;
  add(features.map((feature) => Array<number>(one(feature)).fill(feature.encoder.kind === "tags" ? -1 : 0)));
  const at = (prefix: string) => {
    const columns = features.map((feature) => ({ ...batch[`${prefix}.item.${feature.name}`], width: one(feature) }));
    const count = columns[0].data.length / columns[0].width;
    return Array.from({ length: count }, (_, row) =>
      add(columns.map(({ data, width }) => Array.from(data).slice(row * width, (row + 1) * width))),
    );
  };
  const index = Object.fromEntries(
    ["candidate", ...model.histories.map(({ name }) => name)].map((name) => [name, at(name)]),
  );
  const columns = features.map((feature, place): [string, Tensor] => [
    feature.qualified,
    { shape: [items.length, ...inner(feature)], data: items.flatMap((values) => values[place]) },
  ]);
  return { ...parts, columns: Object.fromEntries(columns), index, rows: index.candidate.length };
}

function feedOf({ name, shape, source }: TrainPort, world: World): Tensor {
  const { spec, read, batch, rows, seed } = world;
  const draw = uniform(seed + name.length * 7919 + name.charCodeAt(0));
  const drawn = (lengths: readonly number[], make: () => number): Tensor => ({
    shape: [...lengths],
    data: Array.from({ length: lengths.reduce((product, dim) => product * dim, 1) }, make),
  });
  const frame = "frame" in source && source.frame !== null ? frameOf(spec, source.frame) : null;
  switch (source.kind) {
    case "pack": {
      const pack = spec.packs.find((one) => one.name === source.pack)!;
      return {
        shape: [pack.size],
        data: pack.parameters.flatMap((parameter) => Array.from(read(parameter.name).data)),
      };
    }
    case "pack-state":
      return drawn(shape as number[], () => draw() * 0.1);
    case "table":
      return read(source.parameter);
    case "table-state":
      return drawn([read(source.parameter).shape[0], shape[1] as number], () => draw() * 0.1);
    case "item":
      return world.columns[source.feature];
    case "index":
      return frame === null ? { shape: [rows], data: world.index.candidate } : framed(world, frame, "index");
    case "cross":
      return framed(world, frame!, source.feature);
    case "valid":
      return framed(world, frame!, `${frame!.history}.valid`);
    case "single":
      return batch[source.feature];
    case "label":
      return drawn([rows], () => Number(draw() < 0.5));
    case "label-weight":
      return drawn([rows], () => (draw() < 0.2 ? 0 : draw() / rows));
    case "pairs":
      return drawn([rows, rows], () => (draw() < 0.7 ? 0 : draw() / rows));
    case "offset":
      return drawn([rows], () => draw() - 0.5);
    case "rate":
      return { shape: [], data: [source.of === "dense" ? 0.01 : 0.05] };
    case "correction":
      return { shape: [], data: [1 - source.beta ** 3] };
    case "dropout":
      return drawn([rows, source.width], () => (draw() < source.rate ? 0 : 1 / (1 - source.rate)));
    case "carried":
      throw new Error(`${name} comes from step`);
  }
}

const frameOf = (spec: TrainSpec, name: string) => spec.frames.find((frame) => frame.name === name)!;

/** A history-aligned tensor at the behaviours of a frame: [batch, n, …] or [heads, batch, n, …]. */
function framed({ batch, kept, index, rows }: World, frame: TrainFrame, what: string): Tensor {
  const whole = batch[`${frame.history}.valid`].shape[1];
  const source = what === "index" ? { shape: [rows, whole], data: index[frame.history] } : batch[what];
  const inner = source.shape.slice(2);
  const width = inner.reduce((product, dim) => product * dim, 1);
  const length = frame.kind === "whole" ? whole : frame.length;
  const lists = frame.kind === "search" && frame.heads !== null ? [frame.heads, rows] : [rows];
  const positions =
    frame.kind === "search"
      ? Array.from(kept[frame.search].data)
      : Array.from({ length: rows * length }, (_, place) => place % length);
  const data = positions.flatMap((position, place) => {
    const start = ((Math.floor(place / length) % rows) * whole + position) * width;
    return Array.from({ length: width }, (_, column) => source.data[start + column]);
  });
  return { shape: [...lists, length, ...inner], data };
}

/** The same with only those rows of every table that some feature reads; state rows keep to their rows. */
function compacted(ports: readonly TrainPort[], feeds: Feeds, { model, spec }: TrainFeedParts): Feeds {
  const result = { ...feeds };
  for (const { embedding, readers: own } of embeddingsOf(model)) {
    const readers = new Set(own.map(({ qualified }) => qualified));
    const beside = tablesBeside(model).filter(({ reader }) => readers.has(reader.qualified));
    const parameters = new Set([embedding, ...beside.map((one) => one.embedding)].map(({ parameter }) => parameter));
    if (!spec.tables.some(({ parameter }) => parameters.has(parameter))) {
      continue;
    }
    const reading = ports.filter(({ source }) => "feature" in source && readers.has(source.feature));
    const used = [...new Set([0, ...reading.flatMap(({ name }) => Array.from(feeds[name].data))])].filter(
      (id) => id >= 0,
    );
    const place = new Map([[-1, -1], ...used.map((id, row) => [id, row] as const)]);
    for (const { name } of reading) {
      result[name] = { shape: feeds[name].shape, data: Array.from(feeds[name].data, (id) => place.get(id)!) };
    }
    for (const { name, source } of ports) {
      if (!("parameter" in source) || !parameters.has(source.parameter)) {
        continue;
      }
      const [, width] = feeds[name].shape;
      const data = used.flatMap((id) => Array.from(feeds[name].data).slice(id * width, (id + 1) * width));
      result[name] = { shape: [used.length, width], data };
    }
  }
  return result;
}

/** What every search keeps in the batch, by the serving graphs' batch layout. */
export function keptByAll(model: Model, batch: Feeds, read: ReadParameter): Feeds {
  const search = graphsOf(model, "batch").get("search");
  if (search === undefined) {
    return {};
  }
  const kept = run(search, batch, read);
  return Object.fromEntries(model.searches.map((one) => [one.name, kept[keptPort(model, one)]]));
}
