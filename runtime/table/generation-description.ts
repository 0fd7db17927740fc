// generation.json and tables/current: what one generation of built tables is made of, of which weights, and which is in use.
import * as v from "valibot";
import { isChecked } from "../../contract/checked-json.ts";
import { digestOf } from "../../contract/digest.ts";
import { TwinError } from "../../contract/error.ts";
import { ExtensionsSchema, expectSections } from "../../contract/extensions.ts";
import { named, strict } from "../../contract/named-schema.ts";
import { schemaFault, wayOut } from "../../contract/schema-fault.ts";
import type { KeyIndex } from "./key-index.ts";

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
      /** Rows that its coverage asked for, where it holds fewer than all items; items put in later come to these. */
      cut: v.optional(v.pipe(natural, v.minValue(1))),
    }),
  ),
  index: file,
  store: file,
  /** Number of the last delta that it holds (tables/deltas); absent: none. */
  deltas: v.optional(natural),
  /** By file: SHA-256 of its header and its blocks' checksums, so that no file of another generation passes for it. */
  files: v.optional(named(hex)),
  /** Sections that versions to come may add. */
  extensions: v.optional(ExtensionsSchema),
  /** Of the text before it. */
  checksum: v.optional(v.string()),
});

export type GenerationFile = v.InferOutput<typeof GenerationSchema>;

const again = "Build the tables again: twin table build DIR --data DATA";

/** @param path for errors @throws TwinError where it is damaged, foreign or of another version */
export function parseGeneration(text: string, path: string): GenerationFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TwinError(`${path} is no JSON text. ${again}`);
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

/** The block files of a generation, by their names. */
export function generationFiles({ index, store, tables }: GenerationFile): string[] {
  return [index, store, ...Object.values(tables).map((table) => table.file)];
}

/**
 * @param rootOf which file lies under a name
 * @param place the name in errors
 * @throws TwinError naming the file that is not the one that this generation was written with
 */
export function expectOwnFiles(
  description: GenerationFile,
  rootOf: (name: string) => string,
  place: (name: string) => string,
): void {
  const { format, files } = description;
  if (format < 2) {
    return;
  }
  for (const name of generationFiles(description)) {
    if (rootOf(name) === (files && Object.hasOwn(files, name) ? files[name] : undefined)) {
      continue;
    }
    throw new TwinError(
      `${place(name)} is not the file that this generation was written with (its checksums are others). ${again}`,
    );
  }
}

/** What was opened of a generation. */
export interface GenerationParts {
  readonly index: Pick<KeyIndex, "type" | "keys">;
  readonly store: { readonly records: number };
  readonly tables: ReadonlyMap<string, { readonly rows: number }>;
}

/**
 * The files must belong together: a row number of one is used in the others.
 * @param folder for errors
 */
export function expectTogether(
  folder: string,
  description: GenerationFile,
  number: number,
  { index, store, tables }: GenerationParts,
): void {
  const bad = (what: string): never => {
    throw new TwinError(`${folder} is damaged: ${what}. ${again}`);
  };
  if (description.number !== number) {
    bad(`generation.json says it is number ${description.number}`);
  }
  if (index.type !== description.key.type || index.keys !== description.items) {
    bad(`the key index holds ${index.keys} ${index.type} keys, not ${description.items} of ${description.key.type}`);
  }
  if (store.records !== description.items + 1) {
    bad(`the item store holds ${store.records - 1} items, not ${description.items}`);
  }
  for (const [name, { rows }] of Object.entries(description.tables)) {
    const found = tables.get(name)?.rows;
    if (found !== rows || rows > description.items + 1) {
      bad(`table ${name} has ${found} rows, not ${rows}`);
    }
  }
}

/** `tables/current`: the number of the generation in use. @throws TwinError where it is not a number */
export function parseCurrent(text: string, path: string): number {
  // One line as version 0.1.0 wrote it; a number with a flipped bit may be that of the generation before.
  const [number, checksum] = text.trim().split("\n");
  if (!/^[1-9]\d{0,14}$/.test(number) || (checksum !== undefined && text !== currentText(Number(number)))) {
    throw new TwinError(
      `${path} should hold the number of a generation and holds ${JSON.stringify(number.slice(0, 40))}${checksum === undefined ? "" : " with a checksum that is not its own"}. ${again}`,
    );
  }
  return Number(number);
}

/** The number, and a line that vouches for it. */
export function currentText(number: number): string {
  return `${number}\nsha256:${digestOf(`${number}\n`)}\n`;
}
