// What is said of samples whose lists cannot be: the file, the column, the row, and the way out.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/index.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";
import { prepared, t0 } from "../kit/prepared.ts";

afterAll(cleanUp);
const timed = readManifest(built(videoModel({ max: 3 })));
const counted = readManifest(built(videoModel({ max: 3 }).replace("at: [1h, 1d]", "at: [2, 4]")));

const heading = "user,video,time,click,hour,recall,age,category,duration,seq,times,progresses";
const rest = ["1,0,0.5,20,1,10", "0,1,0.5,20,2,20"];

/** Two rows; `lists` are the cells of the second, as `seq,times,progresses`. */
const file = (lists: string): string => `${heading}\n1,7,${t0},${rest[0]},,,\n1,8,${t0 + 9},${rest[1]},${lists}\n`;

const listed = (settings: string): string => `samples:
  file: s.csv
  user: user
  item: video
  time: time
  histories:
    watched: {${settings}}
columns: {predict.click: click, item.topics: "[]::VARCHAR[]", item.cover: "[1.0, 2.0, 3.0]"}
`;
const whole = `item: seq, by: "|", time: times, columns: {watched.progress: progresses}`;

async function report(content: string, yaml: string, model = timed) {
  const folder = temporary();
  writeFiles(folder, { "s.csv": content });
  return checkData(parseBinding(yaml, join(folder, "data.yaml")), model);
}

const good = `3|7,${t0 - 9}|${t0},0.5|0.7`;

describe("lists that cannot be", () => {
  it.each([
    [
      "ragged",
      `3|7|9,${t0 - 9}|${t0},0.1|0.2|0.3`,
      /s\.csv, row 2, column `times`: it has 2 values, and the history has 3 in `seq`/,
    ],
    [
      "ragged beside nothing",
      `3|7,${t0 - 9}|${t0},`,
      /row 2, column `progresses`: it has 0 values, and the history has 2 in `seq`: parallel/,
    ],
    [
      "a text among whole numbers",
      `3|x|7,${t0}|${t0}|${t0},1|1|1`,
      /row 2, column `seq`: "x" in the list does not fit; whole numbers of 64 bits are due/,
    ],
    ["a fraction among whole numbers", `3|7.5,${t0}|${t0},1|1`, /row 2, column `seq`: "7\.5" in the list does not fit/],
    [
      "a text among numbers",
      `3|7,${t0}|${t0},0.5|half`,
      /row 2, column `progresses`: "half" in the list does not fit; numbers are due/,
    ],
    ["a text among times", `3|7,${t0}|noon,0.5|0.7`, /row 2, column `times`: "noon" in the list does not fit; seconds/],
    [
      "times in milliseconds",
      `3|7,${t0 - 9}000|${t0}000,0.5|0.7`,
      /row 2, column `times`: .*lies outside 1990–2100; it looks like ms/,
    ],
    ["a missing time", `3|7,${t0 - 9}|,0.5|0.7`, /row 2, column `times`: the time of a behaviour is missing/],
  ])("%s", async (_, lists, message) => {
    await expect(report(file(lists), listed(whole))).rejects.toThrow(message);
  });

  it.each([
    ["a column that is not there", whole.replace("item: seq", "item: sequence"), /data\.yaml:\d+:\d+: .*`sequence`/],
    [
      "a parallel column that is not there",
      whole.replace("progresses", "progres"),
      /`progres`.*did you mean|no column `progres`/,
    ],
    [
      "no separator",
      whole.replace('by: "|", ', ""),
      /row 2, column `seq`: "3\|7" is no list such as \[1, 7, 24\]; say what separates its values, as in `by: "\|"`/,
    ],
    [
      "no list of a cross feature",
      whole.replace(", columns: {watched.progress: progresses}", ""),
      /nothing says where watched\.progress of the past behaviours stands/,
    ],
    [
      "an unknown feature",
      whole.replace("watched.progress:", "watched.progres:"),
      /`watched\.progres` is neither a cross feature/,
    ],
    [
      "durations without times",
      whole.replace(", time: times", ""),
      /the edges of watched\.ago are durations, and its behaviours have no times/,
    ],
    [
      "known_at",
      whole.replace("progresses}", "{column: progresses, known_at: times}}"),
      /`known_at` tells of one event of a log/,
    ],
  ])("%s", async (_, settings, message) => {
    await expect(report(file(good), listed(settings))).rejects.toThrow(message);
  });

  it.each([
    [
      "events beside samples",
      `events: {file: s.csv, user: user, item: video, time: time}\n${listed(whole)}`,
      /`events` and `samples` are both given/,
    ],
    [
      "settings of a log's history",
      `${listed(whole)}history: {watched: {where: "click"}}\n`,
      /`where` chooses among the events of a log/,
    ],
    [
      "a cross feature among the samples' columns",
      listed(whole).replace("predict.click", "watched.progress: hour, predict.click"),
      /belongs to past behaviours/,
    ],
    [
      "a split by time without one",
      `${listed(whole).replace("  time: time\n", "").replace(", time: times", "")}split: {by: time, train: ..1, test: rest}\n`,
      /a split by time needs `samples\.time`/,
    ],
    [
      "a history that the model has not",
      listed(whole).replace("    watched: {", "    watch: {"),
      /the model small has no history `watch`.*did you mean `watched`/,
    ],
    ["an unknown key", listed(whole).replace('by: "|"', 'be: "|"'), /`be` is not known here.*`by`/],
    [
      "a history without items",
      listed(whole).replace("item: seq, ", ""),
      /`samples\.histories\.watched\.item` is missing/,
    ],
  ])("%s", async (_, yaml, message) => {
    await expect(report(file(good), yaml)).rejects.toThrow(message);
  });
});

