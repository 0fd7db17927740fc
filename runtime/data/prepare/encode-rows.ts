// Raw columns of a block of rows → encoded columns, counting what was missing or unknown, and naming the row that does not fit.

import { together } from "../../../contract/encoder-spec.ts";
import { TwinError } from "../../../contract/error.ts";
import { type Hasher, hasher } from "../../../contract/hash.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { encodeColumn } from "../../encode/column.ts";
import type { EncodeContext } from "../../encode/context.ts";
import { type DataColumn, sliceColumn } from "../../encode/data-column.ts";
import { type Derivation, deriveColumn } from "../../encode/derive.ts";
import type { Encoded } from "../../encode/encoded.ts";
import { Vocabulary } from "../../encode/vocabulary.ts";
import { withBlock } from "../number-range.ts";
import type { FeatureCount } from "../report-schema.ts";

/** Learned vocabularies by the feature that owns them. */
export type Vocabularies = ReadonlyMap<string, readonly string[]>;

export interface Encoders {
  /**
   * @param derive what turns the column into the feature's raw values
   * @param place of a row of the block, for errors: `events.csv, row 17, column \`x\``
   */
  encode(
    feature: FeatureSpec,
    raw: DataColumn,
    rows: number,
    derive: Derivation | null,
    place: (row: number) => string,
  ): Encoded;
  /** A feature that is computed from the rows' own times: nothing of it can be missing or unknown. */
  ofTimes(feature: FeatureSpec, times: Float64Array): Encoded;
  readonly counts: ReadonlyMap<string, FeatureCount>;
}

/** What is told of each block: the feature's values, after their derivation, and what they became. */
export type OnEncoded = (feature: FeatureSpec, values: DataColumn, encoded: Encoded) => void;

/** @param counted what an earlier process of the same work had counted */
export async function encoders(
  vocabularies: Vocabularies,
  counted: readonly FeatureCount[] = [],
  onEncoded?: OnEncoded,
): Promise<Encoders> {
  const hash: Hasher = await hasher();
  const opened = new Map<string, Vocabulary>();
  const vocabulary = (name: string): Vocabulary => {
    const found = opened.get(name) ?? Vocabulary.of(name, vocabularies.get(name) ?? []);
    opened.set(name, found);
    return found;
  };
  const context: EncodeContext = { hasher: hash, vocabulary, where: "data" };
  const counts = new Map(counted.map((one) => [one.name, { ...one }]));
  return {
    counts,
    ofTimes: (feature, times) => encodeColumn(feature, undefined, times.length, { ...context, now: times }),
    encode(feature, raw, rows, derive, place) {
      const whole = (from: number, to: number): { values: DataColumn; encoded: Encoded } => {
        const part = from === 0 && to === rows ? raw : sliceColumn(raw, from, to);
        const values = derive === null ? part : deriveColumn(derive, part, "");
        return { values, encoded: encodeColumn(feature, values, to - from, context) };
      };
      try {
        const { values, encoded } = whole(0, rows);
        count(counts, feature, values, encoded);
        onEncoded?.(feature, values, encoded);
        return encoded;
      } catch (error) {
        if (!(error instanceof TwinError)) {
          throw error;
        }
        for (let row = 0; row < rows; row++) {
          try {
            whole(row, row + 1);
          } catch (cause) {
            const why = cause instanceof Error ? cause.message.replace(/^.*?index \d+: |^: /, "") : String(cause);
            throw new TwinError(`${place(row)}: feature ${feature.name}: ${why}`, { cause });
          }
        }
        throw error;
      }
    },
  };
}

function count(counts: Map<string, FeatureCount>, feature: FeatureSpec, values: DataColumn, encoded: Encoded): void {
  let found = counts.get(feature.name);
  if (found === undefined) {
    found = { name: feature.name, values: 0, missing: 0, unknown: 0 };
    counts.set(feature.name, found);
  }
  const { kind } = feature.encoder;
  let missing = 0;
  if (Array.isArray(values)) {
    for (const value of values) {
      missing += Number(value === null || Number.isNaN(value));
    }
  } else if (values instanceof Float64Array) {
    for (const value of values) {
      missing += Number(Number.isNaN(value));
    }
  }
  if (kind === "number") {
    found.range = withBlock(found.range, values, encoded);
  }
  let size = values.length;
  let unknown = 0;
  if (kind === "tags") {
    found.lists = (found.lists ?? 0) + size;
    size = 0;
    for (const row of encoded) {
      size += Number(row >= 0);
      unknown += Number(row === 0);
    }
  } else if (kind === "id" || kind === "vocabulary" || kind === "hashed") {
    for (let i = 0; i < encoded.length; i += together(feature.encoder)) {
      unknown += Number(encoded[i] === 0);
    }
    unknown -= missing;
  }
  found.values += size;
  found.missing += missing;
  found.unknown += unknown;
}
