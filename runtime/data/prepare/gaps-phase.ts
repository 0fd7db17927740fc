// How far the behaviour before stands, for gaps by a feature of the item: counted once the behaviours lie in files.
import { TwinError } from "../../../contract/error.ts";
import { recordOf } from "../../../contract/record.ts";
import { meter, type OnProgress } from "../../host/progress.ts";
import { EqualBefore } from "../../stats/gaps.ts";
import { ColumnWriter } from "./column-file.ts";
import type { FileBlocks } from "./file-blocks.ts";
import { behaviourColumns, gapColumns, itemColumn } from "./layout.ts";
import { OpenedColumns } from "./opened-columns.ts";
import type { StatsWork } from "./stats-phase.ts";

/** Behaviours that are gone through at a time, at least; a history's `max` beyond them is looked at as well. */
const block = 65_536;

/** @returns what stands in the files of the distances */
export function writeGaps(
  work: StatsWork,
  onProgress: OnProgress | undefined,
  signal: AbortSignal | undefined,
): Record<string, FileBlocks> {
  const { folder, layout, written, hasher } = work;
  const due = layout.histories.flatMap((history, h) => {
    const specs = gapColumns(history);
    return history.cross.flatMap(({ name, gap }) =>
      gap?.on == null ? [] : [{ history, on: gap.on, spec: specs[`gap.${name}`], rows: written.behaviours[h] }],
    );
  });
  if (due.length === 0) {
    return {};
  }
  const progress = meter(
    "gaps",
    due.reduce((sum, { rows }) => sum + rows, 0),
    onProgress,
  );
  const files = new OpenedColumns(work);
  try {
    const done = due.map(({ history, on, spec, rows }) => {
      const feature = layout.item.find(({ name }) => name === on);
      if (feature === undefined) {
        throw new Error(`the items have no feature ${on}, which a gap compares`);
      }
      const values = files.open(itemColumn(feature), work.items, true).encoded;
      const item = files.open(behaviourColumns(history).item, rows, false);
      const before = new EqualBefore(feature);
      const writer = new ColumnWriter(folder, spec, hasher);
      const size = Math.max(block, history.max);
      try {
        for (let from = 0; from < rows; from += size) {
          const to = Math.min(from + size, rows);
          // Users follow each other: what lies beyond a user's end no sample looks at.
          const some = item.rangeAs(Int32Array, from, Math.min(rows, to + history.max));
          writer.write(before.distances(values, some).subarray(0, to - from));
          progress.add(to - from);
          if (signal?.aborted) {
            throw new TwinError("preparing the data was stopped; the same command goes on where it was");
          }
        }
        writer.sync();
        return [spec.file, writer.blocks] as const;
      } finally {
        writer.close();
      }
    });
    progress.done();
    return recordOf(done);
  } finally {
    files.close();
  }
}
