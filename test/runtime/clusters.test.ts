// Clusters of items' vectors: encoded by the nearest centroid, and the centroids learned from data.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fitTask } from "../../cli/fit-task.ts";
import { chooseFit, featureSpecs } from "../../compiler/index.ts";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { hasher } from "../../contract/hash.ts";
import { vocabularyName } from "../../contract/vocabulary-name.ts";
import { learnVocabularies, readBinding } from "../../runtime/data/index.ts";
import { centroidsOf, centroidText } from "../../runtime/encode/clusters.ts";
import { encodeColumn } from "../../runtime/encode/column.ts";
import { Vocabulary } from "../../runtime/encode/vocabulary.ts";
import type { Progress } from "../../runtime/host/progress.ts";
import { load, selfTest } from "../../runtime/index.ts";
import { modelOf } from "../kit/any-model.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { compiled } from "../kit/small-model.ts";

afterAll(cleanUp);

const model = modelOf(`model clusters
item { id: id(vocab: 4000, dim: 2, key: true) cover: pretrained(size: 3) }
history seen { of: item max: 9 }
search near { from: seen by: cluster(item.cover, groups: 4) keep: 3 }
attend interest { over: near by: mean }
tower rating { input: [interest] hidden: [] predict { click: binary } }`);
const specs = featureSpecs(model);
const spec = specs.find(({ encoder }) => encoder.kind === "centroid")!;

const context = async (entries: readonly string[]) => {
  const vocabulary = Vocabulary.of(spec.name, entries);
  return { hasher: await hasher(), vocabulary: () => vocabulary, where: "here" };
};

test("the model has one feature more, which reads its vector's column", () => {
  expect(spec).toMatchObject({
    name: "item.cover.cluster_4",
    column: "cover",
    encoder: { kind: "centroid", of: "item.cover", groups: 4, size: 3 },
    dtype: "int32",
    shape: [],
    vocabulary: "item.cover.cluster_4",
  });
});

test("centroids come back from their texts bit by bit, and nothing else is one", () => {
  const given = Float32Array.of(0.1, -3e-39, 3.4e38);
  const text = centroidText(given);
  expect(centroidsOf({ feature: "f", entries: [text, text] }, 3)).toEqual(Float64Array.of(...given, ...given));
  for (const [entry, size] of [
    [text, 2],
    ["no base64!", 3],
    [centroidText(Float32Array.of(1, Number.NaN, 2)), 3],
    ["", 1],
  ] as const) {
    expect(() => centroidsOf({ feature: "f", entries: [entry] }, size)).toThrow("vocabulary of f, entry 1: this is no");
  }
});

test("an item's cluster is that of the nearest centroid, of equal ones the lowest, and 0 where the vector is missing", async () => {
  const centroids = [
    [5, 0, 0],
    [0, 0, 0],
    [2, 0, 0],
  ].map((one) => centroidText(Float32Array.from(one)));
  const at = await context(centroids);
  const values = [[1, 0, 0], null, [0.4, 0, 0], [9, 0, 0], undefined, [1.5, 0, 0], [0, 0, 0]];
  expect([...encodeColumn(spec, values, 7, at)]).toEqual([2, 0, 2, 1, 0, 3, 2]);
  expect([...encodeColumn(spec, Float32Array.of(1, 0, 0, 9, 0, 0), 2, at)]).toEqual([2, 1]);
  expect([...encodeColumn(spec, undefined, 2, at)]).toEqual([0, 0]);
  expect([...encodeColumn(spec, [[1, 0, 0]], 1, await context([]))]).toEqual([0]);
  expect(() => encodeColumn(spec, [[1, 0]], 1, at)).toThrow("feature item.cover, index 0");
  expect(() => encodeColumn(spec, [[1, 0, Number.NaN]], 1, at)).toThrow("feature item.cover, index 0");
});

