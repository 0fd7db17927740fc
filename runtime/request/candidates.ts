// The candidates of a request, encoded and fetched once, and cut into chunks.

import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec, GraphName } from "../../contract/manifest.ts";
import { own as ownRecord } from "../../contract/record.ts";
import { encodeColumn, encodedShape, encodedWidth } from "../encode/column.ts";
import { isColumn, isRecord, onlyKnown } from "../encode/columns.ts";
import type { EncodeContext } from "../encode/context.ts";
import type { Encoded } from "../encode/encoded.ts";
import { type Tensor, tensorOf } from "../session/session.ts";
import { ItemColumns } from "../table/item-columns.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import type { ReadOptions } from "../table/table-store.ts";
import { itemsWithDerived, withDerived } from "./derived.ts";
import type { Engine } from "./engine.ts";
import { fetchCandidates } from "./fetch.ts";
import { OutsideRows } from "./outside.ts";
import { overFeature } from "./over-feature.ts";
import { encodeSingle, type UserSide } from "./prepare.ts";
import { inlineColumns, type RankRequest, rowKeysOf, singleValues } from "./request.ts";

/** A request may bring what only training reads, as its log has it; nothing looks at it. */
const isServed = ({ training }: FeatureSpec): boolean => training !== true;

export class Candidates {
  readonly count: number;
  readonly items: ItemColumns;
  /** The context's features by port. */
  readonly context: ReadonlyMap<string, Tensor>;
  /** Context features that were not given. */
  readonly missing: readonly string[];
  /** Rows of outside embeddings that they and the context name. */
  readonly outside = new OutsideRows();
  readonly #columns: Readonly<Record<string, unknown>>;
  readonly #where: EncodeContext;
  readonly #own = new Map<string, Encoded>();
  /** Features of the model's items. */
  readonly #items: readonly FeatureSpec[];

  /**
   * Reads what the request brings, and fetches what some graphs need of its items.
   * @param side the prepared user: its time is the request's, from which features of the context are computed
   * @throws TwinError naming the column and the index of what is wrong
   */
  static async fetch(
    engine: Engine,
    { generation, time }: Pick<UserSide, "generation" | "time">,
    request: RankRequest,
    graphs: readonly (GraphName | null)[],
    options?: ReadOptions,
  ): Promise<Candidates> {
    const candidates = new Candidates(engine, generation, time, request);
    await fetchCandidates(engine, candidates, graphs, options);
    return candidates;
  }

  private constructor(engine: Engine, generation: OpenGeneration | null, time: number, request: RankRequest) {
    const { artefacts } = engine;
    const { features, derived } = artefacts.manifest;
    if (!isRecord(request) || !isRecord(request.candidates)) {
      throw new TwinError("the request has no candidates: bring {candidates: {item: [keys]}}");
    }
    const own = features.filter((feature) => feature.group === "candidate");
    const given = ownRecord<unknown>(request.candidates);
    const candidates = withDerived(derived, own, given, "columns", "candidates");
    const contexts = features.filter((feature) => feature.group === "context");
    onlyKnown(candidates, ["item", "items", ...own.map((feature) => feature.column)], "candidates");
    if (!isColumn(candidates.item)) {
      throw new TwinError("candidates have no column `item`: bring the items' keys as an array");
    }
    const where = artefacts.context("candidates");
    const brought = itemsWithDerived(derived, artefacts.itemFeatures, candidates.items, "candidates: items");
    const inline = inlineColumns(brought, artefacts.itemFeatures, candidates.item.length, "candidates: items");
    const rowKeys = rowKeysOf(artefacts.manifest, generation, candidates.item, "candidates");
    this.count = candidates.item.length;
    const store = generation?.store ?? null;
    this.items = new ItemColumns({ keys: candidates.item, rowKeys, store, inline, context: where });
    this.#items = artefacts.itemFeatures;
    this.#columns = candidates;
    this.#where = where;
    for (const feature of own.filter(isServed)) {
      this.#encoded(feature);
    }
    const single = encodeSingle(
      contexts.filter(isServed),
      singleValues(withDerived(derived, contexts, request.context, "values", "context"), contexts, "context"),
      artefacts.context("context", time),
    );
    this.context = single.tensors;
    this.missing = single.missing;
  }

  /** A feature of the context. @throws Error where there is no such: a fault of ours */
  contextOf({ name }: FeatureSpec): Tensor {
    const found = this.context.get(name);
    if (found === undefined) {
      throw new Error(`neither the user nor the context has the feature ${name}`);
    }
    return found;
  }

  /** An item feature of candidates start … end−1; it was fetched. */
  item(feature: FeatureSpec, start: number, end: number): Tensor {
    return part(feature, this.items.encoded(feature), start, end);
  }

  /** A candidate feature of candidates start … end−1. */
  own(feature: FeatureSpec, start: number, end: number): Tensor {
    return part(feature, this.#encoded(feature), start, end);
  }

  /** Rows of the table of a popularity: those of the values that it is over, of candidates start … end−1. */
  popular(feature: FeatureSpec, start: number, end: number): Tensor {
    const over = overFeature(this.#items, feature);
    return tensorOf(this.items.encoded(over).subarray(start, end), [end - start]);
  }

  #encoded(feature: FeatureSpec): Encoded {
    let found = this.#own.get(feature.name);
    if (found === undefined) {
      const values = this.#columns[feature.column];
      if (values === undefined && this.count > 0) {
        throw new TwinError(
          `candidates have no column \`${feature.column}\`; bring one value for each candidate (null where it is unknown)`,
        );
      }
      found = encodeColumn(feature, values, this.count, this.#where);
      this.#own.set(feature.name, found);
    }
    return found;
  }
}

function part(feature: FeatureSpec, encoded: Encoded, start: number, end: number): Tensor {
  const width = encodedWidth(feature);
  const data = encoded.subarray(start * width, end * width);
  const shape = encodedShape(feature, end - start);
  return tensorOf(data, shape);
}
