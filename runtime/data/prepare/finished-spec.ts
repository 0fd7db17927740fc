// The description of a data set whose files are all written: counts, and the fingerprint of the bytes.

import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { recordOf } from "../../../contract/record.ts";
import { attempt } from "../../host/files.ts";
import type { DataModel } from "../data-model.ts";
import type { DataReport } from "../report-schema.ts";
import type { DatasetSpec } from "./dataset-file.ts";
import type { EventLayout, Written } from "./event-writer.ts";
import type { FileBlocks } from "./file-blocks.ts";
import { columnsOf } from "./open.ts";
import type { Owner } from "./owner.ts";

/**
 * Counts and fingerprint of what was written: a hash over every file and how it was encoded, so that equal data has an
 * equal one on every machine.
 */
export function finishedSpec(
  folder: string,
  { key, owner, encoding }: { readonly key: string; readonly owner: Owner; readonly encoding: string },
  model: DataModel,
  items: number,
  written: Written,
  layout: EventLayout,
  blocks: Readonly<Record<string, FileBlocks>>,
  report: DataReport,
): DatasetSpec {
  const [training, validation, test] = written.samples;
  const spec = {
    // Of what follows, not of the file: equal data keeps its fingerprint.
    format: 1 as const,
    model: model.model,
    users: written.users,
    items,
    samples: { training, validation, test },
    ...layout,
    histories: layout.histories.map((history, h) => ({ ...history, behaviours: written.behaviours[h] })),
    negatives: layout.negatives && { ...layout.negatives, sampled: written.drawn },
  };
  const files = columnsOf(spec).map(({ column }) => column);
  const hash = createHash("sha256").update(`${encoding}\n${JSON.stringify(spec)}`);
  const piece = new Uint8Array(1 << 20);
  for (const { file } of files) {
    const path = join(folder, file);
    hash.update(`\n${file}\n`);
    const opened = attempt("read", path, () => openSync(path, "r"));
    try {
      for (let at = 0; ; ) {
        const count = attempt("read", path, () => readSync(opened, piece, 0, piece.length, at));
        if (count === 0) {
          break;
        }
        hash.update(piece.subarray(0, count));
        at += count;
      }
    } finally {
      closeSync(opened);
    }
  }
  const listed = recordOf(files.map(({ file }) => [file, blocks[file]]));
  return { ...spec, format: 2, key, owner, fingerprint: hash.digest("hex"), files: listed, report };
}
