// generation.json: what one generation of built tables is made of, and of which weights.
import { join } from "node:path";
import * as v from "valibot";
import { checkedJson, isChecked } from "../../contract/checked-json.ts";
import { TwinError } from "../../contract/error.ts";
import { ExtensionsSchema, expectSections } from "../../contract/extensions.ts";
import { named, strict } from "../../contract/named-schema.ts";
import { recordOf } from "../../contract/record.ts";
import { schemaFault, wayOut } from "../../contract/schema-fault.ts";
import { expectFile, readText, writeFileAtomic } from "../host/files.ts";
import { rootOf } from "./block-file.ts";

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]+$/));
/** A file of the generation's own folder. */
const file = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "a plain file name"));

export const GenerationSchema = strict({
  /** 1 (Twin 0.1.0) has neither `files` nor `checksum`. */
  format: v.picklist([1, 2]),
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
  /** By file: SHA-256 of its header and its blocks' checksums, so that no file of another generation passes for it. */
  files: v.optional(named(hex)),
  /** Sections that versions to come may add. */
  extensions: v.optional(ExtensionsSchema),
  /** Of the text before it. */
  checksum: v.optional(v.string()),
});

export type GenerationFile = v.InferOutput<typeof GenerationSchema>;

const fileName = "generation.json";
const again = "Build the tables again: twin table build DIR --data DATA";

/** @throws TwinError where it is missing, foreign or of another version */
export function readGeneration(folder: string): GenerationFile {
  const path = join(folder, fileName);
  expectFile(path, again);
  let text: string;
  let value: unknown;
  try {
    text = readText(path, 16 * 1024 * 1024);
    value = JSON.parse(text);
  } catch (error) {
    throw error instanceof TwinError ? error : new TwinError(`${path} is no JSON text. ${again}`);
  }
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (format !== undefined && format !== 1 && format !== 2) {
    throw new TwinError(
      `${path} has format ${JSON.stringify(format)}, and this version of Twin reads format 1 and 2. ${again}, or update Twin`,
    );
  }
  const result = v.safeParse(GenerationSchema, value);
  if (!result.success) {
    const fault = schemaFault(result.issues);
    throw new TwinError(`${path}: ${fault.name}: ${fault.what}. ${wayOut(fault, again)}`);
  }
  if (result.output.format >= 2 && !isChecked(text)) {
    throw new TwinError(`${path}: its checksum does not fit its text: it is damaged, or was changed by hand. ${again}`);
  }
  expectSections(result.output.extensions, path, again);
  return result.output;
}

/** @throws TwinError naming the file that is not the one that this generation was written with */
export function expectOwnFiles(folder: string, { format, files, index, store, tables }: GenerationFile): void {
  if (format < 2) {
    return;
  }
  for (const name of [index, store, ...Object.values(tables).map((table) => table.file)]) {
    if (rootOf(join(folder, name)) === (files && Object.hasOwn(files, name) ? files[name] : undefined)) {
      continue;
    }
    throw new TwinError(
      `${join(folder, name)} is not the file that this generation was written with (its checksums are others). ${again}`,
    );
  }
}

/** Written last: the files that it names are there, and are described as they are. */
export function writeGeneration(folder: string, described: GenerationFile): void {
  const { index, store, tables } = described;
  const names = [index, store, ...Object.values(tables).map((table) => table.file)];
  const files = recordOf(names.map((name) => [name, rootOf(join(folder, name))]));
  const generation = v.parse(GenerationSchema, { ...described, format: 2, files });
  writeFileAtomic(join(folder, fileName), checkedJson(generation));
}
