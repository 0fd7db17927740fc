// What a table build has to do, from the manifest: the projector's inputs and outputs, row formats.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec, Manifest, OutputPort } from "../../contract/manifest.ts";
import { countedIn, graphInputs, inputsOf, outputOf } from "../../contract/ports.ts";
import { headsOf, type RowFormat } from "../table/precision.ts";
import type { ProjectedTable, ProjectionPlan } from "./projection.ts";

/** The item feature that identifies an item. */
export function keyFeature(manifest: Manifest): FeatureSpec {
  const key = manifest.features.find((feature) => feature.group === "item" && feature.key);
  if (!key) {
    throw new TwinError(`the model ${manifest.model} has no item key, so nothing can be stored by it`);
  }
  return key;
}

export function rowFormat({ precision, width, parts }: Manifest["tables"][string]): RowFormat {
  return { precision, width, heads: headsOf(parts) };
}

/**
 * Null where the model has no tables: then only the item store is built.
 * @param dir where the build lies, for errors
 * @param rows of each table, the miss row among them
 */
export function projectionPlan(
  dir: string,
  manifest: Manifest,
  rows: Readonly<Record<string, number>>,
  measureLoss: boolean,
): ProjectionPlan | null {
  const names = Object.keys(manifest.tables);
  const projector = manifest.graphs.projector;
  if (names.length === 0) {
    return null;
  }
  if (!projector) {
    throw new TwinError(`${dir}: the manifest names tables and no projector graph. Build the artefacts again`);
  }
  const ports = inputsOf(manifest, graphInputs(manifest), "projector");
  const items = ports.flatMap(({ name, source }) =>
    source.kind === "item" ? [{ name, feature: source.feature }] : [],
  );
  const outside = ports.flatMap(({ name: input, source }) => {
    if (source.kind !== "embedding") {
      return [];
    }
    const { parameter } = source;
    const embedding = manifest.embeddings.find((one) => one.parameter === parameter);
    if (embedding === undefined) {
      throw new TwinError(
        `${dir}: the manifest does not describe the embedding ${parameter}. Build the artefacts again`,
      );
    }
    const { dim } = embedding;
    const features = ports.flatMap(({ name, source }) => (countedIn(source, parameter) ? [name] : []));
    return [{ parameter, dim, input, features }];
  });
  const other = ports.find(({ source }) => source.kind !== "item" && source.kind !== "embedding");
  if (other) {
    throw new TwinError(`${dir}: the projector's input ${other.name} is no item feature. Build the artefacts again`);
  }
  const inputs = items.map(({ name, feature }) => ({ name, feature: feature.name, shape: feature.shape }));
  const tables: ProjectedTable[] = names.map((name) => ({
    name,
    output: outputFor(dir, projector.outputs, name),
    format: rowFormat(manifest.tables[name]),
    rows: rows[name],
  }));
  return { graph: projector.file, inputs, outside, tables, measureLoss };
}

function outputFor(dir: string, outputs: readonly OutputPort[], table: string): string {
  const found = outputOf(outputs, (result) => result.kind === "rows" && result.table === table);
  if (found) {
    return found.name;
  }
  throw new TwinError(`${dir}: the projector does not make the rows of table ${table}. Build the artefacts again`);
}
