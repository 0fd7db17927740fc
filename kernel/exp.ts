// The exponential function of four numbers at most 0, to about one unit of the last place; below −87.3 it is 0.

/** Number to four lanes. */
function all(x: f32): v128 {
  return f32x4.splat(x);
}

/** e to the power of each: NaN stays NaN. */
export function exp(power: v128): v128 {
  const x = f32x4.pmax(all(-87.3), power);
  const n = f32x4.nearest(f32x4.mul(x, all(Math.LOG2E as f32)));
  // ln 2 in two parts, so that the rest is exact.
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, all(0.693359375))), f32x4.mul(n, all(-2.1219444e-4)));
  let p = f32x4.add(f32x4.mul(all(1.98756915e-4), r), all(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), all(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), all(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), all(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), all(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), all(1));
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  const small = v128.and(f32x4.mul(p, scale), f32x4.gt(power, all(-87.3)));
  return v128.or(small, f32x4.ne(power, power));
}
