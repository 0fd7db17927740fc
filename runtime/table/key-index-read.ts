// Reads keys.index: into memory as a whole, and held against what its header promises.
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import { slotWords } from "../../contract/slots.ts";
import type { BlockReader } from "../bytes/block-reader.ts";
import { type IndexFields, IndexFieldsSchema, KeyIndex, type Memory } from "./key-index.ts";

/** @param shared whether into memory that threads can share @throws TwinError where it is damaged or lies about itself */
export async function readKeyIndex(file: BlockReader, shared = false): Promise<KeyIndex> {
  const { path } = file;
  const fields = readFields(file);
  const parts: Memory[] = [];
  let at = 0;
  for (const size of partSizes(fields)) {
    parts.push(file.readAll(shared, at, size));
    at += size;
  }
  checkOrdinals(path, fields, new Uint32Array(parts[0]));
  if (fields.index === "string") {
    checkOffsets(path, fields, new Uint32Array(parts[1]));
  }
  return KeyIndex.attach({ path, fields, parts });
}

/** Bytes of each part of the payload, in order. */
function partSizes(fields: IndexFields): number[] {
  if (fields.index === "dense") {
    return [4 * fields.slots];
  }
  const slots = 4 * slotWords * fields.slots;
  return fields.index === "sparse64" ? [slots] : [slots, 8 * (fields.keys + 1), fields.blob];
}

function readFields(file: BlockReader): IndexFields {
  const result = v.safeParse(IndexFieldsSchema, file.header);
  const bad = `${file.path} is not a key index that this version of Twin reads: its header`;
  if (!result.success) {
    throw new TwinError(`${bad} lacks proper ${v.getDotPath(result.issues[0]) ?? "fields"}. Build the tables again`);
  }
  const fields = result.output;
  const payload = partSizes(fields).reduce((sum, size) => sum + size, 0);
  const power = fields.index === "dense" || (fields.slots >= 4 && (fields.slots & (fields.slots - 1)) === 0);
  const room = fields.index === "dense" ? fields.keys <= fields.slots : 2 * fields.keys <= fields.slots;
  const min = fields.index !== "dense" || /^-?\d{1,19}$/.test(fields.min);
  if (payload !== file.payload || !power || !room || !min) {
    throw new TwinError(`${bad} gives sizes that do not fit together. Build the tables again`);
  }
  return fields;
}

/** Every ordinal must be one of 1 … keys, and there must be as many as keys: a row number is used unchecked later. */
function checkOrdinals(path: string, fields: IndexFields, words: Uint32Array): void {
  const dense = fields.index === "dense";
  let used = 0;
  let highest = 0;
  for (let at = dense ? 0 : 2; at < words.length; at += dense ? 1 : slotWords) {
    const ordinal = words[at];
    if (ordinal > 0) {
      used++;
      highest = Math.max(highest, ordinal);
    }
  }
  if (used !== fields.keys || highest > fields.keys) {
    throw new TwinError(
      `${path} is damaged: its slots do not hold the ${fields.keys} keys it promises. Build the tables again`,
    );
  }
}

function checkOffsets(path: string, fields: IndexFields & { index: "string" }, offsets: Uint32Array): void {
  let before = 0;
  for (let i = 0; i <= fields.keys; i++) {
    const at = offsets[2 * i] + offsets[2 * i + 1] * 0x100000000;
    if (at < before || (i === 0 && at !== 0)) {
      throw new TwinError(`${path} is damaged: the places of its strings are not ascending. Build the tables again`);
    }
    before = at;
  }
  if (before !== fields.blob) {
    throw new TwinError(
      `${path} is damaged: its strings end at ${before} of ${fields.blob} bytes. Build the tables again`,
    );
  }
}
