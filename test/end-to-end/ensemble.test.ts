// `twin train --ensemble N`: members are plain runs of their seeds, trained once however often the ensemble is stopped, and
// judged together by the mean of their logits.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auc } from "../../runtime/metrics/auc.ts";
import { logloss } from "../../runtime/metrics/logloss.ts";
import { readMetrics } from "../../runtime/train/metrics-log.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused, twin } from "../kit/cli.ts";
import { leanModel } from "../kit/example-build.ts";

let folder: string;
let model: string;
let data: string;
let ensemble: string;

const words = (run: string, ...more: string[]) => [
  ...["train", model, "--data", data, "-o", run, "--threads", "2", "--steps", "8", "--evaluate-every", "4"],
  ...["--checkpoint-every", "2", ...more],
];
const bytes = (...path: string[]) => readFileSync(join(...path)).toString("base64");

beforeAll(async () => {
  folder = temporary();
  model = leanModel(folder);
  data = join(folder, "data/data.yaml");
  ensemble = join(folder, "ensemble");
  await fine(["example", join(folder, "data"), "--users", "20", "--items", "100", "--behaviours", "40"]);
  await fine(words(ensemble, "--ensemble", "3"));
}, 240_000);
afterAll(cleanUp);

describe("an ensemble", () => {
  it("has a run of each seed, the first of which is the run without an ensemble", async () => {
    expect(readdirSync(ensemble).sort()).toEqual(["1", "2", "3", "data", "ensemble.yaml"]);
    const alone = join(folder, "alone");
    const other = join(folder, "other");
    await fine(words(alone, "--cache", join(ensemble, "data")));
    const { seed } = JSON.parse((await evaluated()).stdout).members[1];
    await fine(words(other, "--cache", join(ensemble, "data"), "--seed", String(seed)));
    for (const [run, member] of [
      [alone, "1"],
      [other, "2"],
    ] as const) {
      expect(bytes(ensemble, member, "weights.safetensors")).toBe(bytes(run, "weights.safetensors"));
    }
    expect(bytes(ensemble, "3", "weights.safetensors")).not.toBe(bytes(ensemble, "2", "weights.safetensors"));
  });

  it("goes on where it was stopped, without training again what was done; one with more members trains those", async () => {
    const run = join(folder, "stopped");
    cpSync(ensemble, run, { recursive: true });
    rmSync(join(run, "3"), { recursive: true });
    const { code, stderr } = await twin(words(run, "--resume"), {
      started(child) {
        const timer = setInterval(() => {
          if (existsSync(join(run, "3/checkpoint.safetensors"))) {
            clearInterval(timer);
            child.kill("SIGINT");
          }
        }, 5);
        child.on("exit", () => clearInterval(timer));
      },
    });
    expect(code, stderr).toBe(130);
    const logged = statSync(join(run, "2/weights.safetensors")).mtimeMs;
    const { stdout } = await fine(["train", model, "--data", data, "-o", run, "--resume", "--ensemble", "4"], {});
    expect(stdout).toContain(join(run, "4"));
    expect(statSync(join(run, "2/weights.safetensors")).mtimeMs).toBe(logged);
    for (const member of ["1", "2", "3"]) {
      expect(bytes(run, member, "weights.safetensors")).toBe(bytes(ensemble, member, "weights.safetensors"));
    }
    // As long as the others, though the command no longer says how long.
    expect(readMetrics(join(run, "4")).at(-1)!.step).toBe(8);
  });

  it("is judged by the mean of its members' logits, each member by its own", async () => {
    const report = JSON.parse((await evaluated()).stdout);
    expect(report.members.map((one: { folder: string }) => one.folder)).toEqual(["1", "2", "3"]);
    const columns: Awaited<ReturnType<typeof logitsOf>>[] = [];
    for (const member of ["1", "2", "3"]) {
      columns.push(await logitsOf(member));
    }
    const label = Uint8Array.from(columns[0].map((row) => row.label));
    const mean = Float32Array.from(label, (_, i) => columns.reduce((sum, rows) => sum + rows[i].logit, 0) / 3);
    const figures = report.labels[0];
    expect(figures.label).toBe("click");
    expect(figures.auc).toBeCloseTo(auc({ label, score: mean }), 5);
    expect(figures.logloss).toBeCloseTo(logloss(mean, label), 6);
    columns.forEach((rows, m) => {
      const own = Float32Array.from(rows, ({ logit }) => logit);
      expect(report.members[m].labels[0].auc).toBeCloseTo(auc({ label, score: own }), 6);
    });
  });

  it("prints its members beside the mean", async () => {
    const { stdout } = await fine(["evaluate", ensemble, "--data", data]);
    expect(stdout).toMatch(/^twin, an ensemble of 3, on the test part of .*: \d+ rows of 20 users$/m);
    expect(stdout).toMatch(/^click +seed +AUC +GAUC +logloss$/m);
    expect(stdout).toMatch(/^member 1 +1 +0\.\d{4} +0\.\d{4} +0\.\d{4}$/m);
    expect(stdout).toMatch(/^mean logit +0\.\d{4} +0\.\d{4} +0\.\d{4}$/m);
    expect(stdout).toMatch(/^click +rows +positives/m);
  });

  it("is verified by its members, all of them", async () => {
    const run = join(folder, "verified");
    cpSync(ensemble, run, { recursive: true });
    const { stdout } = await fine(["verify", run]);
    for (const member of ["1", "2", "3"]) {
      expect(stdout).toContain(`${join(run, member)}: `);
      expect(stdout).toMatch(/files of a run/);
    }
    writeFileSync(join(run, "2/data.yaml"), "changed");
    const outcome = await refused(1, ["verify", run], [/2 is not sound: 1 of \d+ checks failed/], /files of a run/);
    expect(outcome.stdout).toContain(`${join(run, "3")}: `);
  });

  it("that no member could begin stands in nobody's way", async () => {
    const run = join(folder, "typo");
    const none = join(folder, "none.yaml");
    const args = ["train", model, "--data", none, "-o", run, "--ensemble", "2"];
    await refused(1, args, [/none\.yaml/]);
    await refused(1, args, [/none\.yaml/]);
  });

  it("is refused where one model is due, with the way out", async () => {
    await refused(
      1,
      ["table", "verify", ensemble],
      [/is an ensemble.*twin build FILE --weights .*1.weights\.safetensors/],
    );
    await refused(2, ["evaluate", ensemble, "--data", data, "--hit-rate"], [/--hit-rate is of one model/]);
    await refused(1, words(ensemble, "--ensemble", "3"), [/holds an ensemble already.*--resume/]);
    await refused(1, words(ensemble, "--resume", "--ensemble", "2"), [/has 3 members/]);
    await refused(1, words(ensemble, "--resume", "--seed", "9"), [/has the seed 1/]);
    await refused(1, words(join(ensemble, "1"), "--ensemble", "2"), [/holds a single run/]);
    await refused(1, words(join(folder, "none"), "--ensemble", "2", "--resume"), [/no ensemble .* to go on with/]);
    await refused(2, words(join(folder, "none"), "--ensemble", "1"), [/from 2 to 100/]);
  });

  it("is refused where a member was trained on other data, or is not done", async () => {
    const run = join(folder, "mixed");
    cpSync(ensemble, run, { recursive: true });
    rmSync(join(run, "2/weights.safetensors"));
    await refused(1, ["evaluate", run, "--data", data], [/2 has no weights\.safetensors yet.*--resume/]);
    const others = join(folder, "others");
    await fine(["example", others, "--users", "20", "--items", "100", "--behaviours", "41"]);
    rmSync(join(run, "2"), { recursive: true });
    const more = [
      "train",
      model,
      "--data",
      join(others, "data.yaml"),
      "-o",
      run,
      "--resume",
      "--cache",
      join(folder, "c"),
    ];
    await refused(1, more, [/was made with other data|was trained with other data/]);
  });
});

const evaluated = () => fine(["evaluate", ensemble, "--data", data, "--json"]);

async function logitsOf(member: string): Promise<{ readonly label: number; readonly logit: number }[]> {
  const built = join(folder, `built-${member}`);
  const rows = join(folder, `rows-${member}.csv`);
  await fine(["build", model, "--weights", join(ensemble, member, "weights.safetensors"), "-o", built]);
  await fine(["evaluate", built, "--data", data, "--rows", rows]);
  const [head, ...lines] = readFileSync(rows, "utf8").trimEnd().split("\n");
  const names = head.split(",");
  const [logit, label] = ["click.logit", "click.label"].map((name) => names.indexOf(name));
  return lines.map((line) => {
    const cells = line.split(",");
    return { label: Number(cells[label]), logit: Number(cells[logit]) };
  });
}
