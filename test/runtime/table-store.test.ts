// Every store that there is, held to one contract: memory and files, tables, items and embedding rows.

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import { inMemory, storedAs } from "../../runtime/evaluate/full-tables.ts";
import { heldItems, heldTable } from "../../runtime/evaluate/held-rows.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import type { Engine } from "../../runtime/request/engine.ts";
import { newFile } from "../../runtime/store/block-sink.ts";
import { ItemStore } from "../../runtime/store/item-store.ts";
import { openKeyIndex } from "../../runtime/store/key-index-file.ts";
import { TableFile, type TableOptions } from "../../runtime/store/table-file.ts";
import { TensorRows } from "../../runtime/store/tensor-rows.ts";
import { ItemStoreWriter } from "../../runtime/table/item-store-writer.ts";
import { writeKeyIndex } from "../../runtime/table/key-index-build.ts";
import { LayeredRows } from "../../runtime/table/layered-rows.ts";
import { byNumber, locator } from "../../runtime/table/locate.ts";
import { decodeRows, encodeRows, type Precision, type RowFormat, rowBytes } from "../../runtime/table/precision.ts";
import { bytesOf, rowNumbers, type TableStore } from "../../runtime/table/table-store.ts";
import { TableWriter } from "../../runtime/table/table-writer.ts";
import { KeyValueStore, KeyValues } from "../kit/key-value-store.ts";
import { conforms, type StoreSubject } from "../kit/table-store.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-stores-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const file = (): string => join(folder, String(files++));

const items = 60;
/** Items of which a table holds a part: as under `coverage`. */
const covered = 50;
const width = 5;
const values = Float32Array.from({ length: covered * width }, (_, i) => Math.fround(Math.sin(i) * 9));
const format = (precision: Precision): RowFormat => ({ precision, width, heads: [3, 2] });
const nobody = [0, covered + 1, 7000, -3];

/** By their numbers, as a generation's tables and items are read by ordinals. */
const numbered = (store: TableStore, rows: ReadonlyMap<number, Uint8Array>, rest: Partial<StoreSubject> = {}) => ({
  store,
  rows,
  absent: nobody.filter((name) => !rows.has(name)),
  keys: (names: readonly number[]) => rowNumbers(Int32Array.from(names)),
  lose: null,
  close: () => undefined,
  ...rest,
});

function storedRowsOf(precision: Precision): Map<number, Uint8Array> {
  const bytes = encodeRows(values, format(precision));
  const stride = rowBytes(format(precision));
  const row = (i: number) => bytes.slice(i * stride, (i + 1) * stride);
  return new Map(Array.from({ length: covered }, (_, i) => [i + 1, row(i)]));
}

async function tablePath(precision: Precision): Promise<string> {
  const path = file();
  const writer = await TableWriter.create(newFile(path), format(precision));
  await writer.write(values);
  await writer.finish();
  return path;
}

async function table(precision: Precision, options: TableOptions): Promise<StoreSubject> {
  const path = await tablePath(precision);
  const opened = await TableFile.open(path, options);
  const inFile = options.memoryLimit === 0;
  return numbered(opened, storedRowsOf(precision), {
    lose: inFile ? () => opened.close() : null,
    close: () => opened.close(),
  });
}

for (const precision of ["float32", "float16", "uint8"] as const) {
  conforms(`a ${precision} table in memory`, () => table(precision, {}));
  conforms(`a ${precision} table in its file`, () => table(precision, { memoryLimit: 0 }));
  conforms(`a ${precision} table in memory of another thread`, async () => {
    const opened = await TableFile.open(await tablePath(precision), { shared: true });
    const attached = await TableFile.attach(structuredClone(opened.image()));
    return numbered(attached, storedRowsOf(precision), { close: () => opened.close() });
  });
  conforms(`a ${precision} table in another thread's file`, async () => {
    const opened = await TableFile.open(await tablePath(precision), { memoryLimit: 0 });
    const attached = await TableFile.attach(structuredClone(opened.image()));
    return numbered(attached, storedRowsOf(precision), { lose: () => attached.close(), close: () => opened.close() });
  });
  conforms(`a ${precision} table that evaluation holds`, async () => {
    const subject = await table(precision, {});
    return { ...subject, store: heldTable(subject.store as TableFile) };
  });
}

