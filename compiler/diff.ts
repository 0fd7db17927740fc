// What a change of the source means for what was built before: weights, tables, requests.

import { partName } from "../contract/by-spec.ts";
import { type Digest, portableDigest } from "../contract/digest.ts";
import { type Encoder, isComputed, isStat } from "../contract/encoder-spec.ts";
import type { Manifest } from "../contract/manifest.ts";
import { vocabularyName } from "../contract/vocabulary-name.ts";
import { entriesDigest } from "./emit/vocabulary.ts";
import {
  type Evidence,
  metricFingerprints,
  producerFingerprint,
  producerParts,
  stableJson,
} from "./graphs/fingerprint.ts";
import { wholeProjector } from "./graphs/index.ts";
import { trainingAlone } from "./model/bias.ts";
import { vocabularyOwner } from "./model/embeddings.ts";
import { allFeatures, formerName } from "./model/features.ts";
import type { Feature, Model, Score, Table } from "./model/model.ts";
import type { Parameter } from "./model/parameter.ts";
import { partOf } from "./model/table-layout.ts";
import { partMetric } from "./model/widths.ts";
import { parameters } from "./parameters/parameters.ts";
import type { WeightSource } from "./values/values.ts";

/** The earlier build, beside its manifest. */
export interface Built {
  readonly manifest: Manifest;
  readonly weights: WeightSource;
  /** Entries of its vocabularies, by the feature that owns them. */
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
}

export interface ParameterDiff {
  readonly kept: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  readonly reshaped: readonly {
    readonly name: string;
    readonly from: readonly number[];
    readonly to: readonly number[];
  }[];
  readonly added: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly gone: readonly string[];
}

export interface TableDiff {
  readonly name: string;
  readonly state: "valid" | "rebuild" | "new" | "gone";
  readonly because: readonly string[];
}

export interface Fields {
  readonly added: readonly string[];
  readonly gone: readonly string[];
}

export interface DiffReport {
  readonly model: string;
  readonly parameters: ParameterDiff;
  /** Features that are encoded otherwise: what was learned for their rows no longer means the same. */
  readonly encoders: readonly { readonly name: string; readonly from: string; readonly to: string }[];
  readonly tables: readonly TableDiff[];
  /** What a request brings. */
  readonly request: Fields & { readonly renamed: readonly { readonly from: string; readonly to: string }[] };
  /** What an answer holds. */
  readonly labels: Fields;
  /** What candidates are ordered by, as `click 1, like 0.5`, null where that is the first label; null: as before. */
  readonly score: { readonly from: string | null; readonly to: string | null } | null;
  /** Something must be trained or built again. */
  readonly redo: boolean;
}

/** Compares an earlier build with the model as it is now. Reads the weights that the tables were made with. */
export function diff(built: Built, model: Model, digest: Digest = portableDigest): DiffReport {
  const all = parameters(model);
  const parameterDiff = diffParameters(all, built.weights);
  const encoders = diffEncoders(model, built.manifest);
  const tables = diffTables(model, all, built, digest, encoders);
  const { reshaped, added, gone } = parameterDiff;
  const stale = tables.some(({ state }) => state === "rebuild" || state === "new");
  return {
    model: model.name,
    parameters: parameterDiff,
    encoders,
    tables,
    request: diffRequest(model, built.manifest),
    labels: fields(
      built.manifest.labels.map(({ name }) => name),
      model.towers.flatMap(({ tasks }) => tasks.map(({ label }) => label)),
    ),
    score: diffScore(model, built.manifest),
    redo: reshaped.length + added.length + gone.length + encoders.length > 0 || stale,
  };
}

