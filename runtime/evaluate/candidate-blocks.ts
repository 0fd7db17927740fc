// Many candidates for many users, block by block: what does not depend on the user is encoded once, as far as memory allows.

import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import {
  Candidates,
  chunkSize,
  type Engine,
  headsOf,
  type KeptTensors,
  rankGraphs,
  runChunk,
  runGraph,
  type UserSide,
} from "../request/index.ts";
import { ints } from "../session/session.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import { ordinalKeys } from "./prepared-side.ts";

const defaultSizes = { block: 16_384, held: 262_144 };

/** Scores items of prepared data for users of it. Candidate features are missing: nobody measured them for what was not shown. */
export class CandidateBlocks {
  readonly #engine: Engine;
  readonly #generation: OpenGeneration;
  readonly #block: number;
  readonly #most: number;
  readonly #held = new Map<number, Candidates>();

  /** @param generation `preparedItems` @param sizes items encoded at once, and held from user to user */
  constructor(engine: Engine, generation: OpenGeneration, sizes: { block: number; held: number } = defaultSizes) {
    this.#engine = engine;
    this.#generation = generation;
    this.#block = sizes.block;
    this.#most = sizes.held;
  }

  /** Logits of every item by label, that of ordinal i at i − 1. */
  async everyItem(side: UserSide): Promise<Record<string, Float32Array>> {
    const { items } = this.#generation;
    const logits = this.#empty(items);
    for (let first = 1; first <= items; first += this.#block) {
      const count = Math.min(this.#block, items + 1 - first);
      let block = this.#held.get(first);
      if (block === undefined) {
        block = await this.#fetched(
          side,
          Int32Array.from({ length: count }, (_, i) => first + i),
        );
        if (first + count <= this.#most) {
          this.#held.set(first, block);
        }
      }
      await this.#score(side, block, logits, first - 1);
    }
    return logits;
  }

  /** Logits of some items by label, in their order. */
  async items(side: UserSide, ordinals: Int32Array): Promise<Record<string, Float32Array>> {
    const logits = this.#empty(ordinals.length);
    for (let from = 0; from < ordinals.length; from += this.#block) {
      await this.#score(side, await this.#fetched(side, ordinals.slice(from, from + this.#block)), logits, from);
    }
    return logits;
  }

  #fetched(side: UserSide, ordinals: Int32Array): Promise<Candidates> {
    const own = this.#engine.artefacts.manifest.features.filter(({ group }) => group === "candidate");
    const columns = own.map(({ column }) => [column, new Array<null>(ordinals.length).fill(null)] as const);
    const candidates = { ...recordOf(columns), item: ordinalKeys(ordinals) };
    return Candidates.fetch(
      this.#engine,
      { generation: this.#generation, time: side.time },
      { candidates },
      rankGraphs(side.route),
    );
  }

  #empty(count: number): Record<string, Float32Array> {
    const { labels } = this.#engine.artefacts.manifest;
    return recordOf(labels.map(({ name }) => [name, new Float32Array(count)]));
  }

  async #score(side: UserSide, candidates: Candidates, into: Record<string, Float32Array>, at: number): Promise<void> {
    const engine = this.#engine;
    const { labels } = engine.artefacts.manifest;
    const { rank } = side.route;
    const whole = keepsAll(engine, side);
    const size = chunkSize(engine, side);
    for (let start = 0; start < candidates.count; start += size) {
      const chunk = { start, end: Math.min(start + size, candidates.count) };
      const outputs = whole
        ? await runGraph(engine, rank, side, candidates, chunk, everything(engine, chunk.end - start))
        : await runChunk(engine, side, candidates, chunk, null);
      for (const { name, logit } of labels) {
        const values = outputs[logit].data;
        if (!(values instanceof Float32Array) || values.some(Number.isNaN)) {
          throw new TwinError(
            `the model gives no number as a logit of ${name} for an item: the weights or the item's values are broken`,
          );
        }
        into[name].set(values, at + start);
      }
    }
  }
}

/** Whether every search keeps the whole history, whatever it scores: then there is nothing to search, which is most of the work. */
function keepsAll({ artefacts }: Engine, { histories }: UserSide): boolean {
  const { searches } = artefacts.manifest;
  return (
    searches.length > 0 &&
    searches.every(
      ({ scores, history, keep }) =>
        scores !== null && (histories.get(history)?.count ?? Number.POSITIVE_INFINITY) <= keep,
    )
  );
}

/** The first positions of every list; what lies beyond the history is masked in the graphs. */
function everything(engine: Engine, candidates: number): KeptTensors {
  return recordOf(
    engine.artefacts.manifest.searches.map((search) => {
      const lists = search.heads === "per_head" ? headsOf(engine, search) : 1;
      const positions = Int32Array.from({ length: lists * candidates * search.keep }, (_, i) => i % search.keep);
      const shape = [candidates, search.keep];
      return [search.kept, ints(positions, ...(search.heads === "per_head" ? [lists, ...shape] : shape))];
    }),
  );
}
