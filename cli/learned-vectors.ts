// Vectors of items from what a run, or a build, learned: the rows of the table that the item's key reads.
import { createHash } from "node:crypto";
import { TwinError } from "../contract/error.ts";
import { fingerprintOf } from "../contract/fingerprint.ts";
import { hasher } from "../contract/hash.ts";
import type { DataModel, GivenVectors } from "../runtime/data/index.ts";
import { encodeColumn } from "../runtime/encode/column.ts";
import { Vocabulary } from "../runtime/encode/vocabulary.ts";
import { openEarlierRun } from "../runtime/train/index.ts";

/**
 * @param dir of a run with weights, or of a build
 * @param model whose histories are kept as clusters
 * @throws TwinError where it has no such table, or one of another width than the vectors that the model clusters by
 */
export async function learnedVectors(dir: string, model: DataModel): Promise<GivenVectors> {
  const { manifest, vocabularies, weights } = await openEarlierRun(dir, "--weights");
  try {
    const key = manifest.features.find(({ group, key }) => group === "item" && key);
    const table = key?.embedding ?? null;
    if (key === undefined || table === null) {
      throw new TwinError(
        `${dir}: the items of ${manifest.model} have no key with a table (\`id\`, \`vocabulary\` or \`hashed\` with \`key: true\`), so no vectors were learned for them. Name a run of a model that has one`,
      );
    }
    const entry = weights.entries.get(table);
    if (entry === undefined) {
      throw new TwinError(
        `${weights.path} has no ${table}, which ${key.name} of ${manifest.model} reads: it is of another model`,
      );
    }
    const [rows, width] = entry.shape;
    for (const { cluster } of model.histories) {
      const vector = model.features.find(({ name }) => name === cluster?.on)?.encoder;
      if (vector?.kind === "pretrained" && vector.size !== width) {
        throw new TwinError(
          `${dir}: the vectors of ${key.name} have ${width} numbers, and ${cluster!.on} of the model ${model.model} has ${vector.size}: write \`pretrained(size: ${width})\`, or name a run whose vectors are as long`,
        );
      }
    }
    const values = weights.read(table);
    const entries = key.vocabulary === null ? [] : (vocabularies.get(key.vocabulary) ?? []);
    const vocabulary = Vocabulary.of(key.vocabulary ?? key.name, entries);
    const context = { hasher: await hasher(), vocabulary: () => vocabulary, where: dir };
    const hash = createHash("sha256").update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return {
      by: key,
      width,
      model: manifest.model,
      place: dir,
      fingerprint: fingerprintOf({ sha256: hash.digest("hex"), by: key, entries }),
      of(column) {
        const at = encodeColumn(key, column, column.length, context);
        const found = new Float32Array(column.length * width).fill(Number.NaN);
        for (let i = 0; i < column.length; i++) {
          // Row 0 is that of all unknown values: none of an item's own.
          if (at[i] > 0 && at[i] < rows) {
            found.set(values.subarray(at[i] * width, (at[i] + 1) * width), i * width);
          }
        }
        return found;
      },
    };
  } finally {
    weights.close();
  }
}
