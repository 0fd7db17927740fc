// Prepares a data set once: items encoded, behaviours and samples sorted by user and encoded, larger than memory, resumable.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { hasher } from "../../../contract/hash.ts";
import { attempt } from "../../host/files.ts";
import { meter, type OnProgress } from "../../host/progress.ts";
import { type Binding, boundFiles } from "../binding.ts";
import type { DataModel } from "../data-model.ts";
import { quoted, Source, type SourceOptions } from "../database/source.ts";
import { judgeParts } from "../judge-parts.ts";
import { judgeLists, listsFound } from "../lists/judge-lists.ts";
import { judgeNumbers } from "../number-range.ts";
import { judgeVectors } from "../occurrence/judge-vectors.ts";
import { countEvents, judge } from "../report.ts";
import type { DataReport } from "../report-schema.ts";
import { flatColumns, supplied } from "../sample-columns.ts";
import { type Block, rowBlocks, userBlocks } from "./blocks.ts";
import { ColumnWriter } from "./column-file.ts";
import { countCandidates, withRepeats } from "./count-negatives.ts";
import { dataKey, encodingKey } from "./data-key.ts";
import { damageOfDataset } from "./dataset-damage.ts";
import { type DatasetSpec, datasetFile, readDatasetSpec, writeDatasetSpec } from "./dataset-file.ts";
import { encoders, type Vocabularies } from "./encode-rows.ts";
import { EventWriter, eventLayout, nothingWritten } from "./event-writer.ts";
import { finishedSpec } from "./finished-spec.ts";
import { writeGaps } from "./gaps-phase.ts";
import { numberItems, ordinalsOf, writeItems } from "./items-phase.ts";
import { occurrencesColumn } from "./layout.ts";
import { ListReader, rowsOfBlock } from "./list-reader.ts";
import { Negatives } from "./negatives.ts";
import { expectOwn, type Owner } from "./owner.ts";
import { writePopularity } from "./popularity-phase.ts";
import { type DataQuery, dataQuery, renamedHeadings } from "./select.ts";
import { eventTable, sortEvents } from "./sort-events.ts";
import { layoutWithStats, writeStats } from "./stats-phase.ts";
import { clear, readState, refuseForeign, type WorkState, workFolder, writeState } from "./work-state.ts";

export interface PrepareOptions {
  /** Learned vocabularies by the feature that owns them (`learnVocabularies`). */
  readonly vocabularies: Vocabularies;
  readonly onProgress?: OnProgress;
  /** Stops between blocks; the next call goes on there. */
  readonly signal?: AbortSignal;
  /** DuckDB's memory; what exceeds it is sorted on the disk. Default "600MB". */
  readonly memory?: string;
  /** `all`: rows without a label as well, to score them; no negatives are drawn, and nothing is said of what can be trained on. */
  readonly samples?: "all";
  /** Whether what lies there is read through before it is used again; else its blocks are checked when they are read. */
  readonly verify?: boolean;
  /** Who asks: what another prepared from other data is not replaced. Default `prepare`. */
  readonly owner?: Owner;
  /** Of drawn negatives. Default 1. */
  readonly seed?: number;
  /** Told why prepared data is made anew; where it is to be evaluated or scored, also of headings that come twice. */
  readonly note?: (message: string) => void;
  /** Rows between two points at which a stopped preparation goes on. Default 2,000,000. */
  readonly every?: number;
}

export interface Prepared {
  readonly folder: string;
  readonly fingerprint: string;
  /** True where nothing had to be done. */
  readonly reused: boolean;
  readonly spec: DatasetSpec;
  readonly report: DataReport;
}

/**
 * Reads the data of a binding for a model into a folder that `openDataset` opens. Equal inputs find it there again.
 * @throws TwinError naming file, column and row of what cannot be read, or the part or label that cannot be trained on
 */
export async function prepareDataset(
  binding: Binding,
  model: DataModel,
  folder: string,
  options: PrepareOptions,
): Promise<Prepared> {
  const { seed = 1, owner = "prepare" } = options;
  refuseForeign(folder);
  const work = join(folder, workFolder);
  const existed = existsSync(join(folder, datasetFile));
  if (existed) {
    const key = await withSource({ reads: boundFiles(binding) }, async (source) =>
      dataKey(source, binding, model, options.vocabularies, seed, options.samples),
    );
    const spec = await readable(folder, options);
    if (spec?.key === key) {
      return { folder, fingerprint: spec.fingerprint, reused: true, spec, report: spec.report };
    }
    expectOwn(folder, owner, spec?.owner ?? null, unlike(spec));
    if (spec !== null) {
      options.note?.(
        `${folder} was prepared from other data, another binding or other encoders and vocabularies: it is made anew`,
      );
    }
  }
  attempt("write", folder, () => mkdirSync(work, { recursive: true }));
  const done = await withSource(
    {
      reads: boundFiles(binding),
      database: resolve(work, "events.duckdb"),
      memory: options.memory ?? "600MB",
    },
    async (source) => {
      const key = dataKey(source, binding, model, options.vocabularies, seed, options.samples);
      return run(source, binding, model, resolve(folder), key, { ...options, seed, owner });
    },
  );
  rmSync(work, { recursive: true, force: true });
  return done;
}

