// Searches and attends: what an error says of them in whole, what a model holds of them, and which widths are known.
import { describe, expect, it } from "vitest";
import { itemsAtMost } from "../../../compiler/check/limits.ts";
import { checkText, found, whole } from "./program.ts";

/** The whole model with texts replaced in turn. */
function changed(...changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, whole);
}

/** What is said, as a terminal shows it: the title, each place with its words, paragraphs of help, fixes. */
function said(text: string, maxBytes?: number): string[][] {
  const { diagnostics } = checkText(text, {}, maxBytes === undefined ? {} : { maxBytes });
  return diagnostics
    .filter(({ code }) => code !== "unused")
    .map(({ title, primary, also, help, fixes }) => [
      title,
      ...[primary, ...also].map(({ span, text: words }) =>
        `${span.source.text.slice(span.start, span.end)}: ${words}`.trim(),
      ),
      ...help.map((one) => one.slice(0, 40)),
      ...fixes.map((fix) => `${fix.title}${fix.safe ? "" : "?"}`),
    ]);
}

const attendBy = (by: string) => changed(["by: relevance }\ntower", `by: ${by} }\ntower`]);

describe("an error of a search or an attend says", () => {
  it("what does not go with what it goes by, once for each setting", () => {
    expect(said(changed(["by: relevance keep: 10", "by: match(item.video_id) keep: 10 heads: per_head"]))).toEqual([
      ["`heads` does not apply to `by: match`", "per_head:", "Only a metric has heads whose rankings c"],
    ]);
    const alone = (name: string, value: string) => [
      `\`${name}\` does not apply to \`by: match\``,
      `${value}:`,
      "Only attention by a metric has projected",
    ];
    expect(said(attendBy("match(item.video_id) values: 4 out: 5 keys: fresh value: product"))).toEqual([
      alone("values", "4"),
      alone("out", "5"),
      alone("keys", "fresh"),
      alone("value", "product"),
    ]);
    for (const one of ["values: 4", "out: 5", "keys: cached", "value: projected"]) {
      expect(checkText(attendBy(`match(item.video_id) ${one}`)).model).toBeNull();
    }
    expect(
      found(checkText(attendBy("match(item.video_id)"))).filter((one) => !one.startsWith("metrics-differ")),
    ).toEqual([]);
  });

  it("how many heads and lists there are, in words that agree in number", () => {
    const lists = (kept: number, heads: number) =>
      said(
        changed(
          ["keep: 10 ", "keep: 10 heads: per_head "],
          ["by: relevance }\ntower", "by: other }\ntower"],
          ["bias: watched.cross dim: 8", `bias: watched.cross dim: 8 heads: ${kept}`],
          [
            "search nearest",
            `metric other { query: item keys: watched.item bias: watched.cross dim: 8 heads: ${heads} }\nsearch nearest`,
          ],
        ),
      )[0];
    expect(lists(1, 2)).toEqual([
      "`interest` cannot attend to the lists of `nearest`",
      "other: `other` has 2 heads",
      "nearest: keeps 1 list, one for each head",
      "Each head attends to the list that its o",
    ]);
    expect(lists(2, 1).slice(1, 3)).toEqual(["other: `other` has 1 head", "nearest: keeps 2 lists, one for each head"]);
  });

  it("what a product has to be like", () => {
    expect(
      said(changed(["dim: 8 }", "dim: 8 heads: 2 }"], ["by: relevance }", "by: relevance value: product }"])),
    ).toEqual([
      [
        "`value: product` does not fit `relevance`",
        "product: `relevance` has 2 heads, and a product has one",
        "relevance: the metric",
        "`value: product` multiplies the past ite",
      ],
    ]);
    expect(said(changed(["by: relevance }", "by: relevance value: product out: 11 }"]))[0].slice(1, 3)).toEqual([
      "11: a product is as wide as the item: 12",
      "relevance: the metric",
    ]);
  });

  it("how many behaviours a history holds, and offers to write that, to be looked at", () => {
    expect(said(changed(["keep: 10 ", "keep: 101 "]))).toEqual([
      [
        "`nearest` asks for more behaviours than `watched` holds",
        "101: `watched` holds 100",
        "watched: declared here",
        "Every history is padded to this length, ",
        "Write `100`?",
      ],
    ]);
    expect(said(changed(["over: nearest", "over: watched.last(102)"]))[0][0]).toBe(
      "`interest` asks for more behaviours than `watched` holds",
    );
  });

  it("how much memory a model needs and may take", () => {
    expect(said(whole, 1000)[0][0]).toBe("`shop` needs 35 kB of memory, and the limit is 1 kB");
  });
});

