// The page's table of TWIN's ablations: every change is made as it stands there, and what comes out is compiled.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CompileOptions, compile } from "../../compiler/index.ts";
import type { SectionKeyword } from "../../grammar/ast.ts";
import { format, parse, putSetting } from "../../grammar/index.ts";
import { startWeights } from "../kit/start-weights.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const [, table] = /<!-- begin ablations -->\n([\s\S]*)<!-- end ablations -->/.exec(read("docs/comparison.md"))!;
const rows = table
  .trim()
  .split("\n")
  .slice(2)
  .map((line) => {
    const [, ablation, change] = line.split("|").map((cell) => cell.trim());
    return { ablation, change };
  });

/** models/twin.twin, with shorter lists than it has, so that reference numbers take less time. */
const twin = read("models/twin.twin").replace("keep: 100", "keep: 10").replace("last(50)", "last(5)");
const source = (text: string) => ({ path: "models/twin.twin", text });

/** The text without a section, or without a setting of one. */
function without(text: string, section: string, setting: string | null): string {
  const found = parse(source(text)).file.sections.find(({ keyword, name }) => `${keyword} ${name?.text}` === section)!;
  const { span } = setting === null ? found : found.members.find(({ name }) => name.text === setting)!;
  return text.slice(0, span.start) + text.slice(span.end);
}

/** `metric relevance` without `bias`, with `heads: 1` and `dim: 64`; no `table video_keys` */
function changed(change: string): string {
  const section = /^`(\w+ \w+)`/.exec(change);
  if (section === null) {
    return twin;
  }
  const [keyword, name] = section[1].split(" ");
  const left = [...change.matchAll(/without `(\w+)`/g)].reduce((text, [, one]) => without(text, section[1], one), twin);
  const put = [...change.matchAll(/`(\w+): ([^`]+)`/g)].reduce(
    (text, [, setting, value]) =>
      putSetting(source(text), { section: keyword as SectionKeyword, name, setting, text: value }),
    left,
  );
  return [...change.matchAll(/no `(\w+ \w+)`/g)].reduce((text, [, one]) => without(text, one, null), put);
}

function compiled(text: string, options: Partial<CompileOptions> = {}) {
  // Tables of a few rows: what is asked is whether it compiles.
  const files: Record<string, string> = {
    "models/twin.twin": text,
    "models/features.twin": read("models/features.twin").replaceAll(/(max|buckets): +\d+k/g, "$1: 50"),
  };
  const resolve = (path: string) => files[path] ?? { error: "there is no such file" };
  const { diagnostics, model, manifest } = compile("models/twin.twin", { version: "1.2.3", resolve, ...options });
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return { model: model!, manifest: manifest! };
}

describe("the table of ablations", () => {
  it("has those of the paper, and what else heads can do", () => {
    expect(rows.map(({ ablation }) => ablation)).toEqual([
      "without the bias",
      "without the split",
      "without shared parameters",
      "without shared metric",
      "one head",
      "a list for each head",
      "the best head",
    ]);
  });

  const model = (ablation: string) => {
    const text = changed(rows.find((row) => row.ablation === ablation)!.change);
    expect(format(source(text))).toHaveProperty("text");
    expect(text === twin).toBe(ablation === "without shared parameters");
    return text;
  };

  it("without the bias: no number per head is added", () => {
    const { manifest, model: made } = compiled(model("without the bias"));
    expect(made.metrics[0].bias).toEqual([]);
    expect(manifest.tables.video_keys.parts[0].of).toEqual({ kind: "keys", metric: "relevance" });
  });

  it("without the split: cross features are among the keys", () => {
    const { model: made } = compiled(model("without the split"));
    expect(made.metrics[0]).toMatchObject({
      bias: [],
      crossKeys: [{ name: "ago" }, { name: "progress" }, { name: "liked" }],
    });
    expect(made.tables).toEqual([]);
  });

  it("without shared parameters: the flag makes a search of its own", () => {
    const text = model("without shared parameters");
    expect(rows.find(({ ablation }) => ablation === "without shared parameters")!.change).toContain("--search-weights");
    const plain = compiled(text);
    const [weights, other] = [1, 2].map((seed) => startWeights(plain.model, seed));
    const searchWeights = { weights: other, manifest: plain.manifest, vocabularies: new Map(), untrained: true };
    const { manifest } = compiled(text, { weights, searchWeights });
    expect(manifest.searches[0].by).toEqual({ kind: "metric", metric: "search:relevance" });
    expect(manifest.attends.map(({ by }) => by)).toEqual(Array(2).fill({ kind: "metric", metric: "relevance" }));
  });

  it("without shared metric, one head, a list for each, the best head", () => {
    expect(compiled(model("without shared metric")).manifest.searches[0].by.kind).toBe("inner_product");
    expect(compiled(model("one head")).model.metrics[0]).toMatchObject({ heads: 1, dim: 64 });
    expect(compiled(model("a list for each head")).manifest.searches[0].heads).toBe("per_head");
    expect(compiled(model("the best head")).manifest.searches[0].heads).toBe("max");
  });
});
