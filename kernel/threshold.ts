// A number that so many of a list of scores reach, and not many more.
import { ofRank, rankOf } from "./order.ts";

/** How many of `vectors` vectors reach a number; an even number of vectors. */
export function reach(list: usize, vectors: usize, number: f32): i32 {
  const t = f32x4.splat(number);
  let a = i32x4.splat(0);
  let b = a;
  const end = list + 16 * vectors;
  for (let at = list; at < end; at += 32) {
    a = i32x4.sub(a, f32x4.ge(v128.load(at), t));
    b = i32x4.sub(b, f32x4.ge(v128.load(at, 16), t));
  }
  return total(i32x4.add(a, b));
}

/** How many of `vectors` vectors exceed a number; an even number of vectors. */
export function exceed(list: usize, vectors: usize, number: f32): i32 {
  const t = f32x4.splat(number);
  let a = i32x4.splat(0);
  let b = a;
  const end = list + 16 * vectors;
  for (let at = list; at < end; at += 32) {
    a = i32x4.sub(a, f32x4.gt(v128.load(at), t));
    b = i32x4.sub(b, f32x4.gt(v128.load(at, 16), t));
  }
  return total(i32x4.add(a, b));
}

function total(counts: v128): i32 {
  const pairs = i32x4.add(counts, v128.shuffle<i64>(counts, counts, 1, 0));
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
}

function sumOf(x: v128): f32 {
  const y = f32x4.add(x, v128.shuffle<i64>(x, x, 1, 0));
  return f32x4.extract_lane(y, 0) + f32x4.extract_lane(y, 1);
}

/** The binary logarithm of a positive number to within 0.01. */
function log2(x: f32): f32 {
  const bits = reinterpret<i32>(x);
  const m = reinterpret<f32>((bits & 0x7fffff) | 0x3f800000) - 1;
  return (((bits >> 23) - 127) as f32) + m * (1.34 - 0.34 * m);
}

/** Scores at or below this are of masked behaviours, and no part of mean and deviation. */
const masked: f32 = -1e29;

/**
 * A number that at least `want` of a list reach, and no more than `most` unless they tie. The number itself decides nothing
 * but how many are looked at. −Infinity: fewer than `want` are above it.
 * @param guess address of a number: how many deviations above the mean the last one was, of a list like this one
 */
export function threshold(list: usize, vectors: usize, want: i32, most: i32, guess: usize): f32 {
  const low = f32x4.splat(masked);
  let sum = f32x4.splat(0);
  let squares = sum;
  let count = i32x4.splat(0);
  let top = f32x4.splat(-Infinity);
  const end = list + 16 * vectors;
  for (let at = list; at < end; at += 16) {
    const v = v128.load(at);
    const some = f32x4.ge(v, low);
    const w = v128.and(v, some);
    sum = f32x4.add(sum, w);
    squares = f32x4.add(squares, f32x4.mul(w, w));
    count = i32x4.sub(count, some);
    top = f32x4.pmax(top, v);
  }
  const valid = total(count);
  const n = max(valid, 1) as f32;
  const mean = sumOf(sum) / n;
  const deviation = sqrt<f32>(max<f32>(sumOf(squares) / n - mean * mean, 0));
  const high = max(
    max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)),
    max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)),
  );
  // In [lo, hi): `want` reach lo, and fewer reach hi.
  let lo: i32 = rankOf(-Infinity);
  let hi: i32 = rankOf(high) + 1;
  const aim = log2(((want + most) as f32) * 0.5);
  const even = deviation > 0 && deviation < f32.MAX_VALUE;
  let t = even ? mean + load<f32>(guess) * deviation : high;
  let reached: i32 = 0;
  let loLog: f32 = 0;
  let hiLog: f32 = 0;
  let loKnown = false;
  let hiKnown = false;
  for (let turn = 0; lo + 1 < hi; turn++) {
    let rank = rankOf(t);
    if (rank >= hi && !hiKnown) {
      // Beyond the greatest.
      t = high;
      rank = hi - 1;
    } else if (turn >= 8 || !(t > -Infinity) || rank <= lo || rank >= hi) {
      rank = (((lo as i64) + (hi as i64)) >> 1) as i32;
      t = ofRank(rank);
    }
    reached = reach(list, vectors, t);
    const here = log2(max<f32>(reached as f32, 0.5));
    if (reached >= want) {
      if (reached <= most) {
        if (even) {
          store<f32>(guess, (t - mean) / deviation);
        }
        return t;
      }
      lo = rank;
      loLog = here;
      loKnown = true;
    } else {
      hi = rank;
      hiLog = here;
      hiKnown = true;
    }
    if (loKnown && hiKnown) {
      const from = ofRank(lo);
      t = from + ((ofRank(hi) - from) * (loLog - aim)) / (loLog - hiLog);
    } else {
      // As in the tail of a normal distribution.
      const z = (t - mean) / deviation;
      t += (deviation * (here - aim) * 0.69) / (max<f32>(z, 0) + 0.7);
    }
  }
  return ofRank(lo);
}
