// Rows held between requests: the numbers of a twin that holds none, and each item gathered once.
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { readHistories } from "../../../runtime/data/index.ts";
import { heldItems, holdingRows, overlap } from "../../../runtime/evaluate/held-rows.ts";
import { requestRows } from "../../../runtime/evaluate/request-rows.ts";
import { score } from "../../../runtime/evaluate/score.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { fieldPiece, type ItemRows } from "../../../runtime/table/item-rows.ts";
import { byNumber } from "../../../runtime/table/locate.ts";
import { MemoryRows } from "../../../runtime/table/memory-rows.ts";
import { bytesOf, rowNumbers } from "../../../runtime/table/table-store.ts";
import { cleanUp } from "../../kit/built-twin.ts";
import { type Evaluated, evaluated } from "../../kit/evaluated.ts";

let world: Evaluated;

beforeAll(async () => {
  world = await evaluated({ precision: "uint8", coverage: "60%" });
});
afterAll(cleanUp);

/** Two numbers an item. */
const numbers = (ordinals: Int32Array) =>
  Int32Array.from({ length: 2 * ordinals.length }, (_, i) => 3 * ordinals[i >> 1] + (i & 1));

function someItems(): ItemRows {
  const memory = bytesOf(numbers(Int32Array.from({ length: 400 }, (_, i) => i)));
  const fields = new Map([["f", { dtype: "int32" as const, from: 0, words: 2 }]]);
  return Object.assign(new MemoryRows("some items", 400, [{ from: 0, bytes: 8, memory }], byNumber), { fields });
}

async function columnOf(store: ItemRows, ordinals: Int32Array) {
  const { column, piece } = fieldPiece(store, "f", ordinals.length);
  await store.read(rowNumbers(ordinals), [piece]);
  return column;
}

it("gives what the store gives, however requests follow on each other", async () => {
  const items = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 64, maxLength: 200 });
  const cuts = fc.array(fc.tuple(fc.nat(120), fc.nat(200)), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(items, items, cuts, async (past, other, windows) => {
      const held = heldItems(someItems());
      for (const [start, length] of windows) {
        const source = start % 7 === 0 ? other : past;
        const ordinals = Int32Array.from(source.slice(start, start + length));
        const found = await columnOf(held, ordinals);
        expect(found).toEqual(numbers(ordinals));
        // Whoever asked may change it.
        found.fill(-1);
      }
    }),
  );
});

it("gathers of a window that slides on only what is new", async () => {
  const store = someItems();
  const read = vi.spyOn(store, "read");
  const held = heldItems(store);
  const past = Int32Array.from({ length: 300 }, (_, i) => i + 1);
  for (const start of [0, 3, 4, 100]) {
    await columnOf(held, past.subarray(start, start + 200));
  }
  expect(read.mock.calls.map(([keys]) => keys.length)).toEqual([200, 3, 1, 96]);
  expect(overlap(past, Int32Array.of(7, 7, 7, 7))).toBe(null);
});

it("scores rows as a twin does that holds nothing", async () => {
  const twin = await LocalTwin.open(world.dir, { threads: 1 });
  const read = () => readHistories(world.binding, twin.manifest, { part: "test", samples: "labelled" });
  const expected: number[][] = [];
  for await (const part of score(twin, read())) {
    part.rows.forEach((row, i) => {
      expected.push([row, part.logits.click[i], part.scores.watch[i]]);
    });
  }
  const found: number[][] = [];
  for await (const { row, predictions } of requestRows(
    twin.engine,
    read(),
    { newItem: null, request: null },
    world.binding,
  )) {
    for (let i = 0; i < row.length; i++) {
      found.push([row[i], predictions.click[i], predictions.watch[i]]);
    }
  }
  expect(found).toEqual(expected);
  expect(found.length).toBe(world.test.length);
  const table = holdingRows(twin.engine).tables.current()!.table("video_keys")!;
  expect((await table.floats())!.values).toBe((await table.floats())!.values);
  expect(table.format.precision).toBe("uint8");
  await twin.close();
});
