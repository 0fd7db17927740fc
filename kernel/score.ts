// Scores of candidates: query · key + bias, with the greatest of each group of behaviours beside.
//
// Keys of a head stand in tiles of eight behaviours: [tile][width][8]. Every score is bias, then + q[d] * k[d] for d = 0 … width - 1, wherever it is
// computed: eight behaviours of four candidates at a time, of one candidate, or of behaviours picked one by one.

const least: f32 = -Infinity;

/** Four candidates, `qBytes` apart, their biases `biasBytes`, times the tiles `from` … `to`. */
function four(
  q: usize,
  qBytes: usize,
  width: usize,
  keys: usize,
  bias: usize,
  biasBytes: usize,
  from: usize,
  to: usize,
  group: usize,
  rows: usize,
  rowBytes: usize,
  maxima: usize,
  maximaBytes: usize,
): void {
  const end: usize = 4 * width;
  const q1 = q + qBytes;
  const q2 = q1 + qBytes;
  const q3 = q2 + qBytes;
  let key = keys + 32 * width * from;
  let tile = from;
  while (tile < to) {
    let m0 = f32x4.splat(least);
    let m1 = m0;
    let m2 = m0;
    let m3 = m0;
    const last = min(tile + group, to);
    for (; tile < last; tile++) {
      let x0 = v128.load(bias + 32 * tile);
      let y0 = v128.load(bias + 32 * tile, 16);
      let b = bias + biasBytes + 32 * tile;
      let x1 = v128.load(b);
      let y1 = v128.load(b, 16);
      b += biasBytes;
      let x2 = v128.load(b);
      let y2 = v128.load(b, 16);
      b += biasBytes;
      let x3 = v128.load(b);
      let y3 = v128.load(b, 16);
      for (let d: usize = 0; d < end; d += 4) {
        const k = v128.load(key);
        const l = v128.load(key, 16);
        key += 32;
        const w0 = v128.load_splat<f32>(q + d);
        x0 = f32x4.add(x0, f32x4.mul(w0, k));
        y0 = f32x4.add(y0, f32x4.mul(w0, l));
        const w1 = v128.load_splat<f32>(q1 + d);
        x1 = f32x4.add(x1, f32x4.mul(w1, k));
        y1 = f32x4.add(y1, f32x4.mul(w1, l));
        const w2 = v128.load_splat<f32>(q2 + d);
        x2 = f32x4.add(x2, f32x4.mul(w2, k));
        y2 = f32x4.add(y2, f32x4.mul(w2, l));
        const w3 = v128.load_splat<f32>(q3 + d);
        x3 = f32x4.add(x3, f32x4.mul(w3, k));
        y3 = f32x4.add(y3, f32x4.mul(w3, l));
      }
      if (rows) {
        let out = rows + 32 * tile;
        v128.store(out, x0);
        v128.store(out, y0, 16);
        out += rowBytes;
        v128.store(out, x1);
        v128.store(out, y1, 16);
        out += rowBytes;
        v128.store(out, x2);
        v128.store(out, y2, 16);
        out += rowBytes;
        v128.store(out, x3);
        v128.store(out, y3, 16);
      }
      m0 = f32x4.pmax(f32x4.pmax(m0, x0), y0);
      m1 = f32x4.pmax(f32x4.pmax(m1, x1), y1);
      m2 = f32x4.pmax(f32x4.pmax(m2, x2), y2);
      m3 = f32x4.pmax(f32x4.pmax(m3, x3), y3);
    }
    let out = maxima;
    v128.store(out, m0);
    out += maximaBytes;
    v128.store(out, m1);
    out += maximaBytes;
    v128.store(out, m2);
    out += maximaBytes;
    v128.store(out, m3);
    maxima += 16;
  }
}

/** One candidate times the tiles `from` … `to`. @param row its scores, from tile 0 on; 0: they are not wanted */
export function one(
  q: usize,
  width: usize,
  keys: usize,
  bias: usize,
  from: usize,
  to: usize,
  group: usize,
  row: usize,
  maxima: usize,
): void {
  const end: usize = 4 * width;
  let key = keys + 32 * width * from;
  let tile = from;
  while (tile < to) {
    let m = f32x4.splat(least);
    const last = min(tile + group, to);
    for (; tile < last; tile++) {
      let x = v128.load(bias + 32 * tile);
      let y = v128.load(bias + 32 * tile, 16);
      for (let d: usize = 0; d < end; d += 4) {
        const w = v128.load_splat<f32>(q + d);
        x = f32x4.add(x, f32x4.mul(w, v128.load(key)));
        y = f32x4.add(y, f32x4.mul(w, v128.load(key, 16)));
        key += 32;
      }
      if (row) {
        v128.store(row + 32 * tile, x);
        v128.store(row + 32 * tile, y, 16);
      }
      m = f32x4.pmax(f32x4.pmax(m, x), y);
    }
    v128.store(maxima, m);
    maxima += 16;
  }
}

