// Negatives for data without them: drawn by popularity or evenly, from what a user has not met or from all, with the rate of each draw.
import { TwinError } from "../../../contract/error.ts";
import { streams } from "../../../contract/random.ts";

export interface NegativeOptions {
  readonly perPositive: number;
  readonly by: "popularity" | "uniform";
  /** `exclude`: no item that the user has met by then; `allow`: those as well, but for what is met at that instant. */
  readonly met: "exclude" | "allow";
  readonly seed: number;
}

/** Draws of rejected items before the eligible ones are listed instead. */
const patience = 64;

/**
 * Draws items for a user at an instant. Ordinals count from 1; 0 (the unknown item) is never drawn.
 *
 * With q(i) the share of item i (popularity: its count in the training part plus one, so that new items can be drawn) and
 * Q the sum of q over what the user has met, a draw of `exclude` is repeated until it gives an item that is not met: with
 * q(i) / (1 − Q). So such an item is expected perPositive · q(i) / (1 − Q) times as a negative of one positive: its rate.
 *
 * Under `allow` a draw that gives an item of the instant, which was taken and is no negative, is dropped, and not repeated:
 * what was met earlier plays no part, and every item that is not taken has the rate perPositive · q(i), whatever was.
 */
export class Negatives {
  readonly options: NegativeOptions;
  readonly #share: Float64Array;
  /** Sums of the shares up to each ordinal. */
  readonly #sums: Float64Array;
  readonly #met: Uint32Array;
  #user = 0;
  #metShare = 0;
  #metItems = 0;

  /** @param counts occurrences by ordinal in the training part, that of the unknown item first */
  constructor(counts: Uint32Array, options: NegativeOptions) {
    const items = counts.length - 1;
    if (items < 2) {
      throw new TwinError("negatives are drawn from other items, and the data has fewer than two items");
    }
    this.options = options;
    this.#share = new Float64Array(items + 1);
    this.#sums = new Float64Array(items + 1);
    this.#met = new Uint32Array(items + 1);
    let total = 0;
    for (let i = 1; i <= items; i++) {
      total += options.by === "popularity" ? counts[i] + 1 : 1;
    }
    let sum = 0;
    for (let i = 1; i <= items; i++) {
      const weight = options.by === "popularity" ? counts[i] + 1 : 1;
      sum += weight;
      this.#share[i] = weight / total;
      this.#sums[i] = sum / total;
    }
    this.#sums[items] = 1;
    // An item without a row in the items file has the share of an item that never occurred.
    this.#share[0] = 1 / total;
  }

  /** Forgets what the last user met. */
  nextUser(): void {
    this.#forget();
  }

  /** A later instant of the same user. */
  nextInstant(): void {
    if (this.options.met === "allow") {
      this.#forget();
    }
  }

  #forget(): void {
    this.#user++;
    this.#metShare = 0;
    this.#metItems = 0;
  }

  meet(item: number): void {
    if (item === 0 || this.#met[item] === this.#user) {
      return;
    }
    this.#met[item] = this.#user;
    this.#metShare += this.#share[item];
    this.#metItems++;
  }

  /** − ln of the rate at which an item is drawn as a negative of one positive of this user, now. */
  offset(item: number): number {
    const left = this.options.met === "allow" ? 1 : Math.max(1 - this.#metShare, this.#share[item]);
    return -Math.log((this.options.perPositive * this.#share[item]) / left);
  }

  /**
   * Draws `perPositive` items, each for itself (one may come twice); fewer than that only where the user has met all, and
   * under `allow` where a draw fell on what was taken.
   * @param row number of the positive's row: equal rows and seeds draw equal items, in whatever order rows are read
   */
  draw(row: number, into: number[]): void {
    const items = this.#share.length - 1;
    if (this.#metItems >= items) {
      return;
    }
    let eligible: number[] | null = null;
    const next = streams.negatives(this.options.seed, row);
    if (this.options.met === "allow") {
      for (let n = 0; n < this.options.perPositive; n++) {
        const drawn = this.#at(next());
        if (this.#met[drawn] !== this.#user) {
          into.push(drawn);
        }
      }
      return;
    }
    for (let n = 0; n < this.options.perPositive; n++) {
      let item = 0;
      for (let tries = 0; item === 0 && tries < patience; tries++) {
        const drawn = this.#at(next());
        if (this.#met[drawn] !== this.#user) {
          item = drawn;
        }
      }
      if (item === 0) {
        eligible ??= Array.from({ length: items }, (_, i) => i + 1).filter((one) => this.#met[one] !== this.#user);
        item = this.#among(eligible, next());
      }
      into.push(item);
    }
  }

  #at(point: number): number {
    let low = 1;
    let high = this.#sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sums[middle] > point) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  #among(eligible: readonly number[], point: number): number {
    let left = point * eligible.reduce((sum, item) => sum + this.#share[item], 0);
    for (const item of eligible) {
      left -= this.#share[item];
      if (left < 0) {
        return item;
      }
    }
    return eligible[eligible.length - 1];
  }
}
