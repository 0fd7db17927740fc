// A log → samples whose histories are clusters of a whole life of behaviours (TWIN V2, CIKM 2024), with virtual items and users' records.
import { join } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { fingerprintOf } from "../../../contract/fingerprint.ts";
import { hasher } from "../../../contract/hash.ts";
import { unlearned, withNumbers } from "../../../contract/learned-numbers.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import type { EncodeContext } from "../../encode/context.ts";
import type { RawValue } from "../../encode/raw.ts";
import { writeFileAtomic } from "../../host/files.ts";
import { meter, type OnProgress } from "../../host/progress.ts";
import { type Binding, boundFiles } from "../binding.ts";
import { type ClusterSettings, settingsOf } from "../cluster-settings.ts";
import type { DataModel } from "../data-model.ts";
import type { CellType } from "../database/row-writer.ts";
import { literal, quoted, Source } from "../database/source.ts";
import { itemKeyType } from "../key-type.ts";
import { learnNumbers } from "../learn-numbers.ts";
import { judgeVectors } from "../occurrence/judge-vectors.ts";
import { originOf, recordsIn } from "../occurrence/record.ts";
import { eventTable, sortEvents } from "../prepare/sort-events.ts";
import type { Resolved } from "../resolve.ts";
import { type SampleColumns, sampleColumns } from "../sample-columns.ts";
import type { UserRows } from "../sample-requests.ts";
import { userRows } from "../samples.ts";
import { cellType, hasTexts } from "./cells.ts";
import { clusteringOf } from "./clustering.ts";
import { contentKey } from "./content-key.ts";
import {
  abandon,
  begin,
  clearWork,
  databasePath,
  expectFree,
  finish,
  type Origin,
  readDone,
  readState,
  scratchOf,
  writeState,
} from "./folder.ts";
import { itemFiles, sumOfVectors, writeItems } from "./item-file.ts";
import { type GivenVectors, readItems } from "./item-values.ts";
import { bindingText } from "./sample-file.ts";
import { type Every, readEvery } from "./snapshots.ts";
import { refuseVirtualKeys } from "./virtual-items.ts";
import { type Counts, noCounts, plus, type Shards, writeShard } from "./write-shard.ts";

export interface ClusterOptions {
  /** Between two snapshots of a user: `30d`, or so many behaviours. */
  readonly every: string;
  /** Where k-means starts. */
  readonly seed: number;
  /** Null: the items' own columns. */
  readonly vectors: GivenVectors | null;
  readonly onProgress?: OnProgress;
  /** Stops between users, and between the snapshots of one; the next call goes on at the shard of users that was begun. */
  readonly signal?: AbortSignal;
  /** Told of what may be wrong with the data. */
  readonly note?: (message: string) => void;
  /** Events of a shard, about: whole users. Default 50,000. */
  readonly shard?: number;
}

export interface Clustered {
  readonly counts: Counts;
  /** True where nothing had to be done. */
  readonly reused: boolean;
}

/**
 * Reads a log and writes a folder: `data.yaml` (of samples), `samples/`, `items/`, `users/` and, last, `clusters.yaml`. The same
 * inputs and seed give the same bytes; what is begun goes on.
 * @throws TwinError where the model keeps no clusters, there are no vectors, or the folder holds something else
 */
export async function clusterLog(
  binding: Binding,
  model: DataModel,
  folder: string,
  options: ClusterOptions,
): Promise<Clustered> {
  const every = readEvery(options.every);
  refuse(binding, model);
  const histories = model.histories.map(({ name }) => ({ name, clusters: settingsOf(model, name) }));
  const features = model.features.map(({ name, group, encoder, column }) => ({ name, group, encoder, column }));
  const origin = {
    model: model.model,
    histories: histories.filter(({ clusters }) => clusters !== null),
    every: options.every,
    seed: options.seed,
    data: await contentKey(binding, options.signal),
  };
  const vectorsFrom = options.vectors?.fingerprint ?? "data";
  const lengths = model.histories.map(({ max, cross }) => ({ max, cross }));
  const key = fingerprintOf({ ...origin, features, rule, lengths, vectorsFrom, shard: options.shard });
  expectFree(folder, key);
  const whole = readDone(folder);
  if (whole !== null) {
    clearWork(folder);
    return { counts: whole.counts, reused: true };
  }
  const { counts, vectors } = await made(binding, model, folder, key, { ...options, every });
  await finish(folder, key, { ...origin, vectors } satisfies Origin, counts);
  return { counts, reused: false };
}

/** Raised where the same settings give other clusters than a version before. */
const rule = 2;

