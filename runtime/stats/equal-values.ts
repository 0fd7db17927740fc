// Which behaviours have an item feature equal to a candidate's: rows that are equal and known, tags with any in common.
import { type Encoder, encodedShapeOf } from "../../contract/encoder-spec.ts";
import { RowSlots } from "./row-slots.ts";

/** The different values that behaviours have, as slots, and those of them that match a candidate's value. */
export interface EqualValues {
  /** Slots that are given. */
  readonly count: number;
  clear(): void;
  /**
   * Puts the slots of places `to` − 1 … `from` into `into`, new ones for values that are new; −1: it is unknown, and matches
   * nothing. @param item of each place, whose value it has
   */
  enter(values: Int32Array, item: Int32Array, from: number, to: number, into: Int32Array): void;
  /** Puts the slots whose values match that of item `item` into `into`. @returns how many there are */
  matching(values: Int32Array, item: number, into: number[]): number;
}

/** Rows up to which a feature's values are found by a table of all of them. */
const fewRows = 1 << 16;

/** @param encoder of a feature with rows: `id`, `vocabulary`, `hashed`, `bucketed`, `flag` or `tags` */
export function equalValues(encoder: Encoder): EqualValues {
  const width = encodedShapeOf(encoder).reduce((product, size) => product * size, 1);
  if (encoder.kind === "tags") {
    return new TagSets(width);
  }
  const rows = rowsAtMost(encoder);
  return width === 1 && rows <= fewRows ? new FewRows(rows) : new Rows(width);
}

function rowsAtMost(encoder: Encoder): number {
  switch (encoder.kind) {
    case "id":
      return encoder.vocab + 1;
    case "hashed":
      return encoder.buckets + 1;
    case "vocabulary":
      return encoder.max + 1;
    case "bucketed":
      return Math.max(encoder.quantiles ?? 0, encoder.edges.length + 1) + 1;
    case "flag":
      return 3;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** One row a value, of few. */
class FewRows implements EqualValues {
  count = 0;
  /** Slot + 1 of each row; 0: none yet. */
  readonly #slots: Int32Array;
  readonly #given: Int32Array;

  constructor(rows: number) {
    this.#slots = new Int32Array(rows);
    this.#given = new Int32Array(rows);
  }

  clear(): void {
    for (let slot = 0; slot < this.count; slot++) {
      this.#slots[this.#given[slot]] = 0;
    }
    this.count = 0;
  }

  enter(values: Int32Array, item: Int32Array, from: number, to: number, into: Int32Array): void {
    const slots = this.#slots;
    const given = this.#given;
    let { count } = this;
    for (let place = to - 1; place >= from; place--) {
      const row = values[item[place]];
      if (row <= 0) {
        into[place] = -1;
        continue;
      }
      let slot = slots[row];
      if (slot === 0) {
        given[count] = row;
        slot = ++count;
        slots[row] = slot;
      }
      into[place] = slot - 1;
    }
    this.count = count;
  }

  matching(values: Int32Array, item: number, into: number[]): number {
    const row = values[item];
    into[0] = row > 0 ? this.#slots[row] - 1 : -1;
    return into[0] < 0 ? 0 : 1;
  }
}

/** One value, of one row or, of two hashes, two; unknown where all are 0. */
class Rows implements EqualValues {
  readonly #slots: RowSlots;
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
    this.#slots = new RowSlots(width);
  }

  get count(): number {
    return this.#slots.count;
  }

  clear(): void {
    this.#slots.clear();
  }

  enter(values: Int32Array, item: Int32Array, from: number, to: number, into: Int32Array): void {
    if (this.#width === 1) {
      this.#slots.single(values, item, from, to, into);
      return;
    }
    for (let place = to - 1; place >= from; place--) {
      const known = this.#known(values, item[place]);
      into[place] = known ? this.#slots.slot(values, item[place] * this.#width) : -1;
    }
  }

  matching(values: Int32Array, item: number, into: number[]): number {
    const slot = this.#known(values, item) ? this.#slots.find(values, item * this.#width) : -1;
    into[0] = slot;
    return slot < 0 ? 0 : 1;
  }

  #known(values: Int32Array, item: number): boolean {
    const at = item * this.#width;
    return values[at] > 0 || (this.#width === 2 && values[at + 1] > 0);
  }
}

/** Sets of tags: equal sets share a slot, and each tag knows the slots whose sets it is in. */
class TagSets implements EqualValues {
  readonly #sets: RowSlots;
  readonly #tags = new RowSlots(1);
  readonly #width: number;
  /** A set's known tags in ascending order, each once; 0 fills up. */
  readonly #set: Int32Array;
  /** By slot of a tag, slots of the sets that it is in. */
  readonly #within: number[][] = [];
  /** By slot of a set, the question that found it last. */
  readonly #found: number[] = [];
  #question = 0;

  constructor(width: number) {
    this.#width = width;
    this.#sets = new RowSlots(width);
    this.#set = new Int32Array(width);
  }

  clear(): void {
    this.#sets.clear();
    this.#tags.clear();
    this.#within.length = 0;
    this.#found.length = 0;
  }

  get count(): number {
    return this.#sets.count;
  }

  enter(values: Int32Array, item: Int32Array, from: number, to: number, into: Int32Array): void {
    for (let place = to - 1; place >= from; place--) {
      into[place] = this.#slot(values, item[place]);
    }
  }

  #slot(values: Int32Array, item: number): number {
    const tags = this.#sort(values, item);
    if (tags === 0) {
      return -1;
    }
    const before = this.#sets.count;
    const slot = this.#sets.slot(this.#set, 0);
    if (slot === before) {
      this.#enter(slot, tags);
    }
    return slot;
  }

  matching(values: Int32Array, item: number, into: number[]): number {
    const question = ++this.#question;
    let count = 0;
    for (let at = item * this.#width; at < (item + 1) * this.#width; at++) {
      const tag = values[at] > 0 ? this.#tags.find(values, at) : -1;
      if (tag < 0) {
        continue;
      }
      for (const slot of this.#within[tag]) {
        if (this.#found[slot] !== question) {
          this.#found[slot] = question;
          into[count++] = slot;
        }
      }
    }
    return count;
  }

  #enter(slot: number, tags: number): void {
    this.#found[slot] = 0;
    for (let at = 0; at < tags; at++) {
      const before = this.#tags.count;
      const tag = this.#tags.slot(this.#set, at);
      if (tag === before) {
        this.#within[tag] = [];
      }
      this.#within[tag].push(slot);
    }
  }

  /** @returns how many different known tags an item has; they stand in `#set` */
  #sort(values: Int32Array, item: number): number {
    const set = this.#set;
    const end = (item + 1) * this.#width;
    let count = 0;
    for (let from = end - this.#width; from < end; from++) {
      const tag = values[from];
      if (tag <= 0) {
        continue;
      }
      let at = count;
      while (at > 0 && set[at - 1] > tag) {
        at--;
      }
      if (at > 0 && set[at - 1] === tag) {
        continue;
      }
      for (let last = count++; last > at; last--) {
        set[last] = set[last - 1];
      }
      set[at] = tag;
    }
    for (let at = count; at < set.length; at++) {
      set[at] = 0;
    }
    return count;
  }
}
