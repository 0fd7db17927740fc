// Facts of programs: names, references, places and what could stand there; of good programs all, of broken ones what is left.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../../../compiler/check/check.ts";
import { offers } from "../../../compiler/facts/offers.ts";
import { facts, placeAt, symbolAt, wordAt } from "../../../compiler/facts/read.ts";
import { rename } from "../../../compiler/facts/rename.ts";
import { allFeatures } from "../../../compiler/model/features.ts";
import { showModel } from "../../../compiler/show/show-model.ts";
import { load } from "../../../compiler/source/load.ts";
import type { Span } from "../../../grammar/ast.ts";
import { edited } from "../../../grammar/fix.ts";
import { endOf, lex, startOf } from "../../../grammar/lex.ts";

const root = join(import.meta.dirname, "../../..");
const read = (path: string) =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : { error: "there is no such file" };
const files = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".twin"))
    .map((file) => `${folder}/${file}`);
const good = [...files("models"), ...files("test/good")];
const bad = files("test/bad");

const textOf = ({ source, start, end }: Span): string => source.text.slice(start, end);

/** A program, its facts and what the checker says, with some texts in the place of files. */
function see(path: string, texts: Readonly<Record<string, string>> = {}) {
  const program = load(path, (file) => (Object.hasOwn(texts, file) ? texts[file] : read(file)));
  const checked = check(program, { library: true });
  return { program, checked, known: facts(program, checked) };
}
const everything = "test/good/everything.twin";
const stats = "test/good/stats.twin";

