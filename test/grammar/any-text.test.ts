// Any text at all: parsing ends, throws nothing, says what is wrong within the text, and takes its time only.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { format } from "../../grammar/format.ts";
import { parse, sourceLimit } from "../../grammar/parse.ts";
import { printAst } from "../../grammar/print-ast.ts";
import { render } from "../../grammar/report.ts";
import { positionAt } from "../../grammar/source.ts";
import { broken } from "../kit/mutations.ts";
import { sample } from "../kit/sample.ts";

function survives(text: string): void {
  const { file, diagnostics, damaged } = parse({ path: "any.twin", text });
  for (const { primary, also, fixes } of diagnostics) {
    for (const { span } of [primary, ...also, ...fixes.flatMap((fix) => fix.edits)]) {
      expect(span.start).toBeGreaterThanOrEqual(0);
      expect(span.end).toBeGreaterThanOrEqual(span.start);
      expect(text.length).toBeGreaterThanOrEqual(span.end);
    }
  }
  for (const { span } of file.sections) {
    expect(span.end).toBeGreaterThan(span.start);
  }
  if (diagnostics.length === 0) {
    expect(damaged.size).toBe(0);
  }
  expect(printAst(file).endsWith("\n")).toBe(true);
  expect(render(diagnostics) === "").toBe(diagnostics.length === 0);
  expect("diagnostics" in format({ path: "any.twin", text })).toBe(diagnostics.length > 0);
}

describe("parse throws on nothing", () => {
  it("of random characters", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), survives), { numRuns: 150 });
  });

  it("of random words", () => {
    const word = fc.constantFrom(
      ..."{ } [ ] ( ) : , . a item model import user 1 15min 15mins -x \" 'q' // ; = \n".split(" "),
    );
    const text = fc.array(word, { maxLength: 60 }).map((words) => words.join(" "));
    fc.assert(fc.property(text, survives), { numRuns: 300 });
  });

  it("of the sample, broken", () => {
    fc.assert(fc.property(broken(sample), survives), { numRuns: 150 });
  });
});

describe("size", () => {
  const fill = (piece: string, length = 100_000): string => piece.repeat(Math.ceil(length / piece.length));
  it.each([
    ["brackets", fill("[")],
    ["nested calls", `item { a: ${fill("f(a: ")}`],
    ["nested blocks", fill("item {")],
    ["wrong brackets", `item { a: ${fill("[)")}`],
    ["closing braces", fill("}")],
    ["commas", `item {${fill(",")}}`],
    ["missing commas", `item { a: f(${fill("1 2, ")})}`],
    ["missing values", `item {${fill("a: ")}}`],
    ["bad members", `item {${fill("a: 1, b: ; ")}}`],
    ["quotes", fill('"')],
    ["escapes", `import "${fill('\\"')}`],
    ["one long name", `item { ${fill("a")}`],
    ["one long number", `item { a: ${fill("1")} }`],
    ["comments", `${fill("// a\n")}item {}`],
    ["binary", fill("\x01\x02é日")],
  ])("100,000 characters of %s are no trouble", (_, text) => {
    const start = performance.now();
    survives(text);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it("10,000 sections with an error each are reported whole", () => {
    const text = "item {\n  a:\n  b: 1 2\n}\n".repeat(10_000);
    const { diagnostics } = parse({ path: "many.twin", text });
    expect(diagnostics).toHaveLength(10_000);
    expect(new Set(diagnostics.map(({ code }) => code))).toEqual(new Set(["missing-value"]));
    expect(render(diagnostics)).toMatch(/… and 9,900 errors more\n$/);
  });

  it("10,000 errors in one section are one report", () => {
    const text = `item {\n${"  a:\n".repeat(10_000)}}\nuser { b: 15mins }`;
    expect(parse({ path: "t", text }).diagnostics.map(({ code }) => code)).toEqual(["missing-value", "unknown-unit"]);
  });

  it("50 million characters are refused at once", () => {
    const text = "a".repeat(50_000_000);
    const start = performance.now();
    const { diagnostics } = parse({ path: "huge.twin", text });
    expect(performance.now() - start).toBeLessThan(1000);
    expect(diagnostics.map(({ title }) => title)).toEqual([
      "this file is too large: it holds 50,000,000 characters, and 1,048,576 are allowed",
    ]);
    expect(parse({ path: "t", text: " ".repeat(sourceLimit) }).diagnostics).toEqual([]);
  });

  it("a zero byte is no text", () => {
    expect(parse({ path: "t", text: "item {}\0" }).diagnostics.map(({ code }) => code)).toEqual(["not-text"]);
  });
});

describe("one line of very many mistakes", () => {
  // A walk from the line's start for each of them would take an hour.
  it("has the place of each", () => {
    const text = `model a\nitem { ${"x: foo ".repeat(140_000)}}`;
    const { diagnostics } = parse({ path: "any.twin", text });
    const places = diagnostics.map(({ primary: { span } }) => positionAt(span.source, span.start));
    expect(places.every(({ line }) => line <= 2)).toBe(true);
    const source = { path: "any.twin", text };
    for (let i = 0; i < 140_000; i++) {
      expect(positionAt(source, 15 + 7 * i).column).toBe(8 + 7 * i);
    }
  });
});
