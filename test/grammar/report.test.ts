// Diagnostics as text: frames, marks, colours, and sources that make trouble for a terminal.
import { describe, expect, it } from "vitest";
import { at, type Diagnostic } from "../../grammar/diagnostic.ts";
import { render, summarize } from "../../grammar/report.ts";
import { span } from "../../grammar/source.ts";
import { marked } from "../kit/marked.ts";

/** An error at the first marked range of a source, with the others as further places. */
function diagnostic(source: string, more: Partial<Diagnostic> = {}): Diagnostic {
  const { text, ranges, cursors } = marked(source);
  const file = { path: "models/m.twin", text };
  const places = [...ranges, ...cursors.map((start) => ({ start, end: start }))];
  const [primary, ...also] = places.map(({ start, end }, i) => at(span(file, start, end), `label ${i}`));
  return { code: "some-code", severity: "error", title: "a title", primary, also, help: [], fixes: [], ...more };
}
const lines = (...all: string[]): string => all.join("\n");

describe("render", () => {
  it("shows title, place, line, mark, further places and help", () => {
    const source = lines(...Array(8).fill("//"), "item {", "~~~~", "  a: bcd", "     ~~~", "}");
    expect(render([diagnostic(source, { help: ["First.", "Second."], severity: "note" })])).toBe(
      lines(
        ...["note[some-code]: a title", "   ┌─ models/m.twin:9:1", " 9 │ item {", "   │ ^^^^ label 0"],
        ...["   ┌─ models/m.twin:10:6", "10 │   a: bcd", "   │      ─── label 1", "", "First.", "", "Second.", ""],
      ),
    );
  });

  it("parts diagnostics by a blank line, and is empty for none", () => {
    const one = diagnostic(lines("ab", "~"));
    const text = lines("error[some-code]: a title", "  ┌─ models/m.twin:1:1", "1 │ ab", "  │ ^ label 0", "");
    expect(render([one])).toBe(text);
    expect(render([one, one])).toBe(`${text}\n${text}`);
    expect(render([])).toBe("");
  });

  const frame = (source: string): string[] =>
    render([diagnostic(source)])
      .trimEnd()
      .split("\n")
      .slice(1);

  it("puts one mark at an empty place, at the end of the file too", () => {
    expect(frame("ab┆")).toEqual(["  ┌─ models/m.twin:1:3", "1 │ ab", "  │   ^ label 0"]);
    expect(frame("ab\n┆")).toEqual(["  ┌─ models/m.twin:2:1", "2 │", "  │ ^ label 0"]);
    expect(frame("┆")).toEqual(["  ┌─ models/m.twin:1:1", "1 │", "  │ ^ label 0"]);
  });

  it("shows a range over several lines by its first and last", () => {
    const text = lines("item {", "  a: 1", "  b: 2", "} x");
    const place = at(span({ path: "p", text }, 5, text.length - 2), "all this");
    expect(
      render([{ ...diagnostic("┆"), primary: place }])
        .split("\n")
        .slice(1, -1),
    ).toEqual([...["  ┌─ p:1:6", "1 │ item {", "  │      ^", "  …", "4 │ } x", "  │ ^ all this"]]);
  });

  it("shows tabs as blanks and keeps the mark under its text", () => {
    expect(frame(lines("\ta:\tb", "    ~"))).toEqual([
      ...["  ┌─ models/m.twin:1:5", "1 │     a:  b", "  │         ^ label 0"],
    ]);
  });

  it("takes CRLF and CR as line ends", () => {
    const text = "a\r\nbc\rd";
    const place = (start: number): string[] =>
      render([{ ...diagnostic("┆"), primary: at(span({ path: "p", text }, start, start + 1)) }])
        .split("\n")
        .slice(1, 4);
    expect(place(4)).toEqual(["  ┌─ p:2:2", "2 │ bc", "  │  ^"]);
    expect(place(6)).toEqual(["  ┌─ p:3:1", "3 │ d", "  │ ^"]);
  });

  it("counts wide and combining characters as a terminal does", () => {
    const text = 'a: "日本e\u0301" b';
    const place = at(span({ path: "p", text }, text.length - 1, text.length));
    const [, position, , mark] = render([{ ...diagnostic("┆"), primary: place }]).split("\n");
    expect(position).toBe("  ┌─ p:1:11");
    expect(mark.indexOf("^") - 4).toBe('a: "'.length + 4 + 1 + '" '.length);
  });

  it("lets no control character of the source through", () => {
    const text = "a\x1b[31mb\u202e\u0000\ud800";
    const bad = { ...diagnostic("┆"), title: `x\x07y`, primary: at(span({ path: "p\x1b", text }, 0, 1), "\x9b1m") };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this looks for
    expect(render([bad])).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]/);
  });

  it("cuts very long lines around the mark", () => {
    const text = `${"a".repeat(50_000)}MARK${"b".repeat(50_000)}`;
    const [, , code, mark] = render([
      { ...diagnostic("┆"), primary: at(span({ path: "p", text }, 50_000, 50_004)) },
    ]).split("\n");
    expect(code.length).toBeLessThan(140);
    expect(code).toMatch(/^1 │ …a+MARKb+…$/);
    expect(mark).toBe(`  │${" ".repeat(code.indexOf("MARK") - 3)}^^^^`);
    const start = render([{ ...diagnostic("┆"), primary: at(span({ path: "p", text }, 0, 100_000)) }]).split("\n");
    expect(start[2]).toMatch(/^1 │ a+…$/);
    expect(start[3].length).toBeLessThan(140);
  });

  it("wraps help at 80 columns, never within backquotes", () => {
    const help = [`${"word ".repeat(14)}\`do not break this\` and go on`];
    const text = render([diagnostic("┆", { help })])
      .split("\n")
      .slice(5, -1);
    expect(text).toEqual([`${"word ".repeat(14)}`.trim(), "`do not break this` and go on"]);
  });

  it("shows a hundred and says how many more there are", () => {
    const many = Array.from({ length: 1234 }, () => diagnostic("┆"));
    const text = render(many);
    expect(text.match(/some-code/g)).toHaveLength(100);
    expect(text).toMatch(/\n… and 1,134 errors more\n$/);
    expect(render(many, { limit: Number.POSITIVE_INFINITY }).match(/some-code/g)).toHaveLength(1234);
  });

  it("colours without changing the text", () => {
    const one = diagnostic(lines("ab", "~", "cd", "~"), { help: ["Help."] });
    const coloured = render([one], { color: true });
    expect(coloured).toContain("\x1b[1;31merror[some-code]");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
    expect(coloured.replace(/\x1b\[[\d;]*m/g, "")).toBe(render([one]));
  });
});

describe("summarize", () => {
  it("counts by severity", () => {
    const of = (severity: Diagnostic["severity"], n: number): Diagnostic[] =>
      Array(n).fill(diagnostic("┆", { severity }));
    expect(summarize([...of("note", 1), ...of("error", 3)])).toBe("3 errors, 1 note");
    expect(summarize([...of("warning", 2), ...of("error", 1)])).toBe("1 error, 2 warnings");
    expect(summarize([])).toBe("");
  });
});
