// A user's operands as the kernel has them: rows of behaviours with every head's columns, padded to four; biases with the
// search's mask in them.
import type { KernelMemory } from "./memory.ts";
import { type KernelShape, keptBy, padded, type Rows, tilesOf, type UserOperands } from "./shape.ts";

/** Added to what is masked, as compiler/lower/mask.ts does: (mask − 1) · 1e30. */
const penalty = 1e30;

/** Where a user's operands lie; 0: there is none. */
export interface PackedOperands {
  readonly lengths: readonly number[];
  /** `keys` [8 * tiles, heads, padded width]; `bias` [heads, 8 * tiles]. */
  readonly products: readonly { readonly keys: number; readonly bias: number }[];
  /** [heads, 8 * tiles], −Infinity past the end. */
  readonly searches: readonly { readonly bias: number }[];
  /** `mask` [length]; `values` [length, heads, padded width]. */
  readonly attends: readonly { readonly mask: number; readonly values: number }[];
}

/** Whether something needs a product's scores without the mask of a search. */
const unsearched = (shape: KernelShape, product: number): boolean =>
  shape.attends.some((attend) => !attend.searched && attend.product === product);

const masks = (mask: Float32Array | null): boolean => mask?.some((one) => one !== 1) ?? false;

/** Pieces that the operands need, in the order in which `pack` fills them; 0: none. */
export function pieces(shape: KernelShape, user: UserOperands): number[] {
  const tiles = (product: number) => tilesOf(user.lengths[shape.products[product].history]);
  const bias = (product: number) => 4 * shape.products[product].heads * 8 * tiles(product);
  return [
    ...shape.products.flatMap(({ heads, width }, i) => [
      4 * 8 * tiles(i) * heads * padded(width),
      unsearched(shape, i) ? bias(i) : 0,
    ]),
    ...shape.searches.map(({ product }) => bias(product)),
    ...shape.attends.flatMap(({ product, width }, i) => {
      const length = user.lengths[shape.products[product].history];
      return [masks(user.attends[i].mask) ? 4 * length : 0, 4 * length * shape.products[product].heads * padded(width)];
    }),
  ];
}

/** @throws Error where an operand is not of the shape that was told: a bug of the caller */
export function checkOperands(shape: KernelShape, user: UserOperands): void {
  const differ = (what: string, found: number, wanted: number): void => {
    if (found !== wanted) {
      throw new Error(`${what}: ${found}, not ${wanted}`);
    }
  };
  differ("histories", user.lengths.length, shape.histories);
  differ("products", user.products.length, shape.products.length);
  differ("searches", user.searches.length, shape.searches.length);
  differ("attends", user.attends.length, shape.attends.length);
  const rows = (
    what: string,
    { data, rows, offset, headStride, rowStride }: Rows,
    heads: number,
    width: number,
    length: number,
  ): void => {
    if (rows !== null) {
      differ(`rows of ${what}`, rows.length, length);
    }
    let most = length - 1;
    for (let i = 0; rows !== null && i < length; i++) {
      most = i === 0 ? rows[i] : Math.max(most, rows[i]);
      if (rows[i] < 0) {
        throw new Error(`${what}: row ${rows[i]}`);
      }
    }
    const end = offset + (heads - 1) * headStride + most * rowStride + width;
    if (length > 0 && end > data.length) {
      throw new Error(`${what} end at ${data.length}, not ${end}`);
    }
  };
  for (const [i, { keys, bias }] of user.products.entries()) {
    const { history, heads, width } = shape.products[i];
    rows(`the keys of product ${i}`, keys, heads, width, user.lengths[history]);
    differ(`biases of product ${i}`, bias?.length ?? heads * user.lengths[history], heads * user.lengths[history]);
  }
  for (const [i, { mask }] of user.searches.entries()) {
    const { product, keep } = shape.searches[i];
    const length = user.lengths[shape.products[product].history];
    differ(`mask of search ${i}`, mask?.length ?? length, length);
    if (length < keep) {
      throw new Error(`search ${i} keeps ${keep} of ${length}: the history is to be padded`);
    }
  }
  for (const [i, { mask, values }] of user.attends.entries()) {
    const attend = shape.attends[i];
    const { history, heads } = shape.products[attend.product];
    const length = user.lengths[history];
    differ(`mask of attend ${i}`, mask?.length ?? length, length);
    if (length < keptBy(shape, attend) || values.length === 0) {
      throw new Error(`attend ${i} has ${values.length} values, and ${keptBy(shape, attend)} of ${length} behaviours`);
    }
    for (const one of values) {
      rows(`the values of attend ${i}`, one, heads, attend.width, length);
    }
  }
}