function diffParameters(all: readonly Parameter[], { tensors }: WeightSource): ParameterDiff {
  const kept: string[] = [];
  const renamed: { from: string; to: string }[] = [];
  const reshaped: { name: string; from: readonly number[]; to: readonly number[] }[] = [];
  const added: { name: string; shape: readonly number[] }[] = [];
  const used = new Set<string>();
  for (const parameter of all) {
    const { name, shape } = parameter;
    const from = storedName(parameter, tensors);
    if (from === null) {
      added.push({ name, shape });
      continue;
    }
    used.add(from);
    const old = tensors.get(from)!.shape;
    if (old.join() !== shape.join()) {
      reshaped.push({ name, from: old, to: shape });
    } else if (from === name) {
      kept.push(name);
    } else {
      renamed.push({ from, to: name });
    }
  }
  return { kept, renamed, reshaped, added, gone: [...tensors.keys()].filter((name) => !used.has(name)) };
}

function storedName({ name, formerly }: Parameter, tensors: WeightSource["tensors"]): string | null {
  if (tensors.has(name)) {
    return name;
  }
  return formerly !== null && tensors.has(formerly) ? formerly : null;
}

function diffEncoders(model: Model, manifest: Manifest): DiffReport["encoders"] {
  return allFeatures(model).flatMap((feature) => {
    const old = oldFeature(feature, manifest);
    if (!old) {
      return [];
    }
    const [from, to] = [stableJson(asNow(old.encoder, model, manifest)), stableJson(feature.encoder)];
    return from === to ? [] : [{ name: feature.qualified, from, to }];
  });
}

/** A statistic's encoder of then, with the features that it names under what they are called now. */
function asNow(encoder: Encoder, model: Model, manifest: Manifest): Encoder {
  const now = (then: string): string =>
    allFeatures(model).find((feature) => oldFeature(feature, manifest)?.name === then)?.qualified ?? then;
  if (!isStat(encoder)) {
    return encoder;
  }
  const { on } = encoder;
  return { ...encoder, ...(on !== undefined && { on: now(on) }), ...("of" in encoder && { of: now(encoder.of) }) };
}

function oldFeature(feature: Feature, { features }: Manifest): Manifest["features"][number] | undefined {
  const former = formerName(feature);
  return features.find(({ name }) => name === feature.qualified) ?? features.find(({ name }) => name === former);
}

function diffTables(
  model: Model,
  all: readonly Parameter[],
  built: Built,
  digest: Digest,
  encoders: DiffReport["encoders"],
): TableDiff[] {
  const { manifest } = built;
  const cached = model.tables.length > 0;
  const metrics = cached ? metricFingerprints(model, all) : {};
  const projector = cached ? wholeProjector(model) : undefined;
  const now = model.tables.map((table): TableDiff => {
    const old = manifest.tables[table.name];
    if (!old) {
      return { name: table.name, state: "new", because: ["it was not built before"] };
    }
    const because = [
      ...storageReasons(model, table, manifest),
      ...table.of.flatMap((part) => {
        const name = partMetric(part)?.name;
        return name !== undefined && metrics[name] !== manifest.fingerprints.metric[name]
          ? [`the metric ${name} is another one`]
          : [];
      }),
      ...producerReasons(model, table, { parameters: all, projector }, built, digest, encoders),
    ];
    return { name: table.name, state: because.length > 0 ? "rebuild" : "valid", because: [...new Set(because)] };
  });
  const left = Object.keys(manifest.tables).filter((name) => !model.tables.some((table) => table.name === name));
  return [
    ...now,
    ...left.map((name): TableDiff => ({ name, state: "gone", because: ["the model has no such table"] })),
  ];
}

