// Scales and edges that are learned on the training part: the figures of NumPy and scikit-learn, frozen in the encoder, and the
// same whether a value comes with a request or was prepared. Figures are of NumPy 2.4 and scikit-learn 1.9.
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { hasher } from "../../contract/hash.ts";
import { type LearnedNumbers, withNumbers } from "../../contract/learned-numbers.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { type Binding, parseBinding } from "../../runtime/data/binding.ts";
import { learnNumbers } from "../../runtime/data/learn-numbers.ts";
import { MeanAndDeviation } from "../../runtime/data/mean-and-deviation.ts";
import { openDataset } from "../../runtime/data/prepare/open.ts";
import { QuantileEdges } from "../../runtime/data/quantile-edges.ts";
import { encodeColumn } from "../../runtime/encode/column.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { prepared } from "../kit/prepared.ts";
import { compiled } from "../kit/small-model.ts";

afterAll(cleanUp);

/** Park and Miller's generator, from 7: the same numbers in every language. */
function sequence(length: number): number[] {
  let last = 7;
  return Array.from({ length }, () => {
    last = (last * 16_807) % 2_147_483_647;
    return last;
  });
}
const drawn = sequence(1000);
const quarters = drawn.map((one) => (one % 1000) * 0.25);
const seconds = drawn.map((one) => 1_600_000_000 + (one % 86_400));
const zeros = drawn.map((one) => (one % 10 < 6 ? 0 : one % 977));

function counted(values: readonly number[]): (readonly [number, number])[] {
  const counts = new Map<number, number>();
  for (const value of values) {
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

function scaleOf(values: readonly number[]) {
  const scale = new MeanAndDeviation(Math.max(0, ...values.map(Math.abs)));
  for (const [value, count] of counted(values)) {
    scale.add(value, count);
  }
  return scale.end();
}

function edgesOf(values: readonly number[], quantiles: number): number[] {
  const edges = new QuantileEdges(quantiles, values.length);
  for (const [value, count] of counted(values)) {
    edges.add(value, count);
  }
  return edges.end();
}

describe("mean and deviation", () => {
  it("are those of StandardScaler", () => {
    // StandardScaler().fit(x[:, None]): mean_ and scale_
    for (const [values, mean, deviation] of [
      [quarters, 126.64675, 72.56598739724761],
      [seconds, 1_600_044_486.987, 25_054.121513452254],
      [zeros, 200.533, 306.2944088797574],
    ] as const) {
      const found = scaleOf(values);
      expect(Math.abs(found.mean / mean - 1)).toBeLessThan(1e-15);
      expect(Math.abs(found.deviation / deviation - 1)).toBeLessThan(1e-14);
    }
  });

  it("hold where a plain sum of squares does not: far from zero, and near the ends of float64", () => {
    const far = sequence(20_000).map((one) => 1e15 + (one % 7));
    const near = sequence(20_000).map((one) => one % 7);
    const [a, b] = [scaleOf(far), scaleOf(near)];
    expect(Math.abs(a.mean - 1e15 - b.mean)).toBeLessThan(0.07);
    expect(Math.abs(a.deviation / b.deviation - 1)).toBeLessThan(1e-12);
    expect(scaleOf([-1.7e308, 1.7e308])).toEqual({ mean: 0, deviation: 1.7e308 });
    expect(scaleOf([5e-324, 5e-324 * 3]).mean).toBe(5e-324 * 2);
  });

  it("are 0 apart where nothing differs, and 0 where nothing is there", () => {
    expect(scaleOf([0.1, 0.1, 0.1])).toEqual({ mean: 0.1, deviation: 0 });
    expect(scaleOf([0.3, 0.1 + 0.2])).toMatchObject({ deviation: 0 });
    expect(scaleOf([])).toEqual({ mean: 0, deviation: 0 });
  });

  it("are those of two passes over the values, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.double({ min: -1e12, max: 1e12, noNaN: true }).map((value) => Math.round(value * 1e3) / 1e3),
          { minLength: 1, maxLength: 60 },
        ),
        fc.integer({ min: 1, max: 300 }),
        (base, times) => {
          const values = Array.from({ length: base.length * times }, (_, i) => base[i % base.length]);
          const mean = base.reduce((sum, value) => sum + value / base.length, 0);
          const deviation = Math.sqrt(base.reduce((sum, value) => sum + (value - mean) ** 2 / base.length, 0));
          const found = scaleOf(values);
          const most = Math.max(...base.map(Math.abs), 1e-300);
          expect(Math.abs(found.mean - mean)).toBeLessThanOrEqual(most * 1e-13);
          expect(Math.abs(found.deviation - deviation)).toBeLessThanOrEqual(most * 1e-7 + deviation * 1e-12);
        },
      ),
    );
  });
});

