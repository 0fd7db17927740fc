// dataset.yaml: what a prepared data set holds. It is written last, so a folder that has one is whole.

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { stringify } from "yaml";
import { TwinError } from "../../../contract/error.ts";
import { ExtensionsSchema, expectSections } from "../../../contract/extensions.ts";
import { named, strict } from "../../../contract/named-schema.ts";
import { recordOf } from "../../../contract/record.ts";
import { parseYaml } from "../../../contract/yaml-text.ts";
import { readText } from "../../host/files.ts";
import { readSigned, writeSigned } from "../../host/signed-text.ts";
import { ReportSchema } from "../report-schema.ts";
import { owners } from "./owner.ts";

export const datasetFile = "dataset.yaml";
export const parts = ["training", "validation", "test"] as const;

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"));

/** Encoded values of a feature: [rows, width]. */
const EncodedSchema = strict({
  name: v.string(),
  type: v.picklist(["int32", "float32"]),
  width: v.pipe(natural, v.minValue(1)),
  /** What a missing value is: −1 for tags, else 0. */
  fill: v.picklist([-1, 0]),
  /** Of elapsed time, of places and of gaps: no value is stored, the batch computes it. */
  edges: v.nullable(v.array(v.number())),
  /** Given where the edges are of places. */
  place: v.optional(v.literal(true)),
  /** Given where they are of gaps, with the feature of the item that is equal: how far the behaviour before stands is stored. */
  gap: v.optional(strict({ on: v.nullable(v.string()) })),
  /** Given where a value may have become known later than its behaviour: a sample sees it this long after that. */
  known: v.optional(strict({ delay: v.pipe(v.number(), v.minValue(0)) })),
});

/** Length of a column file, and the hashes of its blocks, as one text: a long list takes a line, not thousands. */
const FileSchema = strict({
  bytes: natural,
  blocks: v.pipe(
    v.string(),
    v.regex(/^(?:[0-9a-f]{16}(?: [0-9a-f]{16})*)?$/, "hashes of 16 hexadecimal digits"),
    v.transform((text): readonly string[] => (text === "" ? [] : text.split(" "))),
  ),
});

export const DatasetSchema = strict({
  format: v.literal(2),
  model: v.string(),
  /** Over what was written: equal data, equal fingerprint. */
  fingerprint: hex,
  /** Over binding, encoders, vocabularies and the files' sizes and times: decides whether it can be used again. */
  key: hex,
  /** Who prepared it, and may put other data in its place. */
  owner: v.optional(v.picklist(owners)),
  users: natural,
  /** The unknown item included. */
  items: v.pipe(natural, v.minValue(1)),
  samples: strict({ training: natural, validation: natural, test: natural }),
  item: v.array(EncodedSchema),
  single: v.array(EncodedSchema),
  histories: v.array(
    strict({
      name: v.string(),
      max: v.pipe(natural, v.minValue(1)),
      behaviours: natural,
      /** Whether behaviours that share a value with the sample are left out. */
      same: v.boolean(),
      /** Given where each sample has behaviours of its own: they have times, or their positions count as steps. */
      listed: v.optional(v.picklist(["times", "steps"])),
      cross: v.array(EncodedSchema),
    }),
  ),
  /** Tables counted on the training part: [values, width] each; absent: none. */
  counted: v.optional(v.array(strict({ feature: v.string(), values: natural, width: v.pipe(natural, v.minValue(1)) }))),
  labels: v.array(v.string()),
  /** Labels that the data does not have: missing everywhere. */
  absent: v.array(v.string()),
  weight: v.boolean(),
  negatives: v.nullable(
    strict({
      perPositive: natural,
      by: v.picklist(["popularity", "uniform"]),
      /** Given where what the user has met may be drawn, too. */
      met: v.optional(v.literal("allow")),
      seed: natural,
      sampled: natural,
    }),
  ),
  /** By column file. */
  files: named(FileSchema),
  report: ReportSchema,
  extensions: v.optional(ExtensionsSchema),
});

export type DatasetSpec = v.InferOutput<typeof DatasetSchema>;
export type EncodedSpec = v.InferOutput<typeof EncodedSchema>;

/** Whoever makes prepared data makes it anew where this file cannot be read. */
const cure = "Prepare the data again: twin data prepare DATA --model FILE -o CACHE";

const unsigned = (text: string): boolean => /^format: 1$/m.test(text);

/** Whether prepared data were written by Twin 0.1, which kept no hashes of its columns. */
export function hasNoHashes(folder: string): boolean {
  const path = join(folder, datasetFile);
  return existsSync(path) && unsigned(readText(path, 1 << 26));
}

/** @throws TwinError where the folder holds no whole data set */
export function readDatasetSpec(folder: string): DatasetSpec {
  const path = join(folder, datasetFile);
  if (!existsSync(path)) {
    throw new TwinError(
      `${folder} is no prepared data set: it has no ${datasetFile}, which is written last; where a preparation was stopped, the same command goes on. ${cure}`,
    );
  }
  const { text, signed } = readSigned(path, 1 << 26, cure);
  if (!signed) {
    throw new TwinError(
      unsigned(text)
        ? `${path} has format 1, of Twin 0.1, which kept no checksums of the prepared columns; format 2 is read. ${cure}`
        : `${path} has no checksum in its last line: it is cut short, damaged, or was changed by hand. ${cure}`,
    );
  }
  const spec = parseYaml(text, path, DatasetSchema, { what: "a prepared data set of Twin", cure, formats: [2] });
  expectSections(spec.extensions, path, cure);
  return spec;
}

export function writeDatasetSpec(folder: string, spec: DatasetSpec): void {
  const files = Object.entries(spec.files).map(
    ([file, { bytes, blocks }]) => [file, { bytes, blocks: blocks.join(" ") }] as const,
  );
  writeSigned(join(folder, datasetFile), stringify({ ...spec, files: recordOf(files) }, { lineWidth: 0 }));
}