/** Writes all but the file that says that the folder is whole. */
async function made(binding: Binding, model: DataModel, folder: string, key: string, options: Opening) {
  const { onProgress, signal, vectors } = options;
  const { source, begun } = await openWork(binding, folder, key);
  let state = begun;
  try {
    const shards = await open(source, binding, model, folder, options);
    if (!state.sorted) {
      await sortEvents(source, { columns: shards.columns, events: shards.columns.rows() }, onProgress, signal);
      await expectEvents(source, shards.columns);
      const from = quoted(eventTable);
      const { beside } = shards.items;
      for (const warning of await judgeVectors(source, from, shards.columns, binding, beside)) {
        options.note?.(warning);
      }
      await source.all("CHECKPOINT");
      state = { ...state, sorted: true };
      writeState(folder, state);
    }
    await writeItems(shards);
    const ranges = await shardsOf(source, options.shard ?? 50_000);
    const rest = ranges.slice(state.done.shards);
    const left = rest.reduce((sum, { rows }) => sum + rows, 0);
    const progress = meter("events in clusters", left, onProgress);
    for (const range of rest) {
      const number: number = state.done.shards;
      const users = await allUsers(source, shards.columns, range);
      const counts = await writeShard(shards, number, users, (rows) => progress.add(rows));
      state = { ...state, done: { ...plus(state.done, counts), shards: number + 1 } };
      writeState(folder, state);
    }
    progress.done();
    const { shards: _, ...counts } = state.done;
    const text = bindingText(shards.columns, binding, model.features, shards.histories, itemFiles(shards.items));
    writeFileAtomic(join(folder, "data.yaml"), text);
    return {
      counts,
      vectors: {
        ...(vectors && { model: vectors.model, learned: vectors.fingerprint }),
        sha256: sumOfVectors(shards.items),
      },
    };
  } catch (error) {
    if (!state.sorted) {
      abandon(folder);
    }
    throw error;
  } finally {
    source.close();
  }
}

/** @throws TwinError for what clusters cannot be made of */
function refuse(binding: Binding, { model, histories }: DataModel): void {
  const { place, lists, negatives, events, history } = binding;
  if (histories.every(({ cluster }) => cluster === undefined)) {
    const own = histories.map(({ name }) => `\`${name}\``).join(", ");
    throw new TwinError(
      `the model ${model} keeps no history as clusters (${own}): add \`cluster: kmeans(on: item.VECTOR, size: 20)\` to one`,
    );
  }
  if (lists !== null) {
    throw new TwinError(
      `${place("samples")}: clusters are made of a log, which says when each behaviour happened: name it as \`events\``,
    );
  }
  if (events?.clock?.unit === "steps") {
    throw new TwinError(
      `${place("events", "order")}: samples with lists have times or none, and an order is neither: name a clock as \`events.time\``,
    );
  }
  if (negatives !== null) {
    throw new TwinError(
      `${place("negatives")}: negatives would be drawn among virtual items, too, and what a cluster holds would not count as met: clusters need a log whose labels are both 0 and 1`,
    );
  }
  for (const [name, { excludeSame }] of Object.entries(history)) {
    if (excludeSame !== null) {
      throw new TwinError(
        `${place("history", name, "exclude_same")}: a cluster may hold behaviours that share this value with a sample beside others that do not: leave it out, or keep the newest away by \`delay\``,
      );
    }
  }
}

/** What was begun, and the database that it lies in; both anew where there is nothing that can be gone on with. */
async function openWork(binding: Binding, folder: string, key: string) {
  const settings = { reads: boundFiles(binding), writes: [scratchOf(folder)], database: databasePath(folder) };
  const begun = readState(folder);
  if (begun !== null) {
    try {
      return { source: await Source.open(settings), begun };
    } catch (error) {
      if (error instanceof Error && /lock/i.test(error.message)) {
        throw new TwinError(`another process makes clusters in ${folder}: wait for it, or name another folder`, {
          cause: error,
        });
      }
      // What a killed process left cannot be read.
    }
  }
  begin(folder);
  return { source: await Source.open(settings), begun: { key, sorted: false, done: { ...noCounts, shards: 0 } } };
}

type Opening = Omit<ClusterOptions, "every"> & { readonly every: Every };

