// Offsets to lines and columns, by every kind of line end.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineAt, lineSpan, positionAt } from "../../grammar/source.ts";
import { marked } from "../kit/marked.ts";

describe("positionAt", () => {
  it("counts lines and columns from 1", () => {
    const { text, cursors } = marked("┆ab┆c\n\n┆d┆");
    const source = { path: "x", text };
    expect(cursors.map((offset) => positionAt(source, offset))).toEqual([
      { line: 1, column: 1 },
      { line: 1, column: 3 },
      { line: 3, column: 1 },
      { line: 3, column: 2 },
    ]);
  });

  it("counts characters, not UTF-16 units", () => {
    const source = { path: "x", text: "\u{1F600}\u{1F600}x" };
    expect(positionAt(source, 4)).toEqual({ line: 1, column: 3 });
  });

  it("counts as a walk over the characters does, in one long line with pairs and lone halves", () => {
    const piece = fc.constantFrom("a", "\n", "\u{1F600}", "\ud83d", "\ude00", "é");
    fc.assert(
      fc.property(fc.string({ unit: piece, maxLength: 30 }), (text) => {
        const source = { path: "x", text };
        for (let offset = 0; offset <= text.length + 1; offset++) {
          const line = text.slice(0, offset).split("\n").length;
          const start = text.lastIndexOf("\n", offset - 1) + 1;
          const column = [...text.slice(offset === 0 ? 0 : start, offset)].length + 1;
          expect(positionAt(source, offset)).toEqual({ line, column });
        }
      }),
    );
  });

  it("puts what is beyond the text on the last line", () => {
    expect(positionAt({ path: "x", text: "a\n" }, 99)).toEqual({ line: 2, column: 1 });
  });
});

describe("lines", () => {
  it("agree with splitting at LF, CRLF and CR", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "\n", "\r", "\r\n"), maxLength: 20 }), (text) => {
        const source = { path: "x", text };
        const lines = text.split(/\r\n|\n|\r/);
        const found = lines.map((_, i) => lineSpan(source, i + 1));
        expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(lines);
        for (const [i, { start }] of found.entries()) {
          expect(lineAt(source, start)).toBe(i + 1);
        }
        expect(lineAt(source, text.length)).toBe(lines.length);
      }),
    );
  });
});
