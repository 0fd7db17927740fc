// What scores gain where candidate and behaviour agree: each candidate has a bias of its own.

/** Whether a candidate's rows agree with those of four behaviours. @param at of the first of them; rows stand `rowBytes` apart */
function agreeing(candidate: usize, rows: usize, any: i32, at: usize, rowBytes: usize): v128 {
  let same = i32x4.splat(any ? 0 : -1);
  for (let c: usize = 0; c < rows; c++) {
    const theirs = v128.load(at + c * rowBytes);
    if (any) {
      for (let o: usize = 0; o < rows; o++) {
        same = v128.or(same, i32x4.eq(theirs, v128.load_splat<i32>(candidate + 4 * o)));
      }
    } else {
      same = v128.and(same, i32x4.eq(theirs, v128.load_splat<i32>(candidate + 4 * c)));
    }
  }
  return same;
}

/** Gives every candidate the bias of all. @param bias [heads][8 * tiles] @param out [heads][count][8 * tiles] */
export function spread(bias: usize, heads: usize, count: usize, tiles: usize, out: usize): void {
  const bytes: usize = 32 * tiles;
  for (let head: usize = 0; head < heads; head++) {
    for (let n: usize = 0; n < count; n++) {
      memory.copy(out + (head * count + n) * bytes, bias + head * bytes, bytes);
    }
  }
}

/**
 * Adds what one feature is worth where it agrees.
 * @param candidates int32 [count][rows] @param any one row in common is enough
 * @param behaviours int32 [rows][8 * tiles] @param worth [heads][8 * tiles]
 * @param out [heads][count][8 * tiles], as `spread` leaves it
 */
export function agree(
  candidates: usize,
  rows: usize,
  any: i32,
  behaviours: usize,
  worth: usize,
  heads: usize,
  count: usize,
  tiles: usize,
  out: usize,
): void {
  const bytes: usize = 32 * tiles;
  for (let n: usize = 0; n < count; n++) {
    const candidate = candidates + 4 * rows * n;
    for (let at: usize = 0; at < bytes; at += 16) {
      const same = agreeing(candidate, rows, any, behaviours + at, bytes);
      if (!v128.any_true(same)) {
        continue;
      }
      for (let head: usize = 0; head < heads; head++) {
        const here = out + (head * count + n) * bytes + at;
        v128.store(here, f32x4.add(v128.load(here), v128.and(same, v128.load(worth + head * bytes + at))));
      }
    }
  }
}

/**
 * The same for scores at kept positions, as `compute` has them.
 * @param kept [count][keep], from head to head `keptHeadBytes` apart, from candidate to candidate `keptBytes`
 * @param out [count][heads][pad]
 */
export function agreeKept(
  candidates: usize,
  rows: usize,
  any: i32,
  behaviours: usize,
  worth: usize,
  heads: usize,
  count: usize,
  tiles: usize,
  kept: usize,
  keptHeadBytes: usize,
  keptBytes: usize,
  keep: usize,
  out: usize,
): void {
  const pad = (keep + 3) & ~3;
  const bytes: usize = 32 * tiles;
  for (let n: usize = 0; n < count; n++) {
    const candidate = candidates + 4 * rows * n;
    for (let head: usize = 0; head < heads; head++) {
      const list = kept + head * keptHeadBytes + n * keptBytes;
      for (let j: usize = 0; j < keep; j++) {
        const p = load<u32>(list + 4 * j) as usize;
        const same = agreeing(candidate, rows, any, behaviours + 16 * (p >> 2), bytes);
        if ((i32x4.bitmask(same) >> ((p & 3) as i32)) & 1) {
          store<f32>(out + 4 * j, load<f32>(out + 4 * j) + load<f32>(worth + head * bytes + 4 * p));
        }
      }
      out += 4 * pad;
    }
  }
}
