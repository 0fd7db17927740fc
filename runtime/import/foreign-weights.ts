// A file of weights from elsewhere, whatever its format: named arrays, of which one at a time is read as float32.

/** One array of a foreign file. */
export interface ForeignArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** The format's own word: `F32`, `<f8`, `HalfStorage`. */
  readonly dtype: string;
  /** Arrays of one file with the same text are the same numbers in memory (shared layers). */
  readonly place: string;
}

export interface ForeignWeights {
  readonly path: string;
  /** In the order of the file. */
  readonly arrays: ReadonlyMap<string, ForeignArray>;
  /** Arrays that stand in the file and are none of numbers, by name, each with the sentence that says why. */
  readonly unreadable: ReadonlyMap<string, string>;
  /**
   * All values of an array, row-major, as float32 (float64 rounded).
   * @throws TwinError where the file is damaged, cut short, or the array holds no numbers
   */
  read(name: string): Promise<Float32Array>;
  close(): void;
}

/** Most numbers of one array, 2^32 − 1: more than 16 GB are not read at once. */
export const mostElements = 0xffff_ffff;

/** Whether a list is a shape whose numbers can be counted and addressed. */
export function isShape(shape: readonly unknown[]): shape is number[] {
  let product = 1;
  for (const size of shape) {
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
      return false;
    }
    product *= size;
    if (product > mostElements) {
      return false;
    }
  }
  return shape.length <= 16;
}
