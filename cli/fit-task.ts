// What a build could give up, counted: entries of vocabularies by how often they occur, and tables by their precision.
import {
  chooseFit,
  type FitTask,
  featureSpecs,
  givenName,
  type LookupTable,
  type Prunable,
  parameters,
  vocabularyLimit,
  vocabularyOwners,
  vocabularyTables,
} from "../compiler/index.ts";
import { checksumBytes, headerBytes } from "../contract/block-format.ts";
import { recordOf } from "../contract/record.ts";
import { type Binding, countEntries } from "../runtime/data/index.ts";
import { rowFormat } from "../runtime/projection/index.ts";
import { currentGeneration, generationFolder, readGeneration } from "../runtime/store/index.ts";
import { type Precision, rowBytes } from "../runtime/table/precision.ts";
import type { Staged } from "./fit-budget.ts";

const precisions: readonly Precision[] = ["float32", "float16", "uint8"];

/** @param given vocabularies as the whole model was built with them */
export async function fitTask(
  { model, manifest, dir, page }: Staged,
  given: ReadonlyMap<string, readonly string[]>,
  binding: Binding | null,
  budget: number,
  signal: AbortSignal,
): Promise<FitTask> {
  const entries = new Map(
    vocabularyOwners(model).map((owner) => [owner.qualified, given.get(givenName(owner, given)) ?? []]),
  );
  const counts = binding === null ? null : await countEntries(binding, featureSpecs(model), entries, signal);
  // Without one of its centroids a cluster would be scattered over the others.
  const owners = vocabularyOwners(model).filter(({ encoder }) => encoder.kind !== "centroid");
  const vocabularies = owners.map((owner): Prunable => {
    const own = entries.get(owner.qualified) ?? [];
    return {
      feature: owner.qualified,
      limit: vocabularyLimit(owner) ?? 1,
      lines: Float64Array.from(own, (entry) => Buffer.byteLength(JSON.stringify(entry)) + 1),
      // As words of a language do: the n-th occurs as often as 1 / n of the first.
      counts: counts?.get(owner.qualified) ?? Float64Array.from(own, (_, place) => 1 / (place + 1)),
    };
  });
  const task: FitTask = {
    budget,
    parameters: parameters(model),
    read: new Set(page.parameters.map(({ name }) => name)),
    tables: vocabularyTables(model),
    vocabularies,
    counted: counts !== null,
    lookup: lookupTables(dir, manifest),
    fixed: 0,
  };
  return { ...task, fixed: page.bytes - chooseFit({ ...task, budget: Number.MAX_SAFE_INTEGER }).bytes };
}

/** The tables of the generation in use, in every precision; none where none is built. */
function lookupTables(dir: string, manifest: Staged["manifest"]): LookupTable[] {
  const number = currentGeneration(dir);
  if (number === null) {
    return [];
  }
  const { tables } = readGeneration(generationFolder(dir, number));
  return Object.entries(manifest.tables).map(([name, table]) => ({
    name,
    precision: table.precision,
    bytes: recordOf(
      precisions.map((precision) => {
        const payload = tables[name].rows * rowBytes({ ...rowFormat(table), precision });
        return [precision, headerBytes + payload + checksumBytes(payload)];
      }),
    ) as LookupTable["bytes"],
  }));
}
