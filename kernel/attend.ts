// Attention over the kept: their scores, the softmax of these, and the weighted sum of their values.
import { exp } from "./exp.ts";
import { dots } from "./score.ts";

const least: f32 = -Infinity;

/** Scores at the kept positions, from rows that are there: [heads][count][8 * tiles] to [count][heads][pad]. */
export function pick(
  rows: usize,
  heads: usize,
  count: usize,
  tiles: usize,
  kept: usize,
  keptHeadBytes: usize,
  keep: usize,
  out: usize,
): void {
  const pad = (keep + 3) & ~3;
  for (let n: usize = 0; n < count; n++) {
    for (let head: usize = 0; head < heads; head++) {
      const row = rows + (head * count + n) * 32 * tiles;
      const list = kept + head * keptHeadBytes + n * keep * 4;
      for (let j: usize = 0; j < keep; j++) {
        store<f32>(out + 4 * j, load<f32>(row + 4 * load<u32>(list + 4 * j)));
      }
      out += 4 * pad;
    }
  }
}

/**
 * Scores at the kept positions, computed: [count][heads][pad].
 * @param q [heads][…][width], `qHeadBytes` apart @param keptBytes from one candidate's list to the next; 0: all have one
 * @param keys [heads][tiles][width][8] @param bias [heads][8 * tiles]
 */
export function compute(
  q: usize,
  qHeadBytes: usize,
  width: usize,
  keys: usize,
  bias: usize,
  tiles: usize,
  heads: usize,
  count: usize,
  kept: usize,
  keptHeadBytes: usize,
  keptBytes: usize,
  keep: usize,
  out: usize,
): void {
  const pad = (keep + 3) & ~3;
  for (let n: usize = 0; n < count; n++) {
    for (let head: usize = 0; head < heads; head++) {
      const query = q + head * qHeadBytes + n * 4 * width;
      const list = kept + head * keptHeadBytes + n * keptBytes;
      const k = keys + head * 32 * tiles * width;
      const b = bias + head * 32 * tiles;
      for (let j: usize = 0; j < keep; j += 4) {
        const p0 = load<u32>(list + 4 * j);
        const p1 = load<u32>(list + 4 * min(j + 1, keep - 1));
        const p2 = load<u32>(list + 4 * min(j + 2, keep - 1));
        const p3 = load<u32>(list + 4 * min(j + 3, keep - 1));
        v128.store(out + 4 * j, dots(query, width, k, b, p0, p1, p2, p3));
      }
      out += 4 * pad;
    }
  }
}

function greatest(x: v128): v128 {
  const y = f32x4.pmax(x, v128.shuffle<i64>(x, x, 1, 0));
  return f32x4.pmax(y, v128.shuffle<i32>(y, y, 1, 0, 3, 2));
}

/** What `weigh` found last: the greatest score, and Σ exp(score − greatest). */
let most: f32 = 0;
let total: f32 = 0;

/** Scores [pad] of one candidate and head to weights in their place; `masks` [pad], or 0: all count. */
function weigh(scores: usize, pad: usize, keep: usize, masks: usize): void {
  const end: usize = 4 * pad;
  const one = f32x4.splat(1);
  for (let j = keep; j < pad; j++) {
    store<f32>(scores + 4 * j, least);
  }
  let top = f32x4.splat(least);
  for (let j: usize = 0; j < end; j += 16) {
    let v = v128.load(scores + j);
    if (masks) {
      v = f32x4.add(v, f32x4.mul(f32x4.sub(v128.load(masks + j), one), f32x4.splat(1e30)));
      v128.store(scores + j, v);
    }
    top = f32x4.pmax(top, v);
  }
  top = greatest(top);
  let sum = f32x4.splat(0);
  for (let j: usize = 0; j < end; j += 16) {
    const e = exp(f32x4.sub(v128.load(scores + j), top));
    sum = f32x4.add(sum, e);
    v128.store(scores + j, masks ? f32x4.mul(e, v128.load(masks + j)) : e);
  }
  sum = f32x4.add(sum, v128.shuffle<i64>(sum, sum, 1, 0));
  most = f32x4.extract_lane(top, 0);
  total = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
  const share = f32x4.splat(1 / total);
  for (let j: usize = 0; j < end; j += 16) {
    v128.store(scores + j, f32x4.mul(v128.load(scores + j), share));
  }
}

