// How good a draft of `twin init --from` is: trained as it stands, against seeded random settings of its edges, `max`,
// vocabularies and buckets at no more than 1.1 times its parameters, of which the best on validation counts.
// All train by the rule of the draft: until the validation part no longer improves. Settings have one seed; the best on validation is then
// trained with every seed that the draft has, since one seed says little. The test part is asked of the draft and of the best alone.
//   npm run bench:draft -- DATA [--sets movielens,assistments] [--share 0.1] [--settings 12] [--after 0] [--seeds 3] [--epochs N] [--evaluations N] [--candidates 100] [--threads 2]
// DATA is the folder of the data sets, which are no part of this project; what is cut from them lies in a temporary folder.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { check, parameters } from "../compiler/index.ts";
import { load } from "../compiler/source/load.ts";
import { draftSets } from "./draft/sets.ts";
import { setting } from "./draft/settings.ts";
import { Model, type Rule, type Tested, type Trained, twin } from "./draft/trained.ts";
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
    // In an epoch. Without it `twin train` decides: one, and four a run at least, so that few epochs end by half an epoch without an improvement.
    evaluations: { type: "string" },
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
const due = 0.005;

interface Run extends Trained {
  readonly tested: Tested;
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
    rmSync(folder, { recursive: true, force: true });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function measure(name: string, folder: string, files: readonly string[]): void {
  twin("init", join(folder, "draft"), ...files);
  const text = readFileSync(join(folder, "draft/draft.twin"), "utf8");
  const binding = join(folder, "draft/data.yaml");
  const report = JSON.parse(twin("data", "check", binding, "--model", join(folder, "draft/draft.twin"), "--json"));
  const size = sizeOf(text);
  console.log(
    `\n${name}, ${values.share} of the users: ${report.events.toLocaleString("en-GB")} events of ${report.users.toLocaleString("en-GB")} users; the draft has ${size.toLocaleString("en-GB")} parameters; ${values.epochs === undefined ? "epochs as drafted" : `${values.epochs} epochs at most`}`,
  );
  const { threads, candidates, epochs = null } = values;
  const [{ samples, drawn = 0 }] = report.parts;
  const batch = Number(/batch: +(\d+)/.exec(text)?.[1]);
  const every =
    values.evaluations === undefined
      ? null
      : Math.ceil(Math.ceil((samples + drawn) / batch) / Number(values.evaluations));
  const rule: Rule = { folder, binding, threads, candidates, epochs, every };
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  const draft = new Model(rule, "draft", text);
  const own = seeds.map((seed): Run => {
    const run = draft.train(seed);
    return said("draft", { ...run, tested: run.test() });
  });
  draft.done();
  const rows = [["", "parameters", "validation AUC", "test AUC", "settings"]];
  rows.push([`the draft, ${own.length} seeds`, String(size), ...both(own), ""]);
  let best: { readonly n: number; readonly model: Model; readonly run: Trained } | null = null;
  for (let n = Number(values.after) + 1; n <= Number(values.settings); n++) {
    const { text: other, said: drawn } = setting(text, n, (changed) => sizeOf(changed) <= most * size);
    const model = new Model(rule, `setting-${n}`, other);
    const run = model.train(seeds[0]);
    rows.push([`setting ${n}`, String(sizeOf(other)), run.validation.toFixed(4), "", drawn]);
    process.stderr.write(`${rows[rows.length - 1].join("  ")}\n`);
    if (best === null || run.validation > best.run.validation) {
      best?.model.done();
      best = { n, model, run };
    } else {
      model.done();
    }
  }
  if (best === null) {
    console.log(table(rows));
    return;
  }
  const { n, model, run: first } = best;
  const others = own.map((run, i): Run => {
    const other = i === 0 ? first : model.train(run.seed);
    return said(`setting ${n}`, { ...other, tested: other.test(run) });
  });
  model.done();
  rows.push([`setting ${n}, ${others.length} seeds`, "", ...both(others), "the best on validation by its first seed"]);
  console.log(table(rows));
  verdict(own, others);
}

function said(what: string, run: Run): Run {
  const { rows, auc, error, ndcg, beside } = run.tested;
  const parts = [
    `${what}, seed ${run.seed}  epoch ${run.epochs.toFixed(2)}  ${run.validation.toFixed(4)}  ${auc.toFixed(4)} ± ${error.toFixed(4)} of ${rows} rows`,
    ...(ndcg === null ? [] : [`NDCG@10 among ${values.candidates} ${ndcg.toFixed(4)}`]),
    ...(beside === null
      ? []
      : [
          `${signed(-beside.difference)} beside the draft ± ${beside.byRows.toFixed(4)} by rows, ± ${beside.byUsers.toFixed(4)} by users`,
        ]),
  ];
  process.stderr.write(`${parts.join("; ")}\n`);
  return run;
}

/** By how much the draft is behind, as the mean over seeds, and how sure that is. */
function verdict(own: readonly Run[], others: readonly Run[]): void {
  const behind = others.map(({ tested }, i) => tested.auc - own[i].tested.auc);
  const mean = average(behind);
  const spread = Math.sqrt(average(behind.map((one) => (one - mean) ** 2)) / Math.max(1, behind.length - 1));
  const error = (by: "byRows" | "byUsers"): string =>
    average(others.map(({ tested }) => tested.beside?.[by] ?? Number.NaN)).toFixed(4);
  console.log(
    `test AUC, ${own[0].tested.rows.toLocaleString("en-GB")} rows: the draft ${average(own.map(({ tested }) => tested.auc)).toFixed(4)}, the best on validation ${average(others.map(({ tested }) => tested.auc)).toFixed(4)}: the draft is ${mean > 0 ? `${mean.toFixed(4)} behind` : `${(-mean).toFixed(4)} before`} (due: at most ${due} behind)`,
  );
  console.log(
    `standard errors: of one AUC ${own[0].tested.error.toFixed(4)}; of the difference of one pair ${error("byRows")} by rows, ${error("byUsers")} by users; of the mean over seeds ${own.length > 1 ? spread.toFixed(4) : "unknown"} (${behind.map(signed).join(", ")})`,
  );
  const ndcg = [own, others].map((runs) => average(runs.map(({ tested }) => tested.ndcg ?? Number.NaN)));
  if (!ndcg.some(Number.isNaN)) {
    console.log(
      `NDCG@10 of positives among ${values.candidates} items: ${ndcg.map((one) => one.toFixed(4)).join(" and ")}`,
    );
  }
}

function signed(value: number): string {
  return (value < 0 ? "" : "+") + value.toFixed(4);
}

function average(of: readonly number[]): number {
  return of.reduce((sum, one) => sum + one, 0) / of.length;
}

/** Validation and test: the mean of the seeds, and their ends. */
function both(runs: readonly Run[]): string[] {
  return [runs.map(({ validation }) => validation), runs.map(({ tested }) => tested.auc)].map(
    (all) => `${average(all).toFixed(4)} (${Math.min(...all).toFixed(4)}–${Math.max(...all).toFixed(4)})`,
  );
}

function sizeOf(text: string): number {
  const { model, diagnostics } = check(load("draft.twin", () => text));
  if (model === null) {
    throw new Error(`a setting is no model: ${diagnostics[0]?.title}\n${text}`);
  }
  return parameters(model).reduce((sum, { shape }) => sum + shape.reduce((size, one) => size * one, 1), 0);
}
