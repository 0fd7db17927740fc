// `twin data check`: reads everything that training would read, writes nothing, and says what there is.

import { isComputed } from "../../../contract/encoder-spec.ts";
import { TwinError } from "../../../contract/error.ts";
import { withNumbers } from "../../../contract/learned-numbers.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { recordOf } from "../../../contract/record.ts";
import { encodedWidth } from "../../encode/column.ts";
import { type DataColumn, takeRows } from "../../encode/data-column.ts";
import { deriveColumn } from "../../encode/derive.ts";
import type { Encoded } from "../../encode/encoded.ts";
import { meter, type OnProgress } from "../../host/progress.ts";
import { type Binding, boundFiles } from "../binding.ts";
import { mergedInstants } from "../clock.ts";
import { type DataModel, encodedFeatures } from "../data-model.ts";
import { interruptible } from "../database/interruptible.ts";
import { quoted, Source } from "../database/source.ts";
import type { KeyType } from "../items.ts";
import { judgeParts } from "../judge-parts.ts";
import { learnNumbers } from "../learn-numbers.ts";
import { learnVocabularies } from "../learn-vocabularies.ts";
import { judgeLists, listsFound } from "../lists/judge-lists.ts";
import { judgeNumbers, saidRange } from "../number-range.ts";
import { judgeVectors } from "../occurrence/judge-vectors.ts";
import { withDraws, withRepeatedOnes, withRepeats } from "../prepare/count-negatives.ts";
import { type Encoders, encoders } from "../prepare/encode-rows.ts";
import { encodeItems, numberItems, ordinalsOf } from "../prepare/items-phase.ts";
import { ListReader, rowsOfBlock } from "../prepare/list-reader.ts";
import { type DataQuery, dataQuery, renamedHeadings } from "../prepare/select.ts";
import { countEvents, judge, judgeDigits } from "../report.ts";
import type { DataReport, FeatureCount } from "../report-schema.ts";
import { flatColumns, resolvedOf, sampleColumns, supplied } from "../sample-columns.ts";
import { HashedRows } from "./collisions.ts";
import { type Predictors, SampledRows } from "./sampled-rows.ts";
import { tablesKept } from "./tables-kept.ts";
import { timeBetween } from "./time-between.ts";
import { unseenKeys } from "./unseen-keys.ts";

export interface CheckOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** DuckDB's memory. Default "1GB". */
  readonly memory?: string;
}

/**
 * @param model null: only files, keys, clock and split are looked at
 * @throws TwinError naming file, column and row of the first thing that training would stop at
 */
export async function checkData(
  binding: Binding,
  model: DataModel | null,
  options: CheckOptions = {},
): Promise<DataReport> {
  const source = await Source.open({ reads: boundFiles(binding), ...(options.memory && { memory: options.memory }) });
  try {
    return await interruptible(source, options.signal, stopped, () => checked(source, binding, model, options));
  } finally {
    source.close();
  }
}

const stopped = "checking the data was stopped";

