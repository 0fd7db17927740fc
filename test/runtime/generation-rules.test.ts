// What a generation says of itself: its description held against its text and its files, and whether it fits a build.
import { describe, expect, it } from "vitest";
import { checkedJson } from "../../contract/checked-json.ts";
import { TwinError } from "../../contract/error.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import {
  currentText,
  expectOwnFiles,
  expectTogether,
  type GenerationFile,
  type GenerationParts,
  generationFiles,
  parseCurrent,
  parseGeneration,
} from "../../runtime/table/generation-description.ts";
import { byNumber } from "../../runtime/table/locate.ts";
import { MemoryTable } from "../../runtime/table/memory-table.ts";
import { type OpenParts, openedGeneration } from "../../runtime/table/opened-generation.ts";
import { rowNumbers } from "../../runtime/table/table-store.ts";
import { smallBuild } from "../kit/small-model.ts";

const described: GenerationFile = {
  format: 2,
  number: 7,
  model: "twin",
  made_at: "2024-05-01T12:30:00.000Z",
  step: null,
  items: 3,
  key: { feature: "item.video_id", type: "int64" },
  fingerprints: { producer: { video_keys: "ab" }, metric: {}, encoders: "cd" },
  tables: { video_keys: { file: "video_keys.table", rows: 3, coverage_reached: null } },
  index: "keys.index",
  store: "items.store",
  files: { "keys.index": "01", "items.store": "02", "video_keys.table": "03" },
};
const again = "Build the tables again: twin table build DIR --data DATA";

