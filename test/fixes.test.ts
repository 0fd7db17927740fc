// Quick fixes: each that a bad fixture's diagnostic offers makes it disappear and brings no other; and keeps all other bytes.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../compiler/check/check.ts";
import { load } from "../compiler/source/load.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { edited, type Fix, fix, together } from "../grammar/fix.ts";

const root = join(import.meta.dirname, "..");
const codes = readdirSync(join(root, "test/bad"))
  .filter((file) => file.endsWith(".twin"))
  .map((file) => file.slice(0, -".twin".length));
const pathOf = (code: string): string => `test/bad/${code}.twin`;

/** A fixture's text; those of syntax lack `hidden`, of which the checker is silent only while a file cannot be read. */
function textOf(code: string): string {
  const text = readFileSync(join(root, pathOf(code)), "utf8");
  return text.includes("hidden") ? text : text.replace(/^towe?r .*\{\n/m, "$&  hidden: []\n");
}

/** What is said of a fixture whose text is another. */
function said(code: string, text: string): readonly Diagnostic[] {
  const program = load(pathOf(code), (file) => {
    if (file === pathOf(code)) {
      return text;
    }
    return existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : { error: "there is no such file" };
  });
  return check(program, { maxBytes: 8e9 }).diagnostics;
}

const fixable = codes.flatMap((code) =>
  said(code, textOf(code)).flatMap(({ fixes }) => fixes.map(({ title }, i) => ({ code, title, i }))),
);
const applied = (text: string, { edits }: Fix): string => edited(edits[0].span.source, edits) || text;

describe("every fix of a bad fixture", () => {
  it.each(fixable)("$code: $title", ({ code, i }) => {
    const text = textOf(code);
    const [diagnostic] = said(code, text);
    expect(said(code, applied(text, diagnostic.fixes[i])).map((one) => `${one.code}: ${one.primary.text}`)).toEqual([]);
  });
});

/** What strangers' files hold before the place of a fix, and how their lines end. */
const disguises: Readonly<Record<string, (text: string) => string>> = {
  "CRLF line ends": (text) => text.replaceAll("\n", "\r\n"),
  "CR line ends": (text) => text.replaceAll("\n", "\r"),
  "a byte order mark": (text) => `\uFEFF${text}`,
  tabs: (text) => text.replaceAll("  ", "\t"),
  "an emoji before it": (text) => `// 🎬🇩🇪 é ﷽\n${text}`,
  "no last line end": (text) => text.trimEnd(),
};

describe.each(Object.entries(disguises))("with %s, a fix", (_, disguise) => {
  it.each(fixable)("keeps all else: $code: $title", ({ code, i }) => {
    const text = disguise(textOf(code));
    const [diagnostic] = said(code, text);
    expect(diagnostic.code).toBe(code);
    const fix = diagnostic.fixes[i];
    const now = applied(text, fix);
    expect(said(code, now)).toEqual([]);
    const bytes = (part: string) => Buffer.from(part).toString("hex");
    const [first] = [...fix.edits].sort((a, b) => a.span.start - b.span.start);
    const last = fix.edits.reduce((end, { span }) => Math.max(end, span.end), 0);
    expect(bytes(now).startsWith(bytes(text.slice(0, first.span.start)))).toBe(true);
    expect(bytes(now).endsWith(bytes(text.slice(last)))).toBe(true);
    // no line end of another kind comes in
    const kinds = (whole: string) => [...new Set(whole.match(/\r\n|\n|\r/g))].sort();
    expect(kinds(text)).toEqual(expect.arrayContaining(kinds(now)));
  });
});

/** A library's text, and what the first diagnostic's first fix makes of it; `!` where it may not be applied unasked. */
const cases: readonly (readonly string[])[] = [
  ["a block comment on one line", "item { a: number /* raw */\n}", "item { a: number // raw\n}"],
  [
    "a block comment of several lines",
    "  /*\r\n   * What an item is.\r\n   *   indented\r\n   */\r\nitem { a: number }",
    "  // What an item is.\r\n  //   indented\r\nitem { a: number }",
  ],
  ["a semicolon", "item { a: number; b: number }", "item { a: number b: number }"],
  ["an equals sign", "train { dense: adam(rate=1e-3) }", "train { dense: adam(rate:1e-3) }"],
  ["blanks of another kind", "item {\u00a0\u00a0a: number }", "item {  a: number }"],
  ["a mark that cannot be seen", "item { a\u200b: number }", "item { a: number }"],
  ["a byte order mark amid the text", "item { a: number }\n\uFEFFuser { }", "item { a: number }\nuser { }"],
  [
    "a list without its end",
    "tower t {\n hidden: [200, 80\n norm: layer }",
    "tower t {\n hidden: [200, 80]\n norm: layer }",
  ],
  ["a call without its end", "item { a: id(vocab: 10, dim: 8 }", "item { a: id(vocab: 10, dim: 8) }"],
  [
    "a section without its end",
    "item {\n  a: number\n\nuser { b: number }",
    "item {\n  a: number\n}\n\nuser { b: number }",
  ],
  ["a section of one line without its end", "item { a: number", "item { a: number }"],
  ["a section without its beginning", "item\n  a: number\n}", "item {\n  a: number\n}"],
  [
    "a block without its end, indented by tabs",
    "history h {\n\tcross {\n\t\ta: number\n}",
    "history h {\n\tcross {\n\t\ta: number\n\t}\n}",
  ],
  ["a comma behind the last argument", "train { dense: adam(rate: 1,) }", "train { dense: adam(rate: 1) }"],
  ["two commas", "tower t { hidden: [1,, 2] }", "tower t { hidden: [1, 2] }"],
  ["a path without its second quote", 'import "./a.twin\nitem { a: number }', 'import "./a.twin"\nitem { a: number }'],
  ["a path with a comment behind it", 'import "./a.twin // all\n', 'import "./a.twin // all"\n', "!"],
  ["a backslash in single quotes", "import '.\\a.twin'", 'import ".\\\\a.twin"'],
  ["a unit of other tools", "table t { refresh: 15minutes }", "table t { refresh: 15min }"],
  ["a unit that could be two", "table t { refresh: 15m }", "table t { refresh: 15M }", "!"],
  ["a keyword that could be one only", "histroy h { max: 10 }", "history h { max: 10 }"],
  ["a header that is misspelt", "modle shop\nitem { a: key() }", "model shop\nitem { a: key() }"],
  ["a value in capitals", "item { a: id(vocab: 3, dim: 2, key: True) }", "item { a: id(vocab: 3, dim: 2, key: true) }"],
  ["a kind", "item { a: bucketd(at: [1], dim: 2) }", "item { a: bucketed(at: [1], dim: 2) }"],
  ["an optimiser", "train { dense: adan(rate: 1) }", "train { dense: adam(rate: 1) }"],
  [
    "a name that could be two",
    "item { ab: number ac: number }\nmetric m { query: item.ad }",
    "item { ab: number ac: number }\nmetric m { query: item.ab }",
    "!",
  ],
  ["a setting twice, differently", "train { batch: 1\n  batch: 2\n}", "train { batch: 1\n}", "!"],
  ["a setting twice, alike", "train {\n  batch: 1\n  batch: 1\n}", "train {\n  batch: 1\n}"],
  ["a setting twice, with a comment", "train {\n  batch: 1\n  batch: 1 // all\n}", "train {\n  batch: 1\n   // all\n}"],
  ["an argument twice, alike", "train { dense: adam(rate: 1, rate: 1) }", "train { dense: adam(rate: 1) }"],
];

describe("a fix of", () => {
  it.each(cases)("%s", (_, before, after, unsafe) => {
    const read = (path: string) => (path === "a.twin" ? before : "");
    const [fix] = check(load("a.twin", read), { library: true }).diagnostics.flatMap(({ fixes }) => fixes);
    expect(applied(before, fix)).toBe(after);
    expect(fix.safe).toBe(unsafe !== "!");
  });

  it("is not offered where the edit is not known to the letter", () => {
    const none = [
      "item { a: }",
      "item { a: number /* x */ b: number }",
      "item { a: 1e999 }",
      "import 3",
      "item { é: number }",
    ];
    for (const text of none) {
      expect(
        check(
          load("a.twin", () => text),
          { library: true },
        ).diagnostics[0].fixes,
      ).toEqual([]);
    }
  });
});

describe("fixes together", () => {
  const source = { path: "a.twin", text: "abcdef" };
  const at = (start: number, end: number, text = "") => fix(`${start} to ${end}`, { source, start, end }, text, true);

  it("leave out what touches another", () => {
    const kept = together([at(0, 2), at(1, 3), at(2, 2), at(4, 4, "x"), at(4, 4, "y"), at(5, 6)]);
    expect(kept.map(({ title }) => title)).toEqual(["0 to 2", "4 to 4", "5 to 6"]);
    expect(
      edited(
        source,
        kept.flatMap(({ edits }) => edits),
      ),
    ).toBe("cdxe");
  });

  it("are refused where they overlap", () => {
    expect(() =>
      edited(
        source,
        [at(0, 3), at(2, 4)].flatMap(({ edits }) => edits),
      ),
    ).toThrow(/overlap/);
  });
});
