// xxHash64 of an integer's decimal text, in 32-bit steps: hashing a column needs no text and no BigInt per value.
// The same function as hash.ts gives (the tests compare the two); there the library hashes whatever is text.

// The five primes of xxHash64: high and low half.
const p1h = 0x9e3779b1;
const p1l = 0x85ebca87;
const p2h = 0xc2b2ae3d;
const p2l = 0x27d4eb4f;
const p3h = 0x165667b1;
const p3l = 0x9e3779f9;
const p4h = 0x85ebca77;
const p4l = 0xc2b2ae63;
const p5h = 0x27d4eb2f;
const p5l = 0x165667c5;

const text = new Uint8Array(24);
/** High half of (high, low) · (h, l); the low half is `Math.imul(low, l)`. */
function product(high: number, low: number, h: number, l: number): number {
  const aLow = low & 0xffff;
  const aHigh = low >>> 16;
  const bLow = l & 0xffff;
  const bHigh = l >>> 16;
  const first = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const second = (Math.imul(aLow, bHigh) >>> 0) + (first & 0xffff);
  const carried = Math.imul(aHigh, bHigh) + (first >>> 16) + (second >>> 16);
  return (carried + Math.imul(low, h) + Math.imul(high, l)) | 0;
}

/** 1 where adding `term` made `sum` overflow. */
function carry(sum: number, term: number): number {
  return sum >>> 0 < term >>> 0 ? 1 : 0;
}

/** Writes a safe integer's digits to the end of `text`; returns where they start. */
function write(value: number): number {
  let at = text.length;
  let rest = Math.abs(value);
  while (rest > 0x7fffffff) {
    const next = Math.floor(rest / 10);
    text[--at] = 48 + (rest - 10 * next);
    rest = next;
  }
  let small = rest | 0;
  do {
    const next = (small / 10) | 0;
    text[--at] = 48 + (small - 10 * next);
    small = next;
  } while (small > 0);
  if (value < 0) {
    text[--at] = 45;
  }
  return at;
}

function word(at: number): number {
  return text[at] | (text[at + 1] << 8) | (text[at + 2] << 16) | (text[at + 3] << 24);
}

/** Remainder of an integer from 0 to 2^53 − 1; a division by multiplication, mended by at most one step. */
function remainder(value: number, divisor: number): number {
  const rest = value - Math.floor(value * (1 / divisor)) * divisor;
  return rest < 0 ? rest + divisor : rest >= divisor ? rest - divisor : rest;
}

/** Most buckets for which the remainder below stays exact: its products stay under 2^53. */
export const mostBuckets = 2 ** 26;

/** xxHash64(decimal text of a safe integer) mod buckets, unsigned; `buckets` up to `mostBuckets`, `seed` a small one. */
export function integerBucket(value: number, buckets: number, seed = 0): number {
  let at = write(value);
  const end = text.length;
  let low = (p5l + seed + end - at) | 0;
  let high = (p5h + carry(low, p5l)) | 0;
  for (; at + 8 <= end; at += 8) {
    const l0 = word(at);
    const h1 = product(word(at + 4), l0, p2h, p2l);
    const l1 = Math.imul(l0, p2l);
    const h2 = (h1 << 31) | (l1 >>> 1);
    const l2 = (l1 << 31) | (h1 >>> 1);
    const h3 = high ^ product(h2, l2, p1h, p1l);
    const l3 = low ^ Math.imul(l2, p1l);
    const h4 = (h3 << 27) | (l3 >>> 5);
    const l4 = (l3 << 27) | (h3 >>> 5);
    low = (Math.imul(l4, p1l) + p4l) | 0;
    high = (product(h4, l4, p1h, p1l) + p4h + carry(low, p4l)) | 0;
  }
  if (at + 4 <= end) {
    const l0 = word(at);
    const h1 = high ^ product(0, l0, p1h, p1l);
    const l1 = low ^ Math.imul(l0, p1l);
    const h2 = (h1 << 23) | (l1 >>> 9);
    const l2 = (l1 << 23) | (h1 >>> 9);
    low = (Math.imul(l2, p2l) + p3l) | 0;
    high = (product(h2, l2, p2h, p2l) + p3h + carry(low, p3l)) | 0;
    at += 4;
  }
  for (; at < end; at++) {
    const h1 = high ^ product(0, text[at], p5h, p5l);
    const l1 = low ^ Math.imul(text[at], p5l);
    const h2 = (h1 << 11) | (l1 >>> 21);
    const l2 = (l1 << 11) | (h1 >>> 21);
    low = Math.imul(l2, p1l);
    high = product(h2, l2, p1h, p1l);
  }
  const l1 = low ^ (high >>> 1);
  const h2 = product(high, l1, p2h, p2l);
  const l2 = Math.imul(l1, p2l);
  const l3 = l2 ^ ((h2 << 3) | (l2 >>> 29));
  const h4 = product(h2 ^ (h2 >>> 29), l3, p3h, p3l);
  const l4 = Math.imul(l3, p3l) ^ h4;
  return remainder(remainder(h4 >>> 0, buckets) * remainder(0x100000000, buckets) + (l4 >>> 0), buckets);
}
