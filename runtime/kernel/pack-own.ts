// Histories of candidates' own as the kernel has them: keys once an item, and of each candidate which items and which biases.
import type { KernelMemory } from "./memory.ts";
import type { OwnOperands, ProductOperands, ProductShape } from "./shape.ts";
import type { KernelExports } from "./web-assembly.ts";

/** Where they lie. */
export interface PackedOwn {
  /** u32 [candidates, length] and some zeros. */
  readonly index: number;
  /** int32 [candidates] */
  readonly valid: Int32Array;
  /** At least one. */
  readonly terms: readonly {
    /** [rows, heads] */
    readonly rows: number;
    /** int32 [candidates, length] and some zeros. */
    readonly features: readonly { readonly at: number; readonly stride: number }[];
  }[];
}

/** Zeros behind the last history, which are read with it. */
const beyond = 8;

/** Heads that a bias of zeros is for. */
const mostHeads = 16;

const padded = (count: number): number => 4 * Math.ceil(count / 4) + beyond;

/** Bytes of the keys, the index, and of each bias its rows and features. Without a bias there is one of zeros. */
export function ownPieces({ keys, own }: ProductOperands): number[] {
  const { index, terms } = given(own);
  const behaviours = 4 * padded(index.length);
  return [
    keys.data.byteLength,
    behaviours,
    ...(terms.length === 0 ? [4 * mostHeads] : []),
    ...terms.flatMap(({ rows, features }) => [rows.byteLength, ...features.map(() => behaviours)]),
  ];
}

/** @throws Error where an operand is not of the shape that was told: a bug of the caller */
export function checkOwn(shape: ProductShape, { keys, own }: ProductOperands, length: number): void {
  const { index, valid, terms } = given(own);
  const row = shape.heads * shape.width;
  if (keys.rows !== null || keys.offset !== 0 || keys.rowStride !== row || keys.data.length % row !== 0) {
    throw new Error(`the keys of items are no rows of ${row}`);
  }
  if (index.length !== valid.length * length) {
    throw new Error(`${index.length} items of ${valid.length} histories of ${length}`);
  }
  for (const [t, { rows, features }] of terms.entries()) {
    const short = features.some(({ values }) => values.length !== index.length);
    if (features.length !== shape.own?.[t] || short || rows.length === 0 || rows.length % shape.heads !== 0) {
      throw new Error(`bias ${t} has ${features.length} features and ${rows.length} numbers`);
    }
  }
}

/** @throws Error where a behaviour names an item or a row that is not there: a bug of the caller */
export function writeOwn(
  kernel: KernelExports,
  { f32, u32 }: KernelMemory,
  { heads, width }: ProductShape,
  { keys, own }: ProductOperands,
  [at, ...pieces]: readonly number[],
): PackedOwn {
  const { index, valid, terms } = given(own);
  let next = 0;
  const written = (values: Int32Array) => {
    const to = pieces[next++];
    u32.set(values, to / 4);
    u32.fill(0, to / 4 + values.length, to / 4 + padded(values.length));
    return { to, most: kernel.greatest(to, padded(values.length)) >>> 0 };
  };
  const within = (most: number, count: number, what: string): void => {
    if (most >= count) {
      throw new Error(`a behaviour names ${what} ${most} of ${count}`);
    }
  };
  f32.set(keys.data, at / 4);
  const items = written(index);
  within(items.most, keys.data.length / (heads * width), "item");
  if (terms.length === 0) {
    f32.fill(0, pieces[next] / 4, pieces[next] / 4 + mostHeads);
  }
  const packed = terms.map(({ rows, features }) => {
    const table = pieces[next++];
    f32.set(rows, table / 4);
    let most = 0;
    const placed = features.map(({ values, stride }) => {
      const one = written(values);
      most += one.most * stride;
      return { at: one.to, stride };
    });
    within(most, rows.length / heads, "row");
    return { rows: table, features: placed };
  });
  return { index: items.to, valid, terms: terms.length === 0 ? [{ rows: pieces[next], features: [] }] : packed };
}

function given(own: OwnOperands | undefined): OwnOperands {
  if (own === undefined) {
    throw new Error("no histories of candidates' own were given");
  }
  return own;
}
