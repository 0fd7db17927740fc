// `twin data check`, `twin data prepare` and `twin init`: what they print, write and refuse.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused, root, twin } from "../kit/cli.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";
import { contents } from "../kit/example-build.ts";

afterAll(cleanUp);
const t0 = 1_600_000_000;
const head = "user,video,time,progress,click,watch,hour,recall,age";
const rows = (count: number, change: (row: number) => Partial<Record<string, unknown>> = () => ({})): string =>
  Array.from({ length: count }, (_, i) => {
    const row = {
      user: i % 5,
      video: 1 + (i % 4),
      time: t0 + i,
      progress: 0.5,
      click: i % 2,
      watch: 3.5,
      hour: i % 24,
      recall: 0.1,
      age: 30,
    };
    return Object.values({ ...row, ...change(i) }).join();
  }).join("\n");
const items = `${[1, 2, 3].map((video) => JSON.stringify({ video, category: video, duration: 9, topics: ["a"], cover: [1, 2, 3] })).join("\n")}\n`;

interface Case {
  readonly events?: string;
  readonly yaml?: string;
  readonly more?: string;
}

/** A folder with a model, a log and a binding; what a case says is wrong in it. */
function folderOf({ events = `${head}\n${rows(40)}\n`, yaml, more = "" }: Case): {
  data: string;
  model: string;
  folder: string;
} {
  const folder = temporary();
  const text =
    yaml ??
    `events: {file: events.csv, user: user, item: video, time: time}\nitems: {file: items.jsonl, key: video}\ncolumns: {predict.click: click}\n${more}`;
  writeFiles(folder, { "events.csv": events, "items.jsonl": items, "data.yaml": text, "small.twin": videoModel() });
  return { folder, data: join(folder, "data.yaml"), model: join(folder, "small.twin") };
}

