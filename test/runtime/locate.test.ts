// Keys to numbers of rows: found once for the same keys, and never a row that a store does not have.
import { expect, it } from "vitest";
import { parseKeys } from "../../runtime/encode/keys.ts";
import { byNumber, locator, within } from "../../runtime/table/locate.ts";
import { expectRoom, pickRowKeys, putRow, rowNumbers } from "../../runtime/table/table-store.ts";

const keys = parseKeys([7, 8, 9], "int64", "items");

it("looks the same keys up once, and takes numbers as they are", () => {
  let asked = 0;
  const locate = locator({
    lookup: ({ length }) => {
      asked++;
      return new Int32Array(length).fill(asked);
    },
  });
  expect(locate(keys)).toEqual(Int32Array.of(1, 1, 1));
  expect(locate(keys)).toEqual(Int32Array.of(1, 1, 1));
  // Equal keys in another column are other keys.
  expect(locate(parseKeys([7, 8, 9], "int64", "items"))).toEqual(Int32Array.of(2, 2, 2));
  const rows = Int32Array.of(5, 6);
  expect(locate(rowNumbers(rows))).toBe(rows);
  expect(asked).toBe(2);
  expect(byNumber(rowNumbers(rows))).toBe(rows);
  expect(() => byNumber(keys)).toThrow("rows are read by number here, not by int64 keys");
});

it("finds no row under 0 or beyond the last, and leaves what is sound as it is", () => {
  const locate = within(byNumber, 4);
  const sound = Int32Array.of(0, 3, 1);
  expect(locate(rowNumbers(sound))).toBe(sound);
  expect(locate(rowNumbers(Int32Array.of(3, 4, 1, -1, 0, 2 ** 31 - 1)))).toEqual(Int32Array.of(3, 0, 1, 0, 0, 0));
  expect(locate(rowNumbers(Int32Array.of(1, -1)))).toEqual(Int32Array.of(1, 0));
  expect(locate(rowNumbers(Int32Array.of(4)))).toEqual(Int32Array.of(0));
  expect(locate(rowNumbers(new Int32Array()))).toHaveLength(0);
});

it("picks keys of any kind by their places", () => {
  expect(pickRowKeys(rowNumbers(Int32Array.of(5, 6, 7)), Int32Array.of(2, 0, 2))).toEqual(
    rowNumbers(Int32Array.of(7, 5, 7)),
  );
  expect(pickRowKeys(keys, Int32Array.of(1))).toEqual(parseKeys([8], "int64", "items"));
});

it("refuses pieces that no row has, and memory of another size", () => {
  const two = rowNumbers(Int32Array.of(1, 2));
  const room = (from: number, bytes: number, length: number) => () =>
    expectRoom({ rowBytes: 8 }, two, [{ from, bytes, into: new Uint8Array(length) }]);
  expect(room(0, 8, 16)).not.toThrow();
  expect(room(7, 1, 2)).not.toThrow();
  for (const [from, bytes] of [
    [-1, 2],
    [0, 0],
    [0, -1],
    [0, 9],
    [7, 2],
    [Number.NaN, 1],
  ]) {
    expect(room(from, bytes, Math.max(2 * bytes, 0))).toThrow(/are no piece of a row of 8/);
  }
  expect(room(0, 4, 7)).toThrow("2 pieces of 4 bytes do not lie in 7");
  expect(room(0, 4, 9)).toThrow("do not lie in 9");
});

it("puts the pieces of a row where they belong, short ones and long", () => {
  const row = Uint8Array.from({ length: 100 }, (_, i) => i);
  for (const bytes of [1, 31, 32, 33, 40]) {
    const into = new Uint8Array(3 * bytes);
    putRow(row, 10, 1, [{ from: 5, bytes, into }]);
    expect([...into]).toEqual([
      ...new Array(bytes).fill(0),
      ...row.subarray(15, 15 + bytes),
      ...new Array(bytes).fill(0),
    ]);
  }
});
