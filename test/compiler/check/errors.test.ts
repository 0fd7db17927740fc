// The checker's errors, one mistake at a time: each gives one error at one place, whoever uses what failed.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { help } from "../../../compiler/diagnostics/help.ts";
import { checkText, found, history, whole } from "./program.ts";

/** The whole model with one text replaced by another. */
function broken(from: string, to: string): string {
  expect(whole).toContain(from);
  return whole.replace(from, to);
}

const one: readonly (readonly [from: string, to: string, error: string])[] = [
  // wide terms
  ["hidden: [16]", "hidden: [16] wide: []", "empty-list: []"],
  ["hidden: [16]", "hidden: [16] wide: [interest]", "wrong-kind: interest"],
  ["hidden: [16]", "hidden: [16] wide: [watched.ago]", "wrong-kind: watched.ago"],
  ["hidden: [16]", "hidden: [16] wide: [item, item.cover]", "given-twice: item.cover"],
  ["hidden: [16]", "hidden: [16] wide: [user]", "no-width: user"],
  ["hidden: [16]", "wide: [item]", "missing-setting: ranking"],
  ["input: [interest, item] hidden: [16]", "wide: [item] hidden: [16]", "does-not-apply: [16]"],
  ["input: [interest, item] hidden: [16]", "wide: [item] cross: 1", "does-not-apply: 1"],
  // kinds and arguments of features
  ["id(vocab: 1k, dim: 8, key: true)", "idd(vocab: 1k, dim: 8, key: true)", "unknown-name: idd"],
  ["id(vocab: 1k, dim: 8, key: true)", "64", "wrong-value: 64"],
  ["vocab: 1k", "vocab: 1.5", "not-whole: 1.5"],
  ["vocab: 1k", "vocab: 15min", "wrong-unit: 15min"],
  ["vocab: 1k", "vocab: 0", "out-of-range: 0"],
  ["vocab: 1k", "vocab: 3B", "out-of-range: 3B"],
  ["vocab: 1k, ", "", "missing-setting: id(dim: 8, key: true)"],
  [", dim: 8, key: true", ", key: true", "missing-setting: id(vocab: 1k, key: true)"],
  ["key: true", "key: yes", "wrong-value: yes"],
  ["key: true", "key: true, constructor: 1", "unknown-setting: constructor"],
  ["key: true", "key: true, unknown: 100%", "out-of-range: 100%"],
  ["key: true)", "key: true, formerly: cover)", "formerly-taken: cover"],
  ["key: true)", "key: true, shares: item.cover)", "shares-mismatch: item.cover"],
  ["key: true)", "key: true, shares: item.video)", "unknown-name: item.video"],
  ["cover: pretrained(size: 4)", "video_id: pretrained(size: 4)", "declared-twice: video_id"],
  ["cover: pretrained(size: 4)", "cover { size: 4 }", "needs-value: cover"],
  [
    "cover: pretrained(size: 4)",
    "t: tags(vocab: 3, buckets: 3, max: 2, dim: 2)",
    "choose-one: tags(vocab: 3, buckets: 3, max: 2, dim: 2)",
  ],
  ["cover: pretrained(size: 4)", "t: tags(vocab: 3, min_count: 2, max: 2, dim: 2)", "does-not-apply: 2"],
  ["ago: elapsed", "item: elapsed", "name-taken: item"],
  ["item {", 'context { t: hour(zone: "Europe/Berlni", dim: 2) }\nitem {', 'wrong-value: "Europe/Berlni"'],
  ["item {", "context { t: hour(zone: UTC, dim: 2) }\nitem {", "wrong-value: UTC"],
  ["item {", "context { t: weekday(zone: 3, dim: 2) }\nitem {", "wrong-value: 3"],
  ["item {", 'context { t: hour(zone: "Mars/Olympus", dim: 2) }\nitem {', 'wrong-value: "Mars/Olympus"'],
  ["item {", "user { t: hour(dim: 2) }\nitem {", "not-here: hour"],
  ["item {", "context { t: hour }\nitem {", "missing-setting: hour"],
  [
    "item {",
    "context { id: id(vocab: 25, dim: 2) t: hour(shares: context.id) }\nitem {",
    "shares-mismatch: context.id",
  ],
  ["ago: elapsed(at: [1h], dim: 4)", "n: id(vocab: 3, dim: 2, key: true)", "not-here: true"],
  ["at: [1h]", "at: [10%]", "wrong-unit: 10%"],
  ["elapsed(at: [1h]", "place(at: [1h]", "wrong-unit: 1h"],
  ["elapsed(at: [1h]", "place(at: quantiles(4)", "wrong-value: quantiles"],
  ["elapsed(at: [1h]", "gap(on: item.cover, at: [1h]", "feature-does-not-fit: item.cover"],
  ["elapsed(at: [1h]", "gap(on: watched.ago, at: [1h]", "feature-does-not-fit: watched.ago"],
  ["elapsed(at: [1h]", "gap(on: item.none, at: [1h]", "unknown-name: item.none"],
  ["elapsed(at: [1h]", "gap(on: category, at: [1h]", "unknown-name: category"],
  ["elapsed(at: [1h]", "gap(on: 3, at: [1h]", "wrong-value: 3"],
  ["elapsed(at: [1h]", "gap(at: [10%]", "wrong-unit: 10%"],
  ["elapsed(at: [1h], dim: 4)", "gap(dim: 4)", "missing-setting: gap(dim: 4)"],
  ["cover: pretrained(size: 4)", "p: gap(at: [3], dim: 2)", "not-here: gap"],
  ["cover: pretrained(size: 4)", "p: place(at: [3], dim: 2)", "not-here: place"],
  ["at: [1h]", "at: []", "empty-list: []"],
  ["at: [1h]", "at: [1h, 60min]", "not-ascending: 60min"],
  ["at: [1h]", "at: log(1h, 30min, 4)", "not-ascending: 30min"],
  ["at: [1h]", "at: log(1h, 3600001ms, 40)", "not-ascending: log(1h, 3600001ms, 40)"],
  ["at: [1h]", "at: log(1h, 30d, 1)", "out-of-range: 1"],
  ["at: [1h]", "at: log(0s, 30d, 4)", "out-of-range: 0s"],
  ["at: [1h]", "at: log(1%, 90%, 4)", "wrong-unit: 1%"],
  ["at: [1h]", "at: log(1h, 30, 4)", "mixed-units: 30"],
  ["at: [1h]", "at: log(1h, 30d)", "missing-setting: log(1h, 30d)"],
  ["at: [1h]", "at: lgo(1h, 30d, 4)", "wrong-value: lgo"],
  ["at: [1h]", "at: quantiles(4)", "wrong-value: quantiles"],
  ["at: [1h]", "at: 1h", "wrong-value: 1h"],
  ["cover: pretrained(size: 4)", "n: bucketed(at: quantiles(1), dim: 2)", "out-of-range: 1"],
  ["cover: pretrained(size: 4)", "n: bucketed(at: quantiles(), dim: 2)", "missing-setting: quantiles()"],
  ["cover: pretrained(size: 4)", "n: number(scale: log, mean: 2)", "does-not-apply: 2"],
  [
    "cover: pretrained(size: 4)",
    "n: number(scale: standard, mean: 2)",
    "missing-setting: number(scale: standard, mean: 2)",
  ],
  ["cover: pretrained(size: 4)", "n: number(scale: standard, mean: 2, deviation: -1)", "out-of-range: -1"],
  // histories
  ["of: item", "of: watched", "wrong-kind: watched"],
  ["of: item", "of: nearest", "wrong-kind: nearest"],
  ["max: 100", "max: 100 cluster: kmeans(on: item.cover, within: watched.agoo, size: 5)", "unknown-name: watched.agoo"],
  ["max: 100", "max: 100 cluster: kmeens(on: item.cover, size: 5)", "wrong-value: kmeens"],
  // metrics
  ["query: item", "query: watched.item", "query-not-inherent: watched.item"],
  ["query: item", "query: [item, watched.ago]", "query-not-inherent: watched.ago"],
  ["query: item", "query: [item, context]", "no-width: context"],
  ["query: item", "query: item.coverr", "unknown-name: coverr"],
  ["keys: watched.item", "keys: watched", "wrong-kind: watched"],
  ["keys: watched.item", "keys: watchd.item", "unknown-name: watchd"],
  ["bias: watched.cross", "bias: watched.agoo", "unknown-name: agoo"],
  ["bias: watched.cross", "bias: log(watched)", "wrong-value: log(watched)"],
  ["dim: 8 }", "dim: 8 heads: 0 }", "out-of-range: 0"],
  ["dim: 8 }", "dim: 8 embeddings: own }", "missing-setting: own"],
  // searches and attends
  ["from: watched", "from: watched.item", "wrong-kind: watched.item"],
  ["by: relevance keep", "by: mean keep", "not-here: mean"],
  ["by: relevance keep", "by: nearest keep", "wrong-kind: nearest"],
  ["by: relevance keep", "by: mlp(hidden: [4]) keep", "not-here: mlp(hidden: [4])"],
  ["by: relevance keep", "by: collision(item, hashes: 4, width: 2, normalize: none) keep", "does-not-apply: none"],
  ["by: relevance keep", "by: match(item.cover) keep", "feature-does-not-fit: item.cover"],
  ["by: relevance keep", "by: match(watched.item) keep", "wrong-kind: watched.item"],
  ["by: relevance keep", "by: hamming(watched, bits: 8) keep", "wrong-kind: watched"],
  ["by: relevance keep: 10", "heads: max by: match(item.video_id) keep: 10", "does-not-apply: max"],
  ["keep: 10", "keep: 10 heads: robin", "wrong-value: robin"],
  ["over: nearest", "over: item", "wrong-kind: item"],
  ["over: nearest", "over: watched.last", "missing-setting: watched.last"],
  ["over: nearest", "over: watched.last(0)", "out-of-range: 0"],
  ["over: nearest", "over: nearest(5)", "not-here: nearest(5)"],
  ["over: nearest by: relevance", "over: watched by: collision(item, hashes: 5, width: 2)", "out-of-range: 5"],
  ["over: nearest by: relevance", "over: watched by: collision(item, hashes: 9, width: 9)", "out-of-range: 9"],
  ["over: nearest by: relevance", "over: watched by: collision(item, hashes: 72, width: 8)", "out-of-range: 72"],
  ["by: relevance keep", "by: stacked(layers: 2, dim: 4) keep", "not-here: stacked(layers: 2, dim: 4)"],
  ["over: nearest by: relevance", "over: watched by: stacked(dim: 4)", "missing-setting: stacked(dim: 4)"],
  ["over: nearest by: relevance", "over: watched by: stacked(layers: 0, dim: 4)", "out-of-range: 0"],
  ["over: nearest by: relevance", "over: watched by: stacked(layers: 1, dim: 1)", "out-of-range: 1"],
  ["over: nearest by: relevance", "over: watched by: stacked(layer: 1, dim: 4)", "unknown-setting: layer"],
  ["over: nearest by: relevance", "over: watched by: stacked(layers: 1, dim: 4) values: 4", "does-not-apply: 4"],
  ["by: relevance keep", "by: encoder(layers: 2, dim: 4) keep", "not-here: encoder(layers: 2, dim: 4)"],
  ["over: nearest by: relevance", "over: nearest by: encoder(dim: 4)", "missing-setting: encoder(dim: 4)"],
  ["over: nearest by: relevance", "over: nearest by: encoder(layers: 17, dim: 4)", "out-of-range: 17"],
  [
    "over: nearest by: relevance",
    "over: nearest by: encoder(layers: 1, dim: 4) value: product",
    "does-not-apply: product",
  ],
  ["over: nearest by: relevance", "over: watched by: encoder(layers: 1, dim: 4)", "list-does-not-fit: watched"],
  [
    "over: nearest by: relevance",
    "over: [nearest, watched.last(3), nearest] by: encoder(layers: 1, dim: 4)",
    "list-does-not-fit: nearest",
  ],
  ["over: nearest", "over: [nearest, watched.last(3)]", "list-does-not-fit: watched.last(3)"],
  ["over: nearest", "over: []", "empty-list: []"],
  ["over: nearest", "over: [nearest, item]", "wrong-kind: item"],
  ["over: nearest by: relevance", "over: watched by: mean strength: true", "does-not-apply: true"],
  ["over: nearest by: relevance", "over: nearest by: relevance value: product out: 3", "product-mismatch: 3"],
  ["bias: watched.cross", "match: item.cover", "feature-does-not-fit: item.cover"],
  ["bias: watched.cross", "match: [item.video_id, item]", "wrong-kind: item"],
  ["bias: watched.cross", "match: watched.item", "wrong-kind: watched.item"],
  ["bias: watched.cross", "match: item.vide_id", "unknown-name: vide_id"],
  // towers
  ["[interest, item]", "[interest, item, item]", "given-twice: item"],
  ["[interest, item]", "[intrest, item]", "unknown-name: intrest"],
  ["[interest, item]", "[interest, watched.ago]", "wrong-kind: watched.ago"],
  ["hidden: [16]", "hidden: 16", "wrong-value: 16"],
  ["hidden: [16]", "hidden: [16, 0]", "out-of-range: 0"],
  ["hidden: [16]", "hidden: [] experts: 2", "does-not-apply: 2"],
  ["hidden: [16]", "hidden: [16] dropout: 50", "out-of-range: 50"],
  ["click: binary", "click: binari", "unknown-name: binari"],
  ["click: binary", "click: binary(where: like)", "unknown-name: like"],
  ["click: binary", "click: binary(where: n) n: regression", "wrong-kind: n"],
  ["click: binary", "click: binary click: binary", "declared-twice: click"],
  ["predict { click: binary }", "", "nothing-predicted: ranking"],
];

