// What a prepared data set was made of, as one hash: equal key, equal data set, so it need not be made again.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { recordOf } from "../../../contract/record.ts";
import { attempt } from "../../host/files.ts";
import { type Binding, boundFiles, namedFiles } from "../binding.ts";
import type { DataModel } from "../data-model.ts";
import { Source } from "../database/source.ts";
import type { Vocabularies } from "./encode-rows.ts";

/** Raised where prepared data of an earlier version can no longer be read as they were meant. */
const version = 1;

/** SHA-256 of binding, encoders, vocabularies, and of every file's name, size and time of change. */
export function dataKey(
  source: Source,
  binding: Binding,
  model: DataModel,
  vocabularies: Vocabularies,
  seed: number,
  samples?: "all",
): string {
  const encoding = encodingKey(model, vocabularies);
  return hashOf({ version, binding: meantBy(binding), files: filesOf(source, binding), seed, encoding, samples });
}

/** SHA-256 of what a binding says, and of every file's name, size and time of change. */
export async function bindingKey(binding: Binding): Promise<string> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    return hashOf({ binding: meantBy(binding), files: filesOf(source, binding) });
  } finally {
    source.close();
  }
}

function filesOf(source: Source, { events, items, users, vectors }: Binding): (readonly [string, number, number])[] {
  const named = [events, items, users, vectors].flatMap((one) => (one === null ? [] : namedFiles(one.file)));
  return named
    .flatMap((name) => source.files(name))
    .map((path) => {
      const { size, mtimeMs } = attempt("read", path, () => statSync(path));
      return [path, size, mtimeMs] as const;
    });
}

function meantBy(binding: Binding): unknown {
  const { events, lists, items, users, vectors, history, columns, knownAt, negatives, weight, split } = binding;
  // What is the default since it can be said otherwise is left out: data prepared before that is the same.
  const drawn = negatives && { ...negatives, met: negatives.met === "allow" ? "allow" : undefined };
  const known = Object.keys(knownAt).length === 0 ? undefined : knownAt;
  return {
    events,
    lists: lists ?? undefined,
    items,
    users,
    vectors: vectors ?? undefined,
    samplesFrom: binding.samplesFrom ?? undefined,
    history,
    columns,
    knownAt: known,
    negatives: drawn,
    weight,
    split,
  };
}

const hashOf = (value: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("hex");

/** SHA-256 of how a model's raw values are encoded: features, their vocabularies, histories and labels. */
export function encodingKey(model: DataModel, vocabularies: Vocabularies): string {
  const features = model.features.map(({ name, group, key, encoder, vocabulary, column, formerly }) => ({
    name,
    group,
    key,
    encoder,
    vocabulary,
    column,
    formerly,
  }));
  const histories = model.histories.map(({ name, max }) => ({ name, max }));
  const labels = model.labels.map(({ name, kind }) => ({ name, kind }));
  const hash = createHash("sha256").update(JSON.stringify(sorted({ features, histories, labels })));
  for (const [name, entries] of [...vocabularies].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`\n${name}\n`);
    for (const entry of entries) {
      hash.update(`${JSON.stringify(entry)}\n`);
    }
  }
  return hash.digest("hex");
}

/** Members in the order of their names, so that their order in a YAML file does not count. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return recordOf(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