/** Why stored rows would be laid out or chosen otherwise. */
function storageReasons(model: Model, table: Table, manifest: Manifest): string[] {
  const old = manifest.tables[table.name];
  const parts = table.of.map((part) => partName(partOf(part)));
  const key = model.item.key!;
  const oldKey = manifest.features.find((feature) => feature.group === "item" && feature.key);
  const changes: [boolean, string][] = [
    [old.parts.map(({ of }) => partName(of)).join() !== parts.join(), `it holds ${parts.join(", ")} now`],
    [old.width !== table.width, `its rows are ${table.width} wide, not ${old.width}`],
    [old.precision !== table.precision, `its precision is ${table.precision}, not ${old.precision}`],
    [old.coverage !== table.coverage || old.min_count !== table.minCount, "it covers other items"],
    [
      oldKey !== undefined && oldKey.name !== key.qualified && oldKey.name !== formerName(key),
      `its key is ${key.qualified} now`,
    ],
    [
      oldKey?.encoder.kind === "key" && key.encoder.kind === "key" && oldKey.encoder.type !== key.encoder.type,
      "its key has another type",
    ],
  ];
  return changes.filter(([changed]) => changed).map(([, reason]) => reason);
}

/** Why the projector would give other rows; exact, because the old build's own values are hashed again. */
function producerReasons(
  model: Model,
  table: Table,
  graph: Pick<Evidence, "parameters" | "projector">,
  built: Built,
  digest: Digest,
  encoders: DiffReport["encoders"],
): string[] {
  const { weights, vocabularies, manifest } = built;
  const parts = producerParts(model, table, graph.projector);
  const digests = new Map<string, string>();
  const reasons: string[] = [];
  for (const { name, shape } of parts.parameters) {
    const from = storedName(graph.parameters.find((parameter) => parameter.name === name)!, weights.tensors);
    if (from === null || weights.tensors.get(from)!.shape.join() !== shape.join()) {
      reasons.push(`${name} has to be trained first`);
      continue;
    }
    const hash = digest();
    for (const piece of weights.chunks(from)) {
      hash.update(piece);
    }
    digests.set(name, hash.hex());
  }
  const learned = new Map<string, string>();
  for (const feature of parts.features) {
    if (encoders.some(({ name }) => name === feature.qualified)) {
      reasons.push(`${feature.qualified} is encoded otherwise`);
    }
    const owner = vocabularyOwner(model, feature);
    if (owner === null) {
      continue;
    }
    const entries = vocabularies.get(owner.qualified) ?? vocabularies.get(formerName(owner) ?? "");
    if (entries) {
      learned.set(owner.qualified, entriesDigest(entries));
    } else {
      reasons.push(`${vocabularyName(owner.qualified)} has to be learned first`);
    }
  }
  if (reasons.length > 0) {
    return reasons;
  }
  const print = producerFingerprint(model, table, { ...graph, digests, vocabularies: learned });
  return print === manifest.fingerprints.producer[table.name] ? [] : ["its projector computes something else"];
}

function diffRequest(model: Model, manifest: Manifest): DiffReport["request"] {
  const asked = ({ encoder }: Pick<Feature, "encoder">) => !isComputed(encoder);
  const renamed = allFeatures(model).flatMap((feature) => {
    const old = asked(feature) ? oldFeature(feature, manifest) : undefined;
    return old && old.name !== feature.qualified ? [{ from: old.name, to: feature.qualified }] : [];
  });
  const alone = trainingAlone(model);
  const { added, gone } = fields(
    manifest.features.filter((feature) => asked(feature) && feature.training !== true).map(({ name }) => name),
    allFeatures(model)
      .filter((feature) => asked(feature) && !alone.has(feature))
      .map(({ qualified }) => qualified),
  );
  return {
    added: added.filter((name) => !renamed.some(({ to }) => to === name)),
    gone: gone.filter((name) => !renamed.some(({ from }) => from === name)),
    renamed,
  };
}

function diffScore(model: Model, manifest: Manifest): DiffReport["score"] {
  const text = (score: Pick<Score, "of"> | null | undefined): string | null =>
    score ? score.of.map(({ label, weight }) => `${label} ${weight}`).join(", ") : null;
  const [from, to] = [text(manifest.score), text(model.score)];
  return from === to ? null : { from, to };
}

function fields(before: readonly string[], now: readonly string[]): Fields {
  return { added: now.filter((name) => !before.includes(name)), gone: before.filter((name) => !now.includes(name)) };
}
