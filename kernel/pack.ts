// Operands as the kernel has them, from rows as tables and graphs give them.

/** Where the row of a behaviour begins. @param index numbers of rows, or 0: rows stand in the behaviours' order */
function rowOf(rows: usize, rowBytes: usize, index: usize, i: usize): usize {
  return rows + (index ? (load<u32>(index + 4 * i) as usize) : i) * rowBytes;
}

/**
 * Keys of one head: rows [behaviour][width] become [tile][width][8]; 0 past the last behaviour.
 * @param rows the first row's first column of this head; rows stand `rowBytes` apart
 * @param into room for ceil(length / 8) tiles
 */
export function turn(rows: usize, rowBytes: usize, index: usize, width: usize, length: usize, into: usize): void {
  const whole = length >> 3;
  const even = width & ~3;
  for (let tile: usize = 0; tile < whole; tile++) {
    for (let half: usize = 0; half < 8; half += 4) {
      const i: usize = 8 * tile + half;
      let r0 = rowOf(rows, rowBytes, index, i);
      let r1 = rowOf(rows, rowBytes, index, i + 1);
      let r2 = rowOf(rows, rowBytes, index, i + 2);
      let r3 = rowOf(rows, rowBytes, index, i + 3);
      let out = into + 4 * half;
      for (let d: usize = 0; d < even; d += 4) {
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
      for (let d = even; d < width; d++) {
        store<f32>(out, load<f32>(r0));
        store<f32>(out, load<f32>(r1), 4);
        store<f32>(out, load<f32>(r2), 8);
        store<f32>(out, load<f32>(r3), 12);
        out += 32;
        r0 += 4;
        r1 += 4;
        r2 += 4;
        r3 += 4;
      }
    }
    into += 32 * width;
  }
  const rest: usize = 8 * whole;
  if (rest < length) {
    memory.fill(into, 0, 32 * width);
    for (let i = rest; i < length; i++) {
      const row = rowOf(rows, rowBytes, index, i);
      const out = into + 4 * (i & 7);
      for (let d: usize = 0; d < width; d++) {
        store<f32>(out + 32 * d, load<f32>(row + 4 * d));
      }
    }
  }
}

/**
 * Values of one head: rows [behaviour][width] become [behaviour][…], or are added to what is there; 0 up to a multiple of four.
 * @param into the first row's first column of this head; rows stand `intoBytes` apart
 */
export function lay(
  rows: usize,
  rowBytes: usize,
  index: usize,
  width: usize,
  length: usize,
  into: usize,
  intoBytes: usize,
  add: i32,
): void {
  const even: usize = 4 * (width & ~3);
  const end: usize = 4 * width;
  const padded: usize = 4 * ((width + 3) & ~3);
  for (let i: usize = 0; i < length; i++) {
    const row = rowOf(rows, rowBytes, index, i);
    let c: usize = 0;
    if (add) {
      for (; c < even; c += 16) {
        v128.store(into + c, f32x4.add(v128.load(into + c), v128.load(row + c)));
      }
      for (; c < end; c += 4) {
        store<f32>(into + c, load<f32>(into + c) + load<f32>(row + c));
      }
    } else {
      for (; c < even; c += 16) {
        v128.store(into + c, v128.load(row + c));
      }
      for (; c < end; c += 4) {
        store<f32>(into + c, load<f32>(row + c));
      }
      for (; c < padded; c += 4) {
        store<f32>(into + c, 0);
      }
    }
    into += intoBytes;
  }
}
