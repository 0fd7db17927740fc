// manifest.yaml and tables/NAME.yaml: read, refused with file, line and column, and never a crash.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { parseManifest } from "../../contract/manifest-text.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";

const hex = "0".repeat(64);
const manifest: Manifest = {
  format: 2,
  model: "twin",
  doc: "A model.",
  compiler: "0.1.0",
  untrained: true,
  step: null,
  fingerprints: { metric: { relevance: hex }, producer: { video_keys: hex }, weights: hex },
  files: { "search.onnx": { bytes: 5, sha256: hex } },
  features: [
    {
      name: "item.video_id",
      group: "item",
      column: "video_id",
      formerly: null,
      key: true,
      encoder: { kind: "vocabulary", max: 10, minCount: 1 },
      dtype: "int32",
      shape: [],
      embedding: "item.video_id.table",
      vocabulary: "item.video_id",
    },
    {
      name: "watched.ago",
      group: "cross",
      column: "ago",
      formerly: null,
      key: false,
      encoder: { kind: "elapsed", edges: [60, 3600], unit: "seconds" },
      dtype: "int32",
      shape: [],
      embedding: null,
      vocabulary: null,
    },
  ],
  histories: [{ name: "watched", max: 100, minimum: 10, cross: ["watched.ago"] }],
  graphs: { search: { file: "search.onnx", keys: "cached", inputs: [], outputs: [] } },
  metrics: { relevance: { heads: 2 } },
  searches: [
    {
      name: "nearest",
      history: "watched",
      by: { kind: "match", feature: "item.video_id" },
      written: "match(item.video_id)",
      keep: 10,
      heads: "round_robin",
      kept: "kept",
      table: null,
      scores: null,
    },
  ],
  attends: [],
  labels: [],
  tables: {
    video_keys: {
      spec: "tables/video_keys.yaml",
      history: "watched",
      row: "watched.row",
      width: 8,
      parts: [{ of: { kind: "keys", metric: "relevance" }, offset: 0, width: 8, heads: 2, dim: 4 }],
      precision: "float16",
      on_miss: "mask",
      coverage: 1,
      min_count: 0,
      refresh: null,
      shards: 1,
    },
  },
  embeddings: [
    {
      parameter: "item.video_id.table",
      rows: 11,
      dim: 4,
      readers: ["item.video_id"],
      placement: { kind: "inside" },
    },
  ],
  vocabularies: [{ name: "item.video_id", file: "vocabularies/item.video_id.jsonl", entries: 10 }],
  train: {
    graphs: {
      search: null,
      step: { file: "train/step.onnx", inputs: [], outputs: [{ name: "loss", result: { kind: "loss" } }] },
      update: null,
      score: { file: "train/score.onnx", inputs: [], outputs: [] },
      oracle: null,
    },
    frames: [],
    packs: [],
    tables: [],
    unknown: [],
    tasks: [],
    batch: 512,
    epochs: 1,
    rates: { dense: 0.001, embeddings: 0.05 },
    schedule: { kind: "constant" },
    stop: null,
    seed: 1,
  },
  plan: [],
  derived: [],
  costs: { candidates: 100, history: 100, multiply_adds: {}, parameters: 44, parameter_bytes: 176 },
  extensions: {},
};
/** With the last line that fits. */
const sealed = (of: string) => `${of}checksum: sha256:${createHash("sha256").update(of).digest("hex")}\n`;
const bare = stringify(manifest);
const text = sealed(bare);
const parse = (source: string) => parseManifest(source, "DIR/manifest.yaml");

test("a sound manifest reads as it was written", () => {
  expect(parse(text)).toMatchObject(manifest);
});

const edit = (from: string, to: string) => {
  expect(bare).toContain(from);
  return sealed(bare.replace(from, to));
};
const steps = (one: (typeof manifest.features)[number]) =>
  one.encoder.kind === "elapsed" ? { ...one, encoder: { ...one.encoder, unit: "steps" } } : one;
