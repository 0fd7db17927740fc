// Brings a manifest of an earlier shape into the present one: what stood in names and texts becomes structure. Nothing else
// changes, so a build answers as it did.
import type { BySpec, OverSpec, PartOf } from "./by-spec.ts";
import type { GraphSpec, Manifest } from "./manifest.ts";
import type { EarlierFrame, EarlierManifest } from "./manifest-earlier.ts";
import { projectedTable, resultsByName, sourcesByName } from "./port-names.ts";
import type { Result, Source } from "./port-spec.ts";
import { recordOf } from "./record.ts";
import type { TrainFrame } from "./training-spec.ts";

/** Ends with a use error that says what does not hang together. */
export type Fail = (what: string) => never;

export function upgradeManifest(earlier: EarlierManifest, fail: Fail): Manifest {
  const { graphs, searches, attends, tables, embeddings, train, features, histories, ...same } = earlier;
  const metrics = metricHeads(earlier);
  return {
    ...same,
    format: 2,
    features,
    histories: histories.map(({ name, max, minimum }) => ({
      name,
      max,
      minimum,
      cross: features.flatMap((one) => (one.group === "cross" && one.name.startsWith(`${name}.`) ? [one.name] : [])),
    })),
    graphs: recordOf(
      (Object.entries(graphs) as [EarlierGraph, EarlierManifest["graphs"][EarlierGraph]][]).flatMap(([name, graph]) =>
        graph === undefined ? [] : [[name, upgradeGraph(earlier, name, graph, fail)] as const],
      ),
    ),
    metrics,
    searches: searches.map(({ by, metric, ...search }) => ({
      ...search,
      by: metric === null ? byOf(by, earlier, fail) : { kind: "metric", metric },
      written: by,
    })),
    attends: attends.map(({ name, by, over, heads }) => ({
      name,
      by: byOf(by, earlier, fail),
      written: by,
      over: overOf(over, fail),
      heads,
    })),
    tables: recordOf(
      Object.entries(tables).map(([name, { parts, ...table }]) => [
        name,
        { ...table, parts: parts.map(({ of, ...part }) => ({ ...part, of: partOf(of, earlier, fail) })) },
      ]),
    ),
    embeddings: embeddings.map(({ parameter, rows, dim, placement, input }) => ({
      parameter,
      rows,
      dim,
      readers: features.flatMap(({ name, embedding }) => (embedding === parameter ? [name] : [])),
      placement:
        placement === "inside"
          ? { kind: "inside" }
          : { kind: "outside", input: input ?? fail(`the embedding ${parameter} is outside and has no input`) },
    })),
    train: { ...train, frames: train.frames.map((frame) => frameOf(frame, fail)) },
    extensions: {},
  };
}

type EarlierGraph = keyof EarlierManifest["graphs"];

function upgradeGraph(
  earlier: EarlierManifest,
  graph: EarlierGraph,
  { file, keys, inputs, outputs, variants }: NonNullable<EarlierManifest["graphs"][EarlierGraph]>,
  fail: Fail,
): GraphSpec {
  const sources = sourcesByName(earlier);
  const results = resultsByName(earlier);
  const source = (port: string): Source =>
    sources.get(port) ?? fail(`graph ${graph} has an input ${port} that nothing else in it explains`);
  const result = (port: string): Result => {
    const table = graph === "projector" ? projectedTable(earlier, port) : null;
    const found = table === null ? results.get(port) : ({ kind: "rows", table } as const);
    return found ?? fail(`graph ${graph} has an output ${port} that nothing else in it explains`);
  };
  return {
    file,
    keys,
    inputs: inputs.map((port) => ({ ...port, source: source(port.name) })),
    outputs: outputs.map((port) => ({ ...port, result: result(port.name) })),
    ...(variants && {
      variants: recordOf(
        Object.entries(variants).flatMap(([type, variant]) =>
          variant === undefined
            ? []
            : [
                [
                  type,
                  {
                    file: variant.file,
                    inputs: variant.inputs.map((port) => ({ ...port, source: source(port.name) })),
                  },
                ],
              ],
        ),
      ),
    }),
  };
}

/** Heads of every metric: an attend by it says them, or a table that holds its keys. */
function metricHeads({ fingerprints, attends, tables }: EarlierManifest): Manifest["metrics"] {
  const parts = Object.values(tables).flatMap((table) => table.parts);
  return recordOf(
    Object.keys(fingerprints.metric).map((metric) => {
      const said = attends.find(({ by }) => by === metric) ?? parts.find(({ of }) => of === `${metric}.keys`);
      return [metric, { heads: said?.heads ?? 1 }];
    }),
  );
}

/** Of `relevance`, `match(item.category)`, `mean`. */
function byOf(text: string, { fingerprints }: EarlierManifest, fail: Fail): BySpec {
  if (Object.hasOwn(fingerprints.metric, text)) {
    return { kind: "metric", metric: text };
  }
  if (text === "mean") {
    return { kind: "mean" };
  }
  const [, kind, feature] = /^(match|inner_product)\((.+)\)$/.exec(text) ?? [];
  if (kind === undefined) {
    return fail(`it goes by ${JSON.stringify(text)}, which is no metric of it`);
  }
  return { kind: kind as "match" | "inner_product", feature };
}

function overOf({ kind, name, history, count }: EarlierManifest["attends"][number]["over"], fail: Fail): OverSpec {
  if (kind === "search") {
    return { kind, search: name, history };
  }
  if (kind === "history") {
    return { kind, history };
  }
  return { kind, history, count: count ?? fail(`an attend over the newest of ${history} does not say how many`) };
}

function partOf(text: string, { fingerprints, attends }: EarlierManifest, fail: Fail): PartOf {
  const at = text.lastIndexOf(".");
  const [owner, kind] = [text.slice(0, at), text.slice(at + 1)];
  if (kind === "keys" && Object.hasOwn(fingerprints.metric, owner)) {
    return { kind, metric: owner };
  }
  if (kind === "values" && attends.some(({ name }) => name === owner)) {
    return { kind, attend: owner };
  }
  return fail(`a table holds ${JSON.stringify(text)}, which nothing else in it explains`);
}

function frameOf({ name, kind, history, search, length, heads }: EarlierFrame, fail: Fail): TrainFrame {
  const incomplete = (): never => fail(`the frame ${name} of training is not whole`);
  if (kind === "whole") {
    return { kind, name, history };
  }
  if (kind === "last") {
    return { kind, name, history, length: length ?? incomplete() };
  }
  return { kind, name, history, search: search ?? incomplete(), length: length ?? incomplete(), heads };
}
