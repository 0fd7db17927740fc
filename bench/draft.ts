// How good a draft of `twin init --from` is: trained as it stands, against seeded random settings of its edges, `max`,
// vocabularies and buckets at no more than 1.1 times its parameters, of which the best on validation counts.
// All train by the rule of the draft: until the validation part no longer improves. The test part is asked of the draft and of the best alone.
//   npm run bench:draft -- DATA [--sets movielens,assistments] [--share 0.1] [--settings 12] [--after 0] [--seeds 3] [--epochs N] [--candidates 100] [--threads 2]
// DATA is the folder of the data sets, which are no part of this project; what is cut from them lies in a temporary folder.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { check, parameters } from "../compiler/index.ts";
import { load } from "../compiler/source/load.ts";
import { draftSets } from "./draft/sets.ts";
import { setting } from "./draft/settings.ts";
import { table } from "./measure.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sets: { type: "string", default: draftSets.map(({ name }) => name).join() },
    share: { type: "string", default: "0.1" },
    settings: { type: "string", default: "12" },
    // Settings up to this one were tried before.
    after: { type: "string", default: "0" },
    epochs: { type: "string" },
    seeds: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    // Where negatives are drawn: items that each positive is ranked among.
    candidates: { type: "string", default: "100" },
  },
});
const [data] = positionals;
if (data === undefined) {
  console.log("say where the data sets are: npm run bench:draft -- DATA");
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), "twin-draft-"));
const most = 1.1;

/** Of `twin train --json`. */
interface Ended {
  /** Step of the weights that were written. */
  readonly weights: number;
}

/** A line of `metrics.jsonl`. */
interface Measured {
  readonly step: number;
  readonly validation?: { readonly auc: number };
}

interface Trained {
  readonly validation: number;
  /** Builds and evaluates, once. */
  test(): number;
}

try {
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores; ${values.threads} threads`);
  for (const name of values.sets.split(",")) {
    const set = draftSets.find((one) => one.name === name);
    if (set === undefined) {
      throw new Error(`there is no data set ${name}; there are ${draftSets.map((one) => one.name).join(", ")}`);
    }
    const absent = set.missing(data);
    if (absent.length > 0) {
      console.log(`skipped: ${absent.join(" and ")} is not there, and the data set is not part of this project`);
      continue;
    }
    const folder = join(work, name);
    const files = await set.cut(data, folder, Number(values.share));
    measure(name, folder, files);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function measure(name: string, folder: string, files: readonly string[]): void {
  twin("init", join(folder, "draft"), ...files);
  const text = readFileSync(join(folder, "draft/draft.twin"), "utf8");
  const binding = join(folder, "draft/data.yaml");
  const report = JSON.parse(twin("data", "check", binding, "--json"));
  const size = sizeOf(text);
  console.log(
    `\n${name}, ${values.share} of the users: ${report.events.toLocaleString("en-GB")} events of ${report.users.toLocaleString("en-GB")} users; the draft has ${size.toLocaleString("en-GB")} parameters; ${values.epochs === undefined ? "epochs as drafted" : `${values.epochs} epochs at most`}`,
  );
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  const own = seeds.map((seed) => {
    const { validation, test } = trained(folder, binding, text, `draft-${seed}`, seed);
    const found = { validation, test: test() };
    process.stderr.write(`draft, seed ${seed}  ${validation.toFixed(4)}  ${found.test.toFixed(4)}\n`);
    return found;
  });
  const rows = [["", "parameters", "validation AUC", "test AUC", "settings"]];
  const mean = (of: "validation" | "test"): number => own.reduce((sum, one) => sum + one[of], 0) / own.length;
  const spread = (of: "validation" | "test"): string => {
    const all = own.map((one) => one[of]);
    return `${mean(of).toFixed(4)} (${Math.min(...all).toFixed(4)}–${Math.max(...all).toFixed(4)})`;
  };
  rows.push([`the draft, ${own.length} seeds`, String(size), spread("validation"), spread("test"), ""]);
  let best: Trained | null = null;
  for (let n = Number(values.after); n < Number(values.settings); n++) {
    const { text: other, said } = setting(text, n + 1, (changed) => sizeOf(changed) <= most * size);
    const found = trained(folder, binding, other, `setting-${n + 1}`, 1);
    best = best === null || found.validation > best.validation ? found : best;
    rows.push([`setting ${n + 1}`, String(sizeOf(other)), found.validation.toFixed(4), "", said]);
    process.stderr.write(`${rows[rows.length - 1].join("  ")}\n`);
  }
  console.log(table(rows));
  if (best !== null) {
    const test = best.test();
    const behind = test - mean("test");
    console.log(
      `the best on validation has ${best.validation.toFixed(4)} there and ${test.toFixed(4)} on test: the draft is ${behind > 0 ? `${behind.toFixed(4)} behind` : `${(-behind).toFixed(4)} before`} (due: at most 0.005 behind)`,
    );
  }
}

/** Trains as a user would. The prepared data are made anew where the test part is asked of a run. */
function trained(folder: string, binding: string, text: string, name: string, seed: number): Trained {
  const stem = join(folder, name);
  const model = `${stem}.twin`;
  writeFileSync(model, text);
  const run = `${stem}.run`;
  const common = ["--threads", values.threads];
  const epochs = [...(values.epochs === undefined ? [] : ["--epochs", values.epochs]), "--seed", String(seed)];
  const end: Ended = JSON.parse(twin("train", model, "--data", binding, "-o", run, ...epochs, ...common, "--json"));
  const lines = readFileSync(join(run, "metrics.jsonl"), "utf8").trim().split("\n");
  const chosen = lines
    .map((line): Measured => JSON.parse(line))
    .findLast(({ step, validation }) => step === end.weights && validation !== undefined);
  rmSync(join(run, "data"), { recursive: true, force: true });
  return {
    validation: chosen?.validation?.auc ?? Number.NaN,
    test() {
      twin("build", model, "--weights", join(run, "weights.safetensors"), "-o", `${stem}.build`);
      const ranked = ["--candidates", values.candidates];
      const asked = ["--data", binding, "--part", "test", ...(draws(binding) ? ranked : []), ...common, "--json"];
      return JSON.parse(twin("evaluate", `${stem}.build`, ...asked)).labels[0].auc;
    },
  };
}

function draws(binding: string): boolean {
  return /^negatives:/m.test(readFileSync(binding, "utf8"));
}

function sizeOf(text: string): number {
  const { model, diagnostics } = check(load("draft.twin", () => text));
  if (model === null) {
    throw new Error(`a setting is no model: ${diagnostics[0]?.title}\n${text}`);
  }
  return parameters(model).reduce((sum, { shape }) => sum + shape.reduce((size, one) => size * one, 1), 0);
}

function twin(...args: string[]): string {
  const bin = join(import.meta.dirname, "../cli/twin.mjs");
  return execFileSync(process.execPath, [bin, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}
