// Whatever the layout of a file: formatting loses nothing, changes no meaning, and is done after one run.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { format } from "../../grammar/format.ts";
import { parse } from "../../grammar/parse.ts";
import { printAst } from "../../grammar/print-ast.ts";
import { pieces, relaid } from "../kit/mutations.ts";
import { sample } from "../kit/sample.ts";

function formatted(text: string): string {
  const result = format({ path: "test.twin", text });
  if ("text" in result) {
    return result.text;
  }
  throw new Error(result.diagnostics.map(({ code }) => code).join(", "));
}

/** The words of a text, without the commas that may trail in lists. */
const words = (text: string): string[] => {
  const all = pieces(text).filter(({ comment }) => !comment);
  return all.map(({ image }) => image).filter((image, i) => !(image === "," && all[i + 1]?.image === "]"));
};

/** The comments of a text, whatever their order and number of slashes: a `///` that documents nothing loses one. */
const comments = (text: string): string[] =>
  pieces(text)
    .filter(({ comment }) => comment)
    .map(({ image }) => image.replace(/^\/+/, "").trim())
    .sort();

describe("of any layout", () => {
  const property = (check: (text: string, result: string) => void): void =>
    fc.assert(
      fc.property(relaid(sample), (text) => {
        check(text, formatted(text));
      }),
      { numRuns: 100 },
    );

  it("no word is lost", () => {
    property((text, result) => expect(words(result)).toEqual(words(text)));
  });

  it("no comment is lost", () => {
    property((text, result) => expect(comments(result)).toEqual(comments(text)));
  });

  it("the tree stays the same, documentation included", () => {
    const tree = (text: string): string => printAst(parse({ path: "t", text }).file);
    property((text, result) => expect(tree(result)).toBe(tree(text)));
  });

  it("a second run changes nothing", () => {
    property((_, result) => expect(formatted(result)).toBe(result));
  });

  it("lines have no blanks at their ends, and no two blank lines meet", () => {
    property((_, result) => {
      expect(result).not.toMatch(/[ \t\r]\n|\n\n\n|^\n|\n\n$/);
      expect(result.endsWith("\n")).toBe(true);
    });
  });
});
