// Popularity of samples, counted over the training part once it lies in files; what is counted by its end is kept as a table.
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { recordOf } from "../../../contract/record.ts";
import { type Meter, meter, type OnProgress } from "../../host/progress.ts";
import {
  frozenColumn,
  overColumn,
  popularityFeatures,
  type SamplePopularity,
  samplePopularity,
  storedFeature,
} from "../../learn/index.ts";
import { type ColumnSpec, ColumnWriter } from "./column-file.ts";
import { parts } from "./dataset-file.ts";
import type { FileBlocks } from "./file-blocks.ts";
import { countedColumn, itemColumn, sampleColumnFiles } from "./layout.ts";
import { OpenedColumns } from "./opened-columns.ts";
import type { StatsWork } from "./stats-phase.ts";

/** Samples of a later part that are looked up at a time. */
const block = 65_536;

/**
 * The training part's times, candidates and labels are held in memory: 24 bytes a sample.
 * @param delay a row counts so long after it happened
 * @returns what stands in the files of popularity
 */
export function writePopularity(
  work: StatsWork,
  delay: number,
  onProgress: OnProgress | undefined,
): Record<string, FileBlocks> {
  const { model, layout, written, items } = work;
  const wanted = popularityFeatures(model.features);
  if (wanted.length === 0) {
    return {};
  }
  const ordered = layout.histories.find(({ listed }) => listed === "steps");
  if (ordered !== undefined) {
    throw new TwinError(
      `${wanted[0].name} counts what all users did before a time, and the history ${ordered.name} has an order only: bind the times of samples and behaviours, or leave it out`,
    );
  }
  const files = new OpenedColumns(work);
  const progress = meter("popularity", wanted.length * written.samples.reduce((sum, one) => sum + one, 0), onProgress);
  try {
    const columns = recordOf(
      layout.item.map((one) => [one.name, files.open(itemColumn(one), items, true).encoded] as const),
    );
    const done = wanted.flatMap((feature) =>
      writeOne(work, files, feature, overColumn(feature, columns), delay, progress),
    );
    progress.done();
    return recordOf(done);
  } finally {
    files.close();
  }
}

function writeOne(
  work: StatsWork,
  files: OpenedColumns,
  feature: FeatureSpec,
  over: ReturnType<typeof overColumn>,
  delay: number,
  progress: Meter,
): [string, FileBlocks][] {
  const { folder, hasher, layout, written } = work;
  const specs = parts.map((part) => sampleColumnFiles(part, { ...layout, single: [storedFeature(feature)] }));
  const [training] = specs;
  const count = written.samples[0];
  const label = (name: string): Float32Array | null => {
    const column = training[`label.${name}`];
    return column === undefined ? null : files.open(column, count, false).rangeAs(Float32Array, 0, count);
  };
  const counted = samplePopularity(
    feature,
    over,
    {
      time: files.open(training.time, count, false).rangeAs(Float64Array, 0, count),
      candidate: files.open(training.candidate, count, false).rangeAs(Int32Array, 0, count),
      row: files.open(training.row, count, false).rangeAs(Float64Array, 0, count),
      label,
    },
    delay,
  );
  const write = (column: ColumnSpec, fill: (writer: ColumnWriter) => void): [string, FileBlocks] => {
    const writer = new ColumnWriter(folder, column, hasher);
    try {
      fill(writer);
      writer.sync();
      return [column.file, writer.blocks];
    } finally {
      writer.close();
    }
  };
  const own = `single.${feature.name}`;
  progress.add(count);
  return [
    write(countedColumn({ feature: feature.name, width: counted.width }), (writer) => writer.write(counted.frozen)),
    write(training[own], (writer) => writer.write(counted.training)),
    ...[1, 2].map((p) =>
      write(specs[p][own], (writer) =>
        writeFrozen(files, specs[p].candidate, written.samples[p], over, counted, writer),
      ),
    ),
  ];
}

/** What was counted by the end of training, for the candidates of a later part. */
function writeFrozen(
  files: OpenedColumns,
  column: ColumnSpec,
  rows: number,
  over: ReturnType<typeof overColumn>,
  counted: SamplePopularity,
  writer: ColumnWriter,
): void {
  const candidate = files.open(column, rows, false);
  for (let from = 0; from < rows; from += block) {
    const chosen = candidate.rangeAs(Int32Array, from, Math.min(from + block, rows));
    writer.write(frozenColumn(counted, over, chosen));
  }
}