describe("an attend in error", () => {
  const broken = [
    ["heads: per_head", "other", "heads-differ"],
    ["", "relevance value: product out: 11", "product-mismatch"],
    ["", "match(item.video_id) out: 5", "does-not-apply"],
  ] as const;
  it.each(broken)("with a search %s and `by: %s` is none, and its tower is not judged by it", (heads, by, code) => {
    const text = changed(
      ["keep: 10 ", `keep: 10 ${heads} `],
      ["by: relevance }\ntower", `by: ${by} }\ntower`],
      ["search nearest", "metric other { query: item keys: watched.item dim: 8 heads: 2 }\nsearch nearest"],
    );
    const { model, diagnostics } = checkText(text);
    expect(model).toBeNull();
    expect(diagnostics.filter(({ severity }) => severity === "error").map((one) => one.code)).toEqual([code]);
  });

  it("tells the widths that are written, whatever else is wrong", () => {
    const widths = (by: string) => checkText(attendBy(by)).widths.get("interest");
    expect(widths("relevance")).toEqual({ values: 8, out: 8 });
    expect(widths("nobody values: 3 out: 5")).toEqual({ values: 3, out: 5 });
    expect(widths("nobody values: 0 out: 5")).toEqual({ out: 5 });
    expect(widths("nobody values: 3 out: 0")).toEqual({ values: 3 });
    // What a product would be wide is not told of one that does not fit.
    expect(widths("relevance value: product out: 11")).toEqual({ out: 11 });
    // What is pooled: the id's 8, the cover's 4, the age's 4.
    expect(widths("match(item.video_id)")).toEqual({ values: 16, out: 16 });
  });
});

describe("a model holds of a search and an attend", () => {
  it("what is written above them", () => {
    const { model } = checkText(
      changed(
        ["search nearest", "/// What is close.\nsearch nearest"],
        ["attend interest", "/// What is liked.\nattend interest"],
      ),
    );
    expect([model!.searches[0].doc, model!.attends[0].doc]).toEqual(["What is close.", "What is liked."]);
    const plain = checkText(whole).model!;
    expect([plain.searches[0].doc, plain.attends[0].doc]).toEqual(["", ""]);
  });

  it("what is attended to: a search, a history, its newest part", () => {
    const over = (text: string) => {
      const { model } = checkText(changed(["over: nearest", `over: ${text}`]));
      const [attend] = model!.attends;
      const { kind, history } = attend.over;
      return [kind, history.name, attend.over.kind === "last" ? attend.over.count : null];
    };
    expect(over("nearest")).toEqual(["search", "watched", null]);
    expect(over("watched")).toEqual(["history", "watched", null]);
    expect(over("watched.last(7)")).toEqual(["last", "watched", 7]);
  });

  it("lists of every head also where an attend has none", () => {
    const text = changed(["keep: 10 ", "keep: 10 heads: per_head "], ["by: relevance }\ntower", "by: mean }\ntower"]);
    expect(found(checkText(text)).filter((one) => !one.startsWith("metrics-differ"))).toEqual([]);
  });

  it("no bound of its items where there is no key", () => {
    const { item } = checkText(whole).model!;
    expect(itemsAtMost({ ...checkText(whole).model!, item: { ...item, key: null } } as never)).toBeNull();
    expect(itemsAtMost(checkText(whole).model!)).toBe(1000);
  });
});

describe("a metric", () => {
  it("scores the behaviours of the history that is attended to, and of no other", () => {
    const other = "history bought { of: item max: 20 }\nattend interest";
    const text = changed(["attend interest", other], ["over: nearest", "over: bought"]);
    expect(found(checkText(text)).filter((one) => !one.startsWith("unused"))).toEqual(["different-history: relevance"]);
  });
});
