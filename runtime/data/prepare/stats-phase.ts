// Statistics of samples, counted once their behaviours lie in files: columns of the samples like all others.
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { recordOf } from "../../../contract/record.ts";
import { type Meter, meter, type OnProgress } from "../../host/progress.ts";
import { popularityFeatures, SampleStats, statsOf, storedFeature } from "../../learn/index.ts";
import type { DataModel } from "../data-model.ts";
import { type ColumnArray, ColumnWriter } from "./column-file.ts";
import { parts } from "./dataset-file.ts";
import type { EventLayout, Written } from "./event-writer.ts";
import type { FileBlocks } from "./file-blocks.ts";
import { endColumn, itemColumn, sampleColumnFiles } from "./layout.ts";
import { historyColumns } from "./open.ts";
import { OpenedColumns, type WrittenColumns } from "./opened-columns.ts";

/** Samples that are counted at a time: of users that go on beyond them, behaviours are gone through again. */
const block = 65_536;

/** The layout with the statistics of all histories and popularity, which other columns of samples stand before. */
export function layoutWithStats(layout: EventLayout, model: DataModel): EventLayout {
  const popular = popularityFeatures(model.features);
  const counted = popular.flatMap(({ name: feature, encoder, shape }) =>
    encoder.kind === "popularity" ? [{ feature, values: encoder.values, width: shape[0] ?? 1 }] : [],
  );
  return {
    ...layout,
    single: [...layout.single, ...[...statFeatures(model), ...popular].map(storedFeature)],
    ...(counted.length > 0 && { counted }),
  };
}

const statFeatures = (model: DataModel): FeatureSpec[] =>
  model.histories.flatMap((history) => statsOf(model.features, history));

/** What the phase reads and writes. */
export interface StatsWork extends WrittenColumns {
  readonly model: DataModel;
  /** Of the columns that are written: without statistics. */
  readonly layout: EventLayout;
  readonly written: Written;
  readonly items: number;
}

/** @returns what stands in the files of the statistics */
export function writeStats(
  work: StatsWork,
  onProgress: OnProgress | undefined,
  signal: AbortSignal | undefined,
): Record<string, FileBlocks> {
  const { model, layout, written } = work;
  const counted = model.histories.filter((history) => statsOf(model.features, history).length > 0);
  if (counted.length === 0) {
    return {};
  }
  const files = new OpenedColumns(work);
  const progress = meter("statistics", counted.length * written.samples.reduce((sum, one) => sum + one, 0), onProgress);
  try {
    const items = recordOf(
      layout.item.map((one) => [one.name, files.open(itemColumn(one), work.items, true).encoded] as const),
    );
    const done = counted.flatMap((history) => {
      const h = model.histories.indexOf(history);
      const ends = endColumn(history.name).file;
      const columns = historyColumns(layout.histories[h], (column) =>
        column.file === ends
          ? files.open(column, written.users, true)
          : files.open(column, written.behaviours[h], false),
      );
      const stats = statsOf(model.features, history);
      const counter = new SampleStats(columns, stats, model.features, items);
      return parts.flatMap((_, p) => writePart(work, files, p, counter, history.name, stats, progress, signal));
    });
    progress.done();
    return recordOf(done);
  } finally {
    files.close();
  }
}

/** The statistics of one part's samples, a block after the other. */
function writePart(
  { folder, layout, written, hasher }: StatsWork,
  files: OpenedColumns,
  p: number,
  counter: SampleStats,
  history: string,
  stats: readonly FeatureSpec[],
  progress: Meter,
  signal: AbortSignal | undefined,
): (readonly [string, FileBlocks])[] {
  const specs = sampleColumnFiles(parts[p], { ...layout, single: stats.map(storedFeature) });
  const rows = written.samples[p];
  const read = <T extends ColumnArray>(name: string, kind: new (length: number) => T) => {
    const column = specs[name] === undefined ? null : files.open(specs[name], rows, false);
    return (from: number, to: number): T | null => column?.rangeAs(kind, from, to) ?? null;
  };
  const candidate = read("candidate", Int32Array);
  const user = read("user", Uint32Array);
  const time = read("time", Float64Array);
  const start = read(`start.${history}`, Uint32Array);
  const end = read(`end.${history}`, Uint32Array);
  const same = read(`same.${history}`, Int32Array);
  const writers = stats.map(({ name }) => new ColumnWriter(folder, specs[`single.${name}`], hasher));
  try {
    for (let from = 0; from < rows; from += block) {
      const to = Math.min(from + block, rows);
      const columns = counter.of({
        candidate: candidate(from, to)!,
        user: user(from, to)!,
        time: time(from, to)!,
        start: start(from, to)!,
        end: end(from, to),
        same: same(from, to),
      });
      stats.forEach(({ name }, i) => {
        writers[i].write(columns[name]);
      });
      progress.add(to - from);
      if (signal?.aborted) {
        throw new TwinError("preparing the data was stopped; the same command goes on where it was");
      }
    }
    return writers.map((writer) => {
      writer.sync();
      return [writer.spec.file, writer.blocks] as const;
    });
  } finally {
    for (const writer of writers) {
      writer.close();
    }
  }
}
