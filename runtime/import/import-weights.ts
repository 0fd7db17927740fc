// The import itself: opens, plans, writes beside the output, lets it be verified, and gives it its name in one step.
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import { TensorWriter } from "../bytes/checked-tensors.ts";
import { AtomicFile, attempt, isAlive, syncFolder, writeFileAtomic } from "../host/files.ts";
import { type Assignment, gather } from "./assign.ts";
import type { ForeignWeights } from "./foreign-weights.ts";
import { fuxiEntries, fuxiIgnored } from "./fuxictr.ts";
import { type FuxiRequest, matchFeatures } from "./fuxictr-match.ts";
import { type FuxiVocabularies, vocabularyFiles } from "./fuxictr-vocabulary.ts";
import type { ImportTarget } from "./import-target.ts";
import type { MapFile } from "./map-file.ts";
import { openForeign } from "./open-foreign.ts";
import { type ImportPlan, planImport } from "./plan.ts";
import type { RowMap } from "./rows.ts";

export interface ImportRequest {
  readonly path: string;
  /** Whose habits the file has; its format is seen from its bytes. */
  readonly from: "safetensors" | "torch" | "fuxictr";
  readonly target: ImportTarget;
  readonly map: MapFile;
  /** Of FuxiCTR's feature_map.json. */
  readonly features: FuxiRequest["features"];
  /** Of its feature_vocab.json: written as Twin's vocabularies into the folder `vocabularies` beside the output. */
  readonly vocabularies: FuxiVocabularies | null;
  /** Embedding tables alone; the rest keeps its start values. */
  readonly partial: boolean;
  readonly output: string;
  /** float32, little-endian, of a parameter that is not imported. */
  readonly startValues: (parameter: string) => Iterable<Uint8Array>;
  /** Told where the weights lie before they get their name; what it throws ends the import, and nothing is left. */
  readonly verify?: (weights: string, rowMaps: ReadonlyMap<string, RowMap>) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface ImportReport extends Omit<ImportPlan, "assignments"> {
  /** SHA-256 of the file. */
  readonly sha256: string;
  readonly taken: readonly {
    readonly parameter: string;
    readonly shape: readonly number[];
    readonly from: readonly string[];
    /** What was done to it: `transposed`, `4 heads`, … */
    readonly how: readonly string[];
  }[];
  /** Parameters that keep their start values. */
  readonly started: readonly string[];
  /** Vocabulary files that were written. */
  readonly vocabularies: readonly string[];
  /** Features whose rows follow a vocabulary of the source that was not given. */
  readonly unnamed: readonly string[];
}

/** @throws TwinError where the file is refused, does not make the model's weights, or `verify` says so */
export async function importWeights(request: ImportRequest): Promise<ImportReport> {
  const { path, target, map, output, partial } = request;
  const source = await openForeign(path);
  const stage = stageBeside(output);
  try {
    const preset = request.from === "fuxictr";
    const fuxi = { path, arrays: source.arrays, target, features: request.features, names: map.features, partial };
    const plan = planImport({
      path,
      arrays: source.arrays,
      unreadable: source.unreadable,
      target,
      entries: map.map,
      preset: preset ? fuxiEntries(fuxi) : [],
      ignore: [...map.ignore, ...(request.from === "safetensors" ? [] : fuxiIgnored)],
      linear: request.from !== "safetensors",
      partial,
    });
    const sha256 = await hashOf(path);
    const staged = join(stage, "weights.safetensors");
    const started = await write(staged, source, plan, sha256, request);
    const { vocabularies } = request;
    const texts = vocabularies === null ? null : vocabularyFiles(matchFeatures(fuxi), request.features, vocabularies);
    const rowMaps = plan.assignments.flatMap(({ parameter, rows }) => (rows ? [[parameter.name, rows] as const] : []));
    await request.verify?.(staged, new Map(rowMaps));
    attempt("write", output, () => {
      renameSync(staged, output);
      syncFolder(dirname(output));
    });
    const folder = join(dirname(output), "vocabularies");
    const written = [...(texts ?? [])].map(([feature, text]) => {
      writeFileAtomic(join(folder, `${feature}.jsonl`), text);
      return join(folder, `${feature}.jsonl`);
    });
    const { assignments, ...rest } = plan;
    const tables = new Set(assignments.map(({ parameter }) => parameter.name));
    const unnamed = target.features.filter(
      ({ qualified, vocabulary, table }) =>
        vocabulary === qualified && table !== null && tables.has(table) && !texts?.has(qualified),
    );
    return {
      ...rest,
      sha256,
      taken: assignments.map(describe),
      started,
      vocabularies: written,
      unnamed: unnamed.map(({ qualified }) => qualified),
    };
  } finally {
    source.close();
    rmSync(stage, { recursive: true, force: true });
  }
}

/** A folder of our own beside the output; those that killed processes left are removed. */
function stageBeside(output: string): string {
  const folder = dirname(output);
  const stem = `.${basename(output)}.import-`;
  return attempt("write", output, () => {
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) {
      const owner = name.startsWith(stem) ? Number(name.slice(stem.length)) : Number.NaN;
      if (owner === process.pid || (Number.isInteger(owner) && !isAlive(owner))) {
        rmSync(join(folder, name), { recursive: true, force: true });
      }
    }
    const stage = join(folder, `${stem}${process.pid}`);
    mkdirSync(stage);
    return stage;
  });
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 22 })) {
    hash.update(piece);
  }
  return hash.digest("hex");
}

