// A user's operands as the kernel has them: keys in tiles of eight behaviours, values in rows with every head's columns, padded
// to four, biases with the search's mask in them.
import { checkOwn, ownPieces, type PackedOwn, writeOwn } from "./pack-own.ts";
import { type KernelShape, keptBy, type ProductShape, padded, type Rows, tilesOf, type UserOperands } from "./shape.ts";
import type { Operand, Staging } from "./staging.ts";
import type { KernelExports } from "./web-assembly.ts";

/** Added to what is masked, as compiler/lower/mask.ts does: (mask − 1) · 1e30. */
const penalty = 1e30;

/** Where a user's operands lie; 0: there is none. */
export interface PackedOperands {
  readonly lengths: readonly number[];
  /**
   * `keys` [heads, tiles, width, 8]; `bias` [heads, 8 * tiles]; of each that may agree `behaviours` int32 [rows, 8 * tiles] and
   * `worth` [heads, 8 * tiles].
   */
  readonly products: readonly {
    readonly keys: number;
    readonly bias: number;
    readonly match: readonly { readonly behaviours: number; readonly worth: number }[];
    /** Null where the candidates have the user's history. `keys` are [items, heads, width] otherwise. */
    readonly own: PackedOwn | null;
  }[];
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
    ...shape.products.flatMap(({ heads, width, match }, i) =>
      user.products[i].own !== undefined
        ? ownPieces(user.products[i])
        : [
            4 * 8 * tiles(i) * heads * width,
            unsearched(shape, i) ? bias(i) : 0,
            ...match.flatMap(({ rows }) => [4 * rows * 8 * tiles(i), bias(i)]),
          ],
    ),
    ...shape.searches.map(({ product }) => (user.products[product].own === undefined ? bias(product) : 0)),
    ...shape.attends.flatMap(({ product, width }, i) => {
      const length = user.lengths[shape.products[product].history];
      return [masks(user.attends[i].mask) ? 4 * length : 0, 4 * length * shape.products[product].heads * padded(width)];
    }),
  ];
}

/** The operands that are rows. */
export const rowsOf = (shape: KernelShape, { lengths, products, attends }: UserOperands): Operand[] => [
  ...products.flatMap(({ keys, own }, i) =>
    own === undefined ? [operandOf(shape.products[i], shape.products[i].width, lengths, keys)] : [],
  ),
  ...attends.flatMap(({ values }, i) => {
    const { product, width } = shape.attends[i];
    return values.map((given) => operandOf(shape.products[product], width, lengths, given));
  }),
];

