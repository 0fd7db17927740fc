// The marks that other tests give their positions with.
import { expect, it } from "vitest";
import { marked } from "../kit/marked.ts";

it("takes cursors and underlines out, and says where they were", () => {
  const { text, cursors, ranges } = marked(["one ┆two", "~~~ ~~~", "┆three", "  ~~"].join("\n"));
  expect(text).toBe("one two\nthree");
  expect(cursors).toEqual([4, 8]);
  expect(ranges.map(({ start, end }) => text.slice(start, end))).toEqual(["one", "two", "re"]);
});

it("leaves text without marks alone", () => {
  expect(marked("a ~ b\n")).toEqual({ text: "a ~ b\n", cursors: [], ranges: [] });
});
