// Batches of prepared data hold what the serving path computes from the raw log, value for value. A planted leak is found.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Binding } from "../../runtime/data/binding.ts";
import { openDataset } from "../../runtime/data/prepare/open.ts";
import type { SampleRequest } from "../../runtime/data/samples.ts";
import { readHistories } from "../../runtime/data/samples.ts";
import { encodeColumn } from "../../runtime/encode/column.ts";
import type { Dataset, Part } from "../../runtime/learn/dataset.ts";
import { pastOf } from "../../runtime/learn/pasts.ts";
import { HistorySide } from "../../runtime/request/history.ts";
import { encodeSingle } from "../../runtime/request/prepare.ts";
import { openArtefacts } from "../../runtime/serve/artefacts.ts";
import { built, cleanUp } from "../kit/built-twin.ts";
import { videoModel } from "../kit/data-files.ts";
import { long } from "../kit/effort.ts";
import { anyEvent, itemRows, type LogEvent, logBinding, prepared, reseal, t0, videos } from "../kit/prepared.ts";

afterAll(cleanUp);
const model = videoModel({ max: 5, key: "hashed(buckets: 50, hashes: 2, dim: 4, key: true)" });
const clocks = `local: hour(zone: "America/St_Johns", dim: 2) day: weekday(zone: "Asia/Kathmandu", dim: 2)`;
const gap = (name: string, on: string) => `${name}: gap(${on}at: [1s, 10s, 1h, 3h], dim: 2)`;
const placed = [
  "place: place(at: [2, 3, 5], dim: 2)",
  gap("any", ""),
  gap("same", "on: item.video, "),
  gap("kind", "on: item.category, "),
  gap("topic", "on: item.topics, "),
  gap("long", "on: item.duration, "),
].join("\n    ");
const dir = built(
  model.replace("  hour: id(", `  ${clocks}\n  hour: id(`).replace("    ago: ", `    ${placed}\n    ago: `),
);
const artefacts = await openArtefacts(dir, () => undefined);
const { manifest } = artefacts;
const feature = (name: string) => manifest.features.find((one) => one.name === name)!;

const labelled = "columns: {predict.click: click}\n";
/** With values that became known later; a derivation that changes nothing is beside the plain column. */
const knownAt = (derived: boolean) =>
  `columns: {predict.click: click, watched.progress: {${derived ? "scale: {column: progress}" : "column: progress"}, known_at: progress_at}}\n`;
const parts: readonly Part[] = ["training", "validation", "test"];
/** The log has a 1 and a 0 at its beginning, so that it can be trained on whatever else is in it. */
const sound = (events: readonly LogEvent[]): LogEvent[] => [
  ...[true, false].map((click) => ({ user: 1, video: 1, time: t0 - 1, session: null, kept: true, click })),
  ...events,
];

function all(dataset: Dataset, part: Part) {
  return dataset.batch(
    part,
    Uint32Array.from({ length: dataset.count(part) }, (_, i) => i),
    { watched: 4 },
  );
}

/** What the serving path makes of one request, as a prepared batch has it. */
async function served(request: SampleRequest, index: number, length: number) {
  const context = artefacts.context("history watched", request.time);
  const spec = manifest.histories[0];
  const columns = request.history.watched;
  // An item outside the items' file is unknown.
  const keys = Array.from(columns.item as BigInt64Array, (key) => (key <= videos ? key : null));
  const column = (name: keyof (typeof itemRows)[number]) => keys.map((key) => key && itemRows[Number(key) - 1][name]);
  const inline = { category: column("category"), topics: column("topics"), duration: column("duration") };
  const items = { keys, rowKeys: null, store: null, inline, context };
  const compared = manifest.features.filter(({ group }) => group === "item");
  const side = new HistorySide(spec, columns as never, items, columns.time, context, { compared });
  await side.items.fetch(compared.filter(({ name }) => name !== "item.cover"));
  const cross = (name: string): number[] => [...(side.cross(feature(name)).data as Int32Array).subarray(0, length)];
  const item = Array.from(side.order, (at) => Number((columns.item as BigInt64Array)[at]));
  const single = (group: string, values: Readonly<Record<string, unknown>>) => [
    ...encodeSingle(
      manifest.features.filter((one) => one.group === group),
      values as never,
      artefacts.context(group, request.time),
    ).tensors,
  ];
  const recall = [(request.candidates.recall as ArrayLike<number>)[index]];
  return {
    count: side.count,
    item: item.map((key) => (key <= videos ? key : 0)).concat(new Array(length - side.count).fill(0)),
    cross: Object.fromEntries(
      spec.cross.map((name) => [name, cross(name).concat(new Array(length).fill(0)).slice(0, length)]),
    ),
    single: Object.fromEntries([
      ...single("user", request.user).map(([name, tensor]) => [name, [...(tensor.data as Int32Array)]]),
      ...single("context", request.context).map(([name, tensor]) => [name, [...(tensor.data as Int32Array)]]),
      ["candidate.recall", [...encodeColumn(feature("candidate.recall"), recall, 1, artefacts.context("candidates"))]],
    ]),
  };
}

