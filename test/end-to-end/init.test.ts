// `twin init`: the example works at once; a draft from a user's own files passes every check; nothing is written over.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { writeFiles } from "../kit/data-files.ts";
import { contents } from "../kit/example-build.ts";

afterAll(cleanUp);

describe("twin init", () => {
  it("makes the example, which checks and prepares", async () => {
    const dir = join(temporary(), "new");
    const { stdout } = await fine(["init", dir]);
    expect(stdout).toMatch(/the model twin\.twin, and 60000 made-up events in data\//);
    const [data, model] = [join(dir, "data/data.yaml"), join(dir, "twin.twin")];
    await fine(["check", model]);
    expect((await fine(["data", "check", data, "--model", model])).stdout).toContain("no errors");
    const before = contents(dir);
    await refused(1, ["init", dir], [/twin\.twin is there already, and `twin init` overwrites nothing/]);
    expect(contents(dir)).toEqual(before);
  });

  it.each([
    ["days beyond 12", (i: number) => `${String(1 + (i % 28)).padStart(2, "0")}/09/2020`, "%d/%m/%Y"],
    ["months first", (i: number) => `09/${String(1 + (i % 28)).padStart(2, "0")}/2020 1${i % 10}:00`, "%m/%d/%Y %H:%M"],
    ["names of months", (i: number) => `May ${1 + (i % 28)} 2020 10:00:0${i % 10} PM`, "%b %d %Y %I:%M:%S %p"],
    [
      "a server's log",
      (i: number) => `${String(1 + (i % 28)).padStart(2, "0")}/May/2020:10:00:00 +0200`,
      "%d/%b/%Y:%H:%M:%S %z",
    ],
  ])("drafts the form of a clock of texts: %s", async (_, text, form) => {
    const folder = temporary();
    const line = (i: number) => `u${i % 9},${i % 17},${i % 2},${text(i)}`;
    writeFiles(folder, {
      "log.csv": `user,item,click,when\n${Array.from({ length: 300 }, (_, i) => line(i)).join("\n")}\n`,
    });
    const dir = join(folder, "draft");
    const { stdout } = await fine(["init", dir, "--from", join(folder, "log.csv")]);
    expect(stdout).toContain(`user: user, item: item, clock: when (${form})`);
    const data = readFileSync(join(dir, "data.yaml"), "utf8");
    expect(data).toContain(`time: {column: when, format: "${form}"}`);
    expect(data).toMatch(/split: \{by: time, train: "\.\.2020-0\d-\d\dT/);
  });

  it("drafts columns whose names are no words", async () => {
    const folder = temporary();
    const line = (i: number) => `u${i % 9},${i % 17},${1 + (i % 5)},${1600000000 + i * 60}`;
    writeFiles(folder, {
      "[log] it's.csv": `null,"it""em",the 'rating',"my time; --"\n${Array.from({ length: 300 }, (_, i) => line(i)).join("\n")}\n`,
    });
    const dir = join(folder, "draft");
    const roles = ["--user", "null", "--item", 'it"em', "--time", "my time; --"];
    const { stdout } = await fine(["init", dir, "--from", join(folder, "[log] it's.csv"), ...roles]);
    expect(stdout).toContain("a first draft without errors");
    const data = readFileSync(join(dir, "data.yaml"), "utf8");
    expect(data).toContain(`user: "null", item: "it\\"em", time: "my time; --"`);
    expect(data).toContain(`predict.liked: "\\"the 'rating'\\" >= 3"`);
  });

  it("does not draft a form that no row tells", async () => {
    const folder = temporary();
    const line = (i: number) => `u${i % 9},${i % 17},${i % 2},0${1 + (i % 9)}/0${1 + (i % 8)}/2020`;
    writeFiles(folder, {
      "log.csv": `user,item,click,when\n${Array.from({ length: 300 }, (_, i) => line(i)).join("\n")}\n`,
    });
    await refused(
      1,
      ["init", join(folder, "draft"), "--from", join(folder, "log.csv")],
      [/`when` holds dates, written as `%d\/%m\/%Y` or as `%m\/%d\/%Y`, and no row tells which/],
    );
  });

  it("drafts a model from ratings with genres, dates and odd names", async () => {
    const folder = temporary();
    const line = (i: number) =>
      [
        `u${i % 12}`,
        10 + ((i * 7) % 25),
        1 + ((i * 3) % 5),
        new Date(1.5e12 + i * 3.6e6).toISOString().slice(0, 19),
        (i % 7) / 2,
        "",
      ].join();
    const movies = Array.from({ length: 25 }, (_, i) =>
      [
        10 + i,
        `"Film, number ${i}"`,
        ["Comedy|Drama", "Drama", "Action|Comedy|War"][i % 3],
        1950 + i * 2,
        ["a", "b"][i % 2],
      ].join(),
    );
    writeFiles(folder, {
      "ratings.csv": `userId,movieId,rating,timestamp,Time spent (h),empty\n${Array.from({ length: 400 }, (_, i) => line(i)).join("\n")}\n`,
      "movies.csv": `movieId,title,genres,year,Studio Name\n${movies.join("\n")}\n`,
    });
    const dir = join(folder, "draft");
    const { stdout, stderr } = await fine([
      "init",
      dir,
      "--from",
      join(folder, "ratings.csv"),
      "--items",
      join(folder, "movies.csv"),
    ]);
    expect(stdout).toContain("user: userId, item: movieId, clock: timestamp (s)");
    expect(stdout).toContain('labels: "rating" >= 3');
    expect(stderr).toContain("no feature was made of `empty`: it is empty");
    const model = readFileSync(join(dir, "draft.twin"), "utf8");
    for (const feature of [
      /movie_id: +vocabulary\(max: 30, min_count: 1, dim: 16, key: true\)/,
      /genres: +tags\(/,
      /year: +bucketed\(at: quantiles\(20\), dim: 4\)/,
      /studio_name: +vocabulary\(/,
      /rating: +id\(vocab: 6/,
      /time_spent_h: +bucketed\(/,
      /user_id: +vocabulary\(max: 15, min_count: 1, dim: 16\)/,
    ]) {
      expect(model).toMatch(feature);
    }
    const data = readFileSync(join(dir, "data.yaml"), "utf8");
    for (const text of [
      'file: "../ratings.csv"',
      'item.genres: {split: {column: "genres", by: "|"}}',
      'seen.time_spent_h: "Time spent (h)"',
    ]) {
      expect(data).toContain(text);
    }
    const words = [join(dir, "data.yaml"), "--model", join(dir, "draft.twin")];
    await fine(["data", "check", ...words]);
    await fine(["data", "prepare", ...words, "-o", join(folder, "cache")]);
    expect((await fine(["format", "--check", join(dir, "draft.twin")])).code).toBe(0);
    await refused(1, ["init", dir, "--from", join(folder, "ratings.csv")], [/draft\.twin is there already/]);
  });

  it("draws negatives for a log of what was chosen, with steps in the place of a clock, from one file", async () => {
    const folder = temporary();
    const lines = Array.from({ length: 300 }, (_, i) => [i % 20, `p${(i * 11) % 30}`, i].join());
    writeFileSync(join(folder, "log.csv"), `customer,product,step\n${lines.join("\n")}\n`);
    const dir = join(folder, "draft");
    const { stdout } = await fine(["init", dir, "--from", join(folder, "log.csv")]);
    expect(stdout).toContain("clock: step (steps)");
    expect(stdout).toContain(
      "every event counts as chosen, and negatives are drawn, among what a user has met as well, as",
    );
    expect(stdout).toMatch(
      /^ {2}[\d,]+ negatives are drawn; \d+ of the positives are of items that their user had met before$/m,
    );
    expect(readFileSync(join(dir, "data.yaml"), "utf8")).toContain("by: popularity, met: allow}");
    const words = [join(dir, "data.yaml"), "--model", join(dir, "draft.twin")];
    const prepared = await fine(["data", "prepare", ...words, "-o", join(folder, "cache")]);
    expect(prepared.stdout).toMatch(/\d+ of them drawn negatives/);
  });

  it("finds in one log what belongs to the item and to the user, and tables are built from it", async () => {
    const folder = temporary();
    const lines = Array.from({ length: 600 }, (_, i) => {
      const [user, item] = [(i * 7) % 20, (i * 11) % 30];
      return [`v${user}`, `p${item}`, 1.6e9 + i * 60, i % 2, 7000 + 977 * (item % 4), `city${user % 3}`, i % 50].join();
    });
    writeFileSync(join(folder, "log.csv"), `visitor,sku,at,bought,brand,city,price\n${lines.join("\n")}\n`);
    const dir = join(folder, "draft");
    await fine(["init", dir, "--from", join(folder, "log.csv")]);
    const [model, data] = [join(dir, "draft.twin"), join(dir, "data.yaml")];
    const [item, user, cross] = readFileSync(model, "utf8").split(/^user \{|^history /m);
    // Few whole numbers far apart are names.
    expect(item).toMatch(/brand: +vocabulary\(/);
    expect(user).toMatch(/city: +vocabulary\(/);
    expect(cross.split("}")[0]).toMatch(/bought: +flag\([^}]*price: +bucketed\(/);
    const built = join(folder, "built");
    await fine(["build", model, "-o", built, "--data", data]);
    const { stdout } = await fine(["table", "build", built, "--data", data]);
    expect(stdout).toMatch(/generation 1, 30 items/);
    expect((await fine(["data", "check", data, "--model", model])).stdout).toContain("30 items; the events name 30");
  });

  it("drafts what trains, builds, has tables and ranks, whatever the columns are called", async () => {
    const folder = temporary();
    const line = (i: number) =>
      [
        `用户${i % 9}`,
        `p${(i * 7) % 31}`,
        1.6e9 + i * 60,
        i % 2,
        (i * 5) % 7,
        30 + i / 977,
        `城${i % 4}`,
        `x${i % 3}|y`,
      ].join();
    writeFiles(folder, {
      "log.csv": `user_id,item_id,time,click,cross,纬度,城市,row\n${Array.from({ length: 400 }, (_, i) => line(i)).join("\n")}\n`,
    });
    const dir = join(folder, "draft");
    const { stderr } = await fine(["init", dir, "--from", join(folder, "log.csv")]);
    expect(stderr).not.toContain("no feature was made");
    const [model, data] = [join(dir, "draft.twin"), join(dir, "data.yaml")];
    await fine(["check", model]);
    const [run, built] = [join(folder, "run"), join(folder, "built")];
    await fine(["train", model, "--data", data, "-o", run, "--steps", "2"]);
    await fine(["build", model, "--weights", join(run, "weights.safetensors"), "--data", data, "-o", built]);
    expect((await fine(["table", "build", built, "--data", data])).stdout).toMatch(/generation 1, 31 items/);
    await fine(["score", built, "--data", data, "-o", join(folder, "scores.csv")]);
    expect(readFileSync(join(folder, "scores.csv"), "utf8").split("\n").length).toBeGreaterThan(400);
  });

  it("says what it cannot find, and writes nothing", async () => {
    const folder = temporary();
    writeFileSync(join(folder, "log.csv"), "a,b,c\n1,2,3\n2,3,4\n");
    const dir = join(folder, "draft");
    const events = ["--from", join(folder, "log.csv")];
    await refused(
      1,
      ["init", dir, ...events],
      [/no column of the events is a clock.*--time COLUMN, one of `a`, `b`, `c`/],
    );
    await refused(
      1,
      ["init", dir, ...events, "--time", "a"],
      [/which column of the events is the item\? Say it: --item COLUMN, one of `b`, `c`/],
    );
    await refused(
      1,
      ["init", dir, ...events, "--time", "a", "--item", "x"],
      [/the events have no column `x` \(--item\)/],
    );
    await refused(1, ["init", dir, "--from", join(folder, "none.csv")], [/--from: there is no file/]);
    await refused(2, ["init", dir, "--items", join(folder, "log.csv")], [/--items says something of your own files/]);
    expect(contents(folder).size).toBe(1);
  });
});