/** Writes [length, heads, padded width], or adds to what is there. */
function writeRows(into: Float32Array, from: Rows, heads: number, width: number, length: number, add: boolean): void {
  const { data, rows, offset, headStride, rowStride } = from;
  const columns = padded(width);
  const whole = columns === width && (headStride === width || heads === 1);
  const run = whole ? heads * width : width;
  if (whole && rows === null && !add && rowStride === run) {
    into.set(data.subarray(offset, offset + length * run));
    return;
  }
  if (!whole && !add && columns !== width) {
    into.fill(0);
  }
  if (whole && rows !== null && !add) {
    copyRows(into, data, rows, offset, rowStride, run);
    return;
  }
  for (let a = 0; a < (whole ? 1 : heads); a++) {
    const write = add ? addColumns : copyColumns;
    write(
      into,
      a * columns,
      whole ? run : heads * columns,
      data,
      offset + a * headStride,
      rows,
      rowStride,
      run,
      length,
    );
  }
}

/** Whole rows of a table, one after the other. */
function copyRows(
  into: Float32Array,
  data: Float32Array,
  rows: Int32Array,
  offset: number,
  rowStride: number,
  run: number,
): void {
  for (let i = 0; i < rows.length; i++) {
    const from = offset + rows[i] * rowStride;
    into.set(data.subarray(from, from + run), i * run);
  }
}

/** Some columns of every row, to `at` + i · `stride`. Loops of their own: one that did both would be several times as slow. */
function copyColumns(
  into: Float32Array,
  at: number,
  stride: number,
  data: Float32Array,
  offset: number,
  rows: Int32Array | null,
  rowStride: number,
  run: number,
  length: number,
): void {
  for (let i = 0, to = at; i < length; i++, to += stride) {
    const from = offset + (rows === null ? i : rows[i]) * rowStride;
    for (let j = 0; j < run; j++) {
      into[to + j] = data[from + j];
    }
  }
}

function addColumns(
  into: Float32Array,
  at: number,
  stride: number,
  data: Float32Array,
  offset: number,
  rows: Int32Array | null,
  rowStride: number,
  run: number,
  length: number,
): void {
  for (let i = 0, to = at; i < length; i++, to += stride) {
    const from = offset + (rows === null ? i : rows[i]) * rowStride;
    for (let j = 0; j < run; j++) {
      into[to + j] += data[from + j];
    }
  }
}

/** [heads, 8 * tiles] of a product's bias and a search's mask. */
function writeBias(
  into: Float32Array,
  bias: Float32Array | null,
  mask: Float32Array | null,
  heads: number,
  length: number,
): void {
  const stride = 8 * tilesOf(length);
  for (let a = 0; a < heads; a++) {
    const row = into.subarray(a * stride, (a + 1) * stride);
    if (bias === null) {
      row.fill(0);
    } else {
      row.set(bias.subarray(a * length, (a + 1) * length));
    }
    for (let i = 0; mask !== null && i < length; i++) {
      row[i] += Math.fround(Math.fround(mask[i] - 1) * penalty);
    }
    row.fill(Number.NEGATIVE_INFINITY, length);
  }
}

/** Writes a user's operands into pieces of the sizes that `pieces` tells; 0 stands for none. */
export function writeOperands(
  memory: KernelMemory,
  shape: KernelShape,
  user: UserOperands,
  addresses: readonly number[],
): PackedOperands {
  let next = 0;
  const floats = (at: number, count: number): Float32Array => memory.f32.subarray(at / 4, at / 4 + count);
  const products = shape.products.map(({ history, heads, width }, i) => {
    const length = user.lengths[history];
    const [keys, bias] = [addresses[next++], addresses[next++]];
    const row = heads * padded(width);
    writeRows(floats(keys, length * row), user.products[i].keys, heads, width, length, false);
    floats(keys + 4 * length * row, (8 * tilesOf(length) - length) * row).fill(0);
    if (bias !== 0) {
      writeBias(floats(bias, heads * 8 * tilesOf(length)), user.products[i].bias, null, heads, length);
    }
    return { keys, bias };
  });
  const searches = shape.searches.map(({ product }, i) => {
    const bias = addresses[next++];
    const { history, heads } = shape.products[product];
    const length = user.lengths[history];
    const { mask } = user.searches[i];
    writeBias(floats(bias, heads * 8 * tilesOf(length)), user.products[product].bias, mask, heads, length);
    return { bias };
  });
  const attends = shape.attends.map(({ product, width }, i) => {
    const [mask, values] = [addresses[next++], addresses[next++]];
    const { history, heads } = shape.products[product];
    const length = user.lengths[history];
    const operands = user.attends[i];
    if (mask !== 0 && operands.mask !== null) {
      floats(mask, length).set(operands.mask);
    }
    const into = floats(values, length * heads * padded(width));
    for (const [part, rows] of operands.values.entries()) {
      writeRows(into, rows, heads, width, length, part > 0);
    }
    return { mask, values };
  });
  return { lengths: user.lengths, products, searches, attends };
}
