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

/** What the lists of a block's rows name before their samples. */
export interface MetLists {
  /** Ordinals; `at` points to those that are behaviours, row after row from `starts` on. */
  readonly items: Int32Array;
  readonly at: Int32Array;
  readonly starts: Int32Array;
}

/** What a row's list names. */
const namedBy = ({ items, at, starts }: MetLists, row: number): Int32Array =>
  Int32Array.from(at.subarray(starts[row], starts[row + 1]), (place) => items[place]);

/** Whether two rows of one user and time are of one request: list for list they name the same. */
export const sameRequest = (a: readonly Int32Array[], b: readonly Int32Array[]): boolean =>
  a.every((list, h) => list.length === b[h].length && list.every((item, i) => item === b[h][i]));

/** As `samplesOf`, where each row brings its own history: what was met is what its lists name, and the candidates of its request. */
export function samplesOfLists(
  block: RowsOfBlock,
  met: readonly MetLists[],
  negatives: Negatives | null,
  all: boolean,
): SampleRows[] {
  if (negatives === null) {
    return samplesOf(block, null, all);
  }
  const { starts, times, items } = block;
  const found = [new SampleRows(), new SampleRows(), new SampleRows()];
  const meet = (request: Request): void => {
    negatives.nextUser();
    for (const list of negatives.options.met === "exclude" ? request.lists : []) {
      for (const item of list) {
        negatives.meet(item);
      }
    }
    for (const row of request.rows) {
      negatives.meet(items[row]);
    }
  };
  for (let user = 0; user + 1 < starts.length; user++) {
    for (let first = starts[user]; first < starts[user + 1]; ) {
      let end = first + 1;
      while (end < starts[user + 1] && times[end] === times[first]) {
        end++;
      }
      const requests = requestsIn(met, first, end);
      let last: Request | null = null;
      for (let row = first; row < end; row++) {
        const request = requests[row - first];
        if (request !== last) {
          meet(request);
          last = request;
        }
        addDrawn(block, row, row + 1, negatives, all, found);
      }
      first = end;
    }
  }
  return found;
}

interface Request {
  readonly rows: number[];
  /** By history. */
  readonly lists: readonly Int32Array[];
}

/** The request of each of some rows of one user and time: those with the same lists, wherever they stand among them. */
function requestsIn(met: readonly MetLists[], first: number, end: number): Request[] {
  const known = new Map<string, Request>();
  const of: Request[] = [];
  for (let row = first; row < end; row++) {
    const lists = met.map((list) => namedBy(list, row));
    const key = end - first > 1 ? lists.join(";") : "";
    const request = known.get(key) ?? { rows: [], lists };
    known.set(key, request);
    request.rows.push(row);
    of.push(request);
  }
  return of;
}

/** Rows of one instant that have a label, each with what is drawn beside it. */
function addDrawn(
  block: RowsOfBlock,
  start: number,
  end: number,
  negatives: Negatives,
  all: boolean,
  found: readonly SampleRows[],
): void {
  const drawn: number[] = [];
  for (let row = start; row < end; row++) {
    if (!isLabelled(block, row, all)) {
      continue;
    }
    const samples = found[block.parts[row]];
    samples.add(row, block.items[row], 0, negatives.offset(block.items[row]));
    drawn.length = 0;
    negatives.draw(block.rows[row], drawn);
    for (const item of drawn) {
      samples.add(row, item, 1, negatives.offset(item));
    }
  }
}

function isLabelled({ labels }: RowsOfBlock, row: number, all: boolean): boolean {
  if (all) {
    return true;
  }
  for (const label of labels) {
    if (!Number.isNaN(label[row])) {
      return true;
    }
  }
  return false;
}

/** Rows with a label, or all, by part. */
export function samplesOf(block: RowsOfBlock, negatives: Negatives | null, all: boolean): SampleRows[] {
  const found = [new SampleRows(), new SampleRows(), new SampleRows()];
  const { starts, times, items, parts } = block;
  if (negatives === null) {
    for (let row = 0; row < items.length; row++) {
      if (isLabelled(block, row, all)) {
        found[parts[row]].add(row, items[row], 0, 0);
      }
    }
    return found;
  }
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
      addDrawn(block, start, end, negatives, all, found);
      end = start;
    }
  }
  return found;
}
