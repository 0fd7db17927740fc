// What is said of broken text: one diagnostic a section, at the right place, in words for people.
import { describe, expect, it } from "vitest";
import { parse } from "../../grammar/parse.ts";
import { render } from "../../grammar/report.ts";
import { marked } from "../kit/marked.ts";

/** The diagnostics of a marked source, checked to stand at its marks: underlines, or cursors for empty places. */
function found(source: string): string[] {
  const { text, cursors, ranges } = marked(source);
  const { diagnostics } = parse({ path: "t.twin", text });
  const places = [...ranges, ...cursors.map((start) => ({ start, end: start }))].sort((a, b) => a.start - b.start);
  expect(diagnostics.map(({ primary: { span } }) => ({ start: span.start, end: span.end }))).toEqual(places);
  return diagnostics.map(({ code, title }) => `${code}: ${title}`);
}
const lines = (...all: string[]): string => all.join("\n");

describe("a missing value", () => {
  it("is found on its own line, and does not take the next name", () => {
    const source = lines("search s {", "  from:┆", "  by: r", "  keep:", "}");
    expect(found(source)).toEqual(["missing-value: `from` has no value"]);
    const { file } = parse({ path: "t", text: marked(source).text });
    expect(file.sections[0].members.map(({ name }) => name.text)).toEqual(["by"]);
  });

  it.each([
    ["before a block", "item {\n a:┆\n b {}\n}"],
    ["at the end", "item {\n b: 1\n a:┆\n}"],
    ["of an argument", "item {\n b: f(a:┆, c: 1)\n}"],
    ["with its colon", "item {\n a┆\n}"],
    ["with its colon, before another", "item {\n a┆\n b: 1\n}"],
  ])("%s", (_, source) => {
    expect(found(source)).toEqual(["missing-value: `a` has no value"]);
  });
});

describe("brackets", () => {
  it.each([
    ["{", "item {\n     ~\n a: 1\n\nuser {\n}"],
    ["{", "history h {\n  cross {\n        ~\n    a: 1\n}\nuser {}"],
    ["[", "item {\n a: [1, 2\n    ~\n b: 3\n}"],
    ["(", "item {\n a: f(1\n     ~\n}"],
    ["[", "item {\n a: f(b: [1, 2)\n         ~\n}"],
    ["(", "item {\n a: f(b: [1, 2]\n     ~\n}"],
  ])("%s is never closed", (bracket, source) => {
    expect(found(source)).toEqual([`not-closed: this \`${bracket}\` is never closed`]);
  });

  it("a section's missing brace hides no other section", () => {
    const { file, diagnostics } = parse({
      path: "t",
      text: "item {\n a: 1\n\nuser {\n b: 15mins\n}\n\ntrain {\n c: \n}",
    });
    expect(diagnostics.map(({ code }) => code)).toEqual(["not-closed", "unknown-unit", "missing-value"]);
    expect(file.sections.map(({ keyword }) => keyword)).toEqual(["item", "user", "train"]);
  });

  it("one brace too few and one too many do not make up for each other", () => {
    const text = "item {\n a: 1\nuser {\n b: 1.2.3\n}\nmetric m {\n c: 1 } }\ntrain {}";
    const { diagnostics } = parse({ path: "t", text });
    expect(diagnostics.map(({ code }) => code)).toEqual(["not-closed", "bad-number", "stray-close"]);
  });

  it("close what is not open", () => {
    expect(found("item {}\n}\n~")).toEqual(["stray-close: this `}` closes nothing"]);
    expect(found("item { a: 1 ) }\n            ~")).toEqual(["stray-close: this `)` closes nothing"]);
  });

  it("nest 64 deep and no deeper", () => {
    const list = (depth: number): string => `item { a: ${"[".repeat(depth)}${"]".repeat(depth)} }`;
    expect(parse({ path: "t", text: list(63) }).diagnostics).toEqual([]);
    expect(parse({ path: "t", text: list(64) }).diagnostics.map(({ code }) => code)).toEqual(["too-deep"]);
    expect(parse({ path: "t", text: list(100_000) }).diagnostics.map(({ code }) => code)).toEqual(["too-deep"]);
  });
});

