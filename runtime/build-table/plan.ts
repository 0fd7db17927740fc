// What a table build has to do, from the manifest: the projector's inputs and outputs, row formats.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { readTableSpec } from "../host/manifest-file.ts";
import { weightsFile } from "../serve/weights-check.ts";
import { headsOf, type RowFormat } from "../table/precision.ts";
import type { ProjectedTable, ProjectionPlan } from "./projection.ts";

/** The item feature that identifies an item. */
export function keyFeature(manifest: Manifest): FeatureSpec {
  const key = manifest.features.find((feature) => feature.group === "item" && feature.key);
  if (!key) throw new TwinError(`the model ${manifest.model} has no item key, so nothing can be stored by it`);
  return key;
}

export function rowFormat({ precision, width, parts }: Manifest["tables"][string]): RowFormat {
  return { precision, width, heads: headsOf(parts) };
}

/** Null where the model has no tables: then only the item store is built. @param rows of each table, the miss row among them */
export function projectionPlan(
  dir: string,
  manifest: Manifest,
  rows: Readonly<Record<string, number>>,
  threads: number,
  measureLoss: boolean,
): ProjectionPlan | null {
  const names = Object.keys(manifest.tables);
  const projector = manifest.graphs.projector;
  if (names.length === 0) return null;
  if (!projector)
    throw new TwinError(`${dir}: the manifest names tables and no projector graph. Build the artefacts again`);
  const features = new Map(manifest.features.map((feature) => [feature.name, feature]));
  const wanted = new Set(projector.inputs.map((input) => input.name));
  const outside = manifest.embeddings
    .filter((embedding) => embedding.input !== null && wanted.has(embedding.input))
    .map(({ parameter, dim, input }) => ({
      parameter,
      dim,
      input: input!,
      features: projector.inputs.map((one) => one.name).filter((name) => features.get(name)?.embedding === parameter),
    }));
  const inputs = projector.inputs
    .filter((input) => !outside.some((one) => one.input === input.name))
    .map(({ name }) => {
      const feature = features.get(name);
      if (!feature)
        throw new TwinError(`${dir}: the projector's input ${name} is no item feature. Build the artefacts again`);
      return { name, shape: feature.shape };
    });
  const tables: ProjectedTable[] = names.map((name) => ({
    name,
    output: readTableSpec(dir, manifest.tables[name].spec).producer.output,
    format: rowFormat(manifest.tables[name]),
    rows: rows[name],
  }));
  const weights = manifest.files[weightsFile] ?? null;
  return { dir, graph: projector.file, inputs, outside, weights, tables, threads, measureLoss };
}
