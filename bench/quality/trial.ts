// One model trained, built and evaluated as a user would: by the command line, each in a process of its own.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Figures {
  readonly auc: number;
  readonly gauc: number;
  readonly logloss: number;
}

/**
 * Figures of the first label on the test part. A run that was begun goes on.
 * @param stem of the files that are kept @param cache folder of the prepared data
 */
export function trial(
  stem: string,
  text: string,
  data: string,
  cache: string,
): Figures & { /** Of training, with what it prepares. */ readonly seconds: number } {
  const model = `${stem}.twin`;
  writeFileSync(model, text);
  const run = `${stem}.run`;
  const begun = performance.now();
  twin("train", model, "--data", data, "-o", run, ...(existsSync(run) ? ["--resume"] : ["--cache", cache]));
  const seconds = (performance.now() - begun) / 1000;
  twin("build", model, "--weights", join(run, "weights.safetensors"), "-o", `${stem}.build`);
  const report = twin("evaluate", `${stem}.build`, "--data", data, "--part", "test", "--cache", cache, "--json");
  const [{ auc, gauc, logloss }] = (JSON.parse(report) as { labels: Figures[] }).labels;
  return { auc, gauc, logloss, seconds };
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
