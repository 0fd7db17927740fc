// Texts on a terminal: how wide they are, and tables of them; byte counts as people read them.
import { describe, expect, it } from "vitest";
import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { aligned, columnsOf, cut, width } from "../../contract/width.ts";

describe("the width of a character", () => {
  it("is two where a terminal draws two: East Asian texts and emoji", () => {
    expect(["a", "é", "─", "…", "日", "한", "ｗ", "✅", "⚡", "🀄", "🦖"].map(columnsOf)).toEqual([
      1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2,
    ]);
  });

  it("is none of what stands on another", () => {
    expect(["\u0301", "\u20dd"].map(columnsOf)).toEqual([0, 0]);
    expect(width("e\u0301✅日")).toBe(5);
  });

  it("is kept by a cut", () => {
    expect(cut("日本語テキスト", 6)).toBe("日本…");
    expect(width(cut("✅✅✅✅", 4))).toBeLessThanOrEqual(4);
  });
});

it("columns stand under each other, numbers to the right, whatever the characters", () => {
  const rows = [
    ["name", "count"],
    ["日本", "1"],
    ["✅", "12345678"],
  ];
  expect(aligned(rows, (column) => column === 1)).toEqual(["name     count", "日本         1", "✅    12345678"]);
  expect(aligned(rows)).toEqual(["name  count", "日本  1", "✅    12345678"]);
});

it("bytes have three digits, and the next unit where they would round to a thousand", () => {
  const due = [
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1000, "1 kB"],
    [1234, "1.23 kB"],
    [999_499, "999 kB"],
    [999_500, "1 MB"],
    [999_999, "1 MB"],
    [5_150_000, "5.15 MB"],
    [1.02e9, "1.02 GB"],
  ] as const;
  expect(due.map(([count]) => bytesText(count))).toEqual(due.map(([, text]) => text));
});