const hour = {
  ...manifest.features[1],
  name: "context.t",
  group: "context",
  column: "t",
  encoder: { kind: "hour", zone: "UTC" },
};
test("an hour is sound beside durations, and not where times are steps", () => {
  const { features } = manifest;
  expect(parse(sealed(stringify({ ...manifest, features: [...features, hour] }))).features).toHaveLength(3);
  const mixed = sealed(stringify({ ...manifest, features: [...features.map(steps), hour] }));
  expect(() => parse(mixed)).toThrow(/feature context\.t is read off a clock, and watched\.ago counts steps/);
});
test.each<[string, string, RegExp]>([
  [
    "an unknown version",
    edit("format: 2", "format: 3"),
    /^DIR\/manifest.yaml has format 3, and this version of Twin reads format 1 and 2. Build the artefacts again: twin build FILE -o DIR, or update Twin$/,
  ],
  ["a version in quotes", edit("format: 2", 'format: "2"'), /has format "2"/],
  ["a foreign file", "services:\n  web: {image: nginx}\n", /is not a manifest of Twin: it does not say `format: 2`/],
  ["an empty file", "", /is not a manifest of Twin/],
  ["a list", "- a\n- b\n", /is not a manifest of Twin/],
  ["binary", "\u0000\u0001\u0002", /DIR\/manifest.yaml/],
  ["broken YAML", edit("model: twin", "model: [twin"), /^DIR\/manifest.yaml:\d+:\d+: /],
  [
    "a key twice",
    edit("model: twin", "model: twin\nmodel: twin"),
    /^DIR\/manifest.yaml:3:1: `model` stands here twice/,
  ],
  ["a wrong type", edit("untrained: true", "untrained: maybe"), /^DIR\/manifest.yaml:5:12: untrained: /],
  ["a missing field", edit("doc: A model.\n", ""), /^DIR\/manifest.yaml:1:1: doc: /],
  [
    "a field too many",
    edit("doc: A model.", "doc: A model.\nextra: 1"),
    /^DIR\/manifest.yaml:\d+:\d+: extra: this version of Twin does not know the field "extra"\. .*twin build FILE -o DIR, or update Twin$/,
  ],
  [
    "a kind of encoder of a later version, by its name",
    edit("kind: elapsed", "kind: eternal"),
    /^DIR\/manifest.yaml:\d+:\d+: features.1.encoder.kind: "eternal" is nothing that this version of Twin knows here; it knows .*"elapsed".*, or update Twin$/,
  ],
  [
    "a kind of `by` of a later version, by its name",
    edit("kind: match", "kind: cosine"),
    /searches.0.by.kind: "cosine" is nothing that this version of Twin knows here/,
  ],
  [
    "a section of a later version that must be known, by its name",
    edit("extensions: {}", "extensions: {future: {required: true, content: {file: k.onnx}}}"),
    /it has the section "future", which this version of Twin does not know.* later version\. Build the artefacts again/,
  ],
  [
    "a kernel of another shape",
    edit("extensions: {}", "extensions: {kernel: {required: false, content: {runs: true, cached: 1}}}"),
    /extensions.kernel.cached: /,
  ],
  ["a metric that is not there", edit("metric: relevance\n", "metric: other\n"), /there is no metric other/],
  ["a match by no feature", edit("feature: item.video_id\n", "feature: item.none\n"), /there is no feature item.none/],
  ["a checksum of another text", text.replace("doc: A model.", "doc: A modal."), /its checksum does not fit its text/],
  ["a text without its checksum", bare, /its last line is not its checksum/],
  [
    "a path out of the folder",
    edit("vocabularies/item", "../../item"),
    /names the file "..\/..\/item.video_id.jsonl", which is not one of its own folder/,
  ],
  ["an absolute path", edit("file: search.onnx", "file: /etc/passwd"), /names the file "\/etc\/passwd"/],
  ["edges that do not ascend", edit("- 60\n", "- 6000\n"), /feature watched.ago: its edges do not ascend/],
  [
    "rows beyond the embedding",
    edit("rows: 11", "rows: 10"),
    /feature item.video_id: it needs 11 rows, and its embedding item.video_id.table has 10/,
  ],
  [
    "no such embedding",
    edit("parameter: item.video_id.table", "parameter: other"),
    /there is no embedding item.video_id.table/,
  ],
  [
    "no such vocabulary",
    edit("- name: item.video_id\n    file", "- name: other\n    file"),
    /feature item.video_id: there is no vocabulary "item.video_id"/,
  ],
  ["a wrong dtype", edit("dtype: int32", "dtype: float32"), /vocabulary is int32 \[\], not float32 \[\]/],
  [
    "parts that do not fill the row",
    edit("width: 8\n", "width: 9\n"),
    /table video_keys: its parts fill 8 of 9 values/,
  ],
  [
    "a bomb of aliases",
    `a: &a [1,1,1,1,1,1,1,1,1]\n${["b", "c", "d", "e"].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcd"[i]}`).join()}]\n`).join("")}`,
    /cannot be read as YAML/,
  ],
  ["deep lists", "[".repeat(1_000_000), /nested more than 100 levels deep/],
  ["deep maps", "{a: ".repeat(100_000), /nested more than 100 levels deep/],
  ["deep blocks", "- ".repeat(100_000), /nested more than 100 levels deep/],
  [
    "deep indentation",
    Array.from({ length: 300 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
    /nested more than 100 levels deep/,
  ],
  ["two documents", "format: 1\n---\nformat: 1\n", /it holds 2 documents/],
])("refuses %s", (_, source, message) => {
  expect(() => parse(source)).toThrow(message);
  expect(() => parse(source)).toThrow(TwinError);
});

test("a section that need not be known is kept, whatever its name", () => {
  const notes = '{"required":false,"content":{"a":[1,"x"]}}';
  const { extensions } = parse(edit("extensions: {}", `extensions: {"notes":${notes},"__proto__":${notes}}`));
  expect(Object.keys(extensions)).toEqual(["notes", "__proto__"]);
  expect(extensions.notes).toEqual(JSON.parse(notes));
});

test("a missing manifest is said so", () => {
  expect(() => readManifest("/nowhere")).toThrow(/cannot read \/nowhere\/manifest.yaml: there is no such file/);
});

test("random and mutated text gives a TwinError or a manifest", () => {
  const survive = (source: string) => {
    try {
      expect(parse(source).format).toBe(2);
    } catch (error) {
      expect(error).toBeInstanceOf(TwinError);
    }
  };
  fc.assert(fc.property(fc.string(), survive), { numRuns: 200 });
  const change = fc.tuple(fc.nat(bare.length), fc.nat(12), fc.string({ maxLength: 6 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const changed = changes.reduce(
        (source, [at, cut, piece]) => source.slice(0, at) + piece + source.slice(at + cut),
        bare,
      );
      survive(sealed(changed));
    }),
    { numRuns: 150 },
  );
});
