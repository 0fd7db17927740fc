// The checker as a whole: all errors in one run, libraries, limits, and what it stays silent on.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parameters } from "../../../compiler/parameters/parameters.ts";
import { checkText, found, history, item, whole } from "./program.ts";

const unlikeUnused = (one: string): boolean => !one.startsWith("unused");

describe("check", () => {
  it("accepts the model that the tests start from", () => {
    expect(found(checkText(whole))).toEqual([]);
  });

  it("reports all errors of a file in one run, in the order of the text", () => {
    const text = whole
      .replace("vocab: 1k", "vocab: 0")
      .replace("keep: 10", "keep: -1")
      .replace("click: binary", "click: binry")
      .replace("max: 100", "max: 1h");
    expect(found(checkText(text))).toEqual([
      "out-of-range: 0",
      "wrong-unit: 1h",
      "out-of-range: -1",
      "unknown-name: binry",
    ]);
  });

  it("stays silent on what may follow from a section that could not be parsed", () => {
    const codes = (text: string) => new Set(checkText(text).diagnostics.map(({ code }) => code));
    const unparsed = whole.replace("metric relevance {", "metric relevance [");
    expect(codes(unparsed).has("unknown-name")).toBe(false);
    expect(checkText(unparsed).model).toBeNull();
    expect(codes(unparsed.replace("keep: 10", "keep: 0")).has("out-of-range")).toBe(true);
  });

  it("takes a library where one is allowed, and still checks it", () => {
    expect(found(checkText(item, {}, { library: true }))).toEqual([]);
    expect(found(checkText(history, {}, { library: true }))).toEqual([]);
    expect(found(checkText(item.replace("1k", "0"), {}, { library: true }))).toEqual(["out-of-range: 0"]);
    expect(checkText(item).diagnostics.map(({ code }) => code)).toEqual(["no-model"]);
  });

  it("needs an item and a tower", () => {
    expect(found(checkText("model shop"))).toEqual(["missing-section: shop", "missing-section: shop"]);
    expect(found(checkText("model shop\nitem { }\ntower t { input: item hidden: [] predict { a: binary } }"))).toEqual([
      "no-item-key: item",
    ]);
    expect(
      found(checkText("model shop\nitem { a: key }\ntower t { input: item hidden: [] predict { a: binary } }")),
    ).toEqual(["no-width: item"]);
  });

  it("holds the sizes against a limit and names the largest parts", () => {
    // 1001 × 8 numbers of the ids, 4 bytes each, and little else.
    expect(found(checkText(whole, {}, { maxBytes: 100_000 }))).toEqual([]);
    const { model, diagnostics } = checkText(whole, {}, { maxBytes: 32_000 });
    expect(model).toBeNull();
    expect(found({ diagnostics })).toEqual(["too-large: video_id"]);
    expect(diagnostics[0].primary.text).toContain("32 kB");
  });

  it("counts lookup tables where the key bounds them", () => {
    const table = `${whole}table keys { of: relevance.keys }\n`;
    const fits = (text: string, maxBytes: number) => checkText(text, {}, { maxBytes }).model !== null;
    let least = 0;
    for (let bytes = 1 << 20; bytes >= 1; bytes /= 2) {
      if (!fits(whole, least + bytes)) {
        least += bytes;
      }
    }
    const tableBytes = 1000 * 8 * 4;
    expect(fits(whole, least + 1)).toBe(true);
    expect(fits(table, least + tableBytes)).toBe(false);
    expect(fits(table, least + tableBytes + 1)).toBe(true);
  });

  it("counts every byte: of the parameters, and of rows of each precision", () => {
    const ids = 1001 * 8;
    const elapsed = 3 * 4;
    const inherent = 8 + 4;
    // W^q, W^h and W^v of the items, β and the bias of the cross feature's table, the output's projection, the tower.
    const { model } = checkText(whole);
    const parts = parameters(model!).map(({ name, shape }) => [name, shape.reduce((a, b) => a * b, 1)] as const);
    const numbers = parts.reduce((sum, [, count]) => sum + count, 0);
    expect(parts.find(([name]) => name === "item.video_id.table")?.[1]).toBe(ids);
    expect(parts.find(([name]) => name === "watched.ago.table")?.[1]).toBe(elapsed);
    expect(numbers).toBeGreaterThan(ids + elapsed + 2 * inherent * 8);
    const fits = (text: string, maxBytes: number) => checkText(text, {}, { maxBytes }).model !== null;
    expect(fits(whole, 4 * numbers)).toBe(true);
    expect(fits(whole, 4 * numbers - 1)).toBe(false);
    // 1000 items, one head of 8 numbers; a uint8 row ends with scale and offset of its head.
    for (const [precision, row] of Object.entries({ float32: 32, float16: 16, uint8: 8 + 8 })) {
      const table = `${whole}table keys { of: relevance.keys precision: ${precision} }\n`;
      expect([precision, fits(table, 4 * numbers + 1000 * row)]).toEqual([precision, true]);
      expect([precision, fits(table, 4 * numbers + 1000 * row - 1)]).toEqual([precision, false]);
    }
  });

  it("counts as many rows of a table as a vocabulary may have entries, and none where the key tells no bound", () => {
    const fits = (text: string, maxBytes: number) => checkText(text, {}, { maxBytes }).model !== null;
    const rowsOf = (encoder: string) => {
      const text = whole.replace("id(vocab: 1k, dim: 8, key: true)", encoder);
      const numbers = parameters(checkText(text).model!).reduce(
        (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
        0,
      );
      const table = `${text}table keys { of: relevance.keys }\n`;
      expect([encoder, fits(text, 4 * numbers), fits(text, 4 * numbers - 1)]).toEqual([encoder, true, false]);
      return [0, 500, 1000].find((rows) => fits(table, 4 * numbers + rows * 32));
    };
    expect(rowsOf("vocabulary(max: 500, dim: 8, key: true)")).toBe(500);
    expect(rowsOf("id(vocab: 1000, dim: 8, key: true)")).toBe(1000);
    expect(rowsOf("hashed(buckets: 1k, dim: 8, key: true)")).toBe(0);
  });

  it("names the three largest parts, the largest first", () => {
    const table = `${whole}table keys { of: relevance.keys }\n`;
    const { diagnostics } = checkText(table, {}, { maxBytes: 1000 });
    const said = diagnostics.map(({ primary, also = [] }) =>
      [primary, ...also].map(
        ({ span, text }) => `${span.source.text.slice(span.start, span.end).split(" ")[0]} ${text}`,
      ),
    );
    // 1001 × 8 and 1000 × 8 numbers; (20 + 1) × 16 and 16 + 1 of them.
    expect(said).toEqual([
      [
        "video_id its parameters take 32 kB",
        "keys a row for every item takes 32 kB",
        "ranking its parameters take 1.41 kB",
      ],
    ]);
  });

  it("wants of own embeddings rows for each feature, their width together, and one head", () => {
    const said = (query: string, rest: string) => {
      const text = whole.replace(
        /metric relevance \{[^}]*\}/,
        `metric relevance { query: ${query} embeddings: own(dim: 4) ${rest} }`,
      );
      return checkText(text)
        .diagnostics.filter(({ severity }) => severity === "error")
        .map(({ code, primary: { text }, fixes }) => [code, text, ...fixes.map(({ title }) => title)]);
    };
    const id = "item.video_id keys: watched.item.video_id";
    expect(said(id, "dim: 4")).toEqual([]);
    expect(said(id, "dim: 8")).toEqual([["own-mismatch", "own rows are 4 wide together", "Write `4`"]]);
    expect(said(id, "dim: 4 heads: 2")).toEqual([["own-mismatch", "own embeddings have one head", "Write `1`"]]);
    expect(said("item keys: watched.item", "dim: 4")).toEqual([
      ["own-mismatch", "`item.cover` has no rows of a table: `pretrained`"],
    ]);
  });

  it("wants of a product one head, and the item's width where widths are written", () => {
    const said = (heads: number, widths: string, damage = "") =>
      found(
        checkText(
          whole
            .replace("dim: 8 }", `dim: 8 heads: ${heads} }`)
            .replace("by: relevance }", `by: relevance value: product ${widths} }`)
            .replace("cover: pretrained(size: 4)", `cover: pretrained(size: 4)${damage}`),
        ),
      );
    // 8 of the id and 4 of the cover.
    expect(said(1, "")).toEqual([]);
    expect(said(1, "values: 12 out: 12")).toEqual([]);
    expect(said(1, "values: 11")).toEqual(["product-mismatch: 11"]);
    expect(said(1, "values: 12 out: 13")).toEqual(["product-mismatch: 13"]);
    expect(said(2, "")).toEqual(["product-mismatch: product"]);
    // Nobody knows how wide an item is of which a feature is not understood.
    expect(said(1, "values: 16", " other: pretrained(size: 0)")).toEqual(["out-of-range: 0"]);
    expect(checkText(whole.replace("by: relevance }", "by: relevance value: product values: 11 }")).model).toBeNull();
  });

  it("gives heads, widths and tables only to what goes by a metric", () => {
    const byMatch = whole.replace("by: relevance keep: 10", "by: match(item.video_id) keep: 10 heads: per_head");
    expect(found(checkText(byMatch))).toEqual(["does-not-apply: per_head"]);
    expect(checkText(byMatch).model).toBeNull();
  });

  it("lets a search keep a whole history, and no more", () => {
    expect(found(checkText(whole.replace("keep: 10 ", "keep: 100 ")))).toEqual([]);
    expect(found(checkText(whole.replace("keep: 10 ", "keep: 101 ")))).toEqual(["keep-exceeds-max: 101"]);
    expect(found(checkText(whole.replace("over: nearest", "over: watched.last(100)"))).filter(unlikeUnused)).toEqual(
      [],
    );
    expect(found(checkText(whole.replace("over: nearest", "over: watched.last(101)"))).filter(unlikeUnused)).toEqual([
      "keep-exceeds-max: 101",
    ]);
  });

  it("bounds what a search keeps and an attend takes, however long the history", () => {
    const long = whole.replace("max: 100 ", "max: 1M ");
    expect(found(checkText(long.replace("keep: 10 ", "keep: 10k ")))).toEqual([]);
    const { diagnostics } = checkText(long.replace("keep: 10 ", "keep: 10001 "));
    expect(diagnostics.map(({ title }) => title)).toEqual(["`keep` must be at least 1 and at most 10,000"]);
    expect(found(checkText(long.replace("over: nearest", "over: watched.last(1M)"))).filter(unlikeUnused)).toEqual([
      "out-of-range: 1M",
    ]);
  });

  it("wants as many heads as a search keeps lists, neither fewer nor more", () => {
    const lists = (search: number, attend: number): string[] =>
      found(
        checkText(
          whole
            .replace("keep: 10 ", "keep: 10 heads: per_head ")
            .replace("by: relevance }\ntower", "by: other }\ntower")
            .replace("bias: watched.cross dim: 8", `bias: watched.cross dim: 8 heads: ${search}`)
            .replace(
              "search nearest",
              `metric other { query: item keys: watched.item bias: watched.cross dim: 8 heads: ${attend} }\nsearch nearest`,
            ),
        ),
      ).filter((one) => !one.startsWith("metrics-differ"));
    expect(lists(2, 2)).toEqual([]);
    expect(lists(2, 1)).toEqual(["heads-differ: other"]);
    expect(lists(2, 4)).toEqual(["heads-differ: other"]);
    expect(lists(1, 2)).toEqual(["heads-differ: other"]);
  });

  it("knows parts of a table by what they name, not by how they are laid out or how long they are", () => {
    const long = "relevance_of_what_was_watched_to_what_might_be_watched_next_";
    const two = whole
      .replace(/relevance/g, `${long}a`)
      .replace("search nearest", `metric ${long}b { query: item keys: watched.item dim: 8 }\nsearch nearest`)
      .replace("tower ranking", `attend second { over: nearest by: ${long}b }\ntower ranking`)
      .replace("[interest, item]", "[interest, second, item]");
    const table = (of: string) => found(checkText(`${two}table keys { of: [${of}] }\n`));
    const known = (text: string) => !text.startsWith("metrics-differ");
    expect(table(`${long}a.keys, ${long}b.keys`).filter(known)).toEqual([]);
    expect(table(`${long}a.keys, ${long}a // twice\n . keys`).filter(known)[0]).toMatch(/^given-twice: /);
  });

  it("quotes what was written without the comments in it", () => {
    const text = whole
      .replace("by: relevance keep", "by: match( // the same category\n item.video_id) keep")
      .replace("by: relevance }\ntower", "by: // shared\n relevance }\ntower");
    const { diagnostics } = checkText(text);
    expect(diagnostics.map(({ title }) => title)).toEqual([
      "`nearest` searches by `match(item.video_id)` but `interest` attends by `relevance`",
    ]);
  });

  it.each([
    ["a key", "item { video_id: key }", "no-width: item"],
    [
      "a key, and a place among the candidates",
      "item { video_id: key }\ncandidate { place: category(vocab: 9, dim: 2) }",
      "no-width: item",
    ],
    ["nothing at all", "item { }", null],
  ])("is no model where all that is known of a candidate is %s", (_, known, reported) => {
    const checked = checkText(
      `model shop\n${known}\nuser { age: number }\ntower ranking { input: [user] hidden: [4] predict { click: binary } }`,
    );
    expect(checked.model).toBeNull();
    expect(found(checked)).toEqual(reported === null ? expect.anything() : expect.arrayContaining([reported]));
  });

  it("answers every mutation with a model or an error, never an exception", () => {
    const words = whole.match(/[\w.]+|[^\s\w]/g)!;
    const places = [...words.keys()].filter((i) => /^\w/.test(words[i]));
    const odd = ["constructor", "__proto__", "toString", "0", "-1", "1e400", "15min", "97%", '"x"', "[]", "f()"];
    const references = [
      "watched.item",
      "watched.cross",
      "watched.ago",
      "watched.last(3)",
      "relevance.keys",
      "interest.values",
      "log(watched.size)",
    ];
    const word = fc.constantFrom(...new Set(words.filter((text) => /^\w/.test(text))), ...odd, ...references);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...places), word), { minLength: 1, maxLength: 3 }), (changes) => {
        const mutated = [...words];
        for (const [at, to] of changes) {
          mutated[at] = to;
        }
        const { model, diagnostics } = checkText(mutated.join(" "));
        expect(model === null).toBe(diagnostics.some(({ severity }) => severity === "error"));
        for (const { primary, also } of diagnostics) {
          for (const { span } of [primary, ...also]) {
            expect(span.start).toBeLessThanOrEqual(span.end);
            expect(span.end).toBeLessThanOrEqual(span.source.text.length);
          }
        }
      }),
      { numRuns: Number(process.env.RUNS ?? 500) },
    );
  }, 60_000);
});
