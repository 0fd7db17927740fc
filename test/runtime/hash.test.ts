// xxHash64 against golden numbers of another implementation (Python's xxhash 4.1.0), and the quick way for integers.
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasher, remainder64 } from "../../contract/hash.ts";
import { integerBucket, mostBuckets } from "../../contract/hash-integer.ts";

const golden: [string, bigint][] = [
  ["", 17241709254077376921n],
  ["5", 7674613650421074157n],
  ["-1", 4423317448651367128n],
  ["9223372036854775807", 15613979337394519731n],
  ["video", 3222585202960415221n],
  ["Zürich", 9651740378605978233n],
  ["日本語", 8176744303664166369n],
  ["🎬", 14500564071591113948n],
  ["a".repeat(31), 18322620742291695894n],
  ["a".repeat(32), 9614767607332313815n],
  ["a".repeat(33), 1798061103824220747n],
  ["The quick brown fox jumps over the lazy dog", 802816344064684476n],
  ["x".repeat(1000), 5528630022282608865n],
];

test.each(golden)("text %j", async (text, hash) => {
  const { text: of, bytes, bucket } = await hasher();
  expect(of(text)).toBe(hash);
  expect(bytes(new TextEncoder().encode(text))).toBe(hash);
  for (const buckets of [1, 7, 1_000_000, 2 ** 26, 2 ** 26 + 1, 3_000_000_000, Number.MAX_SAFE_INTEGER]) {
    expect(bucket(text, buckets)).toBe(Number(hash % BigInt(buckets)));
  }
});

test("another seed is another hash, of texts and of integers", async () => {
  const { bucket } = await hasher();
  const seeded: [string, bigint][] = [
    ["", 15397730242686860875n],
    ["5", 2759486989187311968n],
    ["-1", 11444276196880892156n],
    ["9223372036854775807", 14609652863739668184n],
    ["Zürich", 14031758330423383076n],
    ["x".repeat(1000), 4694460455889714793n],
  ];
  for (const [text, hash] of seeded) {
    expect(bucket(text, 1_000_000, 1)).toBe(Number(hash % 1_000_000n));
  }
  fc.assert(
    fc.property(
      fc.oneof(fc.maxSafeInteger(), fc.integer()),
      fc.integer({ min: 1, max: mostBuckets }),
      (value, buckets) => integerBucket(value, buckets, 1) === bucket(String(value), buckets, 1),
    ),
  );
});

test("bytes above a MiB are hashed in pieces, to the same number", async () => {
  const data = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 31 + 7) % 256);
  expect((await hasher()).bytes(data)).toBe(2577721479923784696n);
});

test("a remainder is exact for every divisor", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.maxSafeNat(), (value, divisor) => {
      expect(remainder64(value, divisor + 1 > Number.MAX_SAFE_INTEGER ? divisor : divisor + 1)).toBe(
        Number(value % BigInt(divisor + 1 > Number.MAX_SAFE_INTEGER ? divisor : divisor + 1)),
      );
      const small = (divisor % 2 ** 26) + 1;
      expect(remainder64(value, small)).toBe(Number(value % BigInt(small)));
    }),
  );
});

test("an integer's quick bucket is that of its decimal text", async () => {
  const { bucket } = await hasher();
  const edges = [0, -0, 1, -1, 9, 10, 12345678, 123456789012, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1 - 2 ** 53];
  for (const value of edges) {
    expect(integerBucket(value, 1_000_003)).toBe(bucket(String(value), 1_000_003));
  }
  // Multiples of such numbers are a digit short where they are divided by multiplying.
  for (const buckets of [49, 98, 103, 107, 161, 187, 197, 2 ** 26]) {
    for (let value = 0; value < 3000; value++) {
      expect(integerBucket(value, buckets)).toBe(bucket(String(value), buckets));
    }
  }
  fc.assert(
    fc.property(
      fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: -999, max: 99999 })),
      fc.integer({ min: 1, max: mostBuckets }),
      (value, buckets) => integerBucket(value, buckets) === bucket(String(value), buckets),
    ),
    { numRuns: 2000 },
  );
});
