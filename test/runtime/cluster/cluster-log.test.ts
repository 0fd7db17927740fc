// A log as samples with clustered histories: what a sample sees, written by the definition; and that it sees nothing of its own time or after.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { readBinding } from "../../../runtime/data/binding.ts";
import { checkData, clusterLog } from "../../../runtime/data/index.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { begin, clusteredLog, clusteredModel, type LogEvent, samplesOf, writeLog } from "../../kit/clustered-log.ts";
import { writeFiles } from "../../kit/data-files.ts";
import { patience } from "../../kit/effort.ts";
import { contents } from "../../kit/example-build.ts";

const folder = temporary();
afterAll(cleanUp);

const anyEvent: fc.Arbitrary<LogEvent> = fc.record({
  user: fc.integer({ min: 1, max: 3 }),
  item: fc.integer({ min: 0, max: 11 }),
  time: fc.integer({ min: 0, max: 900 }),
  progress: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  known: fc.option(fc.integer({ min: 1, max: 300 })),
  click: fc.option(fc.boolean()),
});
const log = fc
  .array(anyEvent, { minLength: 40, maxLength: 120 })
  .filter((events) => events.some(({ click }) => click !== null));
const every = fc.constantFrom("250s", "1min", "7", "1000s");

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${one}n` : one));

describe("clusters of a log", () => {
  it(
    "hold every behaviour before a sample once, with what was known by then, and none of its own time or after",
    async () => {
      await fc.assert(
        fc.asyncProperty(log, every, fc.integer({ min: 0, max: 40 }), async (events, each, delay) => {
          const out = await clusteredLog(folder, events, { every: each, more: `history: {seen: {delay: ${delay}s}}` });
          const samples = await samplesOf(out);
          expect(samples).toHaveLength(events.filter(({ click }) => click !== null).length);
          for (const sample of samples) {
            const now = Number(sample.time) - begin;
            const past = events.filter(
              ({ user, time }) => BigInt(user) === sample.user && time < now && time <= now - delay,
            );
            const [sizes, times] = [sample["seen.size"] as number[], sample["seen.time"] as number[]];
            expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(past.length);
            expect(sizes.every((size) => size >= 1 && size <= 3)).toBe(true);
            const sum = times.reduce((all, time, i) => all + sizes[i] * (time - begin), 0);
            expect(sum).toBeCloseTo(
              past.reduce((all, { time }) => all + time, 0),
              3,
            );
            expect(times.every((time, i) => i === 0 || time >= times[i - 1])).toBe(true);
            expect((sample["recent.item"] as bigint[]).length).toBe(
              Math.min(4, events.filter(({ user, time }) => BigInt(user) === sample.user && time < now).length),
            );
          }
        }),
        { numRuns: 5 },
      );
    },
    patience(120_000),
  );

  it(
    "are byte for byte the same whatever happens at a sample's time or after, or becomes known then",
    async () => {
      let clusters = 0;
      await fc.assert(
        fc.asyncProperty(log, log, every, fc.nat(), async (events, others, each, choice) => {
          const labelled = events.filter(({ click }) => click !== null);
          const chosen = labelled[choice % labelled.length];
          const now = chosen.time;
          const changed = [
            ...events
              .filter((event) => event.time < now)
              // What becomes known at the sample's time or after may be anything.
              .map((event) =>
                event.known === null || event.time + event.known >= now ? { ...event, progress: 0.77 } : event,
              ),
            chosen,
            ...others.filter((event) => event.time >= now),
          ];
          const before = (samples: readonly Record<string, unknown>[]): string[] =>
            samples
              .filter((sample) => {
                const time = Number(sample.time) - begin;
                const own = sample.user === BigInt(chosen.user) && sample.item === BigInt(chosen.item);
                return time < now || (time === now && own && sample.hour === BigInt((begin + now) % 24));
              })
              .map(shown)
              .toSorted();
          const first = before(await samplesOf(await clusteredLog(folder, events, { every: each })));
          const second = before(await samplesOf(await clusteredLog(folder, changed, { every: each })));
          // Samples of the same user, item and time are told apart by nothing: as many as both have.
          expect(new Set(second)).toEqual(new Set(first));
          clusters += first.filter((one) => /"seen.size":\[[^\]]*[23]/.test(one)).length;
        }),
        { numRuns: 5 },
      );
      expect(clusters).toBeGreaterThan(10);
    },
    patience(120_000),
  );

  it("are found again: the same inputs and seed give the same bytes, in shards or whole", async () => {
    const events = fc.sample(log, { seed: 5, numRuns: 3 }).flat();
    const bytes = async (options: object) =>
      contents(await clusteredLog(folder, events, { every: "100s", ...options }));
    const [first, again] = [await bytes({}), await bytes({})];
    expect([...again.keys()]).toEqual([...first.keys()]);
    for (const [name, content] of first) {
      expect(again.get(name) === content, name).toBe(true);
    }
    const whole = (await samplesOf(join(folder, "out"))).map(shown);
    const out = await clusteredLog(folder, events, { every: "100s", shard: 20 });
    expect([...contents(out).keys()].filter((name) => name.startsWith("/samples")).length).toBeGreaterThan(1);
    expect((await samplesOf(out)).map(shown)).toEqual(whole);
  });

  it("stand for their members: means of numbers before buckets, categories of the member nearest to the middle", async () => {
    const event = (item: number, time: number, progress: number | null, click: boolean | null = null): LogEvent => ({
      ...{ user: 1, item, time, progress, known: 1, click },
    });
    const events = [
      event(1, 10, 0.6),
      event(2, 20, 0.8),
      event(4, 30, null),
      event(5, 40, 0.05),
      event(3, 200, 0.5, true),
    ];
    const out = await clusteredLog(folder, events, { every: "100s", cluster: "kmeans(on: item.cover, size: 4)" });
    const [sample] = await samplesOf(out);
    expect(sample["seen.size"]).toEqual([4]);
    // `part` is taken by what says the part of the split.
    expect([sample.part_1, readBinding(join(out, "data.yaml")).columns["context.part"]]).toEqual([
      sample.hour,
      { kind: "sql", sql: "part_1" },
    ]);
    expect(sample["seen.time"]).toEqual([begin + 25]);
    expect((sample["seen.progress"] as number[])[0]).toBeCloseTo((0.6 + 0.8 + 0.05) / 3, 12);
    const vectors = [1, 2, 4, 5].map((id) => [Math.sin(id), Math.cos(3 * id)].map(Math.fround));
    const middle = [0, 1].map((j) => vectors.reduce((sum, vector) => sum + vector[j], 0) / 4);
    const distance = (vector: readonly number[]) => (vector[0] - middle[0]) ** 2 + (vector[1] - middle[1]) ** 2;
    const nearest = [1, 2, 4, 5][vectors.map(distance).indexOf(Math.min(...vectors.map(distance)))];
    const [item] = sample.items as Record<string, unknown>[];
    expect(item).toMatchObject({ id: BigInt(nearest), shop: BigInt(nearest % 3) });
    // Item 4 has no price.
    expect(item.price).toBeCloseTo((1.5 + 3 + 7.5) / 3, 12);
    (item.cover as number[]).forEach((value, j) => {
      expect(value).toBeCloseTo(middle[j], 6);
    });
  });

  it("are the same where users and items are texts", async () => {
    const events = fc.sample(log, { seed: 3, numRuns: 1 }).flat();
    const sizes = async (texts: boolean) => {
      const samples = await samplesOf(await clusteredLog(folder, events, { every: "100s", texts }));
      return {
        keys: samples.flatMap((one) => one["seen.item"] as unknown[]),
        sizes: samples.map((one) => one["seen.size"]),
      };
    };
    const [numbers, texts] = [await sizes(false), await sizes(true)];
    expect(texts.sizes.map(String).toSorted()).toEqual(numbers.sizes.map(String).toSorted());
    const isVirtual = (key: unknown) =>
      typeof key === "bigint" ? key < -(1n << 62n) : String(key).startsWith("cluster:");
    expect(numbers.keys.every((key) => typeof key === "bigint")).toBe(true);
    expect(texts.keys.every((key) => isVirtual(key) || /^i\d+$/.test(String(key)))).toBe(true);
    expect(texts.keys.filter(isVirtual).length).toBe(numbers.keys.filter(isVirtual).length);
    expect(numbers.keys.filter(isVirtual).length).toBeGreaterThan(20);
  });

  it("are kept apart by buckets, and of one behaviour where one is left", async () => {
    const progress = [0.05, 0.07, 0.9, 0.3, null];
    const events = progress.map(
      (one, i): LogEvent => ({ user: 1, item: 1 + i, time: i, progress: one, known: 1, click: null }),
    );
    const out = await clusteredLog(folder, [...events, { ...events[0], time: 500, click: true }], { every: "100s" });
    const [sample] = await samplesOf(out);
    expect((sample["seen.size"] as number[]).toSorted()).toEqual([1, 1, 1, 2]);
    const low = (sample["seen.progress"] as (number | null)[]).filter((one) => one !== null && one < 0.1);
    expect(low).toEqual([(0.05 + 0.07) / 2]);
    const record = JSON.parse(readFileSync(join(out, "users/00000.jsonl"), "utf8").split("\n")[0]);
    expect(record).toMatchObject({ user: "1", until: begin + 500 });
    expect(record.history.seen.size.reduce((sum: number, size: number) => sum + size)).toBe(6);
  });
});

describe("a folder of clusters", () => {
  const events = fc.sample(log, { seed: 9, numRuns: 2 }).flat();
  const options = { every: "100s", shard: 20 };

  it("goes on where it was stopped, and becomes what it would have been", async () => {
    const wanted = contents(await clusteredLog(folder, events, options));
    // Stopped among the users, however fast they come.
    let asked = 0;
    const { signal } = new AbortController();
    Object.defineProperty(signal, "aborted", { get: () => ++asked > 3 });
    const stopped = clusteredLog(folder, events, { ...options, signal });
    await expect(stopped).rejects.toThrow("is not ready; the same command goes on where it was");
    const out = join(folder, "out");
    const half = [...contents(out).keys()];
    expect(half.some((name) => name.includes(".work"))).toBe(true);
    expect(half).not.toContain("/data.yaml");
    expect(half).not.toContain("/clusters.yaml");
    // What was begun belongs to these inputs alone.
    await expect(clusteredLog(folder, events, { ...options, seed: 2, keep: true })).rejects.toThrow(
      /out holds clusters of other data, .*name another folder with -o, or remove this one/,
    );
    await clusteredLog(folder, events, { ...options, keep: true });
    const found = contents(out);
    expect([...found.keys()]).toEqual([...wanted.keys()]);
    for (const [name, content] of wanted) {
      expect(found.get(name) === content, name).toBe(true);
    }
  });

  it("is found again whole, and refused for other inputs and to other models", async () => {
    const out = await clusteredLog(folder, events, options);
    const before = contents(out);
    await clusteredLog(folder, events, { ...options, keep: true });
    expect(contents(out)).toEqual(before);
    for (const other of [{ every: "200s" }, { seed: 2 }, { cluster: "kmeans(on: item.cover, size: 3)" }]) {
      await expect(clusteredLog(folder, events, { ...options, ...other, keep: true })).rejects.toThrow(
        "holds clusters of other data",
      );
    }
    await expect(clusteredLog(folder, events.slice(1), { ...options, keep: true })).rejects.toThrow("of other data");
    expect(contents(out)).toEqual(before);
    const yaml = join(out, "data.yaml");
    const binding = readBinding(yaml);
    await checkData(binding, clusteredModel());
    for (const [cluster, own] of [
      [
        "kmeans(on: item.cover, within: seen.progress, size: 4)",
        "on: item.cover of 2 numbers, within: seen.progress at [0.1, 0.5], size: 4",
      ],
      ["kmeans(on: item.cover, size: 3)", "on: item.cover of 2 numbers, size: 3"],
      ["none", "keeps none"],
    ]) {
      const refused = checkData(binding, clusteredModel(cluster));
      await expect(refused).rejects.toThrow(/data.yaml:\d+:\d+: the lists hold clusters by kmeans\(on: item.cover/);
      await expect(checkData(binding, clusteredModel(cluster))).rejects.toThrow(own);
    }
  });

  it("is left as it was where it holds other things, and none is left by inputs that are wrong", async () => {
    writeFiles(join(folder, "taken"), { "notes.txt": "mine" });
    const data = () => readBinding(writeLog(folder, events));
    const usual = { every: "30d", seed: 1, vectors: null };
    await expect(clusterLog(data(), clusteredModel(), join(folder, "taken"), usual)).rejects.toThrow(
      "holds files that are no clusters",
    );
    expect([...contents(join(folder, "taken")).keys()]).toEqual(["/notes.txt"]);
    const out = join(folder, "none");
    const wrong = (text: string, from: string | RegExp, to: string, cluster?: string) => async () => {
      const yaml = writeLog(folder, events);
      writeFiles(folder, { "data.yaml": readFileSync(yaml, "utf8").replace(from, to) });
      await expect(clusterLog(readBinding(yaml), clusteredModel(cluster), out, usual)).rejects.toThrow(text);
      expect(existsSync(out)).toBe(false);
    };
    for (const check of [
      wrong("keeps no history as clusters (`seen`, `recent`)", "", "", "none"),
      wrong("`progress`", "{column: progress, known_at: known}", "absent"),
      wrong("cannot be kept apart by seen.ago", "", "", "kmeans(on: item.cover, within: seen.ago, size: 3)"),
      wrong(
        "a cluster may hold behaviours that share this value",
        "columns:",
        "history: {seen: {exclude_same: hour}}\ncolumns:",
      ),
      wrong("name a clock as `events.time`", "time: time", "order: time"),
      wrong("negatives would be drawn among virtual items", "columns:", "negatives: {per_positive: 2}\ncolumns:"),
      wrong("no event has a label", "predict.click: click", 'predict.click: "CASE WHEN false THEN true END"'),
    ]) {
      await check();
    }
    const yaml = writeLog(folder, events);
    const items = readFileSync(join(folder, "items.jsonl"), "utf8");
    for (const [text, lines] of [
      [
        "has no column `cover`. Name the items' vectors (`columns: {item.cover: …}`), make some (`twin vectors`), or take those that another model learned: --weights RUN",
        items.replaceAll("cover", "front"),
      ],
      ["no item has a value of item.cover", items.replaceAll(/"cover":\[[^\]]*\]/g, '"cover":null')],
      ["item 3: item.cover is 3 numbers, and 2 are due", items.replace(/(\{"id":3,.*"cover":)\[.*\]/, "$1[1,2,3]")],
      ["lies among those that virtual items get", items.replace('"id":3', '"id":-9000000000000000000')],
    ]) {
      writeFiles(folder, { "items.jsonl": lines });
      await expect(clusterLog(readBinding(yaml), clusteredModel(), out, usual)).rejects.toThrow(text);
      expect(existsSync(out)).toBe(false);
    }
    for (const every of ["0d", "soon", "0", "1.5"]) {
      await expect(clusterLog(data(), clusteredModel(), out, { ...usual, every })).rejects.toThrow("--every");
    }
  });
});
