// Prepared rows as a Parquet file for other systems: what a tower reads of them, encoded as Twin encodes it.
import { type CellType, RowWriter, Source } from "../../runtime/data/index.ts";
import { openDataset } from "../../runtime/data/prepare/index.ts";
import type { Part } from "../../runtime/learn/index.ts";

const parts: readonly Part[] = ["training", "validation", "test"];
const block = 8192;

/**
 * Writes `part` (0 training, 1 validation, 2 test), `row` (number in the log), `user` (ordinal), `label`, and for each feature
 * of a sample and of its item: `n.NAME` a number, several of them `n.NAME.0` …, `c.NAME` an encoded row, `t.NAME.0` … rows of tags.
 * @param folder of the prepared data
 */
export async function exportRows(folder: string, label: string, path: string): Promise<void> {
  const data = await openDataset(folder);
  const source = await Source.open({ writes: [path] });
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
      ["part", "int32"],
      ["row", "int64"],
      ["user", "int32"],
      ["label", "float32"],
    ];
    const writer = await RowWriter.create(source, "rows", [...own, ...columns]);
    for (const [number, part] of parts.entries()) {
      for (let start = 0; start < data.count(part); start += block) {
        const samples = Uint32Array.from({ length: Math.min(block, data.count(part) - start) }, (_, i) => start + i);
        const batch = data.batch(
          part,
          samples,
          {},
          Object.fromEntries(data.spec.histories.map(({ name }) => [name, 0])),
        );
        for (let i = 0; i < batch.rows; i++) {
          const values = features.flatMap(({ name, width }) => {
            const sample = Object.hasOwn(batch.single, name);
            const at = sample ? i : batch.candidate[i];
            return [...(sample ? batch.single : data.items.columns)[name].subarray(at * width, (at + 1) * width)];
          });
          writer.add(number, BigInt(batch.row[i]), batch.user[i], batch.labels[label][i], ...values);
        }
      }
    }
    await writer.save(path, "SELECT * FROM rows");
  } finally {
    source.close();
    data.close();
  }
}