describe("lists that are read", () => {
  it("count what is cut, late, blank and empty", async () => {
    const lists = `3|0|4|5|6|7,${[-9, -8, -7, -6, -5, 9].map((at) => t0 + at).join("|")},1|1|1|1|1|1`;
    const found = await report(file(lists), listed(`${whole}, padding: 0`));
    expect(found.lists).toMatchObject([
      { lists: 2, behaviours: 3, empty: 1, longest: 4, long: 1, cut: 1, late: 1, blank: 1, unordered: 0, timed: true },
    ]);
    expect(found.warnings.join()).toContain("1 behaviours are not strictly before their sample");
    expect(found.users).toBe(1);
  });

  it("are put into the order of their times, with a word", async () => {
    const found = await report(file(good), listed(`${whole}, newest: first`));
    expect(found.lists).toMatchObject([{ unordered: 1, behaviours: 2 }]);
    expect(found.warnings.join()).toMatch(/1 of 2 lists do not stand in the order of their times: they are sorted/);
  });

  it("without times or users count positions, and the check says what it cannot know", async () => {
    const yaml = listed(whole).replace("  time: time\n", "").replace("  user: user\n", "").replace(", time: times", "");
    const found = await report(file(good), yaml, counted);
    expect(found).toMatchObject({ users: 2, clock: { unit: "steps", first: 0, last: 2 } });
    expect(found.warnings.join()).toMatch(/nothing here shows whether one holds its sample's own event, or later ones/);
  });

  it("of a whole float, of spaces and of one row are whole numbers", async () => {
    const one = `${heading}\n1,7,${t0},${rest[0]}," 3.0 | 7.0",${t0 - 9}|${t0 - 8},0.5| \n`;
    const folder = temporary();
    writeFiles(folder, { "s.csv": one });
    const binding = parseBinding(listed(whole), join(folder, "data.yaml"));
    const { report: found } = await prepared(binding, timed, { samples: "all" });
    expect(found).toMatchObject({ items: 2, lists: [{ lists: 1, behaviours: 2, unknown: 0 }] });
  });

  it("that end with the candidate itself are the classical leak", async () => {
    const rows = Array.from({ length: 60 }, (_, i) => {
      const click = i % 2;
      const past = [i % 7, (i + 3) % 11, click === 1 ? 20 + (i % 5) : i % 5];
      return `${i},${20 + (i % 5)},${t0},${click},1,0.5,20,1,10,${past.join("|")},,1|1|1`;
    });
    const yaml = listed(whole).replace("  time: time\n", "").replace(", time: times", "");
    const found = await report(`${heading}\n${rows.join("\n")}\n`, yaml, counted);
    expect(found.warnings.join()).toMatch(
      /in 100 % of the 30 positives the newest behaviour is the candidate itself \(the one before it in 0\.00 %, of samples with label 0 in 0\.00 %\): the lists seem to hold the sample's own event/,
    );
    const honest = rows.map((row) => row.replace(/(2\d)\|*,,/, "4,,"));
    const fine = await report(`${heading}\n${honest.join("\n")}\n`, yaml, counted);
    expect(fine.warnings.join()).not.toContain("the candidate itself");
  });
});
