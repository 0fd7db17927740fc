// Prepared rows as a Parquet file for other systems: what a tower reads of them, encoded as Twin encodes it.
import { resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import { type CellType, openDataset, RowWriter, Source } from "../data/index.ts";
import type { Part } from "../learn/index.ts";

const parts: readonly Part[] = ["training", "validation", "test"];
const block = 8192;

/**
 * Writes `part` (`training`, `validation`, `test`), `row` (number in the data, from 0), `user` (ordinal), `label` (null where it is
 * missing), and for each feature of a sample (its statistics among them) and of its item: `n.NAME` a number, several of them
 * `n.NAME.0` …, `c.NAME` an encoded row, `t.NAME.0` … rows of tags.
 * @param folder of the prepared data
 * @returns the rows
 * @throws TwinError where it was stopped or the file cannot be written; then there is none
 */
export async function exportRows(
  folder: string,
  label: string,
  path: string,
  { signal, onRows }: { readonly signal?: AbortSignal; readonly onRows?: (count: number) => void } = {},
): Promise<number> {
  const data = await openDataset(folder);
  const source = await Source.open({ writes: [resolve(path)] });
  try {
    const { single, item } = data.spec;
    const features = [...single, ...item];
    const columns = features.flatMap(({ name, type, width }) => {
      const kind = type === "float32" ? "n" : width === 1 ? "c" : "t";
      return Array.from({ length: width }, (_, i): [string, CellType] => [
        `${kind}.${name}${width === 1 ? "" : `.${i}`}`,
        type,
      ]);
    });
    const own: [string, CellType][] = [
      ["part", "text"],
      ["row", "int64"],
      ["user", "int32"],
      ["label", "float32"],
    ];
    const writer = await RowWriter.create(source, "rows", [...own, ...columns]);
    let rows = 0;
    for (const part of parts) {
      for (let start = 0; start < data.count(part); start += block) {
        if (signal?.aborted) {
          throw new TwinError(`stopped after ${rows} rows; ${path} was not written`);
        }
        const samples = Uint32Array.from({ length: Math.min(block, data.count(part) - start) }, (_, i) => start + i);
        const batch = data.batch(
          part,
          samples,
          {},
          recordOf(data.spec.histories.map(({ name }) => [name, 0] as const)),
        );
        for (let i = 0; i < batch.rows; i++) {
          const values = features.flatMap(({ name, width }) => {
            const sample = Object.hasOwn(batch.single, name);
            const at = sample ? i : batch.candidate[i];
            return [...(sample ? batch.single : data.items.columns)[name].subarray(at * width, (at + 1) * width)];
          });
          const given = batch.labels[label][i];
          writer.add(part, BigInt(batch.row[i]), batch.user[i], Number.isNaN(given) ? null : given, ...values);
        }
        rows += batch.rows;
        onRows?.(batch.rows);
      }
    }
    await writer.save(path, "SELECT * FROM rows");
    return rows;
  } finally {
    source.close();
    data.close();
  }
}