async function checked(
  source: Source,
  binding: Binding,
  model: DataModel | null,
  options: CheckOptions,
): Promise<DataReport> {
  const { onProgress, signal } = options;
  const bound = model === null ? withoutFeatures(binding) : binding;
  const unlearned = model ?? { ...anyModel, histories: Object.keys(binding.lists ?? {}).map(anyHistory) };
  const query = await dataQuery(source, bound, unlearned, model !== null);
  const items = await numberItems(source, query);
  const from = `(${query.events})`;
  let counts = await countEvents(source, from, query.columns, unlearned, items);
  const draws = model !== null && binding.negatives !== null;
  counts = await (draws ? withRepeats : withRepeatedOnes)(source, from, query, counts);
  const warnings = [
    ...(model === null ? judgeDigits(counts, binding) : judge(counts, binding, model)),
    ...(await judgeParts(source, from, query.columns, binding, model !== null)),
    ...(model === null
      ? await vectorsWithout(source, bound, binding, unlearned, query.keyType)
      : await judgeVectors(source, from, query.columns, binding, query.items?.beside ?? [])),
    ...(await finerThanHeld(source, query)),
    ...renamedHeadings(query),
  ];
  if (draws) {
    counts = await withDraws(
      source,
      from,
      query,
      { counts, items: items + 1, binding, model: unlearned, seed: 1 },
      signal,
    );
  }
  const unseen = await unseenKeys(source, from, query, binding.events?.user !== null);
  const between = binding.lists === null ? await timeBetween(source, from, query.columns, counts) : null;
  const tables = model === null ? [] : await tablesKept(source, query, binding, model, items);
  const numbers = await learnNumbers(binding, unlearned.features);
  const read = { ...unlearned, features: withNumbers(unlearned.features, numbers) };
  const hashed = await HashedRows.open(source, from, read, items);
  const vocabularies =
    model === null ? new Map() : await learnVocabularies(binding, model.features, undefined, options);
  const encode = await encoders(vocabularies, [], (...block) => hashed.add(...block));
  const drawn = draws || model === null ? null : new SampledRows(counts.parts[0], items);
  const reader =
    model === null || binding.lists === null
      ? null
      : new ListReader(read, query.columns, encode, await ordinalsOf(source, query));
  if (model !== null) {
    const told = meter("events", counts.events, onProgress);
    await encodeEvents(source, query, read, encode, { drawn, reader }, (rows) => told.add(rows), signal);
    told.done();
  }
  const lists = reader && listsFound(read, binding, reader.counts, await query.differing());
  const progress = meter("items", items, onProgress);
  await encodeItems(source, query, read, encode, progress, drawn && itemsInto(drawn), signal);
  progress.done();
  const predictors = drawn?.predictors();
  const features = model === null ? [] : itemsFirst(read, [...encode.counts.values()].map(said));
  return {
    ...counts,
    parts: counts.parts.map((part, p) => ({ ...part, ...(unseen[p] && { unseen: unseen[p] }) })),
    ...(between && { between }),
    features,
    supplied: [...supplied(query.columns), ...(query.items?.supplied ?? [])],
    ...(model !== null && { collisions: hashed.found(), tables }),
    ...(predictors && { predictors }),
    ...(lists && { lists }),
    warnings: [
      ...warnings,
      ...judgeLists(lists ?? [], binding),
      ...judgeNumbers(read, features),
      ...(predictors ?? []).flatMap(suspected),
    ],
  };
}

function itemsFirst(model: DataModel, counts: FeatureCount[]): FeatureCount[] {
  const names = new Set(encodedFeatures(model, "item").map(({ name }) => name));
  return [...counts.filter(({ name }) => names.has(name)), ...counts.filter(({ name }) => !names.has(name))];
}

/** Items come in the order of their ordinals, each feature for itself. */
function itemsInto(drawn: SampledRows) {
  const next = new Map<string, number>();
  return (feature: FeatureSpec, data: Encoded, raw: DataColumn | null): void => {
    const ordinal = next.get(feature.name) ?? 0;
    drawn.addItems(feature, ordinal, raw, data);
    next.set(feature.name, ordinal + data.length / encodedWidth(feature));
  };
}

function suspected({ label, suspects }: Predictors): string[] {
  return suspects.map(({ feature, auc, missing, rows, rare, next }) => {
    const gap = missing !== undefined && missing >= auc - 0.01 ? ", by being missing or not," : "";
    const where = rare === null ? "" : ` of ${rare}s with at most two labelled events`;
    const others = next === null ? "nothing else is there" : `the next, ${next.feature}, has ${next.auc.toFixed(3)}`;
    const found = `${feature} alone${gap} predicts ${label} with an AUC of ${auc.toFixed(3)} on rows that it was not learned from (${rows.toLocaleString("en-GB")} training rows${where}; ${others})`;
    return rare === null
      ? `${found}: it may be the label, or known only after it. Leave it out of the model unless it is known when a request is served; what belongs to a behaviour goes to the history's cross features, with known_at where it became known later`
      : `${found}: it seems to hold these events' own labels, as a rate over all events does. Make it of events before the sample's, or leave it out of the model`;
  });
}

/** What is said of a clock whose events come faster than times are held. */
async function finerThanHeld(source: Source, { columns: { events } }: DataQuery): Promise<string[]> {
  const merged = events.raw === null ? 0 : await mergedInstants(source, events.select, events.raw);
  if (merged === 0) {
    return [];
  }
  return [
    `${merged} events are less than 240 ns away from another event of the same user: they count as one instant, and are no history of one another`,
  ];
}

