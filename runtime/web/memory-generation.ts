// A generation of built tables whose files are in memory: opened, held against each other and against its description.
import type { BlockKind } from "../../contract/block-format.ts";
import { TwinError } from "../../contract/error.ts";
import { BlockReader, rootOf } from "../bytes/block-reader.ts";
import { memorySource } from "../bytes/byte-source.ts";
import { expectOwnFiles, expectTogether, type GenerationFile } from "../table/generation-description.ts";
import { itemFields, readItemLayout } from "../table/item-layout.ts";
import { readKeyIndex } from "../table/key-index-read.ts";
import { locator } from "../table/locate.ts";
import { MemoryRows } from "../table/memory-rows.ts";
import { MemoryTable } from "../table/memory-table.ts";
import type { OpenParts } from "../table/opened-generation.ts";
import { expectZeros, readTableHeader } from "../table/table-header.ts";

/**
 * @param files by their names in the generation
 * @param place a file in errors; of the generation itself by no name
 * @throws TwinError naming the file that is damaged, foreign, or of another generation
 */
export async function memoryGeneration(
  description: GenerationFile,
  number: number,
  files: ReadonlyMap<string, Uint8Array>,
  place: (name?: string) => string,
): Promise<OpenParts> {
  const source = (name: string) => {
    const bytes = files.get(name);
    if (bytes === undefined) {
      throw new TwinError(`${place(name)} is missing`);
    }
    return memorySource(place(name), bytes);
  };
  const block = (name: string, kind: BlockKind) => BlockReader.over(source(name), kind);
  expectOwnFiles(description, (name) => rootOf(source(name)), place);
  const index = await readKeyIndex(await block(description.index, "index"));
  const locate = locator(index);
  const items = await block(description.store, "items");
  const { records, bytes, features } = readItemLayout(items);
  const { fields, rowBytes } = itemFields(features);
  const memory = new Uint8Array(items.readAll(false, 0, bytes));
  const rows = new MemoryRows(items.path, records, [{ from: 0, bytes: rowBytes, memory }], locate);
  const store = Object.assign(rows, { records, fields });
  const tables = new Map<string, MemoryTable>();
  for (const [name, { file }] of Object.entries(description.tables)) {
    const reader = await block(file, "table");
    const head = readTableHeader(reader);
    const table = new MemoryTable(reader.path, head.rows, head.format, reader.readAll(), locate);
    expectZeros(reader.path, table.absent);
    tables.set(name, table);
  }
  expectTogether(place(), description, number, { index, store, tables });
  return { description, index, store, tables };
}