const operandOf = (
  { heads, history }: ProductShape,
  width: number,
  lengths: readonly number[],
  given: Rows,
): Operand => ({ given, row: heads * width, length: lengths[history] });

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
    { data, rows, offset, rowStride }: Rows,
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
    const end = offset + most * rowStride + heads * width;
    if (length > 0 && end > data.length) {
      throw new Error(`${what} end at ${data.length}, not ${end}`);
    }
  };
  for (const [i, { keys, bias, match, own }] of user.products.entries()) {
    const { history, heads, width } = shape.products[i];
    differ(`biases by features of product ${i}`, own?.terms.length ?? -1, shape.products[i].own?.length ?? -1);
    if (own !== undefined) {
      checkOwn(shape.products[i], user.products[i], user.lengths[history]);
      continue;
    }
    rows(`the keys of product ${i}`, keys, heads, width, user.lengths[history]);
    differ(`agreements of product ${i}`, match.length, shape.products[i].match.length);
    for (const [j, { behaviours, worth }] of match.entries()) {
      const length = user.lengths[history];
      differ(`rows of agreement ${j}`, behaviours.length, length * shape.products[i].match[j].rows);
      differ(`worths of agreement ${j}`, worth.length, heads * length);
    }
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

/** Writes keys [heads, tiles, width, 8]. */
function writeKeys(
  kernel: KernelExports,
  staging: Staging,
  keys: Rows,
  { heads, width }: ProductShape,
  length: number,
  at: number,
): void {
  const headBytes = 32 * tilesOf(length) * width;
  for (const { rows, rowBytes, index, from, to } of staging.bring({ given: keys, row: heads * width, length })) {
    for (let a = 0; a < heads; a++) {
      kernel.turn(rows + 4 * a * width, rowBytes, index, width, to - from, at + a * headBytes + 4 * from * width);
    }
  }
}

/** Writes values [length, heads, padded width]: the sum of all that are given. */
function writeValues(
  kernel: KernelExports,
  staging: Staging,
  values: readonly Rows[],
  heads: number,
  width: number,
  length: number,
  at: number,
): void {
  const columns = padded(width);
  const rowOut = 4 * heads * columns;
  const whole = columns === width;
  for (const [part, given] of values.entries()) {
    for (const { rows, rowBytes, index, from, to } of staging.bring({ given, row: heads * width, length })) {
      for (let a = 0; a < (whole ? 1 : heads); a++) {
        const run = whole ? heads * width : width;
        const into = at + from * rowOut + 4 * a * columns;
        kernel.lay(rows + 4 * a * width, rowBytes, index, run, to - from, into, rowOut, Number(part > 0));
      }
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

/** [rows, 8 * tiles] of int32 [length, rows]; past the end nothing agrees. */
function writeBehaviours(into: Uint32Array, given: Int32Array, rows: number, length: number): void {
  const stride = 8 * tilesOf(length);
  for (let c = 0; c < rows; c++) {
    for (let i = 0; i < stride; i++) {
      into[c * stride + i] = i < length ? given[i * rows + c] : -1;
    }
  }
}

/** [heads, 8 * tiles] of [heads, length]; 0 past the end. */
function writePadded(into: Float32Array, given: Float32Array, heads: number, length: number): void {
  const stride = 8 * tilesOf(length);
  for (let a = 0; a < heads; a++) {
    into.set(given.subarray(a * length, (a + 1) * length), a * stride);
    into.fill(0, a * stride + length, (a + 1) * stride);
  }
}

/** Writes a user's operands into pieces of the sizes that `pieces` tells; 0 stands for none. */
export function writeOperands(
  kernel: KernelExports,
  staging: Staging,
  shape: KernelShape,
  user: UserOperands,
  addresses: readonly number[],
): PackedOperands {
  let next = 0;
  const floats = (at: number, count: number): Float32Array => staging.memory.f32.subarray(at / 4, at / 4 + count);
  const products = shape.products.map((product, i) => {
    const { history, heads } = product;
    const length = user.lengths[history];
    if (user.products[i].own !== undefined) {
      const count = ownPieces(user.products[i]).length;
      next += count;
      const places = addresses.slice(next - count, next);
      const own = writeOwn(kernel, staging.memory, product, user.products[i], places);
      return { keys: places[0], bias: 0, match: [], own };
    }
    const [keys, bias] = [addresses[next++], addresses[next++]];
    writeKeys(kernel, staging, user.products[i].keys, product, length, keys);
    if (bias !== 0) {
      writeBias(floats(bias, heads * 8 * tilesOf(length)), user.products[i].bias, null, heads, length);
    }
    const match = product.match.map(({ rows }, j) => {
      const [behaviours, worth] = [addresses[next++], addresses[next++]];
      const given = user.products[i].match[j];
      const into = staging.memory.u32.subarray(behaviours / 4, behaviours / 4 + rows * 8 * tilesOf(length));
      writeBehaviours(into, given.behaviours, rows, length);
      writePadded(floats(worth, heads * 8 * tilesOf(length)), given.worth, heads, length);
      return { behaviours, worth };
    });
    return { keys, bias, match, own: null };
  });
  const searches = shape.searches.map(({ product }, i) => {
    const bias = addresses[next++];
    if (bias === 0) {
      return { bias };
    }
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
    writeValues(kernel, staging, operands.values, heads, width, length, values);
    return { mask, values };
  });
  return { lengths: user.lengths, products, searches, attends };
}
