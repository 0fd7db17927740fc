// Scores of samples with behaviours of their own: keys stand once an item and are read where they stand, for all heads at once.
//
// A score is what biases came to, then + Σ q[d] * k[d]: four sums of every fourth product, the first with the third and the second with the
// fourth, these two, and then the products past a multiple of four.

/** The sums of four vectors each, side by side. */
function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

/** Four numbers, each at an address of its own. */
function four(a: usize, b: usize, c: usize, d: usize): v128 {
  let x = v128.load_splat<f32>(a);
  x = v128.load_lane<f32>(b, x, 1);
  x = v128.load_lane<f32>(c, x, 2);
  return v128.load_lane<f32>(d, x, 3);
}

/**
 * Biases of the behaviours `from` … `to` of one sample: of each the row of a table that features name together.
 * @param table [rows][heads] @param features so many pairs: where int32 [length] of the sample stand, and how many rows a number of them is worth
 * @param add whether it is added to what is there
 * @param row [heads], `headBytes` apart: [length]
 */
export function biases(
  table: usize,
  heads: usize,
  features: usize,
  count: usize,
  add: i32,
  from: usize,
  to: usize,
  row: usize,
  headBytes: usize,
): void {
  const rowBytes = (4 * heads) as i32;
  for (let i = from; i < to; i += 4) {
    let at = i32x4.splat(0);
    for (let f: usize = 0; f < count; f++) {
      const values = v128.load((load<u32>(features + 8 * f) as usize) + 4 * i);
      at = i32x4.add(at, i32x4.mul(values, v128.load_splat<i32>(features + 8 * f, 4)));
    }
    at = i32x4.mul(at, i32x4.splat(rowBytes));
    let a = table + i32x4.extract_lane(at, 0);
    let b = table + i32x4.extract_lane(at, 1);
    let c = table + i32x4.extract_lane(at, 2);
    let d = table + i32x4.extract_lane(at, 3);
    let out = row + 4 * i;
    for (let head: usize = 0; head < heads; head++) {
      const x = four(a, b, c, d);
      v128.store(out, add ? f32x4.add(v128.load(out), x) : x);
      a += 4;
      b += 4;
      c += 4;
      d += 4;
      out += headBytes;
    }
  }
}

/**
 * Adds the products of one sample's queries and the keys of its behaviours `from` … `to`, and takes the greatest of each group.
 * @param q [heads], `queryBytes` apart: [width] @param keys [items][heads][width] @param index u32 [length]: items
 * @param valid behaviours that are no padding; the others' scores are −1e30, past `length` −Infinity
 * @param group tiles of eight of which the greatest are kept, for each of four columns; `from` is a multiple of it
 * @param row [heads], `headBytes` apart: biases, which become scores
 * @param maxima [heads], `maximaBytes` apart: a vector for each group
 */
export function scoreItems(
  q: usize,
  queryBytes: usize,
  heads: usize,
  width: usize,
  keys: usize,
  index: usize,
  valid: i32,
  length: i32,
  from: usize,
  to: usize,
  group: usize,
  row: usize,
  headBytes: usize,
  maxima: usize,
  maximaBytes: usize,
): void {
  const end: usize = 4 * width;
  const even: usize = end & ~15;
  const rowBytes: usize = heads * end;
  const step: usize = 8 * group;
  for (let first = from; first < to; first += step) {
    const last = min(first + step, to);
    const greatest = maxima + 16 * (first / step);
    for (let i = first; i < last; i += 4) {
      let out = row + 4 * i;
      let most = greatest;
      const left = valid - (i as i32);
      const here = i32x4.add(i32x4.splat(i as i32), i32x4(0, 1, 2, 3));
      const counts = i32x4.lt_s(here, i32x4.splat(valid));
      const masked = v128.bitselect(f32x4.splat(-1e30), f32x4.splat(-Infinity), i32x4.lt_s(here, i32x4.splat(length)));
      let k0 = keys;
      let k1 = keys;
      let k2 = keys;
      let k3 = keys;
      if (left > 0) {
        const at = index + 4 * i;
        k0 += (load<u32>(at) as usize) * rowBytes;
        k1 += (left > 1 ? (load<u32>(at, 4) as usize) : 0) * rowBytes;
        k2 += (left > 2 ? (load<u32>(at, 8) as usize) : 0) * rowBytes;
        k3 += (left > 3 ? (load<u32>(at, 12) as usize) : 0) * rowBytes;
      }
      for (let head: usize = 0; head < heads; head++) {
        let s = masked;
        if (left > 0) {
          const w = q + head * queryBytes;
          let a = f32x4.splat(0);
          let b = a;
          let c = a;
          let d = a;
          for (let at: usize = 0; at < even; at += 16) {
            const x = v128.load(w + at);
            a = f32x4.add(a, f32x4.mul(x, v128.load(k0 + at)));
            b = f32x4.add(b, f32x4.mul(x, v128.load(k1 + at)));
            c = f32x4.add(c, f32x4.mul(x, v128.load(k2 + at)));
            d = f32x4.add(d, f32x4.mul(x, v128.load(k3 + at)));
          }
          s = f32x4.add(v128.load(out), sums(a, b, c, d));
          for (let at = even; at < end; at += 4) {
            s = f32x4.add(s, f32x4.mul(v128.load_splat<f32>(w + at), four(k0 + at, k1 + at, k2 + at, k3 + at)));
          }
          if (left < 4) {
            s = v128.bitselect(s, masked, counts);
          }
          k0 += end;
          k1 += end;
          k2 += end;
          k3 += end;
        }
        v128.store(out, s);
        // Of a NaN nothing is kept, as it is greater than nothing.
        v128.store(most, f32x4.pmax(i === first ? f32x4.splat(-Infinity) : v128.load(most), s));
        out += headBytes;
        most += maximaBytes;
      }
    }
  }
}

/** The greatest of `count` numbers without a sign: a negative one is greater than any row there is. `count` is a multiple of four. */
export function greatest(values: usize, count: usize): u32 {
  let most = i32x4.splat(0);
  for (let at: usize = 0; at < 4 * count; at += 16) {
    most = i32x4.max_u(most, v128.load(values + at));
  }
  const a = max<u32>(i32x4.extract_lane(most, 0) as u32, i32x4.extract_lane(most, 1) as u32);
  return max<u32>(a, max<u32>(i32x4.extract_lane(most, 2) as u32, i32x4.extract_lane(most, 3) as u32));
}
