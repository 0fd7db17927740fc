// `twin train` through the command line: killed at any moment and gone on with, it ends with the same bytes; what it
// learned builds, starts other runs, and what is wrong is told with the way out.
import type { ChildProcess } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSigned, writeSigned } from "../../runtime/host/signed-text.ts";
import { readMetrics } from "../../runtime/train/metrics-log.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, here, refused, twin } from "../kit/cli.ts";
import { times } from "../kit/effort.ts";
import { leanModel } from "../kit/example-build.ts";

const kills = times("TWIN_KILLS", 2);

let folder: string;
let model: string;
let data: string;
let cache: string;
let whole: string;
/** The step whose weights it kept. */
let best: number;
/** A build of them. */
let built: string;

beforeAll(async () => {
  folder = temporary();
  model = leanModel(folder);
  data = join(folder, "data/data.yaml");
  cache = join(folder, "cache");
  whole = join(folder, "whole");
  await fine(["example", join(folder, "data"), "--users", "30", "--items", "200", "--behaviours", "50"]);
  ({ weights: best } = JSON.parse((await fine(trainArgs(whole, "--json"))).stdout));
  built = join(folder, "built");
  await fine(["build", model, "--weights", join(whole, "weights.safetensors"), "-o", built]);
}, 240_000);
afterAll(cleanUp);

const trainArgs = (run: string, ...more: string[]) => [
  ...["train", model, "--data", data, "-o", run, "--cache", cache, "--threads", "2"],
  ...["--checkpoint-every", "3", "--evaluate-every", "10", ...more],
];

const bytes = (run: string, name: string) => readFileSync(join(run, name)).toString("base64");
const hidden = (dir: string) => readdirSync(dir).filter((name) => name.startsWith("."));

