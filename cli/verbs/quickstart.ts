// `twin quickstart`: the whole path on generated data: check, build, build the table, rank one user's request, and say
// how much of what the exact attention wanted the search found.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildTables } from "../../runtime/build-table/index.ts";
import { readBinding, readHistories } from "../../runtime/data/index.ts";
import { generate } from "../../runtime/example/generate.ts";
import {
  asRequest,
  evaluateHitRate,
  explanationText,
  hitRateText,
  type RankedRequest,
  type Twin,
} from "../../runtime/index.ts";
import { openTwin } from "../open-twin.ts";
import { bytes, jsonValue, print } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";
import { buildTo } from "./build.ts";
import { check } from "./check.ts";
import { bestFirst, rankingText } from "./rank.ts";
import { tableText } from "./table.ts";

const [users, items, behaviours, candidates, shown] = [200, 2000, 1000, 100, 5];

export async function quickstart(dir: string): Promise<void> {
  const begun = performance.now();
  const onProgress = showProgress();
  const section = (title: string) => print(`\n— ${title}`);

  section("example data with planted interests");
  mkdirSync(dir, { recursive: true });
  const { data, events, bestAuc } = await stoppable((signal) =>
    generate({ dir: join(dir, "data"), users, items, behaviours, seed: 1, onProgress, signal }),
  );
  print(
    `${users} users, ${items} items, ${events} behaviours; the best possible AUC of click is ${bestAuc.toFixed(4)}`,
  );

  section("check");
  const model = join(dir, "twin.twin");
  for (const name of ["twin.twin", "features.twin"]) copyFileSync(join(models(), name), join(dir, name));
  check([model], {});

  section("build");
  const built = join(dir, "twin");
  const { files, manifest } = await buildTo(model, { output: built, data });
  for (const file of files) print(`${bytes(file.bytes).padStart(8)}  ${join(built, file.path)}`);
  const { costs } = manifest;
  print(`${costs.parameters.toLocaleString("en-GB")} parameters; the weights are start values (no training yet)`);

  section("lookup table");
  const binding = readBinding(data);
  print(tableText(await stoppable((signal) => buildTables({ dir: built, binding, onProgress, signal }))));

  section(`rank ${candidates} candidates for one user with ${behaviours} behaviours`);
  const twin = await openTwin(built, { providers: ["cpu"] });
  try {
    const request = await oneRequest(twin, data);
    const path = join(dir, "request.json");
    writeFileSync(path, `${JSON.stringify({ ...request.prepare, ...request.rank }, jsonValue, 1)}\n`);
    const start = performance.now();
    const prepared = await twin.prepare(request.prepare);
    const between = performance.now();
    const ranking = await prepared.rank(request.rank);
    const end = performance.now();
    const labels = manifest.labels.map(({ name }) => name);
    const keys = request.rank.candidates.item as ArrayLike<unknown>;
    const order = bestFirst(ranking[labels[0]]).slice(0, shown);
    print(rankingText(labels, ranking, keys, order));
    print(
      `prepared in ${(between - start).toFixed(1)} ms, ranked in ${(end - between).toFixed(1)} ms (first request, sessions cold)`,
    );

    section("why the first is first");
    const only = { ...request.rank, candidates: picked(request.rank.candidates, order[0]) };
    print(explanationText(await prepared.explain(only)));

    section("search against the oracle: the same metric, so the same behaviours");
    const rates = await evaluateHitRate(twin, someRequests(twin, data));
    print(hitRateText(rates).join("\n"));
    print(
      `(the table holds ${manifest.tables.video_keys?.precision ?? "its"} rows and covers what \`coverage\` asks for; \`twin evaluate --self-test\` shows 100 % with full float32 rows)`,
    );

    section("where things are");
    print(`${model}\n${built}/\n${data}\n${path}`);
    print(`next: npx twin rank ${built} --request ${path} --explain --top 1`);
    print(`done in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  } finally {
    await twin.close();
  }
}

/** The models that ship with the package, found from the bundle and from the sources alike. */
function models(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "models", "twin.twin"))) return join(folder, "models");
    if (dirname(folder) === folder) throw new Error("the package's models are missing");
  }
}

/** Candidates of the first user's newest events, ranked against all that the user did before them. */
async function oneRequest(twin: Twin, data: string): Promise<RankedRequest> {
  const binding = readBinding(data);
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

/** The newest request of some users, as the hit rate is measured on them. */
async function* someRequests(twin: Twin, data: string): AsyncGenerator<RankedRequest> {
  for await (const { requests } of readHistories(readBinding(data), twin.manifest, { users: 20 })) {
    for (const request of requests) {
      yield asRequest(request) as RankedRequest;
      break;
    }
  }
}

/** The columns of one candidate. */
function picked(columns: RankedRequest["rank"]["candidates"], index: number): RankedRequest["rank"]["candidates"] {
  const one = Object.entries(columns).map(([name, column]) => [name, [(column as ArrayLike<unknown>)[index]]]);
  return Object.fromEntries(one) as RankedRequest["rank"]["candidates"];
}