describe("facts of a good program", () => {
  it.each(good)("%s: every symbol's span holds its name, every reference a symbol's", (path) => {
    const { known } = see(path);
    expect(known.symbols.length).toBeGreaterThan(3);
    for (const { span, name, extent } of known.symbols) {
      expect(textOf(span)).toBe(name);
      expect(textOf(extent)).toContain(name);
    }
    expect(known.unresolved.map(({ text }) => text)).toEqual([]);
    for (const { span, symbol } of known.references) {
      expect(textOf(span)).toBe(symbol.name);
    }
    const qualified = known.symbols.filter(({ kind }) => kind !== "model").map((symbol) => symbol.qualified);
    expect(qualified).toEqual([...new Set(qualified)]);
  });

  it.each(good)(
    "%s: every word is a symbol, a reference or a word of the language, and is one of them only",
    (path) => {
      const { program, known } = see(path);
      const [{ source }] = program.files;
      const ours = (one: { readonly span: Span }) => one.span.source === source;
      const at = [...known.symbols, ...known.references, ...known.words].filter(ours).map(({ span }) => span.start);
      // `item` is both: a word of the language, and the name of the one section of its kind
      const twice = at
        .filter((start, i) => at.indexOf(start) !== i)
        .map((start) => source.text.slice(start).split(/\W/)[0]);
      expect(new Set(twice)).toEqual(
        new Set(
          known.symbols
            .filter(({ kind, span }) => ["group", "train", "cross", "stats"].includes(kind) && span.source === source)
            .map(({ name }) => name),
        ),
      );
      const unknown = lex(source.text)
        .tokens.filter(({ image }) => /^[A-Za-z_]/.test(image))
        .filter((token) => !at.includes(startOf(token)))
        .map((token) =>
          source.text
            .slice(0, endOf(token))
            .split(/[\s(,]+/)
            .slice(-2)
            .join(" "),
        );
      expect(unknown.filter((word) => !/^(formerly: \w+|model|import|\S* ?model|\S* ?import)$/.test(word))).toEqual([]);
    },
  );

  it.each(good)("%s: what is written at a place is offered there", (path) => {
    const { known } = see(path);
    let places = 0;
    for (const place of known.places) {
      if (place.kind !== "value" || textOf(place.span).startsWith("[")) {
        continue;
      }
      const { sort } = place.argument;
      if (["integer", "real", "duration", "quantity", "integers"].includes(sort.kind)) {
        continue;
      }
      if (sort.kind === "name" && sort.of === "new") {
        continue;
      }
      places++;
      const text = textOf(place.span);
      const written = sort.kind === "edges" ? text.split("(")[0] : text.replace(/^(?!log\()([\w.]+)\(.*$/s, "$1");
      const offered = offers(known, place).map((offer) => offer.text.replace(/\($/, ""));
      expect(offered, `${place.name} of ${path}`).toContain(written);
    }
    expect(places).toBeGreaterThan(0);
  });

  it("knows the width of every name", () => {
    const { checked, known } = see(everything);
    const model = checked.model!;
    const widths = (qualified: string) => known.symbols.find((symbol) => symbol.qualified === qualified)!.widths;
    for (const feature of allFeatures(model)) {
      expect(widths(feature.qualified)).toEqual({ columns: feature.width });
    }
    const sum = (group: { readonly features: readonly { readonly width: number }[] }) =>
      group.features.reduce((all, { width }) => all + width, 0);
    for (const group of [model.item, model.user, model.context, model.candidate]) {
      expect(widths(group.prefix)).toEqual({ columns: sum(group) });
    }
    for (const { name, cross } of model.histories) {
      expect(widths(`${name}.cross`)).toEqual({ columns: sum(cross) });
      expect(widths(name)).toEqual({ columns: sum(model.item) + sum(cross) });
    }
    expect(widths("likeness")).toEqual({ query: 28, head: 8, keys: 16 });
    expect(widths("interest")).toEqual({ values: 6, out: 10 });
    expect(widths("routine")).toEqual({ values: 4, out: 4 });
    expect(widths("likeness_rows")).toEqual({ row: 16 + 12 });
    expect(widths("quick")).toEqual({ input: sum(model.item) + sum(model.user) });
    expect(widths("alike")).toEqual({});
  });

  it("knows the widths of statistics, and of all together", () => {
    const { checked, known } = see(stats);
    const own = checked.model!.histories[0].stats.features;
    const symbols = known.symbols.filter(({ owner }) => owner?.kind === "stats");
    expect(symbols.map(({ qualified, of, widths }) => [qualified, of, widths.columns])).toEqual(
      own.map(({ qualified, encoder, width }) => [qualified, encoder.kind, width]),
    );
    expect(symbols[0].owner).toMatchObject({
      qualified: "watched.stats",
      widths: { columns: own.reduce((sum, { width }) => sum + width, 0) },
    });
  });

  it("is found at a place of the text", () => {
    const { program, known } = see("models/twin.twin");
    const { source } = program.entry;
    const place = (text: string, more = 0) => source.text.indexOf(text) + more;
    expect(symbolAt(known, source, place("over: nearest", 8))).toMatchObject({ kind: "search", qualified: "nearest" });
    expect(symbolAt(known, source, place("watched.item", 9))).toMatchObject({
      kind: "group",
      qualified: "item",
      doc: expect.stringContaining("What a video is"),
    });
    expect(symbolAt(known, source, place("where: click", 8))).toMatchObject({
      kind: "label",
      qualified: "click",
      of: "binary",
    });
    expect(symbolAt(known, source, place("// TWIN"))).toBeNull();
    expect(wordAt(known, source, place("heads: 4"))).toMatchObject({
      kind: "setting",
      doc: "Attention heads.",
      argument: { fallback: 1 },
    });
    expect(wordAt(known, source, place("float16"))).toMatchObject({ kind: "choice" });
    expect(placeAt(known, source, place("over: nearest", 8))).toMatchObject({ kind: "value", name: "over" });
  });
});

describe("rename", () => {
  it("keeps what a program means, in all its files", () => {
    for (const path of ["models/twin.twin", "models/twin_v2.twin", everything, stats]) {
      const { known, checked } = see(path);
      for (const symbol of known.symbols) {
        const edits = rename(known, symbol, "brand_new_name");
        if (!edits) {
          expect(["group", "cross", "stats", "train"]).toContain(symbol.kind);
          continue;
        }
        const sources = [...new Set(edits.map(({ span }) => span.source))];
        const again = see(path, Object.fromEntries(sources.map((source) => [source.path, edited(source, edits)])));
        expect(
          again.checked.diagnostics.filter(({ severity }) => severity === "error"),
          symbol.qualified,
        ).toEqual([]);
        const word = new RegExp(`\\b${symbol.name}\\b`, "g");
        const plain = (text: string) =>
          text
            .replaceAll(/\bbrand_new_name\b/g, symbol.name)
            .replaceAll(word, "_")
            .replaceAll(/ +/g, " ");
        expect(plain(showModel(again.checked.model!))).toBe(plain(showModel(checked.model!)));
      }
    }
  });

  it("refuses a name that is taken", () => {
    const { known } = see(everything);
    const symbol = known.symbols.find(({ qualified }) => qualified === "item.brand")!;
    expect(rename(known, symbol, "seller")).toBeNull();
    expect(rename(known, symbol, "home")).not.toBeNull();
  });
});

describe("facts and the checker", () => {
  it.each(["models/twin.twin", "models/twin_v2.twin", everything, stats])(
    "agree on every name of %s that is misspelt",
    (path) => {
      const { known } = see(path);
      for (const { span } of known.references) {
        const text = edited(span.source, [{ span, text: "zzzzzz" }]);
        const now = see(path, { [span.source.path]: text });
        expect(now.known.unresolved.map((name) => [name.text, name.span.start])).toEqual([["zzzzzz", span.start]]);
        const said = now.checked.diagnostics
          .filter(({ code }) => code === "unknown-name")
          .map(({ primary }) => primary.span);
        expect(
          said.some((place) => place.start <= span.start && place.end >= span.start + 6),
          textOf(span),
        ).toBe(true);
      }
    },
  );

  it.each([everything, stats])(
    "agree on everything that is offered in %s: the checker knows each name, and takes it there",
    (path) => {
      const { known, program } = see(path);
      const { source } = program.entry;
      const refused = [
        "unknown-name",
        "wrong-kind",
        "wrong-value",
        "not-here",
        "query-not-inherent",
        "bias-not-cross",
        "feature-does-not-fit",
        "no-statistic",
        "table-needs-user",
        "log-needs-cluster",
      ];
      for (const place of known.places) {
        if (place.kind !== "value" || textOf(place.span).startsWith("[")) {
          continue;
        }
        if (!["reference", "references", "choice", "flag", "name"].includes(place.argument.sort.kind)) {
          continue;
        }
        for (const { text, symbol } of offers(known, place)) {
          const written = text.endsWith(".last(") ? `${text}3)` : text;
          if (written.endsWith("(") || written.startsWith("log(")) {
            continue;
          }
          const { diagnostics } = check(
            load(path, () => edited(source, [{ span: place.span, text: written }])),
            {},
          );
          const end = place.span.start + written.length;
          const wrong = diagnostics.filter(
            ({ code, primary: { span } }) =>
              refused.includes(code) && span.start >= place.span.start && span.end <= end,
          );
          expect(
            wrong.map(({ title, primary }) => `${title}: ${primary.text}`),
            `${place.name}: ${written} (${symbol?.kind})`,
          ).toEqual([]);
        }
      }
    },
  );
});

describe("facts of a bad program", () => {
  it.each(bad)("%s has facts", (path) => {
    const { program, known } = see(path);
    for (const { span, name } of known.symbols) {
      expect(textOf(span).replaceAll("-", "_")).toBe(name);
    }
    for (const { span, symbol } of known.references) {
      expect(textOf(span).replaceAll("-", "_")).toBe(symbol.name);
    }
    for (const { span } of [...known.words, ...known.places]) {
      expect(span.source.text.length).toBeGreaterThanOrEqual(span.end);
    }
    if (program.entry.sections.length > 0) {
      expect(known.symbols.length).toBeGreaterThan(0);
    }
  });

  it("keeps the names of all other sections, whatever token is deleted", () => {
    const { program, known } = see(everything);
    const { source } = program.entry;
    for (const token of lex(source.text).tokens) {
      const text = source.text.slice(0, startOf(token)) + source.text.slice(endOf(token));
      const now = facts(load(everything, () => text));
      const names = new Set(now.symbols.map(({ qualified }) => qualified));
      const hurt = program.sections.find(({ span }) => span.start <= startOf(token) && endOf(token) <= span.end);
      const lost = known.symbols
        .filter(
          ({ extent, kind }) =>
            kind !== "model" && !(hurt && extent.start >= hurt.span.start && extent.end <= hurt.span.end),
        )
        .map(({ qualified }) => qualified)
        .filter((name) => !names.has(name));
      expect(lost, `without ${token.image} at ${startOf(token)}`).toEqual([]);
      expect(now.symbols.filter(({ span, name }) => textOf(span) !== name)).toEqual([]);
    }
  });

  it("keeps name, kind and known widths of what has a faulty member", () => {
    const text = (read(everything) as string)
      .replace("keys:       [seen.item.text, seen.item.brand, seen.item.category]", "keys: nothing")
      .replace("over:   alike", "over: nothing")
      .replace("vocab: 50, dim: 8, unknown: 0.5%", "vocab: many, dim: 8");
    const { known, checked } = see(everything, { [everything]: text });
    expect(checked.model).toBeNull();
    const widths = (name: string) => known.symbols.find(({ qualified }) => qualified === name)?.widths;
    expect(widths("likeness")).toEqual({ head: 8, keys: 16 });
    expect(widths("interest")).toEqual({ values: 6, out: 10 });
    expect(widths("item.category")).toEqual({ columns: 8 });
    expect(widths("item")).toEqual({});
  });
});

/** What is offered at `|`. */
function offered(marked: string): string[] {
  const text = marked.replace("|", "");
  const { program, known } = see("a.twin", { "a.twin": text });
  const place = placeAt(known, program.entry.source, marked.indexOf("|"));
  return place ? offers(known, place).map((one) => one.text) : [];
}

describe("unfinished text", () => {
  const shop = `model shop
item { video: id(vocab: 9, dim: 4, key: true) cover: pretrained(size: 4) price: number }
history watched { of: item max: 10 cross { ago: elapsed(at: [1h], dim: 4) } }
metric relevance { query: item keys: watched.item dim: 8 }
`;
  it.each([
    ["a value that is missing", "search near { from: | by: relevance keep: 3 }", ["watched"]],
    ["a value that is begun", "search near { from: wat| by: relevance keep: 3 }", ["watched"]],
    ["the last value of a file", "search near { from: |", ["watched"]],
    [
      "what a search goes by",
      "search near { by: | }",
      ["relevance", "match(", "inner_product(", "cluster(", "hamming(", "collision("],
    ],
    ["an argument of it", "search near { by: match(|) }", ["feature"]],
    ["its feature", "search near { by: inner_product(feature: |) }", ["item.video", "item.cover"]],
    ["its feature, by place", "search near { by: match(x|) }", ["item.video"]],
    ["settings that are not given", "search near { from: watched\n | }", ["by", "keep", "heads"]],
    ["settings of a block that is not closed", "search near {\n  from: watched\n  |", ["by", "keep", "heads"]],
    ["blocks beside settings", "history other { of: item max: 3 | }", ["cluster", "cross", "stats"]],
    ["a choice", "search near { heads: | }", ["round_robin", "per_head", "max"]],
    ["arguments that are not given", "user { a: id(vocab: 3, |) }", ["dim", "key", "unknown", "shares", "formerly"]],
    ["a list's item", "tower t { input: [item, x|] }", ["item", "item.video", "item.cover", "item.price"]],
    [
      "a cross feature's bare name",
      "history other { of: item cluster: kmeans(on: item.cover, within: |) cross { a: flag(dim: 2) b: number } }",
      ["other.a", "other.b"],
    ],
    [
      "what a rate is of, by its bare name",
      "history other { of: item cross { a: flag(dim: 2) b: tags(vocab: 3, max: 2, dim: 2) } stats { r: rate(of: |) } }",
      ["other.a"],
    ],
    ["what statistics are over", "history other { of: item stats { seen: met(on: |) } }", ["item.video"]],
    [
      "statistics to a tower",
      "history other { of: item stats { seen: met } } tower t { input: [x|] }",
      ["item", "item.video", "item.cover", "item.price", "other.stats", "other.stats.seen"],
    ],
    ["arguments of a statistic", "history other { of: item stats { seen: met(|) } }", ["on", "formerly"]],
    ["a label", "tower t { predict { click: binary like: binary(where: |) } }", ["click"]],
    ["a new name", "user { a: number(formerly: |) }", []],
    ["a number", "train { batch: | }", []],
  ])("offers %s", (_, last, expected) => {
    expect(offered(shop + last)).toEqual(expected);
  });

  it("offers kinds by their group", () => {
    expect(offered("context { hour: | }")).toContain("id(");
    expect(offered("context { hour: | }")).not.toContain("elapsed(");
    expect(offered("history h { cross { a: | } }")).toContain("elapsed(");
    expect(offered("history h { cross { a: | } }")).not.toContain("key");
    expect(offered("history h { stats { a: | } }")).toEqual(["met", "rate(", "recent(", "last(", "since("]);
  });

  it("keeps names whose value is missing", () => {
    const { known } = see("a.twin", { "a.twin": "item { a: \n b: number }\ntower t { predict { click: } }" });
    expect(known.symbols.map(({ qualified }) => qualified)).toEqual(["item", "item.a", "item.b", "t", "click"]);
  });
});
