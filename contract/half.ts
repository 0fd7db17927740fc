// IEEE 754 binary16 to and from float32, round to nearest, ties to even.

/** Every one of the 65,536 values: decoding is one look-up. */
const decoded = new Float32Array(0x10000);
for (let bits = 0; bits < 0x10000; bits++) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) {
    decoded[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  } else {
    decoded[bits] = exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
  }
}

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** Bits of the smallest normal half, 2^−14, and of 65,520, from which on halves are infinite. */
const [normal, beyond] = [0x38800000, 0x477ff000];

/** A normal half of a float32's bits without their sign: its exponent counts from another zero; a carry is what it should be. */
const rounded = (magnitude: number): number => (magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13;

/** The 16 bits of the nearest half; beyond ±65,504 (after rounding) ±Infinity; NaN stays NaN. */
export function toHalf(value: number): number {
  float[0] = value;
  return halfOf(word[0]);
}

function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= beyond) {
    return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  }
  if (magnitude >= normal) {
    return sign | rounded(magnitude);
  }
  // Subnormal: adding 0.5 puts the unit in the last place at 2^-24, and the addition rounds to even.
  word[0] = magnitude;
  float[0] += 0.5;
  return sign | (word[0] - 0x3f000000);
}

/**
 * The halves of many float32, given as their bits.
 * @returns place of the first value that no finite half is near, or −1
 */
export function toHalves(words: Uint32Array, halves: Uint16Array): number {
  let first = -1;
  for (let i = 0; i < words.length; i++) {
    const bits = words[i];
    const magnitude = bits & 0x7fffffff;
    // What is common stands here: no call, and one branch, for a value.
    if (magnitude >= normal && magnitude < beyond) {
      halves[i] = ((bits >>> 16) & 0x8000) | rounded(magnitude);
    } else {
      halves[i] = halfOf(bits);
      if (magnitude >= beyond && first < 0) {
        first = i;
      }
    }
  }
  return first;
}

/** The value of 16 bits. */
export function fromHalf(bits: number): number {
  return decoded[bits & 0xffff];
}

/** Decodes into `into` from `offset` on. */
export function halfToFloat(bits: Uint16Array, into = new Float32Array(bits.length), offset = 0): Float32Array {
  for (let i = 0; i < bits.length; i++) {
    into[offset + i] = decoded[bits[i]];
  }
  return into;
}