/** Every parameter in the model's order, one in memory at a time. */
async function write(
  staged: string,
  source: ForeignWeights,
  { assignments }: ImportPlan,
  sha256: string,
  { target, from, path, startValues, signal }: ImportRequest,
): Promise<string[]> {
  const made = new Map(assignments.map((assignment) => [assignment.parameter.name, assignment]));
  const started = target.parameters.filter(({ name }) => !made.has(name)).map(({ name }) => name);
  const metadata = {
    model: target.model,
    untrained: "false",
    imported_from: `${from}: ${basename(path)}`,
    imported_sha256: sha256,
    ...(started.length > 0 && { start_values: String(started.length) }),
  };
  const file = await TensorWriter.create(AtomicFile.create(staged), target.parameters, metadata, await hasher());
  try {
    for (const { name } of target.parameters) {
      if (signal?.aborted) {
        throw new TwinError("nothing was imported");
      }
      const assignment = made.get(name);
      if (assignment) {
        await file.write(await bytesOf(assignment, source));
      } else {
        for (const piece of startValues(name)) {
          await file.write(piece);
        }
      }
    }
    await file.commit();
  } finally {
    await file.abort();
  }
  return started;
}

async function bytesOf(assignment: Assignment, source: ForeignWeights): Promise<Uint8Array> {
  const values = await gather(assignment, (name) => source.read(name));
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    const { parameter, parts } = assignment;
    throw new TwinError(
      `${source.path}: ${parts.map(({ array }) => array.name).join(" with ")} holds ${values[wrong]} (number ${wrong} of ${parameter.name}), which makes every score meaningless. Take an earlier checkpoint`,
    );
  }
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function describe({ parameter, parts, orientation, repeat, rows }: Assignment): ImportReport["taken"][number] {
  const { name, shape } = parameter;
  const how = [
    ...(parts.some(({ slices }) => slices.length > 0) ? ["columns put in the model's order"] : []),
    ...(orientation.transpose ? ["transposed"] : []),
    ...(orientation.split ? [`${shape[0]} heads`] : []),
    ...(repeat && parts[0].array.shape.every((size) => size === 1) ? ["one number repeated"] : []),
    ...(rows ? [rowsText(rows)] : []),
  ];
  return { parameter: name, shape, from: [...new Set(parts.map(({ array }) => array.name))], how };
}

function rowsText({ from, filled, padding }: RowMap): string {
  const known = from.length - filled - 1;
  return [
    from[0] < 0 ? "no unknown row: zeros" : `unknown: its row ${from[0]}`,
    ...(padding === null ? [] : [`padding: its row ${padding}`]),
    ...(known > 0 ? [`rows 1 to ${known}: its rows ${from[1]} to ${from[known]}`] : []),
    ...(filled > 0 ? [`${filled} rows that it lacks are as the unknown one`] : []),
  ].join(", ");
}
