// Scores of candidates: query · key + bias, with the greatest of each group of behaviours beside.
//
// Behaviours stand in tiles of eight. Every score is bias, then + q[d] * k[d] for d = 0 … width - 1, wherever it is
// computed: eight behaviours of four candidates at a time, of one candidate, or of behaviours picked one by one.

const least: f32 = -Infinity;

/**
 * Turns the keys of tiles `from` … `to` of one head: rows [behaviour][width] become [tile][width][8].
 * @param keys the first row's first column of this head; rows stand `rowBytes` apart
 */
function turn(keys: usize, rowBytes: usize, width: usize, from: usize, to: usize, into: usize): void {
  for (let tile = from; tile < to; tile++) {
    for (let half: usize = 0; half < 8; half += 4) {
      let r0 = keys + (8 * tile + half) * rowBytes;
      let r1 = r0 + rowBytes;
      let r2 = r1 + rowBytes;
      let r3 = r2 + rowBytes;
      let out = into + 4 * half;
      for (let d: usize = 0; d < width; d += 4) {
        const a = v128.load(r0);
        const b = v128.load(r1);
        const c = v128.load(r2);
        const e = v128.load(r3);
        const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
        const ce = v128.shuffle<f32>(c, e, 0, 4, 1, 5);
        const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
        const ceHigh = v128.shuffle<f32>(c, e, 2, 6, 3, 7);
        v128.store(out, v128.shuffle<i64>(ab, ce, 0, 2));
        v128.store(out, v128.shuffle<i64>(ab, ce, 1, 3), 32);
        v128.store(out, v128.shuffle<i64>(abHigh, ceHigh, 0, 2), 64);
        v128.store(out, v128.shuffle<i64>(abHigh, ceHigh, 1, 3), 96);
        out += 128;
        r0 += 16;
        r1 += 16;
        r2 += 16;
        r3 += 16;
      }
    }
    into += 32 * width;
  }
}

/** Four candidates, `qBytes` apart, times the turned tiles `from` … `to`. */
function four(
  q: usize,
  qBytes: usize,
  width: usize,
  turned: usize,
  bias: usize,
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
  let key = turned;
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
      let x1 = x0;
      let y1 = y0;
      let x2 = x0;
      let y2 = y0;
      let x3 = x0;
      let y3 = y0;
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

/** One candidate times the turned tiles `from` … `to`. */
function one(
  q: usize,
  width: usize,
  turned: usize,
  bias: usize,
  from: usize,
  to: usize,
  group: usize,
  row: usize,
  maxima: usize,
): void {
  const end: usize = 4 * width;
  let key = turned;
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
 * @param q [count][width], the candidates `4 * width` bytes apart; `width` a multiple of four
 * @param keys [8 * tiles] rows `rowBytes` apart, this head's columns first
 * @param bias [8 * tiles]; −Infinity past the history's end
 * @param group tiles of which the greatest scores are kept, for each of four columns
 * @param rows [count][8 * tiles] for the scores, or 0: only the maxima are wanted
 * @param maxima [count][`maximaBytes`]: ceil(tiles / group) vectors, then −Infinity up to `maximaBytes`
 * @param turned scratch for `block` tiles of 32 * width bytes; `block` a multiple of `group`
 */
export function score(
  q: usize,
  count: usize,
  width: usize,
  keys: usize,
  rowBytes: usize,
  bias: usize,
  tiles: usize,
  group: usize,
  block: usize,
  rows: usize,
  maxima: usize,
  maximaBytes: usize,
  turned: usize,
): void {
  const qBytes: usize = 4 * width;
  const outBytes: usize = 32 * tiles;
  for (let from: usize = 0; from < tiles; from += block) {
    const to = min(from + block, tiles);
    turn(keys, rowBytes, width, from, to, turned);
    const m = maxima + 16 * (from / group);
    let n: usize = 0;
    for (; n + 4 <= count; n += 4) {
      const row = rows ? rows + n * outBytes : 0;
      const at = m + n * maximaBytes;
      four(q + n * qBytes, qBytes, width, turned, bias, from, to, group, row, outBytes, at, maximaBytes);
    }
    for (; n < count; n++) {
      const row = rows ? rows + n * outBytes : 0;
      one(q + n * qBytes, width, turned, bias, from, to, group, row, m + n * maximaBytes);
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

/**
 * Scores of one candidate and head at four behaviours, the same to the bit as in a whole row.
 * @param keys, bias of the head, as in `score`
 */
export function dots(
  q: usize,
  width: usize,
  keys: usize,
  rowBytes: usize,
  bias: usize,
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
): v128 {
  let x = v128.load_splat<f32>(bias + 4 * p0);
  x = f32x4.replace_lane(x, 1, load<f32>(bias + 4 * p1));
  x = f32x4.replace_lane(x, 2, load<f32>(bias + 4 * p2));
  x = f32x4.replace_lane(x, 3, load<f32>(bias + 4 * p3));
  const r0 = keys + p0 * rowBytes;
  const r1 = keys + p1 * rowBytes;
  const r2 = keys + p2 * rowBytes;
  const r3 = keys + p3 * rowBytes;
  const end: usize = 4 * width;
  for (let d: usize = 0; d < end; d += 16) {
    const a = v128.load(r0 + d);
    const b = v128.load(r1 + d);
    const c = v128.load(r2 + d);
    const e = v128.load(r3 + d);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const ce = v128.shuffle<f32>(c, e, 0, 4, 1, 5);
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const ceHigh = v128.shuffle<f32>(c, e, 2, 6, 3, 7);
    const w = q + d;
    x = f32x4.add(x, f32x4.mul(v128.load_splat<f32>(w), v128.shuffle<i64>(ab, ce, 0, 2)));
    x = f32x4.add(x, f32x4.mul(v128.load_splat<f32>(w, 4), v128.shuffle<i64>(ab, ce, 1, 3)));
    x = f32x4.add(x, f32x4.mul(v128.load_splat<f32>(w, 8), v128.shuffle<i64>(abHigh, ceHigh, 0, 2)));
    x = f32x4.add(x, f32x4.mul(v128.load_splat<f32>(w, 12), v128.shuffle<i64>(abHigh, ceHigh, 1, 3)));
  }
  return x;
}