describe("one mistake", () => {
  it.each(one)("%s → %s", (from, to, error) => {
    const checked = checkText(broken(from, to));
    expect(found(checked)).toEqual([error]);
    expect(checked.model).toBeNull();
  });

  it.each([
    ["table keys { of: relevance }", "wrong-kind: relevance"],
    ["table keys { of: item }", "wrong-kind: item"],
    ["table keys { of: watched.cross }", "table-needs-user: watched.cross"],
    ["table keys { of: [relevance.keys, interest] }", "table-needs-user: interest"],
    ["table keys { of: relevance.query }", "table-needs-user: relevance.query"],
    ["table keys { of: relevance.kees }", "unknown-name: kees"],
    ["table keys { of: [relevance.keys, relevance.keys] }", "given-twice: relevance.keys"],
    ["table keys { of: relevance.keys min_count: 2.5 }", "not-whole: 2.5"],
    ["table click { of: relevance.keys }", "name-taken: click"],
    ["history user { of: item max: 3 }", "name-taken: user"],
    ["user { id: hashed(buckets: 9, dim: 2, key: true) ref: key }", "two-keys: ref"],
    ["train { dense: adm }", "wrong-value: adm"],
    ["train { dense: adam(rate: 0) }", "out-of-range: 0"],
    ["train { stop: stop }", "missing-setting: stop"],
    ["train { } train { }", "declared-twice: train"],
    ["tower other { input: item hidden: [] predict { click: binary } }", "declared-twice: click"],
  ])("%s", (section, error) => {
    expect(found(checkText(`${whole}${section}\n`))).toEqual([error]);
  });

  it("is seen across two histories", () => {
    const two = `${whole}${history.replace("watched", "bought")}`;
    expect(
      found(
        checkText(
          `${two}table keys { of: [relevance.keys, other.keys] } metric other { query: item keys: bought.item dim: 2 }`,
        ),
      ),
    ).toEqual(["different-history: other.keys"]);
    expect(found(checkText(two.replace("bias: watched.cross", "bias: bought.cross")))).toEqual([
      "different-history: bought.cross",
    ]);
  });
});