describe("edges of quantiles", () => {
  it("are NumPy's", () => {
    // numpy.unique(numpy.quantile(x, numpy.arange(1, n) / n, method="inverted_cdf"))
    expect(edgesOf(quarters, 4)).toEqual([61.75, 128, 190.25]);
    expect(edgesOf(quarters, 10)).toEqual([25.25, 50.75, 74.25, 105.25, 128, 155.25, 180, 201.5, 224.5]);
    expect(edgesOf(seconds, 4)).toEqual([1_600_022_132, 1_600_045_764, 1_600_066_290]);
  });

  it("give a value that several fall on a bucket of its own", () => {
    // NumPy's are 0, 262, 515, 757; 0 is the least value, and the next one is 2.
    expect(edgesOf(zeros, 10)).toEqual([2, 262, 515, 757]);
    // NumPy's are 3, 3, 3, 3: below 3 lies a value, and behind it the next is 4.
    expect(edgesOf([1, 3, 3, 3, 3, 3, 3, 3, 4, 5], 5)).toEqual([3, 4]);
  });

  it("are one for a column of one value, and for none at all", () => {
    expect(edgesOf([7, 7, 7], 20)).toEqual([7]);
    expect(edgesOf([], 20)).toEqual([0]);
  });

  it("rise, are values of the column, never too many, and divide it evenly where nothing repeats", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -20, max: 200 }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 2, max: 30 }),
        fc.boolean(),
        (drawn, quantiles, once) => {
          const values = once ? [...new Set(drawn)] : drawn;
          const edges = edgesOf(values, quantiles);
          expect(edges.length).toBeGreaterThan(0);
          expect(edges.length).toBeLessThanOrEqual(quantiles - 1);
          expect(edges).toEqual([...new Set(edges)].sort((a, b) => a - b));
          expect(edges.every((edge) => values.includes(edge))).toBe(true);
          if (!once || values.length < quantiles) {
            return;
          }
          const bounds = [Number.NEGATIVE_INFINITY, ...edges, Number.POSITIVE_INFINITY];
          const sizes = edges
            .concat(0)
            .map((_, i) => values.filter((value) => value >= bounds[i] && value < bounds[i + 1]).length);
          const fair = values.length / quantiles;
          expect(Math.max(...sizes)).toBeLessThanOrEqual(fair + 2);
        },
      ),
    );
  });
});

const t0 = 1_600_000_000;
const source = (dim = 2): string => `model numbers

item {
  video: id(vocab: 40, dim: 4, key: true)
  price: number(scale: standard)
}

context {
  x: number(scale: standard)
  y: bucketed(at: quantiles(5), dim: ${dim})
  z: bucketed(at: quantiles(5), shares: context.y)
}

history watched {
  of: item
  max: 5
  cross {
    ago: elapsed(at: log(1min, 365d, 16), dim: 2)
    progress: number(scale: standard)
  }
}

metric relevance {
  query: item
  keys: watched.item
  bias: watched.cross
  dim: 4
}

search nearest {
  from: watched
  by: relevance
  keep: 4
}

attend interest {
  over: nearest
  by: relevance
}

tower ranking {
  input: [interest, item, context]
  hidden: [4]
  predict {
    click: binary
  }
}
`;
const unlearned = compiled(source(), { vocabularies: new Map() }).manifest;
const feature = (manifest: Manifest, name: string): FeatureSpec => manifest.features.find((one) => one.name === name)!;

interface Row {
  readonly x: number | null;
  readonly y: number | null;
}

/** A log whose first rows, as many as are given, are the training part; what follows would change everything. */
function logOf(rows: readonly Row[], more = ""): Binding {
  const folder = temporary();
  const shown = (value: number | null): string => (value === null ? "" : String(value).replace("Infinity", "inf"));
  const lines = rows.map(
    ({ x, y }, i) => `u,${1 + (i % 3)},${t0 + i},${i % 2},${shown(x)},${shown(y)},${shown(y)},${(i % 7) / 8}`,
  );
  const later = Array.from({ length: 3 }, (_, i) => `u,1,${t0 + 100_000 + i},1,9e9,9e9,9e9,1`);
  writeFiles(folder, {
    "log.csv": `user,video,time,click,x,y,z,progress\n${[...lines, ...later].join("\n")}\n`,
    "items.csv": "video,price\n1,100\n2,200\n3,600\n4,1e9\n",
  });
  return parseBinding(
    `events: {file: log.csv, user: user, item: video, time: time}
items: {file: items.csv, key: video}
columns: {predict.click: click${more}}
split: {by: time, train: ..${t0 + 90_000}}
`,
    join(folder, "data.yaml"),
  );
}

