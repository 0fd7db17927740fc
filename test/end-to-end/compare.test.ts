// `twin compare` as a user runs it: what it writes, what it leaves out, that nothing is done twice, and what it refuses.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differsFrom } from "../../cli/compare/differs.ts";
import type { ComparisonReport } from "../../cli/compare/report.ts";
import { trialsOf } from "../../cli/compare/trials.ts";
import { check } from "../../compiler/check/check.ts";
import { joined } from "../../compiler/source/joined.ts";
import { load } from "../../compiler/source/load.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, root, twin } from "../kit/cli.ts";
import { Database } from "../kit/database.ts";

afterAll(cleanUp);

const base = `item {
  song: id(vocab: 60, dim: 4, key: true)
  mood: id(vocab: 6, dim: 4)
}

history heard {
  of:  item
  max: 20
}

tower ranking {
  input:  [interest, item]
  hidden: [8]

  predict {
    click: binary
  }
}

train {
  batch:  64
  epochs: 1
}
`;
const meanModel = `model mean

import "./base.twin"

attend interest {
  over: heard
  by:   mean
}
`;
const twinModel = `model two

import "./base.twin"

metric relevance {
  query: item
  keys:  heard.item
  dim:   4
}

search nearest {
  from: heard
  by:   relevance
  keep: 4
}

attend interest {
  over: nearest
  by:   relevance
}
`;

let folder: string;
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = temporary();
  let last = 3;
  const draw = (below: number) => {
    last = (last * 48271) % 2147483647;
    return last % below;
  };
  const lines = ["user,song,mood,time,clicked"];
  for (let row = 0; row < 1500; row++) {
    const [user, song] = [draw(40), 1 + draw(58)];
    const mood = song % 5;
    lines.push([user, song, mood, 1_700_000_000 + row * 60, Number(draw(10) < (mood === user % 5 ? 8 : 3))].join(","));
  }
  writeFileSync(path("events.csv"), `${lines.join("\n")}\n`);
  writeFileSync(
    path("data.yaml"),
    `events: {file: events.csv, user: user, item: song, time: time}
columns: {predict.click: clicked}
split: {by: share, train: 0.6, validation: 0.2}
`,
  );
  mkdirSync(path("models"));
  for (const [name, text] of Object.entries({ base, mean: meanModel, two: twinModel })) {
    writeFileSync(path(`models/${name}.twin`), text);
  }
});