it("keeps no help that is never given", () => {
  const folders = ["check", "source", "by"].map((folder) => join(import.meta.dirname, "../../../compiler", folder));
  const sources = folders.flatMap((folder) =>
    readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8")),
  );
  const used = new Set(sources.flatMap((text) => [...text.matchAll(/\bhelp\.(\w+)/g)].map(([, name]) => name)));
  expect(Object.keys(help).filter((name) => !used.has(name))).toEqual([]);
});

describe("a feature that is read off a clock", () => {
  it("is refused where the model counts steps, with the edges that do", () => {
    const context = "context { t: hour(dim: 2) d: weekday(dim: 2) }";
    const text = whole.replace("at: [1h]", "at: [1, 10]").replace("[interest, item]", "[interest, item, context]");
    const steps = checkText(`${text}\n${context}`);
    expect(found(steps)).toEqual(["does-not-apply: t", "does-not-apply: d"]);
    expect(steps.diagnostics[0].also.map(({ text: label }) => label)).toEqual(["has edges without a unit"]);
    const clock = text.replace("at: [1, 10]", "at: [1h, 10h]");
    expect(found(checkText(`${clock}\n${context}`))).toEqual([]);
  });

  it("says the nearest zone, and what lacks its quotation marks", () => {
    const said = (zone: string): string | undefined => {
      const text = whole.replace("[interest, item]", "[interest, item, context]");
      const { diagnostics } = checkText(`${text}\ncontext { t: hour(zone: ${zone}, dim: 2) }`);
      expect(diagnostics).toHaveLength(1);
      return diagnostics[0].primary.text;
    };
    expect(said('"europe/berlin"')).toBe('did you mean `"Europe/Berlin"`?');
    expect(said('"Asia/Katmandou"')).toBe('did you mean `"Asia/Katmandu"`?');
    expect(said("UTC")).toBe('did you mean `"UTC"`?');
    expect(said('"Mars/Olympus"')).toBe("there is none of this name");
  });
});