async function compare(binding: Binding, options: { readonly memory: number }): Promise<number> {
  const { folder } = await prepared(binding, manifest, { every: 7 });
  const dataset = await openDataset(folder, options);
  const requests = new Map<number, { request: SampleRequest; index: number }>();
  for await (const user of readHistories(binding, manifest, { samples: "labelled" })) {
    for (const request of user.requests) {
      for (const [index, row] of request.rows.entries()) {
        requests.set(row, { request, index });
      }
    }
  }
  let samples = 0;
  for (const part of parts) {
    const batch = all(dataset, part);
    expect(dataset.whose(part)).toEqual({ user: batch.user, time: batch.time });
    const { length, lengths, item, cross } = batch.histories.watched;
    for (let i = 0; i < batch.rows; i++) {
      const { request, index } = requests.get(batch.row[i])!;
      const due = await served(request, index, length);
      expect(lengths[i]).toBe(due.count);
      expect([...item.subarray(i * length, (i + 1) * length)]).toEqual(due.item);
      for (const [name, values] of Object.entries(due.cross)) {
        expect([...cross[name].subarray(i * length, (i + 1) * length)], name).toEqual(values);
      }
      for (const [name, values] of Object.entries<number[]>(due.single)) {
        const width = values.length;
        expect([...batch.single[name].subarray(i * width, (i + 1) * width)], name).toEqual(values);
      }
      const key = Number((request.candidates.item as BigInt64Array)[index]);
      expect(batch.candidate[i]).toBe(key <= videos ? key : 0);
      expect(batch.time[i]).toBe(request.time);
      expect(batch.labels.click[i]).toBe(request.labels.click[index]);
      expect(batch.labels.watch[i]).toBeNaN();
      expect([batch.weight[i], batch.offset[i]]).toEqual([1, 0]);
    }
    samples += batch.rows;
  }
  expect(samples).toBe(requests.size);
  dataset.close();
  return samples;
}

describe("a batch of prepared data", () => {
  it("holds what the serving path computes from the raw log, from memory and from the files", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { minLength: 2, maxLength: 40 }),
        fc.integer({ min: 0, max: 8000 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(labelled, knownAt(false), knownAt(true)),
        async (events, delay, where, exclude, inMemory, columns) => {
          const history = `{delay: ${delay}s${where ? ", where: kept" : ""}${exclude ? ", exclude_same: session" : ""}}`;
          const binding = logBinding(sound(events), history, columns);
          expect(await compare(binding, { memory: inMemory ? 1e9 : 0 })).toBeGreaterThan(0);
        },
      ),
      { numRuns: long ? 100 : 6 },
    );
  });

  it("holds the same of rows that are left, made by expressions, in parts of every kind", async () => {
    // A labelled row each for training, validation and test, whatever else is in the log.
    const whole = (events: readonly LogEvent[]): LogEvent[] => [
      ...[true, false, true, false].map((click, i) => ({
        user: 1,
        video: 1,
        time: t0 - 5 + i,
        session: null,
        kept: true,
        click,
      })),
      ...events,
    ];
    const part = "split: {by: part, column: set, train: train, validation: [valid, dev], test: test}\n";
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { minLength: 2, maxLength: 40 }),
        fc.constantFrom("", part, part.replace("set", "'substr(set, 1, 9)'"), "split: {by: last, test: 1}\n", "files"),
        fc.record(
          {
            user: fc.constantFrom("user + 0", "try_cast(user AS INTEGER)"),
            item: fc.constantFrom("video * 1", "abs(video)"),
            time: fc.constantFrom("to_timestamp(time)", "time + 3600.5"),
            where: fc.constantFrom("kept", "kept AND hour < 9", "session = 1 OR kept"),
          },
          { requiredKeys: [] },
        ),
        fc.constantFrom(labelled, knownAt(true).replace("progress_at", '"progress_at + 0"')),
        async (events, split, rows, columns) => {
          const files = split === "files";
          const binding = logBinding(whole(events), "{where: kept}", `${columns}${files ? "" : split}`, {
            ...rows,
            files,
          });
          expect(await compare(binding, { memory: 1e9 })).toBeGreaterThan(0);
        },
      ),
      { numRuns: long ? 100 : 8 },
    );
  });

  it("has a value that became known later where the sample lies strictly after that, and not sooner than the delay", async () => {
    // Rows 0 … 4 are behaviours whose progress is known with the event, 1 s, 3,000 s and 9,000 s after it, and never.
    const event = (i: number, time: number): LogEvent => ({
      user: 1,
      video: 1 + i,
      time,
      session: i === 1 ? 1 : 2,
      kept: true,
      click: i % 2 === 0,
    });
    const times = [0, 9, 8, 7, 6].map((age) => t0 - age);
    const seen = async (history: string, at: number): Promise<Record<string, number>> => {
      const events = [...times.map((time, i) => event(i, time)), event(5, at)];
      const binding = logBinding(events, history, knownAt(false));
      const dataset = await openDataset((await prepared(binding, manifest)).folder);
      const batch = all(dataset, "training");
      const row = [...batch.time].indexOf(at);
      const { length, lengths, item, cross } = batch.histories.watched;
      const from = row * length;
      return Object.fromEntries(
        Array.from({ length: lengths[row] }, (_, i) => [item[from + i], cross["watched.progress"][from + i]]),
      );
    };
    // Rows are 1 + the edges (10 %, 50 %) up to the value: 0, 0.1, 0.2; row 3 of the log has none.
    expect(await seen("{}", t0 + 1)).toEqual({ 1: 1, 2: 2, 3: 0, 4: 0, 5: 0 });
    expect(await seen("{}", t0 - 8 + 3000)).toEqual({ 1: 1, 2: 2, 3: 0, 4: 0, 5: 0 });
    expect(await seen("{}", t0 - 8 + 3001)).toEqual({ 1: 1, 2: 2, 3: 2, 4: 0, 5: 0 });
    expect(await seen("{delay: 10s}", t0 - 8 + 3009)).toEqual({ 1: 1, 2: 2, 3: 0, 4: 0, 5: 0 });
    expect(await seen("{delay: 10s}", t0 - 8 + 3010)).toEqual({ 1: 1, 2: 2, 3: 2, 4: 0, 5: 0 });
    expect(await seen("{exclude_same: session}", t0 + 1)).toEqual({ 2: 2 });
  });

  it("encodes items as serving does, the unknown item first", async () => {
    const { folder } = await prepared(logBinding(sound([]), "{}", labelled), manifest);
    const { items } = await openDataset(folder);
    expect(items.count).toBe(videos + 1);
    const context = artefacts.context("items");
    const keys = Array.from({ length: videos }, (_, i) => i + 1);
    expect([...items.columns["item.video"]]).toEqual([
      0,
      0,
      ...encodeColumn(feature("item.video"), keys, videos, context),
    ]);
    expect([...items.columns["item.topics"].subarray(0, 3)]).toEqual([-1, -1, -1]);
    expect([...items.columns["item.cover"].subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...items.columns["item.category"]]).toEqual([0, 1, 2, 3, 0, 5, 6, 7, 8]);
    expect([...items.occurrences]).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("keeps the parts apart, and says of the users which part they are in where users are held out", async () => {
    const events = Array.from({ length: 90 }, (_, i) => ({
      user: i % 30,
      video: 1 + (i % videos),
      time: t0 + i,
      session: null,
      kept: true,
      click: i % 2 === 0 || i < 30,
    }));
    const split = "split: {holdout: users, train: 60%, validation: 20%, test: rest}";
    const { folder } = await prepared(logBinding(sound(events), "{}", `${labelled}${split}`), manifest);
    const dataset = await openDataset(folder);
    const users = parts.map((part) => new Set(all(dataset, part).user));
    expect(users[0].size + users[1].size + users[2].size).toBe(dataset.users);
    expect(users.every((one) => one.size > 0)).toBe(true);
  });
});

