// Selection: the best of each head in their order, and the walk through the heads' lists. Exact: the same lists as sorting
// every row, ties to the lower position.
import { ofRank, rankOf, sort } from "./order.ts";
import { one, score } from "./score.ts";
import { exceed, reach, threshold } from "./threshold.ts";

// What a call is about. Each lane has an instance of its own, and its globals with it.
let heads: usize = 0;
let count: usize = 0;
let tiles: usize = 0;
let group: usize = 0;
let rows: usize = 0;
let maxima: usize = 0;
let maximaBytes: usize = 0;
let queries: usize = 0;
let queryBytes: usize = 0;
let width: usize = 0;
let keys: usize = 0;
let biases: usize = 0;
let block: usize = 0;
/** Survivors that are sorted at once; more are ties in mass. */
let cap: usize = 0;
/** Scratch: values and positions of survivors, what sorting needs, a group computed again, and lists with their lengths. */
let values: usize = 0;
let positions: usize = 0;
let sorting: usize = 0;
let again: usize = 0;
let whole: usize = 0;
let lists: usize = 0;
let lengths: usize = 0;
/** [0]: how deep lists were read of late; then a number for each head, of `threshold`. */
let state: usize = 0;

function capOf(keep: usize): usize {
  return 2 * keep + 128;
}

/** Bytes of scratch that `select` needs for lists of `keep`, without the row that it computes again. */
export function selectBytes(heads: usize, keep: usize): usize {
  const room = capOf(keep) + 272;
  return 8 * room + (24 * room + 4096) + 4096 + heads * (4 * room) + 64 + 256;
}

/** Bytes of what `select` remembers between calls for one search. */
export function stateBytes(heads: usize): usize {
  return 4 + 4 * heads;
}

/** Sets what the calls of `select` and `best` that follow are about; see `score` for the operands. */
export function about(
  heads_: usize,
  tiles_: usize,
  group_: usize,
  maximaBytes_: usize,
  width_: usize,
  keys_: usize,
  biases_: usize,
  block_: usize,
  keep: usize,
  scratch: usize,
  whole_: usize,
  state_: usize,
): void {
  heads = heads_;
  tiles = tiles_;
  group = group_;
  maximaBytes = maximaBytes_;
  width = width_;
  keys = keys_;
  biases = biases_;
  block = block_;
  whole = whole_;
  state = state_;
  cap = capOf(keep);
  const room = cap + 272;
  values = scratch;
  positions = values + 4 * room;
  again = positions + 4 * room;
  lengths = again + 4096;
  lists = lengths + 64;
  sorting = lists + heads_ * 4 * room;
}

function rowOf(head: usize, n: usize): usize {
  return rows + (head * count + n) * 32 * tiles;
}

function queryOf(head: usize, n: usize): usize {
  return queries + head * queryBytes + n * 4 * width;
}

function listOf(head: usize): usize {
  return lists + head * 4 * (cap + 272);
}

function keysOf(head: usize): usize {
  return keys + head * 32 * tiles * width;
}

/** Computes a group's scores again: [8 * group]. */
function recompute(head: usize, n: usize, at: usize): void {
  const from = group * at;
  const to = min(from + group, tiles);
  const row = again - 32 * from;
  one(queryOf(head, n), width, keysOf(head), biases + head * 32 * tiles, from, to, group, row, again + 32 * group);
}

/** Adds the scores of `vectors` vectors that reach `t`. @returns how many there are then */
function gather(row: usize, vectors: usize, first: usize, t: v128, found: usize): usize {
  for (let from: usize = 0; from < vectors; from += 16) {
    const end = min(from + 16, vectors);
    let bits: u64 = 0;
    for (let v = from; v < end; v++) {
      bits |= (i32x4.bitmask(f32x4.ge(v128.load(row + 16 * v), t)) as u64) << ((4 * (v - from)) as u64);
    }
    while (bits) {
      const i = from * 4 + (ctz(bits) as usize);
      bits &= bits - 1;
      store<f32>(values + 4 * found, load<f32>(row + 4 * i));
      store<u32>(positions + 4 * found, (first + i) as u32);
      found++;
    }
  }
  return found;
}

/** Scores that reach `t`, in order of position; more than `cap`: it gave up. */
function survivors(head: usize, n: usize, list: usize, t: f32): usize {
  const limit = f32x4.splat(t);
  let found: usize = 0;
  if (group === 0) {
    const vectors: usize = 2 * tiles;
    for (let v: usize = 0; v < vectors && found <= cap; v += 16) {
      found = gather(list + 16 * v, min<usize>(16, vectors - v), v * 4, limit, found);
    }
    return found;
  }
  const groups = (tiles + group - 1) / group;
  const row = rows ? rowOf(head, n) : 0;
  for (let at: usize = 0; at < groups && found <= cap; at++) {
    const hit = f32x4.ge(v128.load(list + 16 * at), limit);
    if (!v128.any_true(hit)) {
      continue;
    }
    const vectors: usize = 2 * min<usize>(group, tiles - group * at);
    if (rows) {
      found = gather(row + 32 * group * at, vectors, 8 * group * at, limit, found);
    } else {
      recompute(head, n, at);
      found = gather(again, vectors, 8 * group * at, limit, found);
    }
  }
  return found;
}