/** Sixteen columns of the weighted sum; `values` at the first of them. */
function sixteen(weights: usize, list: usize, keep: usize, values: usize, rowBytes: usize, out: usize): void {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let e = a;
  let f = a;
  let g = a;
  let h = a;
  let j: usize = 0;
  for (; j + 2 <= keep; j += 2) {
    const w = v128.load_splat<f32>(weights + 4 * j);
    const row = values + (load<u32>(list + 4 * j) as usize) * rowBytes;
    a = f32x4.add(a, f32x4.mul(w, v128.load(row)));
    b = f32x4.add(b, f32x4.mul(w, v128.load(row, 16)));
    c = f32x4.add(c, f32x4.mul(w, v128.load(row, 32)));
    d = f32x4.add(d, f32x4.mul(w, v128.load(row, 48)));
    const x = v128.load_splat<f32>(weights + 4 * j, 4);
    const next = values + (load<u32>(list + 4 * j, 4) as usize) * rowBytes;
    e = f32x4.add(e, f32x4.mul(x, v128.load(next)));
    f = f32x4.add(f, f32x4.mul(x, v128.load(next, 16)));
    g = f32x4.add(g, f32x4.mul(x, v128.load(next, 32)));
    h = f32x4.add(h, f32x4.mul(x, v128.load(next, 48)));
  }
  if (j < keep) {
    const w = v128.load_splat<f32>(weights + 4 * j);
    const row = values + (load<u32>(list + 4 * j) as usize) * rowBytes;
    a = f32x4.add(a, f32x4.mul(w, v128.load(row)));
    b = f32x4.add(b, f32x4.mul(w, v128.load(row, 16)));
    c = f32x4.add(c, f32x4.mul(w, v128.load(row, 32)));
    d = f32x4.add(d, f32x4.mul(w, v128.load(row, 48)));
  }
  v128.store(out, f32x4.add(a, e));
  v128.store(out, f32x4.add(b, f), 16);
  v128.store(out, f32x4.add(c, g), 32);
  v128.store(out, f32x4.add(d, h), 48);
}

/** Four columns of it. */
function fourColumns(weights: usize, list: usize, keep: usize, values: usize, rowBytes: usize, out: usize): void {
  let a = f32x4.splat(0);
  let b = a;
  let j: usize = 0;
  for (; j + 2 <= keep; j += 2) {
    const row = values + (load<u32>(list + 4 * j) as usize) * rowBytes;
    const next = values + (load<u32>(list + 4 * j, 4) as usize) * rowBytes;
    a = f32x4.add(a, f32x4.mul(v128.load_splat<f32>(weights + 4 * j), v128.load(row)));
    b = f32x4.add(b, f32x4.mul(v128.load_splat<f32>(weights + 4 * j, 4), v128.load(next)));
  }
  if (j < keep) {
    const row = values + (load<u32>(list + 4 * j) as usize) * rowBytes;
    a = f32x4.add(a, f32x4.mul(v128.load_splat<f32>(weights + 4 * j), v128.load(row)));
  }
  v128.store(out, f32x4.add(a, b));
}

/**
 * Pools the values of the kept.
 * @param scores [count][heads][pad]; they become the weights @param mask [history]: 1 where a behaviour counts; 0: all do
 * @param values rows `rowBytes` apart: [heads][width], `width` a multiple of four
 * @param masks scratch [pad] @param out [count][heads], `outBytes` apart: [width]
 * @param strength from there on, in bytes, the greatest score and Σ exp(score − greatest) stand behind the values; 0: they do not
 */
export function attend(
  scores: usize,
  heads: usize,
  count: usize,
  kept: usize,
  keptHeadBytes: usize,
  keptBytes: usize,
  keep: usize,
  mask: usize,
  values: usize,
  rowBytes: usize,
  width: usize,
  masks: usize,
  out: usize,
  outBytes: usize,
  strength: usize,
): void {
  const pad = (keep + 3) & ~3;
  for (let n: usize = 0; n < count; n++) {
    for (let head: usize = 0; head < heads; head++) {
      const list = kept + head * keptHeadBytes + n * keptBytes;
      if (mask && (head === 0 || keptHeadBytes !== 0)) {
        for (let j: usize = 0; j < keep; j++) {
          store<f32>(masks + 4 * j, load<f32>(mask + 4 * load<u32>(list + 4 * j)));
        }
        for (let j = keep; j < pad; j++) {
          store<f32>(masks + 4 * j, 0);
        }
      }
      weigh(scores, pad, keep, mask ? masks : 0);
      let column: usize = 0;
      for (; column + 16 <= width; column += 16) {
        const from = values + 4 * (head * width + column);
        sixteen(scores, list, keep, from, rowBytes, out + 4 * column);
      }
      for (; column < width; column += 4) {
        const from = values + 4 * (head * width + column);
        fourColumns(scores, list, keep, from, rowBytes, out + 4 * column);
      }
      if (strength) {
        store<f32>(out + strength, most);
        store<f32>(out + strength, total, 4);
      }
      scores += 4 * pad;
      out += outBytes;
    }
  }
}
