// A batch of a data set made ready for the graphs: items numbered, ids masked, labels weighed. Runs in the worker thread.

import { TwinError } from "../../contract/error.ts";
import { counted, streams } from "../../contract/random.ts";
import { emptyRecord, recordOf } from "../../contract/record.ts";
import type { Encoded } from "../encode/encoded.ts";
import { takenRows } from "./buffers.ts";
import type { Batch, Dataset, Part } from "./dataset.ts";
import { labelWeights } from "./label-weights.ts";
import { LogUniform } from "./log-uniform.ts";
import { dropoutMask, maskable, maskItems, maskRows } from "./noise.ts";
import { Numbering } from "./numbering.ts";
import { pairShares } from "./pair-shares.ts";
import type { TrainPlan } from "./plan.ts";

export interface AssembledHistory {
  /** L */
  readonly length: number;
  /** [B] */
  readonly lengths: Int32Array;
  /** [B, L], counted in the batch's items */
  readonly index: Int32Array;
  readonly cross: Readonly<Record<string, Encoded>>;
}

/** Everything of a batch that the graphs and their host side take. All arrays are its own: they can be handed over. */
export interface Assembled {
  readonly part: Part;
  readonly rows: number;
  readonly samples: Uint32Array;
  readonly user: Uint32Array;
  readonly time: Float64Array;
  readonly row: Float64Array;
  /** Ordinal of each of the batch's items; number 0 is the unknown one. */
  readonly items: Int32Array;
  /** Encoded features of each of them: [items, …]. */
  readonly itemFeatures: Readonly<Record<string, Encoded>>;
  /** [B], counted in the batch's items */
  readonly candidate: Int32Array;
  readonly histories: Readonly<Record<string, AssembledHistory>>;
  readonly single: Readonly<Record<string, Encoded>>;
  /** As the data has them; NaN is missing. */
  readonly labels: Readonly<Record<string, Float32Array>>;
  readonly labelWeights: Readonly<Record<string, Float32Array>>;
  /** By label that is learned by pairs: [B, B]. */
  readonly pairs: Readonly<Record<string, Float32Array>>;
  readonly weight: Float32Array;
  readonly offset: Float32Array;
  /** By input of `step`; none where nothing is learned. */
  readonly dropout: Readonly<Record<string, Float32Array>>;
}

/** What is drawn for a training step; null: for scoring nothing is. */
export interface Draw {
  readonly seed: number;
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
}

/** Purposes of a step's draws: samples without a history; features count on from here, dropout inputs from further on. */
const coldStream = 999;
const maskStream = 1000;
const dropoutStream = 1_000_000;

export class Assembler {
  readonly #dataset: Dataset;
  readonly #plan: TrainPlan;
  readonly #items: Numbering;
  readonly #least: Readonly<Record<string, number>>;
  /** In training alone: who scores also tells how long the histories are. */
  readonly #most: Readonly<Record<string, number>>;
  readonly #lengths: LogUniform | null;

  constructor(dataset: Dataset, plan: TrainPlan) {
    this.#dataset = dataset;
    this.#plan = plan;
    const { length } = plan.spec;
    this.#lengths = length === undefined ? null : new LogUniform(length);
    this.#items = new Numbering(dataset.items.count);
    this.#least = recordOf(plan.histories.map(({ name, minimum }) => [name, minimum]));
    this.#most = recordOf(plan.histories.flatMap(({ name, reach }) => (reach === null ? [] : [[name, reach]])));
  }

