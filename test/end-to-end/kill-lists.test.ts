// `data prepare` of samples that bring their histories, killed wherever it may be: what it left is never read as whole, and the
// same command makes the bytes of one that nobody killed.
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBinding } from "../../runtime/data/binding.ts";
import { readDatasetSpec } from "../../runtime/data/prepare/dataset-file.ts";
import { openDataset } from "../../runtime/data/prepare/open.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import type { Progress } from "../../runtime/host/progress.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, twin } from "../kit/cli.ts";
import { videoModel } from "../kit/data-files.ts";
import { long } from "../kit/effort.ts";
import { contents } from "../kit/example-build.ts";
import { prepared } from "../kit/prepared.ts";

afterAll(cleanUp);
const folder = temporary();
/** More than are read at once, by users who do not end where a block does. */
const rows = 70_000;
const users = 2000;
const args = (cache: string) => [
  ...["data", "prepare", join(folder, "data.yaml"), "--model", join(folder, "small.twin"), "-o", join(folder, cache)],
];
const columnsOf = (cache: string) => [...contents(join(folder, cache))].filter(([name]) => name.endsWith(".bin"));

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  const lines = Array.from({ length: rows }, (_, i) => {
    const [user, turn] = [i % users, Math.floor(i / users)];
    const past = Array.from({ length: turn }, (_, j) => j).slice(-6);
    const list = (of: (j: number) => number): string => past.map(of).join("|");
    const video = (j: number): number => (user * 7 + j * 3) % 200;
    const time = (j: number): number => 1_600_000_000 + j * 5000 + user;
    const cells = [user, video(turn), time(turn), i % 3 === 0 ? 1 : 0, i % 24, 0.5, user % 60];
    return [...cells, list(video), list(time), list((j) => (j % 10) / 10), list((j) => video(j) % 9)].join();
  });
  writeFileSync(
    join(folder, "samples.csv"),
    `user,video,time,click,hour,recall,age,seq,times,progresses,categories\n${lines.join("\n")}\n`,
  );
  writeFileSync(join(folder, "small.twin"), videoModel({ max: 5 }));
  writeFileSync(
    join(folder, "data.yaml"),
    `samples:
  file: samples.csv
  user: user
  item: video
  time: time
  histories:
    watched: {item: seq, by: "|", time: times, columns: {watched.progress: progresses, item.category: categories}}
columns: {predict.click: click, item.duration: "7", item.topics: "['a']", item.cover: "[1.0, 2.0, 3.0]"}
split: {by: share, train: 80%, validation: 10%, test: rest}
`,
  );
  await fine(args("whole"));
}, 120_000);

/** Kills as soon as a file has so many bytes. */
async function killedAt(cache: string, file: string, bytes: number): Promise<boolean> {
  const path = join(folder, cache, file);
  let timer: NodeJS.Timeout | undefined;
  const { signal } = await twin(args(cache), {
    started(child) {
      timer = setInterval(() => {
        if (existsSync(path) && statSync(path).size >= bytes) {
          clearInterval(timer);
          child.kill("SIGKILL");
        }
      }, 1);
    },
  });
  clearInterval(timer);
  return signal === "SIGKILL";
}

describe("a preparation of lists that is killed", () => {
  it.each([
    ["as the rows are sorted", ".work/events.duckdb", 1],
    ["as the items are written", "items", 0],
    ["as the lists are written", "history", 0],
    ["as the samples are written", "training/row.bin", 0],
  ])(
    "%s leaves nothing that is read, and ends with the same bytes",
    { timeout: 120_000 },
    async (name, file, bytes) => {
      const cache = name.replaceAll(" ", "-");
      expect(await killedAt(cache, file, bytes)).toBe(true);
      expect(existsSync(join(folder, cache, "dataset.yaml"))).toBe(false);
      await expect(openDataset(join(folder, cache))).rejects.toThrow(
        /is no prepared data set: it has no dataset\.yaml/,
      );
      await fine(args(cache));
      expect(existsSync(join(folder, cache, ".work"))).toBe(false);
      expect(columnsOf(cache)).toEqual(columnsOf("whole"));
    },
  );

  it("stopped within a user's rows goes on behind what was kept", { timeout: 120_000 }, async () => {
    const cache = join(folder, "stopped");
    const binding = readBinding(join(folder, "data.yaml"));
    const manifest = readManifest(built(videoModel({ max: 5 })));
    const stop = new AbortController();
    // Before the first block: it is written, and then the preparation ends. A report of events may come after the last one.
    const onProgress = ({ task, finished }: Progress) => task === "items" && finished && stop.abort();
    const begun = prepared(binding, manifest, { signal: stop.signal, onProgress, every: 10 }, cache);
    await expect(begun).rejects.toThrow(/the same command goes on where it was/);
    const { written } = JSON.parse(readFileSync(join(cache, ".work/state.json"), "utf8").split("\n")[0]).events;
    expect(written.rows).toBeGreaterThan(0);
    expect(written.rows).toBeLessThan(rows);
    expect(written.rows % (rows / users)).not.toBe(0);
    for (const name of [...contents(cache).keys()].filter((one) => /^(training|history)\b.*\.bin$/.test(one))) {
      appendFileSync(join(cache, name), "torn");
    }
    const done = await prepared(binding, manifest, {}, cache);
    expect(columnsOf("stopped")).toEqual(columnsOf("whole"));
    expect(done.report).toEqual(readDatasetSpec(join(folder, "whole")).report);
  });

  it("again and again, at any moment, goes on to the same bytes", { timeout: 240_000 }, async () => {
    const start = performance.now();
    await fine(args("timed"));
    const whole = performance.now() - start;
    let cut = 0;
    for (const share of long ? [0.5, 0.65, 0.8, 0.95] : [0.6, 0.9]) {
      const { signal } = await twin(args("often"), {
        started: (child) => {
          setTimeout(() => child.kill("SIGKILL"), whole * share);
        },
      });
      cut += Number(signal === "SIGKILL");
      if (!existsSync(join(folder, "often/dataset.yaml"))) {
        await expect(openDataset(join(folder, "often"))).rejects.toThrow(/is no prepared data set/);
      }
    }
    expect(cut).toBeGreaterThan(0);
    await fine(args("often"));
    expect(columnsOf("often")).toEqual(columnsOf("whole"));
  });
});