const unlike = (spec: DatasetSpec | null): string =>
  spec === null
    ? "cannot be used as it is"
    : "is made from other data, another binding or other encoders and vocabularies";

/** What lies there; null where it cannot be used, or, if that is asked for, where a block of it is damaged. */
async function readable(folder: string, { note, verify }: PrepareOptions): Promise<DatasetSpec | null> {
  try {
    const spec = readDatasetSpec(folder);
    const damage = verify ? await damageOfDataset(folder, spec) : [];
    for (const { path, why } of damage) {
      note?.(`${path}: ${why}. The data are prepared anew`);
    }
    return damage.length === 0 ? spec : null;
  } catch (error) {
    note?.(`${error instanceof Error ? error.message : error}`);
    return null;
  }
}

async function withSource<T>(settings: SourceOptions, job: (source: Source) => Promise<T>): Promise<T> {
  let source: Source;
  try {
    source = await Source.open(settings);
  } catch (error) {
    const text = error instanceof Error ? error.message : "";
    if (settings.database === undefined) {
      throw error;
    }
    if (/lock/i.test(text)) {
      throw new TwinError(
        `another process prepares data in the same folder (${settings.database} is in use): wait for it, or name another folder`,
        { cause: error },
      );
    }
    // What a killed process left cannot be read: begin again.
    for (const end of ["", ".wal"]) {
      rmSync(`${settings.database}${end}`, { force: true });
    }
    rmSync(join(settings.database, "..", "state.json"), { force: true });
    source = await Source.open(settings);
  }
  try {
    return await job(source);
  } finally {
    source.close();
  }
}

/**
 * Blocks of whole users, or of rows that bring their own history. @param begun rows that were written before
 * @param requests whether the rows of a request must stay together: negatives are drawn for them
 */
async function* blocksOf(
  source: Source,
  { columns }: DataQuery,
  select: string,
  begun: number,
  requests: boolean,
): AsyncGenerator<Block> {
  if (columns.events.lists === null) {
    yield* userBlocks(source.stream(select, 32_768), "#user");
    return;
  }
  const size = await rowsOfBlock(source, quoted(eventTable), columns);
  const [before] =
    begun === 0 ? [] : await source.all(`SELECT "#user" AS u FROM ${quoted(eventTable)} WHERE rowid = ${begun - 1}`);
  const chunks = source.stream(select, size, undefined, flatColumns(columns));
  yield* rowBlocks(chunks, { user: "#user", time: requests ? "#time" : null }, size, before?.u);
}

type Settings = PrepareOptions & { readonly seed: number; readonly owner: Owner };

