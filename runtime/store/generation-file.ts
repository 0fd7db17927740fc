// generation.json in its folder: read, written, and held against the files beside it.
import { join } from "node:path";
import * as v from "valibot";
import { checkedJson } from "../../contract/checked-json.ts";
import { recordOf } from "../../contract/record.ts";
import { expectFile, readText, writeFileAtomic } from "../host/files.ts";
import {
  type GenerationFile,
  GenerationSchema,
  generationFiles,
  parseGeneration,
} from "../table/generation-description.ts";
import { rootOfFile } from "./block-file.ts";

const fileName = "generation.json";

/** @throws TwinError where it is missing, foreign or of another version */
export function readGeneration(folder: string): GenerationFile {
  const path = join(folder, fileName);
  expectFile(path, "Build the tables again: twin table build DIR --data DATA");
  return parseGeneration(readText(path, 16 * 1024 * 1024), path);
}

/** Written last: the files that it names are there, and are described as they are. */
export function writeGeneration(folder: string, described: GenerationFile): void {
  const files = recordOf(generationFiles(described).map((name) => [name, rootOfFile(join(folder, name))]));
  const generation = v.parse(GenerationSchema, { ...described, format: 2, files });
  writeFileAtomic(join(folder, fileName), checkedJson(generation));
}