describe("a run", () => {
  it("leaves a folder that says what it was, with curves, weights and vocabularies", () => {
    const files = readdirSync(whole);
    for (const name of ["run.yaml", "data.yaml", "metrics.jsonl", "report.html", "weights.safetensors"]) {
      expect(files).toContain(name);
    }
    expect(readdirSync(join(whole, "model")).sort()).toEqual(["features.twin", "twin.twin"]);
    expect(readFileSync(join(whole, "model/twin.twin"), "utf8")).toBe(readFileSync(model, "utf8"));
    expect(readdirSync(join(whole, "vocabularies"))).toEqual(["item.video_id.jsonl"]);
    const lines = readMetrics(whole);
    expect(lines.at(-1)).toMatchObject({ step: 38, validation: { label: "click" } });
    expect(readFileSync(join(whole, "report.html"), "utf8")).toContain("<!doctype html>");
    expect(hidden(whole)).toEqual([]);
  });

  it("builds: the vocabularies beside the weights are found", () => {
    const manifest = readFileSync(join(built, "manifest.yaml"), "utf8");
    expect(manifest).toContain("untrained: false");
    expect(manifest).toContain(`step: ${best}\n`);
    const name = "vocabularies/item.video_id.jsonl";
    expect(bytes(built, name)).toBe(bytes(whole, name));
  });

  it("that was killed again and again ends with the same bytes", { timeout: 120_000 + kills * 60_000 }, async () => {
    const run = join(folder, "killed");
    let cut = 0;
    for (let i = 0; i < kills; i++) {
      const resume = existsSync(join(run, "run.yaml")) ? ["--resume"] : [];
      const steps = readMetricsOf(run);
      const { signal } = await twin(trainArgs(run, ...resume), { started: killAfter(run, steps + 1 + ((5 * i) % 7)) });
      if (signal === "SIGKILL") {
        cut++;
      } else {
        break;
      }
    }
    expect(cut).toBeGreaterThan(Math.min(kills, 3) - 1);
    await fine(trainArgs(run, "--resume"), {});
    for (const name of ["weights.safetensors", "checkpoint.safetensors"]) {
      expect(bytes(run, name), name).toBe(bytes(whole, name));
    }
    expect(readMetrics(run).map(({ step }) => step)).toEqual(readMetrics(whole).map(({ step }) => step));
    expect(hidden(run)).toEqual([]);
  });

  it("that is stopped by Ctrl-C has a checkpoint, and goes on", async () => {
    const run = join(folder, "stopped");
    const { code, stderr } = await twin(trainArgs(run), { started: killAfter(run, 5, "SIGINT") });
    expect(code, stderr).toBe(130);
    expect(stderr).toMatch(/stopped: after step \d+ of 38; the checkpoint is in .*--resume/);
    await fine(trainArgs(run, "--resume"));
    expect(bytes(run, "weights.safetensors")).toBe(bytes(whole, "weights.safetensors"));
  });

  it("that was moved goes on in its new place, with its own data; scoring does not replace these", async () => {
    const alone = (run: string, ...more: string[]) => [
      ...["train", model, "--data", data, "-o", run, "--threads", "2", "--checkpoint-every", "3", ...more],
    ];
    const run = join(folder, "first-place");
    await fine(alone(run, "--steps", "4"));
    const moved = join(folder, "second-place");
    renameSync(run, moved);
    const { stderr } = await fine(alone(moved, "--resume", "--steps", "6"));
    expect(stderr).toContain("(prepared before)");
    expect(existsSync(run)).toBe(false);
    const score = ["score", built, "--data", data, "-o", join(folder, "scores.csv"), "--cache", join(moved, "data")];
    await refused(1, score, ["holds what `twin train` prepared", "Name another folder with --cache"]);
    // As a run of before was recorded, which was moved afterwards.
    const { text } = readSigned(join(moved, "run.yaml"), 1 << 20, "");
    expect(text).toMatch(/^cache: data$/m);
    writeSigned(join(moved, "run.yaml"), text.replace(/^cache: data$/m, `cache: ${run}/data`));
    expect((await fine(alone(moved, "--resume", "--steps", "7"))).stderr).toContain("(prepared before)");
    expect(existsSync(run)).toBe(false);
  });

  it("starts from an earlier one, and says what is kept", async () => {
    const run = join(folder, "warm");
    const { stderr } = await fine(trainArgs(run, "--from", whole, "--steps", "2"));
    expect(stderr).toMatch(/kept: \d+ parameters/);
    expect(stderr).not.toMatch(/^(new|gone):/m);
  });

  it("on a provider that cannot be had goes on with the next, says so of each graph, and learns the same; gives its figures as JSON", async () => {
    const [plain, other] = ["on-cpu", "on-dml"].map((name) => join(folder, name));
    const { stdout } = await fine(trainArgs(plain, "--steps", "2", "--json"));
    expect(JSON.parse(stdout)).toMatchObject({ step: 2, steps: 2, end: "all steps", weights: 2 });
    const { stderr } = await fine(trainArgs(other, "--steps", "2", "--providers", "dml,cpu"));
    for (const graph of ["search", "step", "update"]) {
      expect(stderr).toMatch(
        new RegExp(`^warning: execution provider dml cannot be had here .* ${graph}.onnx runs on cpu`, "m"),
      );
    }
    expect(bytes(other, "weights.safetensors")).toBe(bytes(plain, "weights.safetensors"));
    await refused(2, trainArgs(join(folder, "gpu"), "--providers", "gpu"), ["`gpu` is no execution provider"]);
  });
});