async function run(
  source: Source,
  binding: Binding,
  model: DataModel,
  folder: string,
  key: string,
  options: Settings,
): Promise<Prepared> {
  const { onProgress, signal, owner } = options;
  const allRows = options.samples === "all";
  const hash = await hasher();
  let state: WorkState = readState(folder, { key, owner }, hash, options.note) ?? {
    ...{ key, owner },
    ...{ sorted: null, items: null, events: null },
  };
  if (state.sorted === null) {
    clear(folder);
  }
  const query = await dataQuery(source, binding, model, !allRows);
  if (owner === "evaluate" || owner === "score") {
    // Whoever prepares to train finds them among the warnings.
    for (const heading of renamedHeadings(query)) {
      options.note?.(heading);
    }
  }
  const keep = (change: Partial<WorkState>): void => {
    state = { ...state, ...change };
    writeState(folder, state);
  };
  let { sorted } = state;
  if (sorted === null) {
    const items = await numberItems(source, query);
    await sortEvents(source, query, onProgress, signal);
    const plain = await countEvents(source, quoted(eventTable), query.columns, model, items);
    const draws = binding.negatives !== null && !allRows;
    const counts = draws ? await withRepeats(source, quoted(eventTable), query, plain) : plain;
    const from = quoted(eventTable);
    const ofVectors = await judgeVectors(source, from, query.columns, binding, query.items?.beside ?? [], allRows);
    const warnings = allRows
      ? ofVectors
      : [
          ...judge(counts, binding, model),
          ...(await judgeParts(source, from, query.columns, binding, true)),
          ...ofVectors,
          ...renamedHeadings(query),
        ];
    await source.all("CHECKPOINT");
    const differing = (await query.differing()) ?? undefined;
    sorted = { items, counts, warnings, ...(differing && { differing }) };
    keep({ sorted });
  }
  const { items, counts, warnings } = sorted;
  let itemColumns = state.items;
  if (itemColumns === null) {
    const encode = await encoders(options.vocabularies);
    const progress = meter("items", items, onProgress);
    const files = await writeItems(folder, source, query, model, encode, progress, signal);
    progress.done();
    itemColumns = { features: [...encode.counts.values()], files };
    keep({ items: itemColumns });
  }
  const occurrences = await countCandidates(source, quoted(eventTable), query, items + 1, allRows);
  const writer = new ColumnWriter(folder, occurrencesColumn, hash);
  writer.write(occurrences);
  writer.sync();
  writer.close();
  const negatives =
    binding.negatives === null || allRows
      ? null
      : new Negatives(occurrences, { ...binding.negatives, seed: options.seed });
  const layout = eventLayout(model, query.columns, binding, negatives);
  const encode = await encoders(options.vocabularies, state.events?.features ?? []);
  const begun = state.events?.written ?? nothingWritten(model.histories.length);
  const reader =
    binding.lists === null
      ? null
      : new ListReader(model, query.columns, encode, await ordinalsOf(source, query), begun.lists);
  const events = new EventWriter(
    folder,
    {
      model,
      binding,
      columns: query.columns,
      encoders: encode,
      negatives,
      layout,
      allRows,
      hasher: hash,
      ...(reader && { reader }),
    },
    begun,
    state.events?.files ?? {},
  );
  try {
    const progress = meter("events", counts.events, onProgress);
    progress.add(begun.rows);
    const select = `SELECT * EXCLUDE ("#item") FROM ${quoted(eventTable)}${begun.rows > 0 ? ` WHERE rowid >= ${begun.rows}` : ""}`;
    let kept = begun.rows;
    const save = (): void => {
      events.sync();
      keep({ events: { written: events.written, features: [...encode.counts.values()], files: events.blocks } });
      kept = events.written.rows;
    };
    for await (const block of blocksOf(source, query, select, begun.rows, negatives !== null)) {
      events.add(block);
      progress.add(block.rows);
      if (events.written.rows - kept >= (options.every ?? 2_000_000)) {
        save();
      }
      if (signal?.aborted) {
        save();
        throw new TwinError("preparing the data was stopped; the same command goes on where it was");
      }
    }
    save();
    progress.done();
  } finally {
    events.close();
  }
  const { written } = events;
  if (written.rows !== counts.events) {
    throw new TwinError(
      `${written.rows} of ${counts.events} events were read: the files changed meanwhile. Prepare again`,
    );
  }
  const files = { ...itemColumns.files, [occurrencesColumn.file]: writer.blocks, ...events.blocks };
  const work = { folder, model, layout, written, items: items + 1, files, hasher: hash };
  const delay = Math.max(0, ...Object.values(binding.history).map((one) => one.delay ?? 0));
  const counted = {
    ...writeGaps(work, onProgress, signal),
    ...writeStats(work, onProgress, signal),
    ...writePopularity(work, delay, onProgress),
  };
  const features = [...itemColumns.features, ...encode.counts.values()];
  const lists = written.lists && listsFound(model, binding, written.lists, sorted.differing ?? null);
  const report: DataReport = {
    ...counts,
    parts: counts.parts.map((part, p) =>
      negatives === null ? part : { ...part, drawn: written.samples[p] - part.samples },
    ),
    features,
    supplied: [...supplied(query.columns), ...(query.items?.supplied ?? [])],
    ...(lists && { lists }),
    warnings: [
      ...warnings,
      ...(allRows ? [] : [...judgeLists(lists ?? [], binding), ...judgeNumbers(model, features)]),
    ],
  };
  const spec = finishedSpec(
    folder,
    { key, owner, encoding: encodingKey(model, options.vocabularies) },
    model,
    items + 1,
    written,
    layoutWithStats(layout, model),
    { ...files, ...counted },
    report,
  );
  writeDatasetSpec(folder, spec);
  return { folder, fingerprint: spec.fingerprint, reused: false, spec, report };
}
