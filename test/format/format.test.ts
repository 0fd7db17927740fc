// The formatter: what goes in and what comes out, and what it says of files that do not parse.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { format } from "../../grammar/format.ts";
import { sample } from "../kit/sample.ts";

const folder = join(import.meta.dirname, "fixtures");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".in.twin"))
  .map((file) => file.slice(0, -".in.twin".length));

/** The formatted text; a syntax error fails the test with its codes. */
function formatted(text: string): string {
  const result = format({ path: "test.twin", text });
  if ("text" in result) {
    return result.text;
  }
  throw new Error(result.diagnostics.map(({ code }) => code).join(", "));
}

describe("format", () => {
  it.each(names)("%s", (name) => {
    const read = (kind: string): string => readFileSync(join(folder, `${name}.${kind}.twin`), "utf8");
    expect(formatted(read("in"))).toBe(read("out"));
    expect(formatted(read("out"))).toBe(read("out"));
  });

  it("leaves the sample as it is", () => {
    expect(formatted(sample)).toBe(sample);
  });

  it("takes CRLF, a byte order mark, blanks at line ends and no final newline, and leaves none", () => {
    const text = `\uFEFF${sample.trimEnd().replaceAll("\n", "  \r\n")}`;
    expect(formatted(text)).toBe(sample);
  });

  it("makes nothing of nothing", () => {
    for (const text of ["", " \n\n\t", "\uFEFF"]) {
      expect(formatted(text)).toBe("");
    }
    expect(formatted("\n\n// only\n\n\n// comments")).toBe("// only\n\n// comments\n");
  });

  it("gives the syntax errors of what does not parse", () => {
    const result = format({ path: "bad.twin", text: "item {\n  a: 15mins\n}" });
    expect(
      "diagnostics" in result && result.diagnostics.map(({ code, primary }) => [code, primary.span.source.path]),
    ).toEqual([["unknown-unit", "bad.twin"]]);
  });

  it("breaks at 100 columns and not before", () => {
    const line = (n: number): string => `item {\n  a: [${"b".repeat(n)}, c]\n}\n`;
    expect(formatted(line(89))).toBe(line(89));
    expect(line(89).split("\n")[1]).toHaveLength(99);
    expect(formatted(line(90))).toBe(line(90));
    expect(formatted(line(91)).split("\n")).toHaveLength(7);
  });

  it("takes ten thousand settings and comments", () => {
    const text = `item {\n${"  a: 1 // b\n  // c\n".repeat(10_000)}}\n`;
    expect(formatted(text)).toBe(text);
  });
});