describe("a leak", () => {
  const events = Array.from({ length: 12 }, (_, i) => ({
    user: 1 + (i % 2),
    video: 1 + (i % videos),
    time: t0 + Math.floor(i / 4),
    session: null,
    kept: true,
    click: i % 3 === 0,
  }));

  /** Samples whose behaviours, traced by their time, do not all lie strictly before them. */
  async function leaks(folder: string): Promise<number> {
    const dataset = await openDataset(folder);
    let found = 0;
    for (const part of parts) {
      for (let i = 0; i < dataset.count(part); i++) {
        try {
          dataset.batch(part, Uint32Array.of(i), {});
        } catch (error) {
          expect(String(error)).toMatch(/history watched the sample 0 of the batch.*is not before it/);
          found++;
        }
      }
    }
    return found;
  }

  it("planted in the prepared data is found, and there is none without", async () => {
    const { folder } = await prepared(logBinding(events, "{}", labelled), manifest);
    expect(await leaks(folder)).toBe(0);
    // Every sample sees from one behaviour earlier on: itself, or what happened at its instant.
    const path = join(folder, "training/start.watched.bin");
    const bytes = readFileSync(path);
    const starts = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    writeFileSync(
      path,
      Uint32Array.from(starts, (start) => Math.max(0, start - 1)),
    );
    await reseal(folder);
    expect(await leaks(folder)).toBeGreaterThan(events.length / 2);
  });

  it("has no way in through the cut: the same instant is never before it, a delay only takes away", () => {
    const times = Float64Array.of(3, 3, 2, 2, 1);
    const starts = Int32Array.of(0, 5);
    const keep = new Int32Array(5).fill(1);
    expect([...pastOf(starts, times, keep, 0).first]).toEqual([2, 2, 4, 4, 5]);
    expect([...pastOf(starts, times, keep, 1).first]).toEqual([2, 2, 4, 4, 5]);
    expect([...pastOf(starts, times, keep, 2).first]).toEqual([4, 4, 5, 5, 5]);
  });
});