describe("a description", () => {
  const read = (text: string) => parseGeneration(text, "PLACE");
  it("is read with its checksum, and as the first format had it without", () => {
    expect(read(checkedJson(described))).toMatchObject(described);
    const { files: _, ...first } = { ...described, format: 1 as const };
    expect(read(JSON.stringify(first))).toEqual(first);
  });

  it.each([
    ["no JSON text", "{", `PLACE is no JSON text. ${again}`],
    [
      "another format",
      JSON.stringify({ ...described, format: 3 }),
      `PLACE has format 3, and this version of Twin reads format 1 and 2. ${again}, or update Twin`,
    ],
    ["a format of text", JSON.stringify({ ...described, format: "2" }), 'PLACE has format "2", and this'],
    ["no format", JSON.stringify({ ...described, format: undefined }), "PLACE: format: "],
    ["null", "null", "PLACE: "],
    ["a number alone", "5", "PLACE: "],
    [
      "no checksum",
      JSON.stringify(described),
      `PLACE: its checksum does not fit its text: it is damaged, or was changed by hand. ${again}`,
    ],
    [
      "a digit changed",
      checkedJson(described).replace('"number": 7', '"number": 8'),
      "PLACE: its checksum does not fit",
    ],
    ["a generation 0", checkedJson({ ...described, number: 0 }), "PLACE: number: "],
    [
      "a table of no rows",
      checkedJson({ ...described, tables: { a: { file: "a", rows: 0, coverage_reached: null } } }),
      "PLACE: tables.a.rows: ",
    ],
    ["a path for a file", checkedJson({ ...described, index: "../a" }), "PLACE: index: "],
    ["a hidden file", checkedJson({ ...described, index: ".a" }), "PLACE: index: "],
    [
      "a fingerprint that is none",
      checkedJson({ ...described, fingerprints: { ...described.fingerprints, encoders: "xy" } }),
      "PLACE: fingerprints.encoders: ",
    ],
    [
      "a fingerprint of nothing",
      checkedJson({ ...described, fingerprints: { ...described.fingerprints, encoders: "" } }),
      "PLACE: fingerprints.encoders: ",
    ],
    [
      "a section that must be understood",
      checkedJson({ ...described, extensions: { new: { required: true } } }),
      "PLACE",
    ],
  ])("is refused with %s", (_, text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(TwinError);
  });

  it("names its files, and each must be the one that it was written with", () => {
    expect(generationFiles(described)).toEqual(["keys.index", "items.store", "video_keys.table"]);
    const roots: Record<string, string> = { ...described.files };
    const expectOwn =
      (description: GenerationFile, change: Record<string, string> = {}) =>
      () =>
        expectOwnFiles(
          description,
          (name) => ({ ...roots, ...change })[name],
          (name) => `IN/${name}`,
        );
    expect(expectOwn(described)).not.toThrow();
    for (const name of generationFiles(described)) {
      expect(expectOwn(described, { [name]: "ff" })).toThrow(
        `IN/${name} is not the file that this generation was written with (its checksums are others). ${again}`,
      );
    }
    expect(expectOwn({ ...described, files: undefined })).toThrow("IN/keys.index is not the file");
    expect(expectOwn({ ...described, files: { "keys.index": "01" } })).toThrow("IN/items.store is not the file");
    // The first format does not say.
    expect(expectOwn({ ...described, format: 1, files: undefined })).not.toThrow();
  });

  it("must fit what was opened", () => {
    const parts: GenerationParts = {
      index: { type: "int64", keys: 3 },
      store: { records: 4 },
      tables: new Map([["video_keys", { rows: 3 }]]),
    };
    const together =
      (change: Partial<GenerationParts>, description = described, number = 7) =>
      () =>
        expectTogether("PLACE", description, number, { ...parts, ...change });
    expect(together({})).not.toThrow();
    expect(together({}, described, 8)).toThrow(`PLACE is damaged: generation.json says it is number 7. ${again}`);
    expect(together({ index: { type: "string", keys: 3 } })).toThrow(
      "the key index holds 3 string keys, not 3 of int64",
    );
    expect(together({ index: { type: "int64", keys: 4 } })).toThrow("the key index holds 4 int64 keys, not 3 of int64");
    expect(together({ store: { records: 3 } })).toThrow("the item store holds 2 items, not 3");
    expect(together({ tables: new Map() })).toThrow("table video_keys has undefined rows, not 3");
    expect(together({ tables: new Map([["video_keys", { rows: 4 }]]) })).toThrow("table video_keys has 4 rows, not 3");
    // All items and the miss row, and no more.
    const long = (rows: number) => ({ ...described, tables: { video_keys: { ...described.tables.video_keys, rows } } });
    expect(together({ tables: new Map([["video_keys", { rows: 4 }]]) }, long(4))).not.toThrow();
    expect(together({ tables: new Map([["video_keys", { rows: 5 }]]) }, long(5))).toThrow(
      "table video_keys has 5 rows, not 5",
    );
  });
});

describe("the pointer to the generation in use", () => {
  it("holds its number, with a line that vouches for it or without", () => {
    expect(parseCurrent(currentText(12), "PLACE")).toBe(12);
    expect(parseCurrent("12", "PLACE")).toBe(12);
    expect(parseCurrent("12\n", "PLACE")).toBe(12);
    expect(parseCurrent("123456789012345", "PLACE")).toBe(123456789012345);
    expect(currentText(12)).toMatch(/^12\nsha256:[0-9a-f]{64}\n$/);
  });

  it.each(["", "0", "-1", "two", "1e3", "1234567890123456", "12x", "x12", "12 13"])(
    "is refused where it holds %j",
    (text) => {
      expect(() => parseCurrent(text, "PLACE")).toThrow(
        `PLACE should hold the number of a generation and holds ${JSON.stringify(text)}. ${again}`,
      );
    },
  );

  it("is refused with another's checksum, and says no more than there is room for", () => {
    expect(() => parseCurrent(currentText(12).replace("12", "13"), "PLACE")).toThrow(
      'holds "13" with a checksum that is not its own',
    );
    expect(() => parseCurrent(`${currentText(12)}more`, "PLACE")).toThrow("with a checksum that is not its own");
    expect(() => parseCurrent("a".repeat(50), "PLACE")).toThrow(`holds "${"a".repeat(40)}".`);
  });
});