/** Stands for a model where none is named: items have a key and nothing else. */
const anyModel: DataModel = {
  model: "",
  features: [
    {
      name: "item.key",
      group: "item",
      column: "key",
      formerly: null,
      key: true,
      encoder: { kind: "hashed", buckets: 1 },
      dtype: "int32",
      shape: [],
      embedding: null,
      vocabulary: null,
    },
  ],
  histories: [],
  labels: [],
};

const anyHistory = (name: string) => ({ name, max: 1, cross: [] });

/**
 * What is said of vectors where no model says which rows are samples: those with a label that the binding names. Where it
 * names none every row may be one, and what would be refused is a warning.
 */
async function vectorsWithout(
  source: Source,
  bound: Binding,
  binding: Binding,
  model: DataModel,
  keyType: KeyType,
): Promise<string[]> {
  if (binding.vectors === null) {
    return [];
  }
  const named = Object.entries(binding.columns).filter(([name]) => name.startsWith("predict."));
  const labels = named.map(([name]) => ({ name: name.slice("predict.".length), kind: "regression" as const }));
  const own = { ...bound, columns: recordOf(named) };
  const columns = await sampleColumns(source, own, { ...model, labels }, keyType, labels.length > 0);
  const judged = judgeVectors(source, `(${columns.rows()})`, columns, binding, null, labels.length === 0);
  return labels.length > 0
    ? judged
    : judged.catch((error) => {
        if (error instanceof TwinError) {
          return [error.message];
        }
        throw error;
      });
}

/** What is left of a binding where no model says what its features are. */
function withoutFeatures(binding: Binding): Binding {
  const { lists } = binding;
  const bare =
    lists && recordOf(Object.entries(lists).map(([name, list]) => [name, { ...list, columns: {} }] as const));
  return { ...binding, columns: {}, history: {}, lists: bare };
}

/** Every value of every event is encoded as it would be: what does not fit is found here, with its row. */
async function encodeEvents(
  source: Source,
  { columns, events }: DataQuery,
  model: DataModel,
  encode: Encoders,
  { drawn, reader }: { readonly drawn: SampledRows | null; readonly reader: ListReader | null },
  told: (rows: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const groups = ["user", "context", "candidate", ...(reader === null ? (["cross"] as const) : [])] as const;
  const features = groups
    .flatMap((group) => encodedFeatures(model, group))
    .filter(({ encoder }) => !isComputed(encoder));
  if (features.length === 0 && drawn === null && reader === null) {
    return;
  }
  const flat = reader === null ? new Set<string>() : flatColumns(columns);
  const ofLists = reader === null ? [] : [`"#time"`, `"#ordinal"`, ...columns.labels.map(({ name }) => quoted(name))];
  const asked = [...ofLists, ...[...flat].map(quoted), ...features.map(({ name }) => quoted(name))];
  const names = [...new Set([`"#row"`, ...(drawn?.sql ?? []), ...asked])].join(", ");
  const size = reader === null ? 32_768 : await rowsOfBlock(source, `(${events})`, columns);
  for await (const chunk of source.stream(`SELECT ${names} FROM (${events})`, size, columns.explain, flat)) {
    if (signal?.aborted) {
      throw new TwinError(stopped);
    }
    const picked = drawn?.draw(chunk) ?? [];
    for (let h = 0; reader !== null && h < model.histories.length; h++) {
      reader.read(h, chunk);
    }
    for (const feature of features) {
      const column = resolvedOf(columns, feature.name);
      const place = (row: number): string =>
        `${columns.events.relation.name}, row ${Number(chunk.columns["#row"][row]) + 1}, column \`${column.shown}\``;
      const encoded = encode.encode(feature, chunk.columns[feature.name], chunk.rows, column.derive, place);
      // What belongs to a behaviour is never seen at the event itself.
      if (drawn === null || feature.group === "cross") {
        continue;
      }
      const raw = takeRows(chunk.columns[feature.name], picked);
      drawn.addEvents(feature, picked, column.derive === null ? raw : deriveColumn(column.derive, raw, ""), encoded);
    }
    told(chunk.rows);
  }
}

const said = (feature: FeatureCount): FeatureCount =>
  feature.range === undefined ? feature : { ...feature, range: saidRange(feature.range) };
