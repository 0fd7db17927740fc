// Edges that each are the same factor above the one before, rounded to six digits: exact, so equal on every machine.

/** Digits of an edge that is not one of the two ends. */
const digits = 6;

/** `value` as whole · 2^exponent, exactly. */
function parts(value: number): { readonly whole: bigint; readonly exponent: number } {
  let exponent = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent--;
  }
  return { whole: BigInt(scaled), exponent };
}

/** 2^twos · 5^fives · whole, compared with another such number; negative powers go to the other side. */
interface Product {
  readonly whole: bigint;
  readonly twos: number;
  readonly fives: number;
}

function atLeast(a: Product, b: Product): boolean {
  const [twos, fives] = [a.twos - b.twos, a.fives - b.fives];
  const side = (whole: bigint, sign: 1 | -1): bigint =>
    whole * 2n ** BigInt(Math.max(0, sign * twos)) * 5n ** BigInt(Math.max(0, sign * fives));
  return side(a.whole, 1) >= side(b.whole, -1);
}

/**
 * `count` edges from `from` to `to`: edge i is from · (to / from)^(i / (count − 1)), rounded half up to six decimal digits; the
 * two ends are as they were given. Computed by whole numbers alone, as powers and logarithms differ between machines.
 * @param from above 0
 * @param to above `from`
 * @returns ascending; neighbours are equal where the ends are too near to each other
 */
export function spacedEdges(from: number, to: number, count: number): number[] {
  const steps = count - 1;
  const [low, high] = [parts(from), parts(to)];
  return Array.from({ length: count }, (_, i) => {
    if (i === 0 || i === steps) {
      return i === 0 ? from : to;
    }
    // edge^steps
    const power: Product = {
      whole: low.whole ** BigInt(steps - i) * high.whole ** BigInt(i),
      twos: low.exponent * (steps - i) + high.exponent * i,
      fives: 0,
    };
    const about = Math.exp(Math.log(from) + (Math.log(to) - Math.log(from)) * (i / steps));
    let exponent = Math.floor(Math.log10(about)) - digits + 1;
    // Whether the edge is at least (whole − 1/2) · 10^exponent.
    const reaches = (whole: number): boolean =>
      atLeast(power, {
        whole: (2n * BigInt(whole) - 1n) ** BigInt(steps),
        twos: (exponent - 1) * steps,
        fives: exponent * steps,
      });
    const limit = 10 ** digits;
    if (reaches(limit)) {
      exponent++;
    } else if (!reaches(limit / 10)) {
      exponent--;
    }
    let whole = Math.round(about / 10 ** exponent);
    while (!reaches(whole)) {
      whole--;
    }
    while (reaches(whole + 1)) {
      whole++;
    }
    return Number(`${whole}e${exponent}`);
  });
}
