// Values that became known later: missing before that at serving, and what data.yaml may say of them.
import { afterAll, expect, it } from "vitest";
import type { Manifest } from "../../contract/manifest.ts";
import { derivedFeatures } from "../../runtime/data/derived-features.ts";
import { readHistories } from "../../runtime/data/samples.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { load } from "../../runtime/serve/load.ts";
import { built, cleanUp, writeTables } from "../kit/built-twin.ts";
import { videoModel } from "../kit/data-files.ts";
import { type LogEvent, logBinding, prepared, t0 } from "../kit/prepared.ts";

afterAll(cleanUp);
const source = videoModel({ max: 5, key: "hashed(buckets: 50, dim: 4, key: true)" });

it("is missing in a request whose time it is not strictly before, whatever derivation makes it", async () => {
  const derived: Manifest["derived"] = [
    { feature: "watched.progress", kind: "scale", column: "percent", by: 0.01, plus: 0 },
    { feature: "watched.progress", kind: "known_at", column: "progress_at" },
  ];
  const dir = built(source, { derived });
  await writeTables(dir, [1n, 2n, 3n], {
    category: [1, 2, 3],
    duration: [5, 30, 90],
    topics: [["a"], ["b"], []],
    cover: [[1, 2, 3], null, [0, 0, 1]],
  });
  expect(readManifest(dir).derived).toEqual(derived);
  const twin = await load(dir);
  try {
    const click = async (columns: object, time: unknown = t0): Promise<number[]> => {
      const history = { item: [1n, 2n, 3n], time: [t0 - 30, t0 - 20, t0 - 10], ...columns };
      const side = await twin.prepare({ user: { age: 30 }, time, history } as never);
      return [...(await side.rank({ candidates: { item: [2n, 1n], recall: [1, 2] } } as never)).scores.click];
    };
    const raw = { percent: [90, 20, 70] };
    const all = await click(raw);
    expect(await click({ ...raw, progress_at: [t0 - 9, t0 - 1, t0 - 0.5] })).toEqual(all);
    const late = await click({ ...raw, progress_at: [t0 - 9, t0, null] });
    expect(late).not.toEqual(all);
    expect(late).toEqual(await click({ percent: [90, null, null] }));
    expect(await click({ progress: [0.9, 0.2, 0.7], progress_at: [t0 - 9, t0, t0 + 1] })).toEqual(late);
    // The behaviours' own times are sorted; the times of knowledge go with them.
    const shuffled = { item: [3n, 1n, 2n], time: [t0 - 10, t0 - 30, t0 - 20], percent: [70, 90, 20] };
    expect(await click({ ...shuffled, progress_at: [null, new Date((t0 - 9) * 1000), t0] })).toEqual(late);
    await expect(click({ ...raw, progress_at: [t0] })).rejects.toThrow(
      /history watched: `progress_at` has 1 times for 3 items/,
    );
    await expect(click({ ...raw, progress_at: [t0 * 1000, t0, t0] })).rejects.toThrow(
      /`progress_at`, index 0: time is .*milliseconds/,
    );
    await expect(click({ ...raw, progress_on: [t0, t0, t0] })).rejects.toThrow(/progress_on/);
  } finally {
    await twin.close();
  }
});

const events = Array.from({ length: 6 }, (_, i): LogEvent => {
  return { user: 1, video: 1 + i, time: t0 + i, session: null, kept: true, click: i % 2 === 0 };
});
const manifest = readManifest(built(source));
const binding = (columns: string) => logBinding(events, "{}", `columns: {predict.click: click, ${columns}}\n`);

it("goes into the manifest beside what makes the value, and only where data.yaml says it", async () => {
  const of = (columns: string) => derivedFeatures(binding(columns), manifest.features);
  const scale = { feature: "watched.progress", kind: "scale", column: "progress", by: 2, plus: 0 };
  const known = { feature: "watched.progress", kind: "known_at", column: "progress_at" };
  expect(await of("watched.progress: {scale: {column: progress, by: 2}, known_at: progress_at}")).toEqual([
    scale,
    known,
  ]);
  expect(await of("watched.progress: {column: progress, known_at: progress_at}")).toEqual([known]);
  expect(await of("watched.progress: {column: progress}")).toEqual([]);
  expect(await of("watched.progress: progress")).toEqual([]);
});

it.each([
  [
    "context.hour: {column: hour, known_at: progress_at}",
    /:\d+:\d+: `known_at` is for values of behaviours .*context\.hour is none/,
  ],
  ["predict.watch: {column: hour, known_at: progress_at}", /`known_at` is for values of behaviours/],
  ["watched.progress: {column: progress, known_at: never}", /never/],
  [
    "watched.progress: {column: progress, known_at: {column: progress_at, unit: ms}}",
    /row 1, column `progress_at`.*times between 1990 and 2100 \(read as ms\)/,
  ],
  ["watched.progress: {column: progress, known_at: hour}", /row 1, column `hour`.*times between 1990 and 2100/],
])("is refused with its place: %s", async (columns, message) => {
  const read = async (): Promise<void> => {
    for await (const _ of readHistories(binding(columns), manifest)) {
    }
  };
  await expect(read()).rejects.toThrow(message);
  await expect(prepared(binding(columns), manifest)).rejects.toThrow(message);
});

it("changes nothing of data prepared without it", async () => {
  const plain = await prepared(binding("watched.progress: progress"), manifest);
  const written = await prepared(binding("watched.progress: {column: progress}"), manifest);
  expect(written.spec.fingerprint).toBe(plain.spec.fingerprint);
  expect(JSON.stringify(plain.spec)).not.toContain('"known"');
  const known = await prepared(binding("watched.progress: {column: progress, known_at: progress_at}"), manifest);
  expect(known.spec.fingerprint).not.toBe(plain.spec.fingerprint);
});