/**
 * Scores of one head for `count` candidates.
 * @param q [count][width], the candidates `4 * width` bytes apart
 * @param keys of the head: [tiles][width][8]; 0 past the history's end
 * @param bias [8 * tiles]; −Infinity past the history's end
 * @param biasBytes from one candidate's bias to the next; 0: all have one
 * @param group tiles of which the greatest scores are kept, for each of four columns
 * @param block tiles that stay in the nearest cache while all candidates pass; a multiple of `group`
 * @param rows [count][8 * tiles] for the scores, or 0: only the maxima are wanted
 * @param maxima [count][`maximaBytes`]: ceil(tiles / group) vectors, then −Infinity up to `maximaBytes`
 */
export function score(
  q: usize,
  count: usize,
  width: usize,
  keys: usize,
  bias: usize,
  biasBytes: usize,
  tiles: usize,
  group: usize,
  block: usize,
  rows: usize,
  maxima: usize,
  maximaBytes: usize,
): void {
  const qBytes: usize = 4 * width;
  const outBytes: usize = 32 * tiles;
  for (let from: usize = 0; from < tiles; from += block) {
    const to = min(from + block, tiles);
    const m = maxima + 16 * (from / group);
    let n: usize = 0;
    for (; n + 4 <= count; n += 4) {
      const row = rows ? rows + n * outBytes : 0;
      const at = m + n * maximaBytes;
      const b = bias + n * biasBytes;
      four(q + n * qBytes, qBytes, width, keys, b, biasBytes, from, to, group, row, outBytes, at, maximaBytes);
    }
    for (; n < count; n++) {
      const row = rows ? rows + n * outBytes : 0;
      one(q + n * qBytes, width, keys, bias + n * biasBytes, from, to, group, row, m + n * maximaBytes);
    }
  }
  const groups = (tiles + group - 1) / group;
  for (let n: usize = 0; n < count; n++) {
    for (let at: usize = 16 * groups; at < maximaBytes; at += 16) {
      v128.store(maxima + n * maximaBytes + at, f32x4.splat(least));
    }
  }
}

/** The greater of two rows of `vectors` vectors, into the first; NaN where either is. */
export function greater(into: usize, other: usize, vectors: usize): void {
  for (let i: usize = 0; i < 16 * vectors; i += 16) {
    v128.store(into + i, f32x4.max(v128.load(into + i), v128.load(other + i)));
  }
}

/** The address of a behaviour's first column among a head's keys. */
function columnOf(keys: usize, width: usize, p: usize): usize {
  return keys + (p >> 3) * 32 * width + (p & 7) * 4;
}

/**
 * Scores of one candidate and head at four behaviours, the same to the bit as in a whole row.
 * @param keys, bias of the head, as in `score`
 */
export function dots(
  q: usize,
  width: usize,
  keys: usize,
  bias: usize,
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
): v128 {
  let x = v128.load_splat<f32>(bias + 4 * p0);
  x = v128.load_lane<f32>(bias + 4 * p1, x, 1);
  x = v128.load_lane<f32>(bias + 4 * p2, x, 2);
  x = v128.load_lane<f32>(bias + 4 * p3, x, 3);
  let k0 = columnOf(keys, width, p0);
  let k1 = columnOf(keys, width, p1);
  let k2 = columnOf(keys, width, p2);
  let k3 = columnOf(keys, width, p3);
  const end = q + 4 * width;
  for (let w = q; w < end; w += 4) {
    let k = v128.load_splat<f32>(k0);
    k = v128.load_lane<f32>(k1, k, 1);
    k = v128.load_lane<f32>(k2, k, 2);
    k = v128.load_lane<f32>(k3, k, 3);
    x = f32x4.add(x, f32x4.mul(v128.load_splat<f32>(w), k));
    k0 += 32;
    k1 += 32;
    k2 += 32;
    k3 += 32;
  }
  return x;
}