describe("a generation that was opened", () => {
  const { manifest } = smallBuild();
  const { producer, metric } = manifest.fingerprints;
  const { width } = manifest.tables.video_keys;
  const now = Date.parse(described.made_at) / 1000 + 90;

  function opened(change: { encoders?: string; width?: number; tables?: OpenParts["tables"] } = {}) {
    const reads: number[] = [];
    const format = { precision: "float32", width: change.width ?? width, heads: [change.width ?? width] } as const;
    const table = new MemoryTable("TABLE", 1, format, new ArrayBuffer(4 * format.width), byNumber);
    const parts: OpenParts = {
      description: { ...described, fingerprints: { producer, metric, encoders: "cd" } },
      index: { type: "int64", keys: 3 },
      store: {
        records: 4,
        where: "STORE",
        rowBytes: 8,
        fields: new Map(),
        absent: new Uint8Array(8),
        locate: (keys) => Int32Array.from({ length: keys.length }, () => 5),
        read: async (keys, into) => {
          reads.push(into.length);
          return new Uint8Array(keys.length);
        },
      },
      tables: change.tables ?? new Map([["video_keys", table]]),
    };
    let held = 0;
    const hold = () => {
      held++;
      return () => held--;
    };
    const generation = openedGeneration({ dir: "DIR", manifest }, parts, change.encoders ?? "cd", hold);
    return { generation, reads, table, held: () => held };
  }

  it("is as its parts are", async () => {
    const { generation, reads, table, held } = opened();
    expect([generation.number, generation.items, generation.store.where, generation.store.rowBytes]).toEqual([
      7,
      3,
      "STORE",
      8,
    ]);
    expect(generation.store.absent).toEqual(new Uint8Array(8));
    expect(generation.table("video_keys")).toBe(table);
    expect(generation.table("other")).toBeNull();
    expect(generation.keys([5], "here")).toEqual(parseKeys([5], "int64", "here"));
    expect(() => generation.keys(["a"], "here")).toThrow("here");
    const rows = rowNumbers(Int32Array.of(1));
    expect(generation.store.locate?.(rows)).toEqual(Int32Array.of(5));
    await generation.store.read(rows, [{ from: 0, bytes: 8, into: new Uint8Array(8) }]);
    expect(reads).toEqual([1]);
    generation.hold();
    expect(held()).toBe(1);
    expect(generation.freshness(now)).toEqual([
      { table: "video_keys", state: "fresh", madeAt: described.made_at, age: 90, because: "" },
    ]);
  });

  it("is refused where its items were encoded otherwise; only whether it knows an item may be asked", async () => {
    const { generation, reads } = opened({ encoders: "ce" });
    const because =
      "its items were encoded otherwise (an encoder, a bucket edge, a vocabulary or given vectors have changed)";
    expect(generation.freshness(now)).toMatchObject([{ table: "video_keys", state: "refused", because, age: 90 }]);
    const rows = rowNumbers(Int32Array.of(1));
    await expect(generation.store.read(rows, [{ from: 0, bytes: 8, into: new Uint8Array(8) }])).rejects.toThrow(
      `the item store in DIR cannot be used: ${because}. Rebuild it: twin table build DIR --data data.yaml`,
    );
    await generation.store.read(rows, []);
    expect(reads).toEqual([0]);
  });

  it("is refused where its rows are of another width, and judged by its fingerprints where a table is missing", () => {
    expect(opened({ width: width + 1 }).generation.freshness(now)).toMatchObject([
      { state: "refused", because: `its rows are ${width + 1} wide instead of ${width}` },
    ]);
    expect(opened({ tables: new Map() }).generation.freshness(now)).toMatchObject([{ state: "fresh", because: "" }]);
  });
});
