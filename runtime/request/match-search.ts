// Searches by `match` without a graph: an index of each history is made with the user, and a candidate's list is read off it.
import { sharedOf } from "../../contract/by-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { emptyRecord } from "../../contract/record.ts";
import { ints, intsOf, type Tensor } from "../session/session.ts";
import type { Candidates } from "./candidates.ts";
import type { Engine } from "./engine.ts";
import type { KeptTensors } from "./feeds.ts";
import { historyOf } from "./fetch.ts";
import type { HistorySide } from "./history.ts";
import { MatchIndex } from "./match-index.ts";

type SearchSpec = Manifest["searches"][number];

/** The feature in which behaviours must agree with the candidate; null for a search that goes by something else. */
export function matchedFeature({ features, model }: Manifest, { name, by }: SearchSpec): FeatureSpec | null {
  const shared = sharedOf(by);
  if (shared === null) {
    return null;
  }
  const feature = features.find((one) => one.name === shared);
  if (feature === undefined) {
    throw new TwinError(
      `the search ${name} of ${model} goes by ${shared}, which its manifest does not have: build it again with \`twin build\``,
    );
  }
  return feature;
}

/** Rows of a feature of items as integers. */
const rowsOf = (tensor: Tensor, { name }: FeatureSpec): Int32Array => intsOf(tensor, name);

interface Indexed {
  readonly search: SearchSpec;
  readonly feature: FeatureSpec;
  readonly index: MatchIndex;
}

/** One user's. */
export class MatchSearch {
  readonly #indexed: readonly Indexed[];

  private constructor(indexed: readonly Indexed[]) {
    this.#indexed = indexed;
  }

  /**
   * Null where a search goes by something else, so that a graph must search anyway, or where graphs alone were asked for. What
   * searches match of the behaviours' items must be fetched.
   */
  static of({ artefacts, kernel }: Engine, histories: ReadonlyMap<string, HistorySide>): MatchSearch | null {
    const { manifest } = artefacts;
    if (kernel.wanted === "graph" || manifest.searches.length === 0) {
      return null;
    }
    const indexed: Indexed[] = [];
    const made = new Map<string, MatchIndex>();
    for (const search of manifest.searches) {
      const feature = matchedFeature(manifest, search);
      if (feature === null) {
        return null;
      }
      const history = historyOf(histories, search.history);
      const key = `${search.history} ${feature.name}`;
      const index = made.get(key) ?? new MatchIndex(feature, rowsOf(history.item(feature), feature), history.count);
      made.set(key, index);
      indexed.push({ search, feature, index });
    }
    return new MatchSearch(indexed);
  }

  /** The searches' lists for candidates start … end−1: int32 [candidates, k] each, as the search's graph gives them on a CPU. */
  run(candidates: Candidates, { start, end }: { readonly start: number; readonly end: number }): KeptTensors {
    const kept = emptyRecord<Tensor>();
    for (const { search, feature, index } of this.#indexed) {
      const { keep } = search;
      const rows = rowsOf(candidates.item(feature, start, end), feature);
      const positions = new Int32Array((end - start) * keep);
      for (let n = 0; n < end - start; n++) {
        index.find(rows, n, keep, positions, n * keep);
      }
      kept[search.kept] = ints(positions, end - start, keep);
    }
    return kept;
  }
}