  assemble(part: Part, samples: Uint32Array, draw: Draw | null): Assembled {
    const batch = this.#dataset.batch(part, samples, this.#least, draw ? this.#most : {});
    if (draw) {
      this.#shorten(draw, batch);
      this.#cool(draw, batch);
    }
    this.#items.begin();
    const candidate = new Int32Array(batch.rows);
    this.#items.number(batch.candidate, candidate);
    const histories = recordOf(this.#plan.histories.map((history) => this.#history(batch, history)));
    const items = this.#items.values.slice();
    const itemFeatures = recordOf(this.#plan.itemFeatures.map((name) => [name, this.#column(name, items)] as const));
    const single = recordOf(this.#plan.singleFeatures.map((name) => [name, given(batch.single, name)]));
    if (draw) {
      this.#mask(draw, { items, itemFeatures, single, histories });
    }
    const { spec } = this.#plan;
    const labels = recordOf(spec.tasks.map(({ label }) => [label, given(batch.labels, label)]));
    const weights = draw ? labelWeights(spec.tasks, labels, batch.weight) : {};
    return {
      part,
      rows: batch.rows,
      samples: batch.samples,
      user: batch.user,
      time: batch.time,
      row: batch.row,
      items,
      itemFeatures,
      candidate,
      histories,
      single,
      labels,
      labelWeights: weights,
      pairs: draw ? pairShares(spec.tasks, { ...batch, labels }, weights) : {},
      weight: batch.weight,
      offset: batch.offset,
      dropout: draw ? this.#dropout(draw, batch.rows) : {},
    };
  }

  #history(batch: Batch, { name, reach }: TrainPlan["histories"][number]): [string, AssembledHistory] {
    const { length, lengths, item, cross } = batch.histories[name];
    if (reach === null) {
      this.#items.number(item, item);
    } else {
      const near = Math.min(reach, length);
      for (let row = 0; row < batch.rows; row++) {
        this.#items.number(item, item, row * length, row * length + near);
      }
    }
    return [name, { length, lengths, index: item, cross }];
  }

  #column(name: string, items: Int32Array): Encoded {
    const column = given(this.#dataset.items.columns, name);
    return takenRows(column, items, this.#plan.width[name]);
  }

  /** Of each sample the newest behaviours alone, as many as are drawn for it in this epoch. What is counted of them stays. */
  #shorten({ seed, epoch }: Draw, { rows, samples, histories }: Batch): void {
    if (this.#lengths === null) {
      return;
    }
    const key = streams.epochLengths(seed, epoch);
    for (let row = 0; row < rows; row++) {
      const most = this.#lengths.at(counted(key, samples[row]) / 4294967296);
      cut(histories, row, most);
    }
  }

  /** Samples that this step takes as of users of whom nothing is known: their behaviours become padding. */
  #cool({ seed, step }: Draw, { rows, histories, single }: Batch): void {
    const { cold = 0 } = this.#plan.spec;
    const key = streams.stepKey(seed, step, coldStream);
    for (let row = 0; row < rows && cold > 0; row++) {
      if (counted(key, row) < cold * 4294967296) {
        cut(histories, row, 0);
        for (const { name, empty } of this.#plan.stats) {
          given(single, name)[row] = empty;
        }
      }
    }
  }

  /** Ids that are to be learned as "unknown" in this step: search and step see the same. */
  #mask({ seed, step }: Draw, batch: Pick<Assembled, "items" | "itemFeatures" | "single" | "histories">): void {
    this.#plan.spec.unknown.forEach(({ feature, share }, i) => {
      const key = streams.stepKey(seed, step, maskStream + i);
      const together = this.#plan.together[feature];
      const ofItem = batch.itemFeatures[feature];
      if (ofItem !== undefined) {
        if (maskable(ofItem)) {
          maskItems(ofItem, batch.items, this.#plan.width[feature], key, share, together);
        }
        return;
      }
      const all = [batch.single[feature], ...Object.values(batch.histories).map(({ cross }) => cross[feature])];
      for (const values of all) {
        if (values !== undefined && maskable(values)) {
          maskRows(values, 0, key, share, together);
        }
      }
    });
  }

  #dropout({ seed, step }: Draw, rows: number): Record<string, Float32Array> {
    const { graphs } = this.#plan.spec;
    const masks: Record<string, Float32Array> = emptyRecord();
    for (const { name, source } of [...graphs.step.inputs, ...(graphs.update?.inputs ?? [])]) {
      if (source.kind !== "dropout" || masks[name] !== undefined) {
        continue;
      }
      const key = streams.stepKey(seed, step, dropoutStream + Object.keys(masks).length);
      masks[name] = dropoutMask(rows * source.width, source.rate, key);
    }
    return masks;
  }
}

/** Leaves a row the newest `most` behaviours of every history: the others become padding. */
function cut(histories: Batch["histories"], row: number, most: number): void {
  for (const { length, lengths, item } of Object.values(histories)) {
    if (lengths[row] > most) {
      lengths[row] = most;
      item.fill(0, row * length + most, (row + 1) * length);
    }
  }
}

/** A column of the data set that the graphs take. */
function given<T>(columns: Readonly<Record<string, T>>, name: string): T {
  const column = columns[name];
  if (column === undefined) {
    throw new TwinError(
      `the prepared data have no ${name}: they were prepared for another model. Prepare them again: twin data prepare`,
    );
  }
  return column;
}

/** The buffers of a batch, to hand it over to another thread without a copy. Shared memory stays where it is. */
export function buffersOf(assembled: Assembled): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof ArrayBuffer) {
        found.add(value.buffer);
      }
    } else if (typeof value === "object" && value !== null) {
      Object.values(value).forEach(visit);
    }
  };
  visit(assembled);
  return [...found];
}