describe("twin data check", () => {
  it("says what was read, in text and in JSON, and writes nothing", async () => {
    const { data, model, folder } = folderOf({
      more: "split: {by: time, train: ..1600000029, validation: ..1600000034, test: rest}",
    });
    const before = contents(folder);
    const { stdout, stderr } = await fine(["data", "check", data, "--model", model]);
    for (const line of [
      "40 events of 5 users, from 2020-09-13 12:26:40 to 2020-09-13 12:27:19",
      "3 items; the events name 4, of which 1 have no row in the items file",
      "events a user: 8 at least, 8 in the middle, 8 at 95 %, 8 at most",
      "training: 30 events, 30 with a label, 5 users, 2020-09-13 12:26:40 to 2020-09-13 12:27:09",
      "  click: 50.0 % ones of 30",
      "validation: 5 events",
    ]) {
      expect(stdout).toContain(line);
    }
    expect(stderr).toContain(
      "1 of 4 items of the events have no row in the items file (10 events): they count as the unknown item",
    );
    const report = JSON.parse((await fine(["data", "check", data, "--model", model, "--json"])).stdout);
    expect(report.parts.map(({ samples }: { samples: number }) => samples)).toEqual([30, 5, 5]);
    expect(report.seen).toEqual({ items: 4, withoutRow: 1, events: 10 });
    expect((await fine(["data", "check", data])).stdout).toContain("--model FILE checks features and labels, too");
    expect(contents(folder)).toEqual(before);
  });

  it("shares what is missing of tags by rows, and what is unknown by tags", async () => {
    const of = async (empty: number): Promise<string> => {
      const topics = Array.from({ length: 3 }, (_, i) => (i < empty ? null : ["a", "b", "c"]));
      const { data, model, folder } = folderOf({});
      const lines = topics.map((list, i) =>
        JSON.stringify({ video: i + 1, category: 1, duration: 9, topics: list, cover: [1, 2, 3] }),
      );
      writeFiles(folder, { "items.jsonl": `${lines.join("\n")}\n` });
      return (await fine(["data", "check", data, "--model", model])).stdout;
    };
    expect(await of(1)).toContain("item.topics: 33.3 % missing of 3 lists\n");
    expect(await of(3)).toContain("item.topics: 100 % missing of 3 lists\n");
  });

  it.each([
    ["a text among whole numbers", "x2", /users\.csv, row 3, column `user`: .* whole numbers of 64 bits are due/],
    ["no key", "", /users\.csv, row 3, column `user`: the user's key is missing/],
    ["a key twice", "0", /users\.csv, row 3, column `user`: user 0 was already given in .*users\.csv, row 1;/],
  ])("names the row of a users file with %s", async (_, key, message) => {
    const { data, model, folder } = folderOf({ more: "users: {file: users.csv, key: user}" });
    writeFiles(folder, { "users.csv": `user,age\n0,17\n1,30\n${key},50\n3,20\n` });
    await refused(1, ["data", "check", data, "--model", model], [message]);
    const learned = videoModel().replace("age: bucketed(at: [18, 40], dim: 4)", "age: vocabulary(max: 9, dim: 4)");
    writeFiles(folder, { "small.twin": learned });
    await refused(1, ["build", model, "-o", join(folder, "b"), "--data", data], [message]);
  });

  const wrong: readonly [string, Case, RegExp][] = [
    [
      "a missing file",
      { yaml: "events: {file: none.csv, user: user, item: video, time: time}" },
      /data\.yaml:1:10: there is no file .*none\.csv/,
    ],
    [
      "a feature of dates that nobody said how to read",
      { events: `${head}\n${rows(40, (i) => ({ age: `0${(i % 9) + 1}/03/1990` }))}\n` },
      /events\.csv, row 1, column `age`: this value does not fit; numbers are due, and it is "01\/03\/1990"; of a date write `user\.age: "strptime\(age, '%d\/%m\/%Y'\)"`/,
    ],
    [
      "a window in SQL",
      { more: 'weight: "row_number() OVER ()"' },
      /data\.yaml:4:1: `row_number\(\) OVER \(\)` has a window, which looks at other rows/,
    ],
    [
      "an address",
      { yaml: 'events: {file: "s3://b/e.csv", user: u, item: i, time: t}' },
      /data\.yaml:1:10: s3:\/\/b\/e\.csv is an address/,
    ],
    ["a missing column", { more: "weight: wieght" }, /data\.yaml:4:1: `wieght` is no expression over .*events\.csv/],
    [
      "a column that is not there",
      { yaml: "events: {file: events.csv, user: usr, item: video, time: time}" },
      /data\.yaml:1:28: .*events\.csv has no column `usr`; did you mean `user`/,
    ],
    [
      "a missing timestamp",
      { events: `${head}\n${rows(9, (i) => (i === 6 ? { time: "" } : {}))}\n` },
      /events\.csv, row 7, column `time`: the time is missing; every event needs one/,
    ],
    [
      "a clock in another unit",
      { events: `${head}\n${rows(9, (i) => ({ time: (t0 + i) * 1000 }))}\n` },
      /events\.csv, row 1, column `time`: .* seconds lie outside 1990–2100; it looks like ms/,
    ],
    [
      "an event without an item",
      { events: `${head}\n${rows(9, (i) => (i === 2 ? { video: "" } : {}))}\n` },
      /events\.csv, row 3, column `video`: the event has no item/,
    ],
    [
      "no label at all",
      {
        events: `${head.replace("click", "klick").replace("watch", "w")}\n${rows(9)}\n`,
        yaml: "events: {file: events.csv, user: user, item: video, time: time}\nitems: {file: items.jsonl, key: video}",
      },
      /no label of the model is in the data; add `predict\.click: "…"` under columns/,
    ],
    [
      "a label that is never 1",
      { events: `${head}\n${rows(9, () => ({ click: 0 }))}\n` },
      /data\.yaml:3:11: label `click` is never 1 in the training part \(9 samples\)/,
    ],
    [
      "a label that is no 0 or 1",
      { events: `${head}\n${rows(9, (i) => ({ click: i }))}\n` },
      /events\.csv, row 3, column `click`: 2\.0 is no binary label: 0 or 1 are due/,
    ],
    [
      "a NaN label",
      { events: `${head}\n${rows(9, (i) => (i === 4 ? { watch: "nan" } : {}))}\n` },
      /events\.csv, row 5, column `watch`: NaN or infinite is no label/,
    ],
    [
      "a feature of the wrong type",
      { events: `${head}\n${rows(9, (i) => (i === 5 ? { hour: "noon" } : {}))}\n` },
      /events\.csv, row 6, column `hour`: this value does not fit; whole numbers are due/,
    ],
    [
      "a feature that float32 cannot hold",
      { events: `${head}\n${rows(9, (i) => (i === 5 ? { recall: "1e300" } : {}))}\n` },
      /events\.csv, row 6, column `recall`: feature candidate\.recall: .*finite number/,
    ],
    [
      "an empty training part",
      { more: "split: {by: time, train: ..2019-01-01, validation: ..2020-12-31, test: rest}" },
      /data\.yaml:4:19: the training part has no samples \(the events lie from 2020-09-13T12:26:40 to/,
    ],
    [
      "an empty validation part",
      { more: "split: {by: time, train: ..2020-12-31, validation: ..2021-01-31, test: rest}" },
      /data\.yaml:4:40: the validation part has no samples/,
    ],
  ];

  it.each(wrong)("refuses %s, with the place and a way out", async (_, what, message) => {
    const { data, model } = folderOf(what);
    await refused(1, ["data", "check", data, "--model", model], [message]);
  });

  it("refuses a damaged Parquet file, and data that is not there", async () => {
    const { data, model, folder } = folderOf({
      yaml: "events: {file: events.parquet, user: user, item: video, time: time}\nitems: {file: items.jsonl, key: video}\ncolumns: {predict.click: click}",
    });
    await ask(`COPY (SELECT * FROM read_csv('${join(folder, "events.csv")}')) TO '${join(folder, "events.parquet")}'`);
    const path = join(folder, "events.parquet");
    await fine(["data", "check", data, "--model", model]);
    truncateSync(path, readFileSync(path).length - 40);
    await refused(1, ["data", "check", data, "--model", model], [/events\.parquet/]);
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 30), Buffer.alloc(60, 0xff), bytes.subarray(90)]));
    await refused(1, ["data", "prepare", data, "--model", model, "-o", join(folder, "cache")], [/events\.parquet/]);
    await refused(
      1,
      ["data", "check", join(folder, "none.yaml")],
      ["none.yaml: there is no such file; name a data binding"],
    );
    await refused(2, ["data", "prepare", data, "-o", join(folder, "cache")], ["--model"]);
  });
});

