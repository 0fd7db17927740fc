// Rows of one request stay together where rows are read in blocks: what is drawn for one row is no candidate of the others.
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parseBinding } from "../../runtime/data/binding.ts";
import type { ListedChunk } from "../../runtime/data/database/chunk.ts";
import { type Block, rowBlocks } from "../../runtime/data/prepare/blocks.ts";
import { Negatives } from "../../runtime/data/prepare/negatives.ts";
import { openDataset } from "../../runtime/data/prepare/open.ts";
import { samplesOfLists } from "../../runtime/data/prepare/sample-rows.ts";
import { ints, numbersOf } from "../../runtime/encode/data-column.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { shopModel, writeFiles } from "../kit/data-files.ts";
import { prepared } from "../kit/prepared.ts";

afterAll(cleanUp);

interface Row {
  readonly user: number;
  readonly time: number;
  readonly item: number;
  readonly list: readonly number[];
}

/** By user, newest first, as the database gives them. */
const sorted = (rows: readonly Row[]): Row[] => [...rows].sort((a, b) => a.user - b.user || b.time - a.time);

/** Chunks of those lengths, over and over. */
async function* chunked(rows: readonly Row[], lengths: readonly number[]): AsyncGenerator<ListedChunk> {
  for (let at = 0, n = 0; at < rows.length; n++) {
    const some = rows.slice(at, at + lengths[n % lengths.length]);
    const starts = new Uint32Array(some.length + 1);
    some.forEach(({ list }, i) => {
      starts[i + 1] = starts[i] + list.length;
    });
    const first = at;
    yield {
      rows: some.length,
      columns: {
        "#user": BigInt64Array.from(some, ({ user }) => BigInt(user)),
        "#time": Float64Array.from(some, ({ time }) => time),
        "#ordinal": Int32Array.from(some, ({ item }) => item),
        "#row": Float64Array.from(some, (_, i) => first + i),
      },
      lists: { l: { starts, values: Int32Array.from(some.flatMap(({ list }) => list)) } },
    };
    at += some.length;
  }
}

async function blocks(rows: readonly Row[], lengths: readonly number[], size: number): Promise<Block[]> {
  const found: Block[] = [];
  for await (const block of rowBlocks(chunked(rows, lengths), { user: "#user", time: "#time" }, size, undefined)) {
    found.push(block);
  }
  return found;
}

const drawn = (of: readonly Block[]): number[][] =>
  of.flatMap(({ rows, starts, columns, lists }) => {
    const negatives = new Negatives(new Uint32Array(9).fill(1), {
      perPositive: 2,
      by: "uniform",
      met: "exclude",
      seed: 3,
    });
    const list = lists!.l;
    const block = {
      starts,
      times: columns["#time"] as Float64Array,
      items: ints(columns["#ordinal"]),
      rows: Float64Array.from(numbersOf(columns["#row"])),
      parts: new Int32Array(rows),
      labels: [new Float64Array(rows).fill(1)],
    };
    const values = ints(list.values);
    const met = [{ items: values, at: Int32Array.from(values.keys()), starts: Int32Array.from(list.starts) }];
    const [{ row, candidate }] = samplesOfLists(block, met, negatives, false);
    return [...row].map((one, i) => [block.rows[one], candidate[i]]);
  });

const anyRow = fc.record({
  user: fc.integer({ min: 1, max: 3 }),
  time: fc.integer({ min: 1, max: 3 }),
  item: fc.integer({ min: 1, max: 8 }),
  list: fc.constantFrom([], [1], [2, 3]),
});

describe("blocks of rows that bring their own history", () => {
  it("draw what all rows at once draw, wherever they are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRow, { minLength: 1, maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 6 }),
        async (any, lengths, size) => {
          const rows = sorted(any);
          const found = await blocks(rows, lengths, size);
          expect(drawn(found)).toEqual(drawn(await blocks(rows, [rows.length], rows.length)));
          // A block ends at the first border of two requests from `size` rows on, whatever the chunks are.
          const whole = found.map(({ rows }) => rows);
          expect(whole.slice(0, -1).every((count) => count >= size)).toBe(true);
          expect((await blocks(rows, [1], size)).map(({ rows }) => rows)).toEqual(whole);
        },
      ),
    );
  });

  it("go on after the rows that were written as if there had been no stop", async () => {
    const rows = sorted(Array.from({ length: 40 }, (_, i) => ({ user: i % 3, time: i % 5, item: 1, list: [] })));
    const all = await blocks(rows, [7], 4);
    const later = all.slice(3).map(({ rows }) => rows);
    const begun = all.slice(0, 3).reduce((sum, { rows }) => sum + rows, 0);
    expect((await blocks(rows.slice(begun), [5], 4)).map(({ rows }) => rows)).toEqual(later);
  });
});

it("a request on the border of two blocks of a file draws none of its own candidates", async () => {
  const folder = temporary();
  const before = 32_767;
  const rows = Array.from({ length: before }, (_, i) => `${i},0,1600000000,1,1`);
  // Four candidates of one request, of five items: only one may be drawn.
  const request = [0, 1, 2, 3].map((sku) => `99999,${sku},1600000000,1,`);
  writeFiles(folder, {
    "s.csv": `user,sku,time,recall,seq\n${[...rows, ...request].join("\n")}\n`,
    "items.csv": "sku\n0\n1\n2\n3\n4\n",
  });
  const binding = parseBinding(
    `samples: {file: s.csv, user: user, item: sku, time: time, histories: {bought: {item: seq, by: "|"}}}
items: {file: items.csv, key: sku}
columns: {predict.buy: "true"}
negatives: {per_positive: 5, by: uniform}
`,
    join(folder, "data.yaml"),
  );
  const manifest = readManifest(built(shopModel()));
  const { folder: done } = await prepared(binding, manifest);
  const dataset = await openDataset(done);
  const count = dataset.count("training");
  const last = Uint32Array.from({ length: 4 * 6 }, (_, i) => count - 4 * 6 + i);
  const { candidate, labels } = dataset.batch("training", last, { bought: 4 });
  dataset.close();
  const negatives = [...candidate].filter((_, i) => labels.buy[i] === 0);
  expect([...new Set(negatives)]).toEqual([5]);
  expect(negatives).toHaveLength(20);
});
