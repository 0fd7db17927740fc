// float16: every half comes back, every float32 goes to the nearest, ties to even, one by one and many at once.
import fc from "fast-check";
import { expect, it } from "vitest";
import { fromHalf, halfToFloat, toHalf, toHalves } from "../../contract/half.ts";

/** The nearest half by looking at all of them, from the definition of binary16. */
const finite = Array.from({ length: 0x7c00 }, (_, bits) => {
  const [exponent, fraction] = [bits >> 10, bits & 1023];
  return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
});

function nearest(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) {
    return sign | 0x7c00;
  }
  let [low, high] = [0, finite.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (finite[middle] <= magnitude) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const [below, above] = [magnitude - finite[low], (finite[low + 1] ?? 65536) - magnitude];
  return sign | (below < above || (below === above && low % 2 === 0) ? low : low + 1);
}

const many = (values: readonly number[]) => {
  const words = new Uint32Array(Float32Array.from(values).buffer);
  const halves = new Uint16Array(values.length);
  return { first: toHalves(words, halves), halves: [...halves] };
};

it("has the value of its definition, for all 65,536 bits, and goes back to them", () => {
  const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
  const values = halfToFloat(all);
  const wrong = [...all].filter((bits) => {
    const magnitude = bits & 0x7fff;
    const sign = bits & 0x8000 ? -1 : 1;
    const due = magnitude > 0x7c00 ? Number.NaN : sign * (magnitude === 0x7c00 ? Infinity : finite[magnitude]);
    const back = Number.isNaN(due) || toHalf(due) === bits;
    return !Object.is(fromHalf(bits), due) || !Object.is(values[bits], due) || !back;
  });
  expect(wrong).toEqual([]);
  expect(toHalf(Number.NaN)).toBe(0x7e00);
  // More than 16 bits are cut off, and decoding may begin anywhere.
  expect(fromHalf(0x13c00)).toBe(1);
  expect([...halfToFloat(Uint16Array.of(0x3c00, 0xc000), new Float32Array(4), 1)]).toEqual([0, 1, -2, 0]);
});

it("is the nearest to each of many: halves, what lies between them, and beside that", () => {
  const step = (value: number, by: number) => {
    const word = new Uint32Array(Float32Array.of(value).buffer);
    word[0] += by;
    return new Float32Array(word.buffer)[0];
  };
  // Every thirteenth, and all about the powers of two.
  const chosen = (i: number) => i % 13 === 0 || [0, 1, 1023].includes(i % 1024);
  const values = finite.flatMap((value, i) => {
    if (!chosen(i)) {
      return [];
    }
    const middle = (value + (finite[i + 1] ?? 65536)) / 2;
    return [value, step(value, 1), step(middle, -1), middle, step(middle, 1)].flatMap((one) => [one, -one]);
  });
  const due = values.map(nearest);
  expect(values.map(toHalf)).toEqual(due);
  const { first, halves } = many(values);
  expect(halves).toEqual(due);
  expect(first).toBe(values.findIndex((value) => Math.abs(value) >= 65520));
});

it("is the nearest of any float32, and the first that none is near is told", () => {
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true }), { maxLength: 40 }), (values) => {
      const { first, halves } = many(values);
      expect(halves).toEqual(values.map(nearest));
      expect(halves).toEqual(values.map(toHalf));
      expect(first).toBe(values.findIndex((value) => Math.abs(value) >= 65520));
    }),
  );
  expect(many([1, Number.NaN, Infinity])).toEqual({ first: 1, halves: [0x3c00, 0x7e00, 0x7c00] });
  expect(many([1, 65519.99, -2]).first).toBe(-1);
  // Nothing is written behind the last.
  const longer = Uint16Array.of(9, 9, 9);
  expect(toHalves(new Uint32Array(Float32Array.of(1, -2).buffer), longer)).toBe(-1);
  expect([...longer]).toEqual([0x3c00, 0xc000, 9]);
});