const args = (...more: string[]) => [
  "compare",
  ...["mean", "two", "base"].map((name) => path(`models/${name}.twin`)),
  "--data",
  path("data.yaml"),
  "-o",
  path("report"),
  ...["--seeds", "2", "--trials", "2", "--hit-rate", "3", "--threads", "1"],
  ...more,
];
const outcomes = (): string[] =>
  readdirSync(path("report/runs"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("outcome.safetensors"),
  );
const report = (): ComparisonReport => JSON.parse(readFileSync(path("report/report.json"), "utf8"));

describe("a comparison", () => {
  it("tries each model as often, judges fresh seeds, and writes text, JSON, CSV and a page", async () => {
    await fine(args());
    const { systems, pairs, rows } = report();
    expect(systems.map(({ name, kind, seeds }) => [name, kind, seeds])).toEqual([
      ["mean", "model", 2],
      ["two", "model", 2],
      ["mean, mean of 2", "ensemble", 2],
      ["two, mean of 2", "ensemble", 2],
    ]);
    expect(systems.map(({ trials }) => trials.length)).toEqual([2, 2, 0, 0]);
    expect(outcomes().length).toBe(8);
    expect(rows).toBeGreaterThan(200);
    expect(pairs.auc.length).toBe(1);
    expect(report().alike?.models.map(({ atSamples }) => typeof atSamples)).toEqual(["number", "number"]);
    expect(systems[1].served?.searches[0].wanted).toBeGreaterThan(0);
    expect(systems[0].served?.searches).toEqual([]);
    expect(readFileSync(path("report/report.txt"), "utf8")).toContain("mean, mean of 2");
    const csv = readFileSync(path("report/report.csv"), "utf8").trim().split("\n");
    expect(csv.length).toBe(5);
    expect(csv[3]).toMatch(/^"mean, mean of 2",ensemble,2,/);
    expect(new Set(csv.map((line) => line.replace(/"[^"]*"/, "x").split(",").length)).size).toBe(1);
    const page = readFileSync(path("report/report.html"), "utf8");
    expect(page).toContain("uPlot");
    expect(page).not.toMatch(/(?:src|href)=/);
  }, 240_000);

  it("does nothing twice, and after a loss what is missing alone, with the same figures", async () => {
    const before = report();
    rmSync(path("report/runs/two/seed-2"), { recursive: true });
    const begun = Date.now();
    await fine(args());
    const after = report();
    for (const i of [0, 1]) {
      expect([after.systems[i].auc, after.systems[i].gauc]).toEqual([before.systems[i].auc, before.systems[i].gauc]);
      expect(after.systems[i].served).toEqual(before.systems[i].served);
    }
    expect(after.pairs).toEqual(before.pairs);
    expect(Date.now() - begun).toBeLessThan(60_000);
  }, 240_000);

  it("takes another seed into account without training the rest anew", async () => {
    const marks = outcomes();
    await fine(args("--seeds", "3"));
    expect(outcomes().length).toBe(marks.length + 2);
    expect(report().systems[0].seeds).toBe(3);
  }, 240_000);

  it("has another system's scores as a row, and says what a file lacks", async () => {
    const events = readFileSync(path("events.csv"), "utf8").trim().split("\n").slice(1);
    const lines = events.map((line, row) => `${row},${line.split(",")[4] === "1" ? 0.7 : 0.4}`);
    writeFileSync(path("other.csv"), `row,click.score\n${lines.join("\n")}\n`);
    await fine(args("--seeds", "3", "--predictions", path("other.csv")));
    const other = report().systems.find(({ kind }) => kind === "predictions");
    expect(other).toMatchObject({ name: "other.csv", auc: { mean: 1 }, ahead: { auc: true } });
    writeFileSync(path("empty.csv"), "row,nothing\n1,2\n");
    const failed = await twin(args("--seeds", "3", "--predictions", path("empty.csv")));
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("empty.csv");
  }, 240_000);

  it("writes its rows and counts for another system, whose scores come back as a row", async () => {
    const file = path("rows.parquet");
    await fine(args("--seeds", "3", "--export-rows", file));
    const database = await Database.open();
    try {
      const read = `read_parquet('${file}')`;
      const names = (await database.all(`DESCRIBE SELECT * FROM ${read}`)).map(({ column_name }) => column_name);
      expect(names.slice(0, 4)).toEqual(["part", "row", "user", "label"]);
      expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/^c\.item\./)]));
      const events = readFileSync(path("events.csv"), "utf8").trim().split("\n").slice(1);
      const rows = await database.all(`SELECT part, row::INTEGER AS row, label FROM ${read} ORDER BY row`);
      expect(rows.map(({ row }) => row)).toEqual(events.map((_, row) => row));
      expect(rows.map(({ label }) => label)).toEqual(events.map((line) => Number(line.split(",")[4])));
      expect(new Set(rows.map(({ part }) => part))).toEqual(new Set(["training", "validation", "test"]));
      const scores = rows.filter(({ part }) => part === "test").map(({ row, label }) => `${row},${label ? 0.9 : 0.1}`);
      writeFileSync(path("back.csv"), `row,click.score\n${scores.join("\n")}\n`);
    } finally {
      database.close();
    }
    await fine(args("--seeds", "3", "--predictions", path("back.csv")));
    expect(report().systems.find(({ kind }) => kind === "predictions")).toMatchObject({ auc: { mean: 1 } });
  }, 240_000);

  it("prices a search: the same weights with the oracle's selection, as a model that searches so would score", async () => {
    const hard = twinModel
      .replace("model two", "model hard")
      .replace("by:   relevance\n  keep", "by:   match(item.mood)\n  keep");
    writeFileSync(path("models/hard.twin"), hard);
    const of = (name: string) => path(`models/${name}.twin`);
    const out = path("priced");
    const how = ["--seeds", "1", "--trials", "1", "--hit-rate", "0", "--threads", "1"];
    await fine(["compare", of("hard"), of("two"), of("mean"), "--data", path("data.yaml"), "-o", out, ...how]);
    const { systems }: ComparisonReport = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
    expect(systems.map(({ price }) => price)).toEqual([
      { auc: expect.any(Number), gauc: expect.any(Number) },
      { auc: 0, gauc: 0 },
      null,
    ]);
    // By hand: the model that selects as it attends, built with the weights of the run.
    writeFileSync(path("models/oracle.twin"), hard.replace("match(item.mood)", "relevance"));
    const weights = join(out, "runs/hard/seed-1/run/weights.safetensors");
    await fine(["build", of("oracle"), "-o", path("oracle"), "--weights", weights]);
    const { stdout } = await fine([
      "evaluate",
      path("oracle"),
      "--data",
      path("data.yaml"),
      "--threads",
      "1",
      "--json",
    ]);
    const [label] = JSON.parse(stdout).labels;
    expect(systems[0].price?.auc).toBeCloseTo(label.auc - systems[0].auc.mean, 9);
    expect(systems[0].price?.gauc).toBeCloseTo(label.gauc - systems[0].gauc.mean, 9);
    expect(systems[0].price?.auc).not.toBe(0);
    expect(readFileSync(join(out, "report.txt"), "utf8")).toContain("price of the search");
    expect(readFileSync(join(out, "report.csv"), "utf8")).toContain(`,${systems[0].price?.auc},`);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("price of the search");
    expect(existsSync(join(out, "runs/hard/oracle"))).toBe(false);
  }, 240_000);

  it("refuses a folder of something else, data without a split, two files of one name, and libraries alone", async () => {
    const ends = async (words: readonly string[], text: string) => {
      const { code, stderr } = await twin(words);
      expect(stderr).toContain(text);
      expect(code).not.toBe(0);
    };
    const [model, data] = [path("models/mean.twin"), path("data.yaml")];
    await ends(["compare", model, "--data", data, "-o", folder], "holds files that are no comparison");
    writeFileSync(path("whole.yaml"), readFileSync(data, "utf8").replace(/split:.*\n/, ""));
    await ends(
      ["compare", model, "--data", path("whole.yaml"), "-o", path("none")],
      "no validation part to choose settings by",
    );
    expect(existsSync(path("none"))).toBe(false);
    await ends(["compare", model, model, "--data", data, "-o", path("none")], "would have one name, mean");
    await ends(
      ["compare", path("models/base.twin"), "--data", data, "-o", path("none")],
      "there is no model among these files",
    );
    await ends(["compare", model, "--data", data, "-o", path("none"), "--label", "like"], "no binary label `like`");
  }, 240_000);
});