/** The best `want` where ties in mass, or scores that are no numbers, defeat `survivors`. False: fewer are numbers. */
function exact(head: usize, n: usize, want: usize): bool {
  let row: usize = 0;
  if (rows) {
    row = rowOf(head, n);
  } else {
    row = whole;
    const q = queryOf(head, n);
    const at = maxima + (head * count + n) * maximaBytes;
    score(q, 1, width, keysOf(head), biases + head * 32 * tiles, 0, tiles, group, block, row, at, maximaBytes);
  }
  const vectors: usize = 2 * tiles;
  if (exceed(row, vectors, -Infinity) < (want as i32)) {
    return false;
  }
  let lo: i32 = rankOf(-Infinity);
  let hi: i32 = rankOf(Infinity) + 1;
  while (lo + 1 < hi) {
    const middle = (((lo as i64) + (hi as i64)) >> 1) as i32;
    if (reach(row, vectors, ofRank(middle)) >= (want as i32)) {
      lo = middle;
    } else {
      hi = middle;
    }
  }
  const t = ofRank(lo);
  const above = exceed(row, vectors, t) as usize;
  const list = listOf(head);
  let found: usize = 0;
  let equal = above;
  const every = f32x4.splat(t);
  for (let v: usize = 0; v < vectors && (found < above || equal < want); v++) {
    let bits = i32x4.bitmask(f32x4.ge(v128.load(row + 16 * v), every));
    while (bits) {
      const i = v * 4 + (ctz(bits) as usize);
      bits &= bits - 1;
      const value = load<f32>(row + 4 * i);
      if (value > t) {
        store<f32>(values + 4 * found, value);
        store<u32>(positions + 4 * found, i as u32);
        found++;
      } else if (equal < want) {
        store<u32>(again + 4 * (equal - above), i as u32);
        equal++;
      }
    }
  }
  sort(values, positions, found, list, sorting);
  memory.copy(list + 4 * above, again, 4 * (equal - above));
  store<u32>(lengths + 4 * head, want as u32);
  return true;
}

/** Makes the ranked list of a head at least `want` long. False: it cannot be. */
function extend(head: usize, n: usize, want: usize): bool {
  const list = group ? maxima + (head * count + n) * maximaBytes : rowOf(head, n);
  const vectors = group ? maximaBytes >> 4 : 2 * tiles;
  const most = min<i32>((want as i32) + ((want as i32) >> 1) + 6, cap as i32);
  const t = threshold(list, vectors, want as i32, most, state + 4 + 4 * head);
  if (!(t > -Infinity)) {
    return exact(head, n, want);
  }
  const found = survivors(head, n, list, t);
  if (found > cap || found < want) {
    return exact(head, n, want);
  }
  sort(values, positions, found, listOf(head), sorting);
  store<u32>(lengths + 4 * head, found as u32);
  return true;
}

/** The round robin of one candidate. */
function walk(n: usize, keep: usize, stamps: usize, id: u32, out: usize): bool {
  const end = out + 4 * keep;
  let deep = max<u32>(load<u32>(state), 4) as usize;
  for (let head: usize = 0; head < heads; head++) {
    store<u32>(lengths + 4 * head, 0);
  }
  let rank: usize = 0;
  for (; out < end; rank++) {
    for (let head: usize = 0; head < heads && out < end; head++) {
      if (rank >= load<u32>(lengths + 4 * head)) {
        const want = min(keep, rank === 0 ? deep : 2 * rank);
        if (!extend(head, n, want)) {
          return false;
        }
      }
      const p = load<u32>(listOf(head) + 4 * rank);
      const stamp = stamps + 4 * p;
      if (load<u32>(stamp) !== id) {
        store<u32>(stamp, id);
        store<u32>(out, p);
        out += 4;
      }
    }
  }
  deep = rank > deep ? rank : deep - (deep - rank) / 8;
  store<u32>(state, deep as u32);
  return true;
}

/**
 * The lists of `count_` candidates, after `about` and `score`.
 * @param rows_ [heads][count][8 * tiles], or 0: scores are computed again where they are wanted
 * @param maxima_ [heads][count]; without use where `group` is 0: rows are looked at whole
 * @param queries_ [heads][…][width], `queryBytes_` apart
 * @param apart each head's own list, `keptBytes` apart, instead of one for all
 * @param stamps [history] of numbers below `id`, of which each candidate takes one
 * @param kept [count][keep]; the first is −1 where too few scores are numbers above −Infinity: nothing is selected
 * @returns how many candidates these are
 */
export function select(
  count_: usize,
  rows_: usize,
  maxima_: usize,
  queries_: usize,
  queryBytes_: usize,
  apart: i32,
  keep: usize,
  stamps: usize,
  id: u32,
  kept: usize,
  keptBytes: usize,
): i32 {
  count = count_;
  rows = rows_;
  maxima = maxima_;
  queries = queries_;
  queryBytes = queryBytes_;
  let failed = 0;
  for (let n: usize = 0; n < count; n++) {
    const out = kept + 4 * n * keep;
    let done: bool = true;
    if (apart) {
      for (let head: usize = 0; head < heads && done; head++) {
        done = extend(head, n, keep);
        memory.copy(out + head * keptBytes, listOf(head), done ? 4 * keep : 0);
      }
    } else {
      done = walk(n, keep, stamps, id + (n as u32), out);
    }
    if (!done) {
      store<i32>(out, -1);
      failed++;
    }
  }
  return failed;
}
