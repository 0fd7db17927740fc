// FuxiCTR's features and ours: its embedding tables by name, and the model's features of the same name.
import { TwinError } from "../../contract/error.ts";
import type { ForeignArray } from "./foreign-weights.ts";
import type { FuxiFeature } from "./fuxictr-features.ts";
import type { ImportTarget, TargetFeature } from "./import-target.ts";

export interface FuxiRequest {
  readonly path: string;
  readonly arrays: ReadonlyMap<string, ForeignArray>;
  readonly target: ImportTarget;
  /** Of feature_map.json; null: not given. */
  readonly features: ReadonlyMap<string, FuxiFeature> | null;
  /** FuxiCTR's name → the qualified one, where the user says so. */
  readonly names: Readonly<Record<string, string>>;
  readonly partial: boolean;
}

const stem = "embedding_layer.embedding_layer.embedding_layers.";
const table = new RegExp(`^${stem.replaceAll(".", "\\.")}(.+)\\.weight$`);

export interface FuxiFound {
  readonly fuxi: string;
  readonly array: ForeignArray;
  readonly feature: TargetFeature;
}

/** FuxiCTR's features with their tables, in its order, and the model's features of the same name. */
export function matchFeatures({ path, arrays, target, features, names }: FuxiRequest): FuxiFound[] {
  const order = [...(features?.keys() ?? [])];
  const tables = [...arrays.values()].flatMap((array) => {
    const fuxi = table.exec(array.name)?.[1];
    return fuxi === undefined ? [] : [{ fuxi, array }];
  });
  const place = ({ fuxi }: { fuxi: string }) => (order.includes(fuxi) ? order.indexOf(fuxi) : order.length);
  return tables
    .sort((a, b) => place(a) - place(b))
    .flatMap(({ fuxi, array }) => {
      const wanted = names[fuxi];
      const same = target.features.filter(({ qualified, name, group }) =>
        wanted === undefined ? name === fuxi && group !== "cross" : qualified === wanted,
      );
      if (wanted !== undefined && same.length === 0) {
        throw new TwinError(
          `the map says that FuxiCTR's feature ${fuxi} is ${wanted}, and the model ${target.model} has no such feature`,
        );
      }
      if (same.length > 1) {
        throw new TwinError(
          `${path}: FuxiCTR's feature ${fuxi} could be ${same.map(({ qualified }) => qualified).join(" or ")}: say which under \`features:\` of a map (--map)`,
        );
      }
      return same.map((feature) => ({ fuxi, array, feature }));
    });
}