conforms("a uint8 table rearranged for graphs that take it so", async () => {
  const subject = await table("uint8", {});
  await (subject.store as TableFile).stored();
  return subject;
});

conforms("a table whose file was cut short under it", async () => {
  const path = await tablePath("float16");
  const opened = await TableFile.open(path, { memoryLimit: 0 });
  const lose = () => truncateSync(path, 4100);
  return numbered(opened, storedRowsOf("float16"), {
    lose,
    close: () => opened.close(),
  });
});

/** Keys of the items, whichever type they have. */
async function keyed(type: "int64" | "string", numbers: (i: number) => number): Promise<StoreSubject> {
  const named = (name: number) => (type === "string" ? `item ${name}` : name);
  const every = Array.from({ length: items }, (_, i) => numbers(i));
  const path = file();
  await writeKeyIndex(newFile(path), parseKeys(every.map(named), type, "test"));
  const locate = locator(await openKeyIndex(path));
  const opened = await TableFile.open(await tablePath("float16"), { memoryLimit: 0, locate });
  const rows = storedRowsOf("float16");
  return {
    store: opened,
    rows: new Map(Array.from({ length: covered }, (_, i) => [numbers(i), rows.get(i + 1)!])),
    // Items that the table lacks, and what is no item.
    absent: [...every.slice(covered), -1, 2 ** 40],
    keys: (names) => parseKeys(names.map(named), type, "test"),
    lose: () => opened.close(),
    close: () => opened.close(),
  };
}

conforms("a table by dense keys", () => keyed("int64", (i) => 1000 + i));
conforms("a table by sparse keys", () => keyed("int64", (i) => 1_000_003 * (i + 1)));
conforms("a table by texts", () => keyed("string", (i) => 31 * i));

const feature = (name: string, encoder: FeatureSpec["encoder"]) => ({ name, group: "item", encoder }) as FeatureSpec;

async function itemsPath(): Promise<{ path: string; rows: Map<number, Uint8Array> }> {
  const path = file();
  const features = [
    feature("item.id", { kind: "id", vocab: 99 }),
    feature("item.tags", { kind: "tags", of: { kind: "id", vocab: 9 }, max: 2 }),
    feature("item.cover", { kind: "pretrained", size: 30 }),
  ];
  const writer = await ItemStoreWriter.create(newFile(path), features);
  const id = Int32Array.from({ length: covered }, (_, i) => i + 1);
  const tags = Int32Array.from({ length: 2 * covered }, (_, i) => (i % 3) - 1);
  const cover = Float32Array.from({ length: 30 * covered }, (_, i) => i / 7);
  await writer.write(
    new Map<string, Int32Array | Float32Array>([
      ["item.id", id],
      ["item.tags", tags],
      ["item.cover", cover],
    ]),
    covered,
  );
  await writer.finish();
  const part = (column: Int32Array | Float32Array, words: number, i: number) => [
    ...bytesOf(column.slice(i * words, (i + 1) * words)),
  ];
  const row = (i: number) => Uint8Array.from([...part(id, 1, i), ...part(tags, 2, i), ...part(cover, 30, i)]);
  return { path, rows: new Map(Array.from({ length: covered }, (_, i) => [i + 1, row(i)])) };
}

for (const [name, options] of [
  ["in memory", {}],
  ["in its file", { memoryLimit: 0 }],
] as const) {
  conforms(`an item store ${name}`, async () => {
    const { path, rows } = await itemsPath();
    const store = await ItemStore.open(path, options);
    const lose = store.inMemory ? null : () => store.close();
    return numbered(store, rows, { lose, close: () => store.close() });
  });
}

conforms("an item store that evaluation holds", async () => {
  const { path, rows } = await itemsPath();
  const store = await ItemStore.open(path);
  return numbered(heldItems(store), rows, { close: () => store.close() });
});

function keyValues(type: "int64" | "string"): StoreSubject {
  const server = new KeyValues();
  const named = (name: number) => (type === "string" ? `item ${name}` : name);
  const rows = storedRowsOf("uint8");
  for (const [key, row] of rows) {
    server.set(`twin:t:${named(key)}`, row);
  }
  const lose = () => {
    server.away = true;
  };
  const store = new KeyValueStore(server, "twin:t:", new Uint8Array(rowBytes(format("uint8"))));
  return numbered(store, rows, { lose, keys: (names) => parseKeys(names.map(named), type, "test") });
}

