// Names and values of others reach the terminal as text alone: no escape sequence, no forged line, no endless row.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { explainFailure } from "../../cli/failure.ts";
import { print, printJson, say } from "../../cli/output.ts";
import { rankingText } from "../../cli/verbs/rank.ts";
import { TwinError } from "../../contract/error.ts";
import { cell, cut, escaped, escapedJson, width } from "../../contract/width.ts";
import { aligned } from "../../runtime/evaluate/aligned.ts";
import { explanationText, type Ranking } from "../../runtime/index.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { here, type Outcome } from "../kit/cli.ts";

afterAll(cleanUp);

/** Colour, title, line written over, bell, C1, bidi override, zero width, a line feed of its own. */
const evil = "\x1b[31mred\x1b]0;title\x07\rover\x9b2J\u202egnp.exe\u200b\u2028\x7f";
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const acts = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

const said = ({ stdout, stderr }: Outcome): string => stdout + stderr;

describe("text of others", () => {
  it("is shown with escapes, whatever it is", () => {
    expect(escaped(evil)).toBe("\\x1b[31mred\\x1b]0;title\\x07\\rover\\x9b2J\\u202egnp.exe\\u200b\\u2028\\x7f");
    expect(escaped("Ünï 映画 🎬 é\n")).toBe("Ünï 映画 🎬 é\n");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(escaped(text)).not.toMatch(acts);
        expect(cell(text)).not.toMatch(/\n/);
        expect(width(cell(text, 20))).toBeLessThanOrEqual(20);
        expect(JSON.parse(escapedJson(JSON.stringify([text])))).toEqual([text]);
        expect(escapedJson(JSON.stringify([text]))).not.toMatch(acts);
      }),
    );
  });

  it("is cut by the columns that it takes, with its end where that is wanted", () => {
    expect(cut("映画映画映画", 6)).toBe("映画…");
    expect(cut("abcdefghij", 7, 3)).toBe("abc…hij");
    expect(cut("abcdefg", 7, 3)).toBe("abcdefg");
    expect(cell("x".repeat(5000))).toBe(`${"x".repeat(59)}…`);
    expect(cell("one\ntwo")).toBe("one\\ntwo");
  });
});

describe("what the command line writes", () => {
  it("does nothing to a terminal, on either stream, as text or as JSON", async () => {
    const written = { stdout: "", stderr: "" };
    const stdout = process.stdout.write;
    const stderr = process.stderr.write;
    try {
      process.stdout.write = ((text: string) => {
        written.stdout += text;
        return true;
      }) as never;
      process.stderr.write = ((text: string) => {
        written.stderr += text;
        return true;
      }) as never;
      print(evil);
      say(evil);
      printJson({ [evil]: evil });
    } finally {
      process.stdout.write = stdout;
      process.stderr.write = stderr;
    }
    expect(written.stdout + written.stderr).not.toMatch(acts);
    expect(JSON.parse(written.stdout.slice(written.stdout.indexOf("{")))).toEqual({ [evil]: evil });
  });

  it("keeps a table's rows short and one a line", () => {
    const keys = [evil, "k".repeat(5000), "two\nlines"];
    const scores = { click: Float32Array.of(0.3, 0.2, 0.1) };
    const text = rankingText(
      ["click"],
      { score: null, scores, misses: 0, coverage: 1 } as unknown as Ranking,
      keys,
      [0, 1, 2],
    );
    const lines = text.split("\n");
    expect(lines).toHaveLength(5);
    expect(new Set(lines.slice(0, 4).map(width)).size).toBe(1);
    expect(text).not.toMatch(acts);
    expect(Math.max(...lines.map(width))).toBeLessThan(100);
    expect(
      aligned([
        ["a", "b"],
        [evil, "映画"],
        ["x".repeat(5000), "1"],
      ]).join("\n"),
    ).not.toMatch(acts);
    const behaviour = { position: 0, key: evil, time: null, miss: false, heads: [], weight: 1 };
    const attends = [{ attend: "a", by: "m", over: "s", behaviours: [behaviour] }];
    const why = explanationText([
      { candidate: 0, key: "k".repeat(5000), scores: {}, logits: {}, score: null, stats: [], attends },
    ]);
    expect(why).not.toMatch(acts);
    expect(Math.max(...why.split("\n").map(width))).toBeLessThan(200);
  });

  it("cuts a long line of an error, and keeps its beginning and its end", () => {
    const { text, code } = explainFailure(new TwinError(`events.csv: \`${"x".repeat(3e6)}\` is no number`), "check");
    expect(code).toBe(1);
    expect(text.length).toBeLessThan(1300);
    expect(text).toMatch(/^error: events\.csv: `x+…x+` is no number$/);
  });

  it("is so for names of files, columns, keys and features", async () => {
    const folder = temporary();
    const path = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const heading = "col\x1b[31m\x9b";
    const events = path("events.csv", `user,item,time,"${heading}"\n1,1,1600000000,1\n`);
    const yaml = path("data.yaml", `events: {file: ${events}, user: usr, item: item, time: time}\n"\\e[31mkey": 1\n`);
    const missing = path("other.yaml", `events: {file: events.csv, user: usr, item: item, time: time}\n`);
    const model = path(
      "m.twin",
      `model m\nitem { v: id(vocab: 4, dim: 2, key: true) }\n// \x1b[31m\nitem "\x1b[2J\x9b"\n`,
    );
    const long = path("long.csv", `user,item,time\n1,1,1600000000\n2,2,${"y".repeat(3e5)}\n`);
    const longYaml = path("long.yaml", `events: {file: ${long}, user: user, item: item, time: time}\n`);
    const cases = [
      ["check", `${folder}/${evil.replaceAll("\n", "")}.twin`],
      ["check", model],
      ["data", "check", yaml],
      ["data", "check", missing],
      ["data", "check", longYaml],
      [evil],
      ["rank", evil, "--request", evil],
      ["explain", evil],
    ];
    for (const words of cases) {
      const outcome = await here(words);
      expect(outcome.code, words.join(" ")).not.toBe(0);
      expect(outcome.code, said(outcome).slice(0, 500)).not.toBe(70);
      expect(said(outcome)).not.toMatch(acts);
      expect(
        Math.max(
          ...said(outcome)
            .split("\n")
            .map(({ length }) => length),
        ),
      ).toBeLessThan(1300);
    }
  });
});