/** Everything that is the same for all users. */
async function open(
  source: Source,
  binding: Binding,
  model: DataModel,
  folder: string,
  { every, seed, vectors, signal }: Opening,
): Promise<Shards> {
  const key = model.features.find((feature) => feature.group === "item" && feature.key);
  const keyType = key === undefined ? null : await itemKeyType(source, binding, key);
  // What is counted of clusters stands in no log.
  const isCounted = (name: string): boolean =>
    model.features.some((feature) => feature.name === name && feature.encoder.kind === "members");
  const ofLog: DataModel = {
    ...model,
    features: model.features.filter(({ name }) => !isCounted(name)),
    histories: model.histories.map((one) => ({ ...one, cross: one.cross.filter((name) => !isCounted(name)) })),
  };
  const columns = await sampleColumns(source, binding, ofLog, keyType, true);
  const named = (name: string): FeatureSpec => model.features.find((feature) => feature.name === name)!;
  const on = [...new Set(model.histories.flatMap(({ cluster }) => (cluster ? [cluster.on] : [])))].map(named);
  const items = await readItems(source, binding, ofLog.features, columns.events.keyType, on, vectors);
  refuseVirtualKeys(items.keys, binding.place("items", "key"));
  const context: EncodeContext = {
    hasher: await hasher(),
    vocabulary: (name) => {
      throw new Error(`no vocabulary was learned, and ${name} asks for one`);
    },
    where: binding.path,
  };
  const beside = binding.vectors === null ? null : originOf(await recordsIn(source, binding.vectors.file));
  const originFor = (on: string): string | null => vectors?.fingerprint ?? (items.beside.includes(on) ? beside : null);
  const histories: Shards["histories"][number][] = [];
  for (const { name, max, cross, cluster } of model.histories) {
    const resolved = columns.cross.get(name)!;
    let later = 0;
    const own = resolved.map((column) => ({
      feature: named(column.name),
      known: columns.knownAt.has(column.name) ? later++ : null,
    }));
    const within = cluster?.within === undefined ? null : await learned(binding, named(cluster.within));
    histories.push({
      name,
      max,
      delay: binding.history[name]?.delay ?? 0,
      clusters: withOrigin(settingsOf(model, name), originFor),
      size: cross.find(isCounted) ?? null,
      cross: own,
      types: await crossTypes(source, columns, resolved, named),
      by: cluster
        ? clusteringOf(
            cluster,
            own.map(({ feature }) => feature),
            within,
            items,
            { seed, context },
          )
        : null,
    });
  }
  const itemTypes = items.features.map((feature) =>
    cellType(feature, hasTexts(items.columns.get(feature.name) as Iterable<RawValue>)),
  );
  const { features } = model;
  return { source, folder, binding, columns, histories, items, itemTypes, features, every, signal };
}

/** With what the vectors were made of, where that is known. */
function withOrigin(
  settings: ClusterSettings | null,
  originFor: (on: string) => string | null,
): ClusterSettings | null {
  const vectors = settings && originFor(settings.on);
  return settings && vectors ? { ...settings, vectors } : settings;
}

/** With edges that the model leaves to the data. */
async function learned(binding: Binding, feature: FeatureSpec): Promise<FeatureSpec> {
  return unlearned(feature.encoder) === null
    ? feature
    : withNumbers([feature], await learnNumbers(binding, [feature]))[0];
}

/** How the values of cross features are held. */
async function crossTypes(
  source: Source,
  columns: SampleColumns,
  resolved: readonly Resolved[],
  named: (name: string) => FeatureSpec,
): Promise<CellType[]> {
  const types = new Map((await source.describe(columns.rows())).map(({ name, type }) => [name, type]));
  return resolved.map(({ name, derive }) => {
    const texts = derive === null ? types.get(name)!.startsWith("VARCHAR") : derive.kind !== "scale";
    return cellType(named(name), texts);
  });
}

/** @throws TwinError where an event is of nobody, or none has a label */
async function expectEvents(source: Source, { events, labels }: SampleColumns): Promise<void> {
  const some = labels.map(({ name }) => `${quoted(name)} IS NOT NULL`).join(" OR ");
  const [{ nobody, labelled }] = await source.all(
    `SELECT count(*) FILTER ("#user" IS NULL)::DOUBLE AS nobody, count(*) FILTER (${some})::DOUBLE AS labelled FROM ${quoted(eventTable)}`,
  );
  const { relation, user } = events;
  if (Number(nobody) > 0) {
    throw new TwinError(`${relation.name}, column \`${user.shown}\`: an event has no user`);
  }
  if (Number(labelled) === 0) {
    throw new TwinError(
      `${relation.name}: no event has a label (${labels.map(({ shown }) => `\`${shown}\``).join(", ")}), so there are no samples to write`,
    );
  }
}

/** Read whole before anything is written: a query that is under way on this connection would end at the first statement. */
async function allUsers(source: Source, columns: SampleColumns, { query, rows }: Shard): Promise<UserRows[]> {
  const users: UserRows[] = [];
  for await (const user of userRows(source, columns, query)) {
    users.push(user);
  }
  const read = users.reduce((sum, { times }) => sum + times.length, 0);
  if (read !== rows) {
    throw new Error(`${read} of ${rows} events of a shard were read`);
  }
  return users;
}

interface Shard {
  readonly query: string;
  readonly rows: number;
}

/** Whole users of about so many events together, in their order. */
async function shardsOf(source: Source, size: number): Promise<Shard[]> {
  const users = `SELECT "#user" AS u, count(*) AS n FROM ${quoted(eventTable)} GROUP BY u`;
  const cut = `SELECT u, n, (sum(n) OVER (ORDER BY u) - n) // ${size} AS shard FROM (${users})`;
  const found = await source.all(
    `SELECT min(u) AS first, max(u) AS last, sum(n)::DOUBLE AS rows FROM (${cut}) GROUP BY shard ORDER BY shard`,
  );
  const text = (user: unknown): string => (typeof user === "bigint" ? String(user) : literal(String(user)));
  return found.map(({ first, last, rows }) => ({
    query: `SELECT * FROM ${quoted(eventTable)} WHERE "#user" BETWEEN ${text(first)} AND ${text(last)} ORDER BY "#user", "#time" DESC, "#row" DESC`,
    rows: Number(rows),
  }));
}
