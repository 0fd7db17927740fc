// One model trained, built and evaluated as a user would: by the command line, each in a process of its own.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Figures {
  readonly auc: number;
  readonly gauc: number;
  readonly logloss: number;
}

export interface Trial {
  /** Of files that are kept: the trial's model and results. */
  readonly stem: string;
  readonly text: string;
  readonly data: string;
  /** Folder of the prepared data. */
  readonly cache: string;
}

export interface Tried {
  readonly validation: Figures;
  readonly test: Figures;
  /** The test part's rows with their scores, as `twin evaluate --rows` writes them. */
  readonly rows: string;
  /** Of training, with what it prepares. */
  readonly seconds: number;
}

/** Figures of the first label. A run that was begun goes on; a trial that is done is not done again. */
export function tried({ stem, text, data, cache }: Trial): Tried {
  const done = `${stem}.json`;
  if (existsSync(done)) {
    const kept = JSON.parse(readFileSync(done, "utf8")) as { text: string; tried: Tried };
    if (kept.text === text) {
      return kept.tried;
    }
    throw new Error(`${done} is of another model: remove it, or name another --folder`);
  }
  const model = `${stem}.twin`;
  writeFileSync(model, text);
  const run = `${stem}.run`;
  const build = `${stem}.build`;
  const rows = `${stem}.rows.parquet`;
  const begun = performance.now();
  twin("train", model, "--data", data, "-o", run, ...(existsSync(run) ? ["--resume"] : ["--cache", cache]));
  const seconds = (performance.now() - begun) / 1000;
  twin("build", model, "--weights", join(run, "weights.safetensors"), "-o", build);
  const [validation, test] = (["validation", "test"] as const).map((part) => {
    const options = part === "test" ? ["--rows", rows] : [];
    const report = twin("evaluate", build, "--data", data, "--part", part, "--cache", cache, "--json", ...options);
    const [{ auc, gauc, logloss }] = (JSON.parse(report) as { labels: Figures[] }).labels;
    return { auc, gauc, logloss };
  });
  const result: Tried = { validation, test, rows, seconds };
  writeFileSync(`${done}.partial`, JSON.stringify({ text, tried: result }));
  renameSync(`${done}.partial`, done);
  // What is left of it is in the files beside.
  rmSync(run, { recursive: true, force: true });
  rmSync(build, { recursive: true, force: true });
  return result;
}

function twin(...args: string[]): string {
  const bin = join(import.meta.dirname, "../../cli/twin.mjs");
  return execFileSync(process.execPath, [bin, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** Mean ± standard deviation of AUC, GAUC and logloss. */
export const shown = (found: readonly Figures[]): string[] =>
  (["auc", "gauc", "logloss"] as const).map((name) => {
    const all = found.map((one) => one[name]);
    const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
    if (all.length === 1) {
      return mean.toFixed(4);
    }
    const deviation = Math.sqrt(all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (all.length - 1));
    return `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`;
  });
