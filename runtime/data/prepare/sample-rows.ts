// Which rows of a block become samples of which part, with the negatives that are drawn beside them.
import { alike } from "../../../contract/alike.ts";
import type { Negatives } from "./negatives.ts";

/** Samples of one part, in the order in which they are written. */
export class SampleRows {
  count = 0;
  #row = new Int32Array(1024);
  #candidate = new Int32Array(1024);
  #drawn = new Uint8Array(1024);
  #offset = new Float32Array(1024);

  /** Row of the block. */
  get row(): Int32Array {
    return this.#row.subarray(0, this.count);
  }

  get candidate(): Int32Array {
    return this.#candidate.subarray(0, this.count);
  }

  /** 1 for a drawn negative. */
  get drawn(): Uint8Array {
    return this.#drawn.subarray(0, this.count);
  }

  get offset(): Float32Array {
    return this.#offset.subarray(0, this.count);
  }

  add(row: number, candidate: number, drawn: number, offset: number): void {
    const at = this.count++;
    if (at === this.#row.length) {
      this.#grow();
    }
    this.#row[at] = row;
    this.#candidate[at] = candidate;
    this.#drawn[at] = drawn;
    this.#offset[at] = offset;
  }

  #grow(): void {
    const length = 2 * this.#row.length;
    const larger = <T extends Int32Array | Uint8Array | Float32Array>(from: T): T => {
      const to = alike(from, length);
      to.set(from);
      return to;
    };
    this.#row = larger(this.#row);
    this.#candidate = larger(this.#candidate);
    this.#drawn = larger(this.#drawn);
    this.#offset = larger(this.#offset);
  }
}

export interface RowsOfBlock {
  readonly starts: Int32Array;
  readonly times: Float64Array;
  /** Ordinals. */
  readonly items: Int32Array;
  /** Number of each row in the event log. */
  readonly rows: Float64Array;
  /** Part of each row: 0 training, 1 validation, 2 test. */
  readonly parts: Int32Array;
  /** By label, NaN: missing. */
  readonly labels: readonly Float64Array[];
}

/** Rows with a label, or all, by part. */
export function samplesOf(block: RowsOfBlock, negatives: Negatives | null, all: boolean): SampleRows[] {
  const found = [new SampleRows(), new SampleRows(), new SampleRows()];
  const { starts, times, items, rows, parts, labels } = block;
  const labelled = (row: number): boolean => {
    if (all) {
      return true;
    }
    for (const label of labels) {
      if (!Number.isNaN(label[row])) {
        return true;
      }
    }
    return false;
  };
  if (negatives === null) {
    for (let row = 0; row < items.length; row++) {
      if (labelled(row)) {
        found[parts[row]].add(row, items[row], 0, 0);
      }
    }
    return found;
  }
  const drawn: number[] = [];
  for (let user = 0; user + 1 < starts.length; user++) {
    negatives.nextUser();
    // From the oldest: what a user meets at an instant, and before it unless that may be drawn, is no negative of it.
    for (let end = starts[user + 1]; end > starts[user]; ) {
      let start = end - 1;
      while (start > starts[user] && times[start - 1] === times[end - 1]) {
        start--;
      }
      negatives.nextInstant();
      for (let row = start; row < end; row++) {
        negatives.meet(items[row]);
      }
      for (let row = start; row < end; row++) {
        if (!labelled(row)) {
          continue;
        }
        const samples = found[parts[row]];
        samples.add(row, items[row], 0, negatives.offset(items[row]));
        drawn.length = 0;
        negatives.draw(rows[row], drawn);
        for (const item of drawn) {
          samples.add(row, item, 1, negatives.offset(item));
        }
      }
      end = start;
    }
  }
  return found;
}