/** 3,000 items around four points, of which the log's training part has those below `seen`. */
function data(seen: number): string {
  const dir = mkdtempSync(join(tmpdir(), "clusters-"));
  const points = [
    [10, 0, 0],
    [0, 10, 0],
    [0, 0, 10],
    [-10, 0, 0],
  ];
  const items = Array.from({ length: 3000 }, (_, id) => {
    const cover = id % 100 === 7 ? null : points[id % 4].map((x, i) => x + ((id * (i + 7)) % 11) / 11);
    return JSON.stringify({ id, cover: id < seen || cover === null ? cover : [500, 500, 500] });
  });
  writeFileSync(join(dir, "items.jsonl"), items.join("\n"));
  const events = Array.from({ length: 3000 }, (_, at) => `${at % 50},${at % seen},${at},${at % 2},training`);
  const later = Array.from({ length: 3000 - seen }, (_, at) => `1,${seen + at},${9000 + at},1,test`);
  writeFileSync(join(dir, "events.csv"), `user,id,time,click,part\n${[...events, ...later].join("\n")}\n`);
  const yaml = join(dir, "data.yaml");
  writeFileSync(
    yaml,
    `items: {file: items.jsonl, key: id}
events: {file: events.csv, user: user, item: id, time: time}
history: {seen: {where: click = 1}}
columns: {predict.click: click}
split: {by: part, column: part, train: training, test: test}
`,
  );
  return yaml;
}

test("centroids are learned from vectors of the training part's items, the same every time", async () => {
  const yaml = data(2000);
  const [first, again] = [await learnVocabularies(yaml, specs), await learnVocabularies(yaml, specs)];
  expect(again).toEqual(first);
  const entries = first.get(spec.name)!;
  expect(entries).toHaveLength(4);
  const centroids = centroidsOf({ feature: spec.name, entries }, 3);
  // One near each point, and none where the test part's items lie.
  const near = Array.from({ length: 4 }, (_, i) => centroids.slice(3 * i, 3 * i + 3).map((x) => Math.round(x - 0.45)));
  expect(near.map((one) => one.join()).sort()).toEqual(["-10,0,0", "0,0,10", "0,10,0", "10,0,0"]);
  const at = await context(entries);
  const rows = encodeColumn(spec, [[10, 0, 0], [10, 1, 0], [0, 9, 1], null], 4, at);
  expect(rows[0]).toBe(rows[1]);
  expect(rows[2]).not.toBe(rows[1]);
  expect(rows[3]).toBe(0);
});

test("learning them says how far it is, can be stopped between two steps, and gives the same whoever listens", async () => {
  const yaml = data(2000);
  // Enough distances for pauses: 2,000 different vectors, 800 clusters.
  const covers = Array.from({ length: 3000 }, (_, id) =>
    JSON.stringify({ id, cover: [Math.sin(id), Math.cos(id), id] }),
  );
  writeFileSync(join(dirname(yaml), "items.jsonl"), covers.join("\n"));
  const many = specs.map((one) =>
    one === spec ? { ...spec, encoder: { ...spec.encoder, groups: 800 } as never } : one,
  );
  const told: Progress[] = [];
  const stop = new AbortController();
  const listened = await learnVocabularies(yaml, many, undefined, {
    onProgress: (one) => told.push(one),
    signal: stop.signal,
  });
  expect(listened).toEqual(await learnVocabularies(yaml, many));
  const last = told.at(-1)!;
  expect(last).toMatchObject({ task: "distances for the clustering of item.cover", finished: true });
  expect(last.done).toBeGreaterThan(0);
  const onProgress = (): void => stop.abort();
  await expect(learnVocabularies(yaml, many, undefined, { onProgress, signal: stop.signal })).rejects.toThrow(
    "clustering was stopped",
  );
  await expect(learnVocabularies(yaml, many, undefined, { signal: AbortSignal.abort() })).rejects.toThrow(
    "clustering was stopped",
  );
});