for (const type of ["int64", "string"] as const) {
  conforms(`a server of keys and values, by ${type} keys`, async () => keyValues(type));
}

/** With few slots rows come and go all the time; with many everything that was read once is kept. */
for (const slots of [1, 7, 1000]) {
  const layered = (subject: StoreSubject): StoreSubject => ({
    ...subject,
    store: new LayeredRows(subject.store, subject.keys([1]).type, slots),
  });
  conforms(`${slots} rows in memory before a table in its file`, async () =>
    layered(await table("uint8", { memoryLimit: 0 })),
  );
  conforms(`${slots} rows in memory before a table by texts`, async () =>
    layered(await keyed("string", (i) => 31 * i)),
  );
  conforms(`${slots} rows in memory before an item store in its file`, async () => {
    const { path, rows } = await itemsPath();
    const store = await ItemStore.open(path, { memoryLimit: 0 });
    return layered(numbered(store, rows, { lose: () => store.close(), close: () => store.close() }));
  });
  for (const type of ["int64", "string"] as const) {
    conforms(`${slots} rows in memory before a server of keys and values, by ${type} keys`, async () =>
      layered(keyValues(type)),
    );
  }
  conforms(`${slots} rows in memory before the rows of a tensor`, async () => layered(tensor("F16")));
}

/** A safetensors file of one tensor [rows, 3]. */
function tensorPath(dtype: "F32" | "F16", bytes: Uint8Array, rows: number): string {
  const head = JSON.stringify({
    other: { dtype: "U8", shape: [4], data_offsets: [0, 4] },
    "item.id": { dtype, shape: [rows, 3], data_offsets: [4, 4 + bytes.length] },
  });
  const text = new TextEncoder().encode(head.padEnd(8 * Math.ceil(head.length / 8)));
  const path = file();
  const whole = new Uint8Array(8 + text.length + 4 + bytes.length);
  new DataView(whole.buffer).setBigUint64(0, BigInt(text.length), true);
  whole.set(text, 8);
  whole.set(bytes, 8 + text.length + 4);
  writeFileSync(path, whole);
  return path;
}

function tensor(dtype: "F32" | "F16"): StoreSubject {
  const rows = 40;
  const plain = Float32Array.from({ length: 3 * rows }, (_, i) => i / 4 - 7);
  const three = { precision: dtype === "F32" ? "float32" : "float16", width: 3, heads: [3] } as const;
  const opened = openTensors(tensorPath(dtype, encodeRows(plain, three), rows));
  // Unlike in a table, row 0 is a row as any other.
  const expected = new Map(Array.from({ length: rows }, (_, i) => [i, bytesOf(plain.slice(3 * i, 3 * i + 3))]));
  const close = () => opened.close();
  return numbered(new TensorRows(opened, "item.id", 3), expected, { lose: close, close });
}

for (const dtype of ["F32", "F16"] as const) {
  conforms(`the rows of a tensor of ${dtype}`, async () => tensor(dtype));
}

/** Every item's row, and zeros for none. */
const full = Float32Array.from({ length: (covered + 1) * width }, (_, i) => (i < width ? 0 : values[i - width]));

conforms("a float32 table made in memory", async () =>
  numbered(inMemory(full, width, byNumber), storedRowsOf("float32")),
);

for (const precision of ["float16", "uint8"] as const) {
  conforms(`a ${precision} table made in memory and read as float32`, async () => {
    const parts = [{ heads: 1, dim: 5 }];
    const engine = { artefacts: { manifest: { tables: { t: { width, parts } } } } } as unknown as Engine;
    const store = storedAs(engine, new Map([["t", full]]), precision, byNumber).get("t")!;
    const one = { precision, width, heads: [5] };
    const back = new Float32Array(values.length);
    decodeRows(encodeRows(values, one), 0, covered, one, back, 0);
    const row = (i: number) => bytesOf(back.slice(i * width, (i + 1) * width));
    return numbered(store, new Map(Array.from({ length: covered }, (_, i) => [i + 1, row(i)])));
  });
}
