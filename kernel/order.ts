// Sorting of a few values with their positions: from the greatest down, ties by position.

/** The 32 bits of a number as an integer of the same order. */
export function rankOf(value: f32): i32 {
  const bits = reinterpret<i32>(value);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

/** The number of a rank. */
export function ofRank(rank: i32): f32 {
  return reinterpret<f32>(rank ^ ((rank >> 31) & 0x7fffffff));
}

/** How many are sorted by counting, for each, the greater ones; more than that are sorted by their digits. */
const few: usize = 96;

/**
 * Writes `positions` in the order of `values`; the positions go upwards.
 * @param values [count] and room for eight more @param out [count] and room for eight more
 * @param scratch 24 bytes each, and 4,096 more
 */
export function sort(values: usize, positions: usize, count: usize, out: usize, scratch: usize): void {
  if (count <= few) {
    byCounting(values, positions, count, out, scratch);
  } else {
    byDigits(values, positions, count, out, scratch);
  }
}

function byCounting(values: usize, positions: usize, count: usize, out: usize, places: usize): void {
  const end: usize = 4 * count;
  v128.store(values + end, f32x4.splat(-Infinity));
  v128.store(values + end, f32x4.splat(-Infinity), 16);
  for (let i: usize = 0; i < end; i += 32) {
    const a = v128.load(values + i);
    const b = v128.load(values + i, 16);
    let above = i32x4.splat(0);
    let aboveB = above;
    for (let j: usize = 0; j < end; j += 4) {
      const other = v128.load_splat<f32>(values + j);
      above = i32x4.sub(above, f32x4.gt(other, a));
      aboveB = i32x4.sub(aboveB, f32x4.gt(other, b));
    }
    v128.store(places + i, above);
    v128.store(places + i, aboveB, 16);
    v128.store(out + i, i32x4.splat(-1));
    v128.store(out + i, i32x4.splat(-1), 16);
  }
  for (let i: usize = 0; i < end; i += 4) {
    // Equal ones count the same; the first of them in position comes first.
    let place = out + 4 * (load<u32>(places + i) as usize);
    while (load<i32>(place) !== -1) {
      place += 4;
    }
    store<i32>(place, load<i32>(positions + i));
  }
}

/** Four passes over digits of eight bits, the lowest first; each keeps the order of equal ones. */
function byDigits(values: usize, positions: usize, count: usize, out: usize, scratch: usize): void {
  const counts = scratch;
  memory.fill(counts, 0, 4096);
  let from = scratch + 4096;
  let to = from + 8 * count;
  for (let i: usize = 0; i < count; i++) {
    // −0 is as great as 0; downwards is upwards of what is left to the greatest.
    const key = 0x7fffffff - rankOf(load<f32>(values + 4 * i) + 0.0);
    store<i32>(from + 8 * i, key);
    store<i32>(from + 8 * i, load<i32>(positions + 4 * i), 4);
    for (let digit: usize = 0; digit < 4; digit++) {
      const cell = counts + 1024 * digit + 4 * (((key as u32) >> ((digit as u32) * 8)) & 255);
      store<u32>(cell, load<u32>(cell) + 1);
    }
  }
  for (let digit: usize = 0; digit < 4; digit++) {
    const cells = counts + 1024 * digit;
    const shift = (digit as u32) * 8;
    if (load<u32>(cells + 4 * ((load<u32>(from) >> shift) & 255)) === (count as u32)) {
      continue;
    }
    let sum: u32 = 0;
    for (let cell = cells; cell < cells + 1024; cell += 4) {
      const here = load<u32>(cell);
      store<u32>(cell, sum);
      sum += here;
    }
    for (let i: usize = 0; i < count; i++) {
      const pair = load<u64>(from + 8 * i);
      const cell = cells + 4 * (((pair as u32) >> shift) & 255);
      const place = load<u32>(cell);
      store<u32>(cell, place + 1);
      store<u64>(to + 8 * (place as usize), pair);
    }
    const other = from;
    from = to;
    to = other;
  }
  for (let i: usize = 0; i < count; i++) {
    store<i32>(out + 4 * i, load<i32>(from + 8 * i, 4));
  }
}
