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
import { fine, refused, root, twin } from "../kit/cli.ts";
import { Database } from "../kit/database.ts";
import { long } from "../kit/effort.ts";

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
    expect(csv[3]).toMatch(/^"mean, mean of 2",ensemble,,,2,/);
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
    await fine(args("--seeds", "3", "--export-rows", path("rows.parquet")));
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
    // By the comparison with a third seed.
    const file = path("rows.parquet");
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
      .replace("by:   relevance\n  keep: 4", "by:   match(item.mood)\n  keep: 2");
    writeFileSync(path("models/hard.twin"), hard);
    const of = (name: string) => path(`models/${name}.twin`);
    const out = path("priced");
    const how = ["--seeds", "1", "--trials", "1", "--hit-rate", "6", "--threads", "1"];
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
    // And of a build: the same rows, told from those of a file that it was not made of.
    await fine(["build", of("hard"), "-o", path("hard"), "--weights", weights]);
    const evaluate = ["evaluate", path("hard"), "--data", path("data.yaml"), "--threads", "1", "--search-price"];
    const { labels, searchPrice } = JSON.parse((await fine([...evaluate, of("hard"), "--json"])).stdout);
    expect(searchPrice).toEqual({
      file: of("hard"),
      labels: [{ label: "click", auc: label.auc - labels[0].auc, gauc: label.gauc - labels[0].gauc }],
    });
    expect(searchPrice.labels[0].auc).toBe(systems[0].price?.auc);
    const said = await fine([...evaluate, of("hard"), "--users", "9", "--part", "validation"]);
    expect(said.stdout).toMatch(/price of the search: what .*\n {2}click: AUC [+−]\d\.\d{5}, GAUC [+−]\d\.\d{5}\n/);
    await refused(
      1,
      [...evaluate, of("oracle")],
      [/hard was not built of this file alone: its train\/\w+\.onnx would be/],
    );
    await refused(2, [...evaluate, of("hard"), "--serving"], ["leave out --serving"]);
    expect(readFileSync(join(out, "report.csv"), "utf8")).toContain(`,${systems[0].price?.auc},`);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("price of the search");
    // Hit rates are of one k, the most that a file keeps: one that keeps fewer is searched again with it, as another model would.
    writeFileSync(path("models/four.twin"), hard.replace("keep: 2", "keep: 4"));
    await fine(["build", path("models/four.twin"), "-o", path("four"), "--weights", weights]);
    await fine(["table", "build", path("four"), "--data", path("data.yaml")]);
    const byHand = await fine([
      "evaluate",
      path("four"),
      "--data",
      path("data.yaml"),
      ...["--hit-rate", "6", "--threads", "1", "--json"],
    ]);
    const [{ wanted, hits, byK }] = JSON.parse(byHand.stdout).hitRate.tables[0].curves;
    const [searched] = systems[0].served!.searches;
    expect(searched).toMatchObject({ name: "nearest", keep: 2, k: 4, wanted, hits, byK });
    expect(systems[1].served!.searches[0]).toMatchObject({ keep: 4, k: 4 });
    expect(readFileSync(join(out, "report.csv"), "utf8").split("\n")[1]).toMatch(new RegExp(`,${hits / wanted},4$`));
    expect(readdirSync(join(out, "runs/hard/seed-1")).sort()).toEqual(
      ["job", "model.twin", "outcome.safetensors", "price.json", "run", "served.json"].sort(),
    );
  }, 240_000);

  it("tries on some users alone, judges on all, and gives all seeds to the best and the named", async () => {
    const third = twinModel.replace("model two", "model third").replace("keep: 4", "keep: 2");
    writeFileSync(path("models/third.twin"), third);
    const out = path("screened");
    const how = ["--seeds", "2", "--trials", "2", "--hit-rate", "0", "--threads", "1", "--trial-users", "25%"];
    const files = ["mean", "two", "third"].map((name) => path(`models/${name}.twin`));
    const few = ["--few", "1", "--best", "1", "--keep", "mean"];
    const run = () => fine(["compare", ...files, "--data", path("data.yaml"), "-o", out, ...how, ...few]);
    await run();
    const found = (): ComparisonReport => JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
    const { systems, screening } = found();
    const models = systems.filter(({ kind }) => kind === "model");
    for (const { trials } of models) {
      expect(trials.map(({ users }) => users)).toEqual([
        { taken: 10, of: 40 },
        { taken: 10, of: 40 },
      ]);
    }
    expect(screening).toMatchObject({ few: 1, best: 1, by: "auc" });
    const order = [...screening!.systems].sort((a, b) => b.validation! - a.validation!);
    for (const { name, taken } of screening!.systems) {
      expect(taken).toBe(name === order[0].name ? "best" : name === "mean" ? "named" : null);
      expect(models.find((one) => one.name === name)!.seeds).toBe(taken === null ? 1 : 2);
    }
    const left = screening!.systems.filter(({ taken }) => taken === null);
    expect(left.length).toBeGreaterThan(0);
    // Its own evaluation of that run, on the whole validation part.
    const lines = readFileSync(join(out, "runs/two/seed-1/run/metrics.jsonl"), "utf8").trim().split("\n");
    const evaluated = lines.map((line) => JSON.parse(line)).filter(({ validation }) => validation !== undefined);
    expect(evaluated.map(({ validation }) => validation.auc)).toContain(screening!.systems[1].validation);
    const text = readFileSync(join(out, "report.txt"), "utf8");
    expect(text).toMatch(new RegExp(`^${left[0].name} .* 2 +10 of 40 +1 † `, "m"));
    expect(text).toContain("seeds: every model has 1; the best by mean AUC of these on the validation part have all (");
    expect(text).toContain(`† stayed with 1 (${left[0].name} `);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("10 of 40");
    const csv = readFileSync(join(out, "report.csv"), "utf8").split("\n");
    expect(csv[0]).toContain("kind,trials,trial_users,seeds,");
    expect(csv[1]).toMatch(/^"?mean"?,model,2,10,2,/);
    // Nothing is trained again; with other users every trial is.
    const trainings = ({ stderr }: { readonly stderr: string }) => stderr.match(/^samples: /gm)?.length ?? 0;
    expect(trainings(await run())).toBe(0);
    expect(found().systems.map(({ auc }) => auc)).toEqual(systems.map(({ auc }) => auc));
    if (long) {
      how[how.length - 1] = "100%";
      expect(trainings(await run())).toBeGreaterThanOrEqual(6);
      expect(found().systems[0].trials.map(({ users }) => users)).toEqual([
        { taken: 40, of: 40 },
        { taken: 40, of: 40 },
      ]);
    }
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
    const how = ["compare", model, "--data", data, "-o", path("none"), "--seeds", "2"];
    await ends([...how, "--few", "2"], "--few 2 leaves no seeds for the best: name fewer than the 2 of --seeds");
    await ends([...how, "--keep", "mean"], "add --few N");
    await ends([...how, "--few", "1", "--keep", "twin"], "there is no model of that name among these: mean");
    for (const wrong of ["0", "120%", "some"]) {
      await ends([...how, "--trial-users", wrong], "a share");
    }
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
