// `twin quickstart`: the whole path on generated data: check, train, build with what was learned, build the table, hold
// the test part's AUC against the best possible and the search against its oracle, rank one user's request and explain it.

import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { recordOf } from "../../contract/record.ts";
import { buildTables } from "../../runtime/build-table/index.ts";
import { type Binding, readBinding, readHistories } from "../../runtime/data/index.ts";
import { type EvaluationReport, evaluate } from "../../runtime/evaluate/index.ts";
import { bestAucOfPart, generate, itemCategories } from "../../runtime/example/index.ts";
import { asRequest, explanationText, hitRateText, type RankedRequest } from "../../runtime/index.ts";
import { historyColumns } from "../../runtime/request/index.ts";
import { LocalTwin } from "../../runtime/serve/index.ts";
import { Stopped } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { jsonValue, print } from "../output.ts";
import { command, packageModels } from "../package-home.ts";
import { plantedText } from "../planted-text.ts";
import { showProgress, stoppable } from "../progress.ts";
import { buildTo } from "./build.ts";
import { check } from "./check.ts";
import { batchScoring } from "./evaluate.ts";
import { bestFirst, orderedBy, rankingText } from "./rank.ts";
import { tableText } from "./table.ts";
import { trainTo } from "./train.ts";

/** Each user meets each category about 15 times: with half of that no model, however good, comes nearer than 0.02 to the best AUC. */
const size = { users: 300, items: 2000, behaviours: 500, categories: 32, seed: 1 };
const [candidates, shown, searched] = [100, 5, 100];

export interface QuickstartOptions {
  /** Of training. */
  readonly steps: number;
}

