// What reading data must know of a model: the part of a manifest that says which columns there are. A manifest is one.
import type { FeatureSpec, Manifest, TableEntry } from "../../contract/manifest.ts";

/** What a table is to hold of its history's items. */
export type Covering = Pick<TableEntry, "history" | "coverage" | "min_count">;

export interface DataModel {
  readonly model: string;
  readonly features: readonly FeatureSpec[];
  readonly histories: readonly {
    readonly name: string;
    readonly max: number;
    /** Names of its cross features. */
    readonly cross: readonly string[];
    /** Names of the statistics of its behaviours. */
    readonly stats?: readonly string[] | undefined;
    /** By what it is kept as clusters: names of features, and members at most. */
    readonly cluster?: Manifest["histories"][number]["cluster"];
  }[];
  /** What tables are to hold; without them nothing is said of it. */
  readonly tables?: Readonly<Record<string, Covering>>;
  readonly labels: readonly { readonly name: string; readonly kind: "binary" | "regression" }[];
}

/** Features of a group that are encoded; the cross features of one history where it is named. */
export function encodedFeatures(
  model: DataModel,
  group: FeatureSpec["group"],
  history: string | null = null,
): FeatureSpec[] {
  const own = history === null ? null : (model.histories.find(({ name }) => name === history)?.cross ?? []);
  return model.features.filter(
    (feature) =>
      feature.group === group && feature.encoder.kind !== "key" && (own === null || own.includes(feature.name)),
  );
}
