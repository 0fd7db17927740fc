// Learns scales (`number(scale: standard)`), edges (`bucketed(at: quantiles(n))`) and base rates (`rate(…)`) on the training part,
// for all of a model's features that have some to learn.
import { isStat } from "../../contract/encoder-spec.ts";
import { type LearnedNumbers, learnedFor, unlearned } from "../../contract/learned-numbers.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import type { DataValue } from "../encode/data-column.ts";
import { deriveValue } from "../encode/derive.ts";
import type { Binding } from "./binding.ts";
import type { Source } from "./database/source.ts";
import { learnEach } from "./learn-each.ts";
import { MeanAndDeviation } from "./mean-and-deviation.ts";
import { QuantileEdges } from "./quantile-edges.ts";
import type { Values } from "./training-values.ts";

/** Values that are read at a time. */
const block = 16_384;

/** What is told of each. */
export interface LearnedOf {
  readonly feature: string;
  readonly learned: LearnedNumbers;
  /** Values that it was learned from: finite ones of the training part. */
  readonly values: number;
}

/** Features whose scale or edges are to be learned; one that shares another's table takes its edges. */
export function numberFeatures(features: readonly FeatureSpec[]): FeatureSpec[] {
  const names = features.map(({ name }) => name);
  return features.filter((one) => unlearned(one.encoder) !== null && learnedFor(one, names) === one.name);
}

/**
 * Values count as those of vocabularies do: once for every event of the training part, those of an item for every event of it.
 * What is missing, NaN or infinite does not count. Sums go over the values in their order, so they are equal on every machine.
 * @param data path of data.yaml, or a binding
 * @param told after each feature @param most values that are held of several features at once
 */
export async function learnNumbers(
  data: string | Binding,
  features: readonly FeatureSpec[],
  told?: (learned: LearnedOf) => void,
  most?: number,
): Promise<ReadonlyMap<string, LearnedNumbers>> {
  const numbers = new Map<string, LearnedNumbers>();
  const own = numberFeatures(features);
  // Statistics have a base rate of what they are of; several may be of one feature.
  const ratesOf = (name: string): FeatureSpec[] =>
    own.filter(({ encoder }) => unlearned(encoder) === "base" && "of" in encoder && encoder.of === name);
  const read = features.filter((one) => ratesOf(one.name).length > 0 || (own.includes(one) && !isStat(one.encoder)));
  const each = async (feature: FeatureSpec, values: Values, source: Source): Promise<void> => {
    const rates = ratesOf(feature.name);
    if (rates.length === 0) {
      const found = await learn(source, feature, values);
      numbers.set(feature.name, found.learned);
      told?.(found);
      return;
    }
    const { learned, total } = await learnBase(source, values);
    for (const { name } of rates) {
      numbers.set(name, learned);
      told?.({ feature: name, learned, values: total });
    }
  };
  await learnEach(data, features, read, each, most);
  return numbers;
}

/** Mean of values within 0 … 1, between the two by half a value more on either side. */
async function learnBase(
  source: Source,
  values: Values,
): Promise<{ readonly learned: LearnedNumbers; readonly total: number }> {
  const { total, each } = await counted(source, values);
  let sum = 0;
  await each((value, count) => {
    sum += Math.min(1, Math.max(0, value)) * count;
  });
  return { learned: { kind: "base", rate: (sum + 0.5) / (total + 1) }, total };
}

async function learn(source: Source, feature: FeatureSpec, values: Values): Promise<LearnedOf> {
  const { encoder, name } = feature;
  const { total, largest, each } = await counted(source, values);
  if (encoder.kind === "bucketed") {
    const quantiles = encoder.quantiles ?? 1;
    const edges = new QuantileEdges(quantiles, total);
    await each((value, count) => edges.add(value, count));
    return { feature: name, learned: { kind: "edges", edges: edges.end(), quantiles }, values: total };
  }
  const scale = new MeanAndDeviation(largest);
  await each((value, count) => scale.add(value, count));
  return { feature: name, learned: { kind: "scale", ...scale.end() }, values: total };
}

/** The different finite values of a column with their counts. */
interface Counted {
  readonly total: number;
  /** Of their magnitudes. */
  readonly largest: number;
  /** In ascending order. */
  readonly each: (add: (value: number, count: number) => void) => Promise<void>;
}

/** They are counted in a table of the database, which may be larger than memory, and read in their order. */
async function counted(source: Source, values: Values): Promise<Counted> {
  const { sql, column, explain } = values;
  if (column.derive !== null) {
    return countDerived(source, values);
  }
  const numbers = `SELECT CAST(v AS DOUBLE) + 0 AS v, n FROM (${sql})`;
  try {
    await source.all(
      `CREATE OR REPLACE TEMP TABLE "#numbers" AS SELECT v, CAST(sum(n) AS DOUBLE) AS n FROM (${numbers}) WHERE isfinite(v) GROUP BY 1`,
    );
  } catch (cause) {
    throw await explain(cause);
  }
  const [row] = await source.all(`SELECT sum(n) AS n, max(abs(v)) AS largest FROM "#numbers"`);
  return {
    total: Number(row?.n ?? 0),
    largest: Number(row?.largest ?? 0),
    async each(add) {
      for await (const { columns, rows } of source.stream(`SELECT v, n FROM "#numbers" ORDER BY v`, block)) {
        for (let i = 0; i < rows; i++) {
          add(Number(columns.v[i]), Number(columns.n[i]));
        }
      }
    },
  };
}

/** Values that only code derives: counted by raw value in the database, then value by value here. */
async function countDerived(source: Source, { sql, column, explain }: Values): Promise<Counted> {
  const counts = new Map<number, number>();
  const grouped = `SELECT v, CAST(sum(n) AS DOUBLE) AS n FROM (${sql}) GROUP BY v`;
  for await (const { columns, rows } of source.stream(grouped, block, explain)) {
    for (let i = 0; i < rows; i++) {
      const derived =
        column.derive && deriveValue(column.derive, columns.v[i] as DataValue, `column \`${column.shown}\``);
      const value = typeof derived === "boolean" ? Number(derived) : derived;
      // What is no number is refused where the data is prepared, with its row.
      if (typeof value === "number" && Number.isFinite(value)) {
        counts.set(value, (counts.get(value) ?? 0) + Number(columns.n[i]));
      }
    }
  }
  const sorted = Float64Array.from(counts.keys()).sort();
  return {
    total: sorted.reduce((sum, value) => sum + counts.get(value)!, 0),
    largest: sorted.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    async each(add) {
      for (const value of sorted) {
        add(value, counts.get(value)!);
      }
    },
  };
}