describe("twin data prepare", () => {
  const prepared = { data: "", model: "", cache: "" };
  beforeAll(() => {
    const made = folderOf({ more: "split: {by: share, train: 60%, validation: 20%, test: rest}" });
    Object.assign(prepared, made, { cache: join(made.folder, "cache") });
  });
  const words = () => ["data", "prepare", prepared.data, "--model", prepared.model, "-o", prepared.cache];

  it("writes a folder that is found again", async () => {
    const { stdout } = await fine(words());
    expect(stdout).toContain("cache: 20 training, 10 validation and 10 test samples");
    const again = await fine(words());
    expect(again.stdout).toContain("it was prepared already");
    const report = JSON.parse((await fine([...words(), "--json"])).stdout);
    expect([report.reused, report.fingerprint.length]).toEqual([true, 64]);
  });

  it("killed at any moment, leaves what goes on to the same fingerprint", async () => {
    const folder = temporary();
    await fine(["example", join(folder, "data"), "--users", "60", "--items", "500", "--behaviours", "400"]);
    for (const name of ["twin.twin", "features.twin"]) {
      copyFileSync(join(root, "models", name), join(folder, name));
    }
    const line = (cache: string) => [
      "data",
      "prepare",
      join(folder, "data/data.yaml"),
      "--model",
      join(folder, "twin.twin"),
      "-o",
      cache,
      "--json",
    ];
    const began = performance.now();
    const whole = JSON.parse((await fine(line(join(folder, "whole")))).stdout);
    const took = performance.now() - began;
    const cache = join(folder, "cache");
    const whenFilesStand = (kill: () => void) => {
      const looks = setInterval(() => {
        if (!existsSync(cache) || readdirSync(cache).length === 0) {
          return;
        }
        clearInterval(looks);
        kill();
      }, 2);
    };
    const after = (wait: number) => (kill: () => void) => void setTimeout(kill, wait);
    const sealed = () => existsSync(join(cache, "dataset.yaml"));
    for (const moment of [whenFilesStand, after(0.4 * took), after(0.6 * took), after(0.8 * took)]) {
      const killed = await twin(line(cache), { started: (child) => moment(() => child.kill("SIGKILL")) });
      expect(killed.code === null || killed.code === 0).toBe(true);
      // A process killed between its last file and its end leaves that file, too: what it leaves is then whole.
      if (moment === whenFilesStand) {
        expect(sealed()).toBe(false);
      }
      if (killed.code === 0) {
        expect(sealed()).toBe(true);
      }
    }
    const resumed = JSON.parse((await fine(line(cache))).stdout);
    expect(resumed.fingerprint).toBe(whole.fingerprint);
    expect(resumed.report).toEqual(whole.report);
  });

  it("leaves other files alone", async () => {
    const foreign = join(temporary(), "mine");
    mkdirSync(foreign);
    writeFileSync(join(foreign, "notes.txt"), "mine");
    await refused(1, [...words().slice(0, -1), foreign], [/holds files that are no prepared data/]);
  });
});