describe("learning from data", () => {
  const rows = quarters.map((x, i) => ({ x, y: zeros[i] }));

  it("takes the training part alone, an item's value once for every event of it, and the owner's edges where a table is shared", async () => {
    const told: string[] = [];
    const numbers = await learnNumbers(logOf(rows), unlearned.features, ({ feature: name, values }) =>
      told.push(`${name} ${values}`),
    );
    expect(told).toEqual(["item.price 1000", "context.x 1000", "context.y 1000", "watched.progress 1000"]);
    const x = numbers.get("context.x") as LearnedNumbers & { kind: "scale" };
    expect(x.mean).toBeCloseTo(126.64675, 12);
    expect(x.deviation).toBeCloseTo(72.56598739724761, 12);
    expect(numbers.get("context.y")).toEqual({ kind: "edges", edges: edgesOf(zeros, 5), quantiles: 5 });
    // 334 events of item 1, 333 of 2 and of 3
    const price = numbers.get("item.price") as LearnedNumbers & { kind: "scale" };
    expect(price.mean).toBeCloseTo((334 * 100 + 333 * 200 + 333 * 600) / 1000, 10);
    const learned = withNumbers(unlearned.features, numbers);
    expect(learned.find(({ name }) => name === "context.z")!.encoder).toEqual({
      kind: "bucketed",
      edges: edgesOf(zeros, 5),
      quantiles: 5,
    });
  });

  it("gives the same bits whatever the order of the rows", async () => {
    const values = sequence(5000).map((one, i) => ({ x: (one % 9973) / 7 + 1e9, y: i % 11 }));
    const shuffled = values.map((_, i) => values[(i * 1237) % 5000]);
    const [a, b] = [
      await learnNumbers(logOf(values), unlearned.features),
      await learnNumbers(logOf(shuffled), unlearned.features),
    ];
    expect(b.get("context.x")).toEqual(a.get("context.x"));
    expect(b.get("context.y")).toEqual(a.get("context.y"));
  });

  it("takes what data.yaml derives, by expression and by code", async () => {
    const plain = await learnNumbers(logOf(rows), unlearned.features);
    const made = await learnNumbers(
      logOf(rows, `, context.x: "x * 2", context.y: {scale: {column: y, by: 2, plus: 1}}`),
      unlearned.features,
    );
    const [x, doubled] = [plain, made].map((one) => one.get("context.x") as LearnedNumbers & { kind: "scale" });
    expect(doubled.deviation).toBeCloseTo(2 * x.deviation, 10);
    const edges = plain.get("context.y") as LearnedNumbers & { kind: "edges" };
    expect(made.get("context.y")).toEqual({ ...edges, edges: edges.edges.map((edge) => 2 * edge + 1) });
  });

  it("keeps the declared rows of a table whose values repeat", async () => {
    const numbers = await learnNumbers(logOf(rows.map(() => ({ x: 5, y: 5 }))), unlearned.features);
    const { manifest } = compiled(source(), { vocabularies: new Map(), numbers });
    expect(feature(manifest, "context.y").encoder).toEqual({ kind: "bucketed", edges: [5], quantiles: 5 });
    expect(manifest.embeddings.find(({ parameter }) => parameter === "context.y.table")!.rows).toBe(6);
    expect(feature(manifest, "context.x").encoder).toEqual({
      kind: "number",
      scale: "standard",
      mean: 5,
      deviation: 0,
    });
  });

  it("encodes a request as it prepares, whatever the columns hold", async () => {
    const hash = await hasher();
    const context = {
      hasher: hash,
      where: "test",
      vocabulary: () => {
        throw new Error("there is none");
      },
    };
    const scales = fc.constantFrom(
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      fc.double({ min: 1.6e9, max: 1.6001e9, noNaN: true }),
      fc.double({ min: -1e300, max: 1e300, noNaN: true }),
      fc.constant(42.5),
    );
    const column = (values: fc.Arbitrary<number | null>) => fc.array(values, { minLength: 30, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        scales.chain((values) => column(fc.oneof(values, values, values, fc.constantFrom(null, Number.NaN)))),
        scales.chain((values) =>
          column(
            fc.oneof(
              { weight: 3, arbitrary: values },
              {
                weight: 1,
                arbitrary: fc.constantFrom<number | null>(
                  null,
                  Number.NaN,
                  Number.POSITIVE_INFINITY,
                  Number.NEGATIVE_INFINITY,
                  0,
                ),
              },
            ),
          ),
        ),
        async (xs, ys) => {
          const length = Math.min(xs.length, ys.length);
          const rows = Array.from({ length }, (_, i) => ({ x: xs[i], y: ys[i] }));
          const binding = logOf(rows);
          const numbers = await learnNumbers(binding, unlearned.features);
          const { manifest } = compiled(source(), { vocabularies: new Map(), numbers });
          const { folder } = await prepared(binding, manifest);
          const dataset = await openDataset(folder, { memory: 1e6 });
          const batch = dataset.batch(
            "training",
            Uint32Array.from({ length }, (_, i) => i),
            { watched: 4 },
          );
          for (const [name, values] of [
            ["context.x", xs],
            ["context.y", ys],
            ["context.z", ys],
          ] as const) {
            const raw = Array.from(batch.row, (row) => values[row]);
            const due = encodeColumn(feature(manifest, name), raw, length, context);
            expect(due.every(Number.isFinite)).toBe(true);
            expect([...batch.single[name]], name).toEqual([...due]);
          }
          dataset.close();
        },
      ),
      { numRuns: 12 },
    );
  });
});