const compared = readdirSync(join(root, "models/compare")).filter((name) => !/^(?:base|features)\.twin$/.test(name));

/** One file without imports, and its model. */
function alone(name: string) {
  const file = join(root, "models/compare", name);
  const text = joined(load(file, (one) => readFileSync(one, "utf8")));
  const { model, diagnostics } = check(load(file, () => text));
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return { text, model: model! };
}

describe("the models to compare", () => {
  it.each(compared)("%s is the base with another interest block", (name) => {
    const { model } = alone(name);
    expect(model.name).toBe(name.replace(".twin", ""));
    const apart = differsFrom(alone("twin.twin").model, model);
    // Logistic regression has no layers, and is told so.
    expect(apart.some((line) => line.startsWith("+ wide: "))).toBe(name === "wide.twin");
    expect(apart.length > 0).toBe(name === "wide.twin");
  });

  it.each(compared)("%s has trials of sound settings, the same rates for all", (name) => {
    const { text, model } = alone(name);
    const trials = trialsOf(text, model, 6, 1);
    expect(trials[0].changes).toEqual([]);
    const first = trialsOf(alone("twin.twin").text, alone("twin.twin").model, 6, 1);
    for (const [i, trial] of trials.entries()) {
      const found = check(load(name, () => trial.text));
      expect(found.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
      const rates = (changes: readonly string[]) => changes.filter((change) => change.includes(" rate "));
      expect(rates(trial.changes)).toEqual(rates(first[i].changes));
    }
    expect(new Set(trials.map((trial) => trial.text)).size).toBeGreaterThan(4);
    expect(trialsOf(text, model, 6, 1)).toEqual(trials);
  });
});
