// generation.json: what one generation of built tables is made of, and of which weights.

import { join } from "node:path";
import * as v from "valibot";
import { TwinError } from "../error.ts";
import { expectFile, readText, writeFileAtomic } from "../files.ts";
import { named, strict } from "../named-schema.ts";

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]+$/));
/** A file of the generation's own folder. */
const file = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "a plain file name"));

export const GenerationSchema = strict({
  format: v.literal(1),
  number: v.pipe(natural, v.minValue(1)),
  model: v.string(),
  /** ISO 8601, UTC. */
  made_at: v.pipe(v.string(), v.isoTimestamp()),
  /** Training step of the weights, where they say one. */
  step: v.nullable(natural),
  /** Items, the unknown one not counted. */
  items: natural,
  key: strict({ feature: v.string(), type: v.picklist(["int64", "string"]) }),
  fingerprints: strict({
    /** By table: hash of all that the projector reads. */
    producer: named(hex),
    /** By metric. */
    metric: named(hex),
    /** Of the item features' encoders: the item store fits no others. */
    encoders: hex,
  }),
  tables: named(
    strict({
      file,
      /** Rows, the miss row among them. */
      rows: v.pipe(natural, v.minValue(1)),
      /** Share of the log's behaviours that the table holds; null where no log was given. */
      coverage_reached: v.nullable(v.number()),
    }),
  ),
  index: file,
  store: file,
});

export type GenerationFile = v.InferOutput<typeof GenerationSchema>;

const NAME = "generation.json";
const again = "Build the tables again: twin table build DIR --data DATA";

/** @throws TwinError where it is missing, foreign or of another version */
export function readGeneration(folder: string): GenerationFile {
  const path = join(folder, NAME);
  expectFile(path, again);
  let value: unknown;
  try {
    value = JSON.parse(readText(path, 16 * 1024 * 1024));
  } catch (error) {
    throw error instanceof TwinError ? error : new TwinError(`${path} is no JSON text. ${again}`);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (format !== undefined && format !== 1) {
    throw new TwinError(
      `${path} has format ${JSON.stringify(format)}, and this version of Twin reads format 1. ${again}, or update Twin`,
    );
  }
  const result = v.safeParse(GenerationSchema, value);
  if (!result.success) {
    const [issue] = result.issues;
    throw new TwinError(`${path}: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}. ${again}`);
  }
  return result.output;
}

export function writeGeneration(folder: string, generation: GenerationFile): void {
  writeFileAtomic(join(folder, NAME), `${JSON.stringify(v.parse(GenerationSchema, generation), null, 2)}\n`);
}
