// `twin data check`: reads everything that training would read, writes nothing, and says what there is.
import { encodedWidth } from "../encode/column.ts";
import { TwinError } from "../error.ts";
import type { FeatureSpec } from "../manifest.ts";
import { meter, type OnProgress } from "../progress.ts";
import { type Binding, boundFiles } from "./binding.ts";
import { mergedInstants } from "./clock.ts";
import { type DataModel, encodedFeatures } from "./data-model.ts";
import { learnVocabularies } from "./learn-vocabularies.ts";
import type { ColumnArray } from "./prepare/column-file.ts";
import { withDraws, withRepeats } from "./prepare/count-negatives.ts";
import { type Encoded, type Encoders, encoders } from "./prepare/encode-rows.ts";
import { encodeItems, numberItems } from "./prepare/items-phase.ts";
import { type DataQuery, dataQuery } from "./prepare/select.ts";
import { countEvents, judge } from "./report.ts";
import type { DataReport } from "./report-schema.ts";
import { supplied } from "./sample-columns.ts";
import { SampledRows, type SinglePredictions } from "./single-features.ts";
import { quoted, Source } from "./source.ts";

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
  const { onProgress, signal } = options;
  const source = await Source.open({ reads: boundFiles(binding), ...(options.memory && { memory: options.memory }) });
  const stop = (): void => source.connection.interrupt();
  signal?.addEventListener("abort", stop);
  try {
    const bound = model === null ? { ...binding, columns: {}, history: {} } : binding;
    const read = model ?? anyModel;
    const query = await dataQuery(source, bound, read, model !== null);
    const items = await numberItems(source, query);
    const from = `(${query.events})`;
    let counts = await countEvents(source, from, query.columns, read, items);
    const draws = model !== null && binding.negatives !== null;
    if (draws) counts = await withRepeats(source, from, query, counts);
    const warnings = [
      ...(model === null ? [] : judge(counts, binding, model)),
      ...(await finerThanHeld(source, query)),
    ];
    if (draws) counts = await withDraws(source, from, query, { counts, items: items + 1, binding, seed: 1 }, signal);
    const encode = await encoders(
      model === null ? new Map() : await learnVocabularies(binding, model.features as FeatureSpec[]),
    );
    const drawn =
      draws || model === null ? null : await SampledRows.draw(source, from, query.columns, counts.parts[0].samples);
    const progress = meter("items", items, onProgress);
    await encodeItems(source, query, read, encode, progress, drawn && itemsInto(drawn, read), signal);
    progress.done();
    if (model !== null) {
      const told = meter("events", counts.events, onProgress);
      await encodeEvents(source, query, read, encode, drawn, (rows) => told.add(rows), signal);
      told.done();
    }
    const predictors = drawn?.predictions();
    return {
      ...counts,
      features: model === null ? [] : [...encode.counts.values()],
      supplied: [...supplied(query.columns), ...(query.items?.supplied ?? [])],
      ...(predictors && { predictors }),
      warnings: [...warnings, ...(predictors ?? []).flatMap(suspected)],
    };
  } catch (error) {
    if (signal?.aborted) throw new TwinError("checking the data was stopped", { cause: error });
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    source.close();
  }
}

/** Items come in the order of their ordinals, each feature for itself. */
function itemsInto(drawn: SampledRows, model: DataModel): (name: string, data: ColumnArray) => void {
  const next = new Map(encodedFeatures(model, "item").map((feature) => [feature.name, { feature, ordinal: 0 }]));
  return (name, data) => {
    const place = next.get(name)!;
    drawn.addItems(place.feature, place.ordinal, data as Encoded);
    place.ordinal += data.length / encodedWidth(place.feature);
  };
}

function suspected({ label, rows, features, suspects }: SinglePredictions[number]): string[] {
  return suspects.map((name) => {
    const { auc } = features.find(({ feature }) => feature === name)!;
    const next = features.find(({ feature }) => !suspects.includes(feature));
    const others =
      next === undefined ? "nothing else is there" : `the next, ${next.feature}, has ${next.auc.toFixed(3)}`;
    return `${name} alone predicts ${label} with an AUC of ${auc.toFixed(3)} on rows that it was not learned from (${rows.toLocaleString("en-GB")} training rows; ${others}): it may be the label, or known only after it. Leave it out of the model unless it is known when a request is served; what belongs to a behaviour goes to the history's cross features, with known_at where it became known later`;
  });
}

/** What is said of a clock whose events come faster than times are held. */
async function finerThanHeld(source: Source, { columns: { events } }: DataQuery): Promise<string[]> {
  const merged = events.raw === null ? 0 : await mergedInstants(source, events.select, events.raw);
  if (merged === 0) return [];
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

/** Every value of every event is encoded as it would be: what does not fit is found here, with its row. */
async function encodeEvents(
  source: Source,
  { columns, events }: DataQuery,
  model: DataModel,
  encode: Encoders,
  drawn: SampledRows | null,
  told: (rows: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const groups = ["user", "context", "candidate", "cross"] as const;
  const features = groups
    .flatMap((group) => encodedFeatures(model, group))
    .filter(({ encoder }) => encoder.kind !== "elapsed");
  if (features.length === 0) return;
  const resolved = [...columns.context, ...columns.candidate, ...columns.user, ...[...columns.cross.values()].flat()];
  const names = ["#row", ...features.map(({ name }) => name)].map(quoted).join(", ");
  for await (const chunk of source.stream(`SELECT ${names} FROM (${events})`, 32_768, columns.explain)) {
    if (signal?.aborted) throw new TwinError("checking the data was stopped");
    for (const feature of features) {
      const column = resolved.find((one) => one.name === feature.name)!;
      const place = (row: number): string =>
        `${columns.events.relation.name}, row ${Number((chunk.columns["#row"] as ArrayLike<number>)[row]) + 1}, column \`${column.shown}\``;
      const encoded = encode.encode(feature, chunk.columns[feature.name], chunk.rows, column.derive, place);
      // What belongs to a behaviour is never seen at the event itself.
      if (feature.group !== "cross") drawn?.addEvents(feature, chunk.columns["#row"] as ArrayLike<number>, encoded);
    }
    told(chunk.rows);
  }
}
