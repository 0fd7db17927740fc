// The second look at a batch: the behaviours that the attentions see, gathered at the kept positions, and the items that
// are left.
import { recordOf } from "../../contract/record.ts";
import type { TrainFrame } from "../../contract/training-spec.ts";
import type { Encoded } from "../encode/encoded.ts";
import type { Assembled } from "./assemble.ts";
import { type Buffers, gatherRows } from "./buffers.ts";
import { Numbering } from "./numbering.ts";
import type { TrainPlan } from "./plan.ts";

/** By search: positions in the history, [B, keep] or [heads, B, keep]. */
export type Kept = Readonly<Record<string, Int32Array>>;

export interface Frame {
  /** [B, n] or [heads, B, n] */
  readonly shape: readonly number[];
  /** Counted in the items of this look. */
  readonly index: Int32Array;
  /** 1 for a behaviour, 0 for padding. */
  readonly valid: Float32Array;
  readonly cross: Readonly<Record<string, Encoded>>;
}

/** What `step` and `score` take besides parameters. Valid until the next batch: the arrays are used again. */
export interface Look {
  readonly items: number;
  readonly itemFeatures: Readonly<Record<string, Encoded>>;
  readonly candidate: Int32Array;
  readonly frames: Readonly<Record<string, Frame>>;
}

export class Frames {
  readonly #plan: TrainPlan;
  readonly #buffers: Buffers;
  readonly #items = new Numbering(1024);

  constructor(plan: TrainPlan, buffers: Buffers) {
    this.#plan = plan;
    this.#buffers = buffers;
  }

  /** The whole histories, for `search` and `oracle`: items as they were assembled. */
  whole(batch: Assembled): Look {
    const frames = recordOf(this.#plan.wholeFrames.map((frame) => [frame.name, this.#all(batch, frame)] as const));
    return { items: batch.items.length, itemFeatures: batch.itemFeatures, candidate: batch.candidate, frames };
  }

  /** The frames of the attentions; their items are numbered anew, because most of a history was not kept. */
  kept(batch: Assembled, kept: Kept): Look {
    const wanted = this.#plan.keptFrames;
    const frames = wanted.map((frame) => [frame.name, this.#frame(batch, frame, kept)] as const);
    this.#items.begin(batch.items.length);
    const candidate = this.#buffers.ints("candidate", batch.rows);
    this.#items.number(batch.candidate, candidate);
    const numbered = frames.map(([name, frame]) => {
      const index = this.#buffers.ints(`${name}.number`, frame.index.length);
      this.#items.number(frame.index, index);
      return [name, { ...frame, index }] as const;
    });
    const places = this.#items.values;
    const itemFeatures = recordOf(
      this.#plan.keptItemFeatures.map((name) => [
        name,
        this.#gather(`item ${name}`, batch.itemFeatures[name], places, this.#plan.width[name]),
      ]),
    );
    return { items: places.length, itemFeatures, candidate, frames: recordOf(numbered) };
  }

  #frame(batch: Assembled, frame: TrainFrame, kept: Kept): Frame {
    if (frame.kind === "whole") {
      return this.#all(batch, frame);
    }
    const history = batch.histories[frame.history];
    const n = frame.length;
    const { rows } = batch;
    const lists = frame.kind === "search" ? frame.heads : null;
    const heads = lists ?? 1;
    // Flat places in [B, L].
    const places = this.#buffers.ints(`${frame.name}.places`, heads * rows * n);
    const valid = this.#buffers.floats(`${frame.name}.valid`, places.length);
    const positions = frame.kind === "search" ? kept[frame.search] : null;
    for (let head = 0, at = 0; head < heads; head++) {
      for (let row = 0; row < rows; row++) {
        const start = row * history.length;
        const end = history.lengths[row];
        for (let k = 0; k < n; k++, at++) {
          const position = positions === null ? k : positions[at];
          places[at] = start + position;
          valid[at] = position < end ? 1 : 0;
        }
      }
    }
    const index = this.#buffers.ints(`${frame.name}.index`, places.length);
    gatherRows(history.index, places, 1, index);
    const cross = recordOf(
      Object.entries(history.cross).map(([name, values]) => [
        name,
        this.#gather(`${frame.name} ${name}`, values, places, this.#plan.width[name]),
      ]),
    );
    return { shape: lists === null ? [rows, n] : [heads, rows, n], index, valid, cross };
  }

  #all(batch: Assembled, { name, history: from }: TrainFrame): Frame {
    const { length, lengths, index, cross } = batch.histories[from];
    const valid = this.#buffers.floats(`${name}.whole`, index.length);
    for (let row = 0; row < batch.rows; row++) {
      valid.fill(1, row * length, row * length + lengths[row]);
      valid.fill(0, row * length + lengths[row], (row + 1) * length);
    }
    return { shape: [batch.rows, length], index, valid, cross };
  }

  #gather(name: string, values: Encoded, places: Int32Array, width: number): Encoded {
    if (values instanceof Int32Array) {
      const into = this.#buffers.ints(name, places.length * width);
      gatherRows(values, places, width, into);
      return into;
    }
    const into = this.#buffers.floats(name, places.length * width);
    gatherRows(values, places, width, into);
    return into;
  }
}
