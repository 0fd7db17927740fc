// Every rule of the grammar, by what it reads and what tree comes of it.
import { describe, expect, it } from "vitest";
import { type FileNode, type Setting, sectionKeywords } from "../../grammar/ast.ts";
import { parse } from "../../grammar/parse.ts";
import { printAst } from "../../grammar/print-ast.ts";
import { sample } from "../kit/sample.ts";

function valid(text: string): FileNode {
  const { file, diagnostics, damaged } = parse({ path: "test.twin", text });
  expect(diagnostics).toEqual([]);
  expect(damaged.size).toBe(0);
  return file;
}
const tree = (text: string): string => printAst(valid(text));
/** The tree of one value. */
const value = (text: string): string[] =>
  tree(`item { x: ${text} }`)
    .split("\n")
    .slice(3, -1)
    .map((line) => line.slice(6));

describe("file", () => {
  it("may be empty", () => {
    for (const text of ["", "\n\n", "\uFEFF", "// nothing\n", "\uFEFFmodel m"]) {
      valid(text);
    }
  });

  it("has a model, imports and sections", () => {
    expect(tree('/// d\nmodel m import "a" import "b\\n" item {} user {}')).toBe(
      'file model m\n  doc "d"\n  import "a"\n  import "b\\n"\n  section item\n  section user\n',
    );
  });

  it("takes the sample", async () => {
    await expect(tree(sample)).toMatchFileSnapshot("sample-tree.txt");
  });

  it("takes CRLF and lone CR as it takes LF", () => {
    expect(tree(sample.replaceAll("\n", "\r\n"))).toBe(tree(sample));
    expect(tree(sample.replaceAll("\n", "\r"))).toBe(tree(sample));
  });
});

describe("section", () => {
  it.each(sectionKeywords)("%s, with and without a name", (keyword) => {
    expect(tree(`${keyword} {} ${keyword} n { a: 1 }`)).toBe(
      `file\n  section ${keyword}\n  section ${keyword} n\n    setting a\n      number 1 = 1 count\n`,
    );
  });

  it("may be named like a keyword", () => {
    expect(tree("model item search user {} user {} item model {}")).toBe(
      "file model item\n  section search user\n  section user\n  section item model\n",
    );
  });

  it("knows where it is", () => {
    const [section] = valid(" history h {\n a: 1\n} ").sections;
    const { text } = section.span.source;
    const at = ({ start, end }: { start: number; end: number }): string => text.slice(start, end);
    expect([at(section.span), at(section.keywordSpan), at(section.name!.span)]).toEqual([
      "history h {\n a: 1\n}",
      "history",
      "h",
    ]);
    expect(at(section.members[0].span)).toBe("a: 1");
  });
});

describe("member", () => {
  it("is a setting or a block, to any depth, on one line or many", () => {
    expect(tree("item{a:b c{d:e f{}}g:h}")).toBe(
      [
        ...["file", "  section item", "    setting a", "      reference b", "    block c", "      setting d"],
        ...["        reference e", "      block f", "    setting g", "      reference h", ""],
      ].join("\n"),
    );
  });

  it.each([...sectionKeywords, "model", "import"])("may be named %s, which may be a value too", (word) => {
    expect(tree(`item { ${word}: ${word} ${word} { ${word}: f(${word}: ${word}.${word}) } }`)).toContain(
      `block ${word}`,
    );
  });

  it("may begin like a keyword", () => {
    expect(tree("item { items: 1 item_id: 2 searching: user_id }")).toContain("reference user_id");
  });
});

describe("value", () => {
  it("is a number", () => {
    expect(value("15min")).toEqual(["number 15min = 900 duration"]);
    expect(value("-1e-3")).toEqual(["number -1e-3 = -0.001 count"]);
  });

  it("is a string, with escapes", () => {
    expect(value('"a \\"b\\" \\\\ \\n\\t\\u{1F600} // no comment"')).toEqual([
      `string ${JSON.stringify('a "b" \\ \n\t\u{1F600} // no comment')}`,
    ]);
  });

  it("is a list, with or without a trailing comma", () => {
    expect(value("[]")).toEqual(["list"]);
    const expected = ["list", "  number 1 = 1 count", "  list", "    reference a.b"];
    expect(value("[1, [a.b]]")).toEqual(expected);
    expect(value("[1,[a.b,],]")).toEqual(expected);
  });

  it("is a reference or a call", () => {
    expect(value("relu")).toEqual(["reference relu"]);
    expect(value("watched.item")).toEqual(["reference watched.item"]);
    expect(value("f()")).toEqual(["call f"]);
    expect(value("h.last(50)")).toEqual(["call h.last", "  number 50 = 50 count"]);
    expect(value("f(a, b: c, [d], e: g(1))")).toEqual([
      ...["call f", "  reference a", "  argument b", "    reference c", "  list", "    reference d"],
      ...["  argument e", "    call g", "      number 1 = 1 count"],
    ]);
  });

  it("distinguishes no arguments from empty parentheses", () => {
    const [a, b] = valid("item { a: f b: f() }").sections[0].members as Setting[];
    expect(a.value).not.toHaveProperty("arguments");
    expect(b.value).toHaveProperty("arguments", []);
  });

  it("spans what it is written as", () => {
    const { members } = valid('item { a: [1, f(x: "s")] b: g.h }').sections[0];
    const texts = (members as Setting[]).map(({ value: v }) => v.span.source.text.slice(v.span.start, v.span.end));
    expect(texts).toEqual(['[1, f(x: "s")]', "g.h"]);
  });
});

describe("documentation", () => {
  const doc = (text: string): string | undefined => valid(text).sections.at(-1)?.doc;

  it("is the `///` lines above", () => {
    expect(doc("/// one\n///  two\n///\n///three\nitem {}")).toBe("one\n two\n\nthree");
  });

  it("is not made of other comments, nor of those behind code", () => {
    expect(doc("// a\n//// b\nitem {}")).toBeUndefined();
    expect(doc("user {} /// behind\nitem {}")).toBeUndefined();
    expect(doc("/// a\nuser {}\nitem {}")).toBeUndefined();
    expect(doc("/// a\n// b\n\n/// c\nitem {}")).toBe("a\nc");
  });

  it("belongs to members too", () => {
    const { members } = valid("item {\n /// a\n x: 1\n y: 2\n /// b\n z {}\n /// lost\n}").sections[0];
    expect(members.map((member) => member.doc)).toEqual(["a", undefined, "b"]);
  });
});