export async function quickstart(dir: string, { steps }: QuickstartOptions): Promise<void> {
  const begun = performance.now();
  const onProgress = showProgress();
  const section = (title: string) => print(`\n— ${title}`);
  quietNativeLog();

  section("example data with planted interests");
  mkdirSync(dir, { recursive: true });
  const { data, events, bestAuc } = await stoppable((signal) =>
    generate({ dir: join(dir, "data"), ...size, onProgress, signal }),
  );
  const binding = readBinding(data);
  print(`${size.users} users, ${size.items} items, ${size.behaviours} behaviours a user: ${events} events`);
  print(`the best possible AUC of click is ${bestAuc.toFixed(4)}: that of the true probabilities`);

  section("check");
  const model = join(dir, "twin.twin");
  for (const name of ["twin.twin", "features.twin"]) {
    copyFileSync(join(packageModels, name), join(dir, name));
  }
  check([model], {});

  section("train");
  const run = join(dir, "run");
  // Where an earlier quickstart has trained.
  if (existsSync(join(run, "run.yaml"))) {
    rmSync(run, { recursive: true });
  }
  const learned = await trained(model, { data, output: run, steps, evaluateEvery: Math.ceil(steps / 2) });
  print(
    `${learned.step} steps in ${learned.seconds.toFixed(0)} s, ${Math.round(learned.samplesPerSecond)} samples a second; curves: ${join(run, "report.html")}`,
  );

  section("build with what was learned");
  const built = join(dir, "twin");
  const { files, manifest } = await buildTo(model, { output: built, weights: join(run, "weights.safetensors") });
  for (const file of files) {
    if (!file.path.startsWith("train/")) {
      print(`${bytesText(file.bytes).padStart(9)}  ${join(built, file.path)}`);
    }
  }
  print(`${manifest.costs.parameters.toLocaleString("en-GB")} parameters`);

  section("lookup table");
  print(tableText(await stoppable((signal) => buildTables({ dir: built, binding, onProgress, signal }))));

  const twin = await LocalTwin.open(built, { providers: ["cpu"] });
  try {
    section("evaluate on the test part: each user's newest events, never trained on");
    print(await evaluated(twin, binding, join(run, "data")));

    section(`rank ${candidates} candidates for one user with all that they did before`);
    const request = await oneRequest(twin, binding);
    const path = join(dir, "request.json");
    writeFileSync(path, `${JSON.stringify({ ...request.prepare, ...request.rank }, jsonValue, 1)}\n`);
    const start = performance.now();
    const prepared = await twin.prepare(request.prepare);
    const between = performance.now();
    const ranking = await prepared.rank(request.rank);
    const end = performance.now();
    const labels = manifest.labels.map(({ name }) => name);
    const keys = request.rank.candidates.item as ArrayLike<unknown>;
    const order = bestFirst(orderedBy(ranking, labels)).slice(0, shown);
    print(rankingText(labels, ranking, keys, order));
    print(`prepared in ${(between - start).toFixed(1)} ms, ranked in ${(end - between).toFixed(1)} ms (first request)`);

    section("why the first is first");
    const only = { ...request.rank, candidates: picked(request.rank.candidates, order[0]) };
    const explained = await prepared.explain(only);
    print(explanationText(explained));
    const [{ columns }] = historyColumns(manifest, request.prepare);
    print(plantedText(explained[0], columns.item as ArrayLike<unknown>, await itemCategories(join(dir, "data"))));

    section("where things are");
    print(`${model}\n${built}/\n${run}/\n${data}\n${path}`);
    print(`next: ${command} rank ${built} --request ${path} --explain --top 1`);
    print(`done in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  } finally {
    await twin.close();
  }
}

/** Trains; where it is stopped, it says how this run, not the quickstart, goes on. */
async function trained(model: string, options: Parameters<typeof trainTo>[1]) {
  try {
    return await trainTo(model, options);
  } catch (failure) {
    if (!(failure instanceof Stopped)) {
      throw failure;
    }
    const { data, output } = options;
    throw new Stopped(
      `stopped while training. Start again, or go on with the run alone: ${command} train ${model} --data ${data} -o ${output} --resume`,
      failure.signal,
    );
  }
}

/** AUC beside the best possible one, and each search beside its oracle. @param cache where training prepared the data */
async function evaluated(twin: LocalTwin, binding: Binding, cache: string): Promise<string> {
  const report = await stoppable(async (signal) => {
    const scoring = await batchScoring(twin, binding, { cache }, signal);
    try {
      return await evaluate(twin, binding, { scoring, hitRequests: searched, signal });
    } finally {
      await scoring.close();
    }
  });
  return [...aucText(report, await bestAucOfPart(binding, "test")), ...searchText(report)].join("\n");
}

function aucText({ rows, labels }: EvaluationReport, best: number): string[] {
  const click = labels.find((figures) => figures.kind === "binary" && figures.label === "click");
  if (click?.kind !== "binary") {
    throw new Error("the example's model predicts no click");
  }
  const below = best - click.auc;
  return [
    `AUC of click ${click.auc.toFixed(4)}; the best possible on these ${rows.toLocaleString("en-GB")} rows ${best.toFixed(4)}: ${below.toFixed(4)} below`,
    `GAUC ${click.gauc.toFixed(4)}, logloss ${click.logloss.toFixed(4)} (of the base rate ${click.baseRateLogloss.toFixed(4)})`,
  ];
}

function searchText({ hitRate }: EvaluationReport): string[] {
  const lines = [`search against the oracle, the attention's own metric over all behaviours, on ${searched} requests`];
  for (const { tables, curves } of hitRate?.tables ?? []) {
    for (const line of hitRateText(curves ?? [])) {
      lines.push(`  table ${tables}: ${line}`);
    }
  }
  const full = hitRate?.tables.find(({ tables }) => tables === "every item, float32")?.curves ?? [];
  if (full.length > 0 && full.every(({ hits, wanted }) => hits === wanted)) {
    lines.push("every search equals its oracle; what a smaller table loses is its precision and coverage");
  }
  return lines;
}

/** The items of the first user's newest events as candidates, at the time of the newest: all before it is the history. */
async function oneRequest(twin: LocalTwin, binding: Binding): Promise<RankedRequest> {
  for await (const { requests } of readHistories(binding, twin.manifest, { users: 1 })) {
    const events = [...requests];
    const [newest] = events;
    const item = events.slice(0, candidates).flatMap((event) => Array.from(event.candidates.item as ArrayLike<bigint>));
    const recall_score = events
      .slice(0, candidates)
      .flatMap((event) => Array.from(event.candidates.recall_score as ArrayLike<number>));
    return {
      prepare: asRequest(newest).prepare,
      rank: { context: newest.context, candidates: { item, recall_score } } as RankedRequest["rank"],
    };
  }
  throw new Error("the example data has no users");
}

/** The columns of one candidate. */
function picked(columns: RankedRequest["rank"]["candidates"], index: number): RankedRequest["rank"]["candidates"] {
  const one = Object.entries(columns).map(([name, column]) => [name, [(column as ArrayLike<unknown>)[index]]] as const);
  return recordOf<unknown>(one) as RankedRequest["rank"]["candidates"];
}