describe("what is refused", () => {
  it("a folder that holds a run, or something else, or none", async () => {
    await refused(1, trainArgs(whole), ["holds a run already: go on with it by --resume"]);
    await refused(1, trainArgs(join(folder, "data")), ["holds files that are no training run"]);
    await refused(1, trainArgs(join(folder, "nowhere"), "--resume"), ["leave out --resume"]);
  });

  it("going on with another model: it says what differs", async () => {
    const source = readFileSync(model, "utf8");
    try {
      writeFileSync(model, source.replace("batch:      32", "batch:      64").replace("keep: 10", "keep: 12"));
      await refused(1, trainArgs(whole, "--resume"), ["train.batch: 32 is 64 now", "--from"]);
      writeFileSync(model, source.replace("activation: relu", "activation: gelu"));
      await refused(1, trainArgs(whole, "--resume"), ["what the model computes"]);
    } finally {
      writeFileSync(model, source);
    }
    await refused(1, trainArgs(whole, "--resume", "--seed", "9"), ["has the seed 1: leave out --seed"]);
  });

  it("what has a flipped bit: a checkpoint, where there is no earlier one, and weights", async () => {
    const run = join(folder, "flipped");
    cpSync(whole, run, { recursive: true });
    for (const name of ["checkpoint.safetensors", "checkpoint.previous.safetensors"]) {
      flip(join(run, name));
    }
    const before = bytes(run, "checkpoint.safetensors");
    await refused(1, trainArgs(run, "--resume"), [/checkpoint\.safetensors is damaged: .*--from/]);
    expect(bytes(run, "checkpoint.safetensors")).toBe(before);
    const weights = join(run, "weights.safetensors");
    flip(weights);
    const never = join(folder, "never");
    await refused(1, trainArgs(never, "--from", run), [/weights\.safetensors is damaged: .*without --from/]);
    await refused(1, ["build", model, "--weights", weights, "-o", never], [/weights\.safetensors is damaged: /]);
    expect(existsSync(never)).toBe(false);
  });

  it("going on with other data", async () => {
    const other = join(folder, "other");
    await fine(["example", other, "--users", "30", "--items", "200", "--behaviours", "50", "--seed", "2"]);
    const args = trainArgs(whole, "--resume", "--cache", join(folder, "cache2"));
    args[args.indexOf("--data") + 1] = join(other, "data.yaml");
    const { stderr } = await here(args);
    expect(stderr).toMatch(/was made with other data than those that are prepared now/);
  });

  it("data, folders and earlier runs that are not there; options that mean nothing", async () => {
    const missing = trainArgs(join(folder, "x"));
    missing[missing.indexOf("--data") + 1] = join(folder, "no.yaml");
    await refused(1, missing, ["no.yaml"]);
    await refused(1, trainArgs(join(folder, "x"), "--from", folder), ["neither a training run nor a build"]);
    await refused(2, trainArgs(join(folder, "x"), "--epochs", "0"), ["a number above 0 is due"]);
    expect(existsSync(join(folder, "x"))).toBe(false);
  });

  it("a full disk: the last checkpoint stays, and the run goes on when there is room", async () => {
    const run = join(folder, "full");
    const first = await twin(trainArgs(run), { first: "ulimit -f 6000" });
    expect(first.code, first.stderr).toBe(1);
    expect(first.stderr).toMatch(/would be larger than this system allows|disk/);
    expect(hidden(run)).toEqual([]);
    await fine(trainArgs(run, "--resume"));
    expect(bytes(run, "weights.safetensors")).toBe(bytes(whole, "weights.safetensors"));
    rmSync(run, { recursive: true });
  });
});

/** Turns one bit of the last tensor round. */
function flip(path: string): void {
  const file = readFileSync(path);
  file[file.length - 3] ^= 1;
  writeFileSync(path, file);
}

const readMetricsOf = (run: string): number => readMetrics(run).at(-1)?.step ?? 0;

/** Sends the signal as soon as the log shows so many steps. */
const killAfter =
  (run: string, steps: number, signal: NodeJS.Signals = "SIGKILL") =>
  (child: ChildProcess): void => {
    const timer = setInterval(() => {
      if (child.exitCode !== null || child.signalCode !== null) {
        clearInterval(timer);
      } else if (readMetricsOf(run) >= steps) {
        clearInterval(timer);
        child.kill(signal);
      }
    }, 5);
  };
