// A flipped bit in a run or in prepared data, through the command line: the right numbers, or exit 1 with the file's name.
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyDataset } from "../../runtime/data/prepare/verify-dataset.ts";
import { verifyRun } from "../../runtime/train/verify-run.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, here, root } from "../kit/cli.ts";
import { long, patience, times } from "../kit/effort.ts";
import { flipsOf, withFlip } from "../kit/flip.ts";

const compat = join(root, "test/compat/0.1.0");
let folder: string;
let model: string;
let data: string;

beforeAll(() => {
  folder = temporary();
  for (const name of ["model.twin", "data.yaml", "events.csv", "model", "run", "cache"]) {
    cpSync(join(compat, name), join(folder, name), { recursive: true });
  }
  model = join(folder, "model.twin");
  data = join(folder, "data.yaml");
});
afterAll(cleanUp);

const trainArgs = (run: string, ...more: string[]) => [
  ...["train", model, "--data", data, "-o", run, "--threads", "1", "--seed", "3", ...more],
];
const weights = (run: string) => readFileSync(join(run, "weights.safetensors")).toString("base64");

describe("one flipped bit", () => {
  it(
    "in prepared data is told by `evaluate --cache`",
    async () => {
      const cache = join(folder, "evaluated");
      const args = ["evaluate", join(folder, "model"), "--data", data, "--cache", cache, "--json"];
      const right = await here(args);
      expect(right.code, right.stderr).toBe(0);
      for (const flip of flipsOf(cache, undefined, times("TWIN_FLIPS", 1))) {
        const found = await withFlip(cache, flip, () => here(args));
        const what = `${flip.file}, bit ${flip.bit}: ${found.stderr}`;
        if (found.code === 0) {
          expect(found.stdout, what).toBe(right.stdout);
        } else {
          expect([found.code, found.stderr.includes(flip.file)], what).toEqual([1, true]);
        }
        // The description is made anew.
        if (flip.file === "dataset.yaml") {
          await here(args);
        }
      }
      expect((await here(args)).stdout).toBe(right.stdout);
    },
    patience(240_000),
  );

  it(
    "in any file of a run is told by `train --resume`, or gives the same weights",
    async () => {
      const run = join(folder, "stopped");
      await fine(trainArgs(run, "--steps", "10"));
      const whole = join(folder, "whole");
      cpSync(run, whole, { recursive: true });
      const more = ["--resume", "--steps", "14"];
      await fine(trainArgs(whole, ...more));
      const right = weights(whole);
      // Each costs a run: of the prepared columns, which the test above damages as well, every eighth.
      const files = flipsOf(run, (file) => file !== "report.html", times("TWIN_FLIPS", 1)).filter(
        ({ file }, i) => long || !/^data\/.*\.bin$/.test(file) || i % 8 === 0,
      );
      const names = files.map(({ file }) => file.split("/").slice(0, 2).join("/"));
      for (const one of ["run.yaml", "metrics.jsonl", "vocabularies/item.video_id.jsonl", "train/step.onnx"]) {
        expect(names).toContain(one);
      }
      let told = 0;
      for (const flip of files) {
        const copy = join(folder, "flipped");
        rmSync(copy, { recursive: true, force: true });
        cpSync(run, copy, { recursive: true });
        const cache = ["--cache", join(copy, "data")];
        await withFlip(copy, flip, async () => {
          const found = await here(trainArgs(copy, ...more, ...cache));
          const what = `${flip.file}, bit ${flip.bit}: ${found.stderr}`;
          if (found.code === 0) {
            expect(weights(copy), what).toBe(right);
          } else {
            expect([found.code, found.stderr.includes(flip.file)], what).toEqual([1, true]);
          }
          if (found.code !== 0) {
            told++;
          }
        });
      }
      expect(told).toBeGreaterThan(files.length / 2);
    },
    patience(400_000),
  );

  it("in a run's vocabulary or manifest is told by what starts from it", async () => {
    const run = join(folder, "stopped");
    const vocabulary = { file: "vocabularies/item.video_id.jsonl", bit: 8 * 90 + 1 };
    const build = ["build", model, "--weights", join(run, "weights.safetensors"), "-o", join(folder, "built")];
    const from = trainArgs(join(folder, "next"), "--from", run, "--steps", "1");
    for (const [flip, args] of [
      [vocabulary, [...build, "--vocabularies", join(run, "vocabularies")]],
      [vocabulary, from],
      [{ file: "train/manifest.yaml", bit: 8 * 3000 + 1 }, from],
    ] as const) {
      const found = await withFlip(run, flip, () => here(args));
      expect([found.code, found.stderr.includes(flip.file)], found.stderr).toEqual([1, true]);
    }
  }, 120_000);
});

describe("verifying", () => {
  it("reads a run and prepared data in full, and names every file in which a bit is flipped", async () => {
    const run = join(folder, "stopped");
    for (const [dir, verify, chosen] of [
      [run, verifyRun, (file: string) => file !== "report.html"],
      [join(run, "data"), verifyDataset, () => true],
    ] as const) {
      const whole = await verify(dir, {});
      expect([whole.sound, whole.lines.every((line) => line.startsWith("sound"))]).toEqual([true, true]);
      expect(whole.files).toBeGreaterThan(5);
      for (const flip of flipsOf(dir, chosen, 1)) {
        const { sound, lines } = await withFlip(dir, flip, () => verify(dir, {}));
        const line = lines.find((one) => one.startsWith("damaged"));
        expect([sound, line?.includes(flip.file)], `${flip.file}: ${line}`).toEqual([false, true]);
        if (flip.file.endsWith(".bin")) {
          expect(line).toMatch(/\(block 0\)/);
        }
      }
    }
    expect(await verifyRun(join(compat, "run"), {})).toMatchObject({ sound: true });
    expect((await verifyRun(join(compat, "run"), {})).lines).toContainEqual(
      expect.stringMatching(/^sound {4}train\/step\.onnx: /),
    );
  }, 120_000);
});

describe("a run of Twin 0.1", () => {
  it("goes on, builds, starts others, and has its files checked", async () => {
    const run = join(folder, "run");
    const more = ["--resume", "--steps", "24", "--cache", join(run, "data")];
    await withFlip(run, { file: "train/step.onnx", bit: 8 * 900 }, async () => {
      const found = await here(trainArgs(run, ...more));
      expect([found.code, found.stderr]).toEqual([1, expect.stringContaining("train/step.onnx is damaged")]);
    });
    const found = await here(trainArgs(run, ...more));
    expect(found.code, found.stderr).toBe(0);
    expect(found.stderr).toContain("has format 1, of Twin 0.1");
    expect(readFileSync(join(run, "run.yaml"), "utf8")).toMatch(/^format: 2\n[\s\S]*\nchecksum: sha256:/);
    await fine(["build", model, "--weights", join(run, "weights.safetensors"), "-o", join(folder, "from-run")]);
    await fine(trainArgs(join(folder, "later"), "--from", run, "--steps", "1"));
  }, 240_000);
});