test("a budget takes entries of vocabularies, and never a centroid", async () => {
  const model = modelOf(`model clusters
item { id: vocabulary(max: 4000, dim: 2, key: true) cover: pretrained(size: 3) }
history seen { of: item max: 9 }
search near { from: seen by: cluster(item.cover, groups: 4) keep: 3 }
attend interest { over: near by: mean }
tower rating { input: [interest] hidden: [] predict { click: binary } }`);
  const yaml = data(2000);
  const given = await learnVocabularies(yaml, featureSpecs(model));
  expect([...given].map(([name, entries]) => [name, entries.length])).toEqual([
    ["item.id", 2000],
    ["item.cover.cluster_4", 4],
  ]);
  const files = [...given].map(([, entries]) => entries.join("").length).reduce((a, b) => a + b);
  const staged = { model, manifest: { tables: {} }, dir: temporary(), page: { parameters: [], bytes: files + 10_000 } };
  for (const binding of [null, readBinding(yaml)]) {
    const task = await fitTask(staged as never, given, binding, 3000, new AbortController().signal);
    expect(task.vocabularies.map(({ feature }) => feature)).toEqual(["item.id"]);
    // What the centroids take is among what no choice changes, and the least that is left has them all.
    const least = chooseFit({ ...task, budget: 1 });
    expect([...least.fit.vocabularies.keys()]).toEqual(["item.id"]);
    expect(least.bytes).toBeGreaterThanOrEqual(given.get("item.cover.cluster_4")!.join("").length);
  }
});

test("messages call centroids a clustering, as the model is written", () => {
  expect(vocabularyName("item.cover.cluster_1000")).toBe("the clustering of item.cover (groups: 1000)");
  // A feature of that name can be declared, and has a vocabulary.
  expect(vocabularyName("item.cluster_1000")).toBe("the vocabulary of item.cluster_1000");
  expect(() => centroidsOf({ feature: "item.cover.cluster_8", entries: ["?"] }, 3)).toThrow(
    "the clustering of item.cover (groups: 8), entry 1: this is no centroid of 3 numbers. Learn it anew",
  );
});

const source = `model small
item { id: id(vocab: 40, dim: 2, key: true) cover: pretrained(size: 2) }
history seen { of: item max: 9 }
metric relevance { query: item keys: seen.item heads: 1 dim: 2 }
search near { from: seen by: cluster(item.cover, groups: 3) keep: 2 }
attend interest { over: near by: relevance }
tower rating { input: [interest] hidden: [] predict { click: binary } }`;
const texts = (...all: readonly number[][]) => all.map((one) => centroidText(Float32Array.from(one)));
const withCentroids = (centroids: readonly string[]) => ({
  vocabularies: new Map([["item.cover.cluster_3", centroids]]),
});

test("centroids stand in a file that the manifest names, and moving one moves the encoders' fingerprint alone", () => {
  const [first, moved] = [
    [1, 0],
    [1, 1e-3],
  ].map((one) => compiled(source, withCentroids(texts([0, 5], one))));
  const { manifest } = first;
  const file = "vocabularies/item.cover.cluster_3.jsonl";
  expect(manifest.vocabularies).toEqual([{ name: "item.cover.cluster_3", file, entries: 2 }]);
  expect(manifest.files[file].sha256).not.toBe(moved.manifest.files[file].sha256);
  expect(encodersFingerprint(manifest)).not.toBe(encodersFingerprint(moved.manifest));
  expect(manifest.fingerprints).toEqual(moved.manifest.fingerprints);
  const again = compiled(source, withCentroids(texts([0, 5], [1, 0])));
  expect(again.files.map(({ path }) => path)).toEqual(first.files.map(({ path }) => path));
  expect(encodersFingerprint(again.manifest)).toBe(encodersFingerprint(manifest));
});

test("a build ranks by the clusters of the vectors that come, keeps the newest of them, and fills nothing up", async () => {
  const dir = built(source, withCentroids(texts([0, 5], [5, 0], [-5, 0])));
  const twin = await load(dir);
  try {
    const covers = [[0, 4], [4, 0], null, [1, 6], [0, 3], [9, 1]];
    const ids = covers.map((_, i) => i + 1);
    const prepared = await twin.prepare({ history: { seen: { item: ids, items: { id: ids, cover: covers } } } });
    const asked = { item: [7, 8, 9, 10], items: { id: [7, 8, 9, 10], cover: [[0, 9], [7, 0], [-7, 0], null] } };
    const explained = await prepared.explain({ candidates: asked });
    const kept = explained.map(({ attends: [{ behaviours }] }) =>
      behaviours.filter(({ weight }) => weight > 0).map(({ position }) => position),
    );
    expect(kept).toEqual([[0, 3], [1, 5], [], []]);
    expect((await selfTest(dir, { threads: 1, requests: 3 })).passed).toBe(true);
  } finally {
    await twin.close();
  }
});