describe("other mistakes", () => {
  it.each([
    ["item {\n max┆ 10k\n}", "missing-colon: `max` lacks its colon"],
    ["item {\n cross: {\n      ~\n }\n}", "block-colon: `cross` is a block, and takes no colon"],
    ["item {\n a: [1┆ 2]\n}", "missing-comma: a comma is missing before `2`"],
    ["item {\n a: f(\n  b: 1┆\n  c: 2\n )\n}", "missing-comma: a comma is missing before `c`"],
    ["item {\n a: 1,\n     ~\n}", "unexpected-token: `,` does not belong here"],
    ["item {\n a: f(1,)\n        ~\n}", "unexpected-token: `)` does not belong here"],
    ["item {\n a: [1 : 2]\n       ~\n}", "unexpected-token: `:` does not belong here"],
    ["item {\n a: 1 2\n      ~\n}", "unexpected-token: `2` does not belong here"],
    ["item {\n a: h.┆\n}", "missing-name: a name is missing after `.`"],
    ["search n┆\n\nuser {}", "missing-body: `search n` has no body"],
    ["item┆\n a: 1\n}", "missing-body: `item` has no body"],
    ["itme {\n~~~~\n}", "unknown-section: there is no section called `itme`"],
    ["wombat w {\n~~~~~~\n}", "unknown-section: there is no section called `wombat`"],
    ["a: 1\n~\nitem {}", "outside-section: `a` stands outside every section"],
    ["model┆", "missing-name: a name is missing after `model`"],
    ["model m import┆ item {}", "missing-path: `import` needs the path of a file"],
    ['item {}\nimport "a"\n~~~~~~', "misplaced-header: `import` must stand before every section"],
    ["model a\nmodel b\n~~~~~", "misplaced-header: `model` must stand at the beginning of the file"],
    ["item { a: 15mins }\n          ~~~~~~", "unknown-unit: there is no unit `mins`"],
    ["item { a: 'x' }\n          ~~~", "single-quotes: strings stand in double quotes"],
    ['item { a: "x }\n          ~~~~\n}', "unterminated-string: this string does not end on its line"],
    ['item { a: "\\q" }\n           ~~', "bad-escape: `\\q` means nothing in a string"],
    ['item { a: "\\u{D800}" }\n           ~~~~~~~~', "bad-escape: `\\u{D800}` means nothing in a string"],
    ["item { min-count: 5 }\n       ~~~~~~~~~", "bad-name: `min-count` is not a name"],
    ["item { a = 5 }\n         ~", "unexpected-character: `=` has no meaning here"],
    ["item { a: 5; }\n           ~", "unexpected-character: `;` has no meaning here"],
    ["item {\u00a0}\n      ~", "unexpected-character: the character U+00A0 has no meaning here"],
    ["/* a */\n~~~~~~~\nitem {}", "foreign-comment: comments begin with `//`"],
    ["# item {\n~\nitem {}", "foreign-comment: comments begin with `//`"],
    [";\n~", "unexpected-character: `;` has no meaning here"],
  ])("%j", (source, expected) => {
    expect(found(source)).toEqual([expected]);
  });

  it("are reported once a section, all sections in one run", () => {
    const source = lines(
      ...[
        "item {",
        "  a: 15mins",
        "     ~~~~~~",
        "  b: 15mins",
        "}",
        "modle x",
        "~~~~~",
        "user {",
        "  a:┆",
        "  b:",
        "}",
      ],
      ...["histroy h {", "~~~~~~~", "  c:", "}", "train { ok: 1 }"],
    );
    const codes = found(source).map((text) => text.split(":")[0]);
    expect(codes).toEqual(["unknown-unit", "outside-section", "missing-value", "unknown-section"]);
  });

  it("leave what can be read", () => {
    const text = "item { a: 1 b: [1 2] c: ; d: 15mins e: [1, 1.2.3, x] f: 1 }\nitme2 { x: 1 }";
    const { file, damaged } = parse({ path: "t", text });
    expect(file.sections.map((section) => [section.keyword, section.members.map(({ name }) => name.text)])).toEqual([
      ["item", ["a", "b", "e", "f"]],
      ["item", ["x"]],
    ]);
    expect([...damaged]).toEqual(file.sections);
  });

  it("keep a misspelt section and its name", () => {
    const { file } = parse({ path: "t", text: "metrc relevance { dim: 16 }" });
    expect(file.sections[0]).toMatchObject({ keyword: "metric", name: { text: "relevance" } });
  });

  it("never list what was expected", () => {
    for (const text of [
      "item { : }",
      "item { a: } }",
      "item [",
      "item { a: f(] }",
      "( ) [ ] { }",
      "model {",
      "import {",
    ]) {
      expect(render(parse({ path: "t", text }).diagnostics)).not.toMatch(/expecting|one of|but found/i);
    }
  });
});
