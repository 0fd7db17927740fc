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

/** The 16 bits of the nearest half; beyond ±65,504 (after rounding) ±Infinity; NaN stays NaN. */
export function toHalf(value: number): number {
  float[0] = value;
  const bits = word[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) {
    return magnitude > 0x7f800000 ? sign | 0x7e00 : sign | 0x7c00;
  }
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 puts the unit in the last place at 2^-24, and the addition rounds to even.
    float[0] = float[0] < 0 ? 0.5 - float[0] : 0.5 + float[0];
    return sign | (word[0] - 0x3f000000);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
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
