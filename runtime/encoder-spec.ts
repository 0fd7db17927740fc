// How raw values become rows and columns: the part of the manifest that training, table building and serving share.

/** Rows of an embedding table; row 0 stands for "missing or unknown" everywhere, and is trained. */
export type RowEncoder =
  /** integer v in 0 … vocab−1 → v + 1 */
  | { readonly kind: "id"; readonly vocab: number }
  /** string or 64-bit integer → 1 + its place in the frozen vocabulary of at most `max` entries */
  | { readonly kind: "vocabulary"; readonly max: number; readonly minCount: number }
  /** 1 + xxHash64(UTF-8 text, seed 0) mod buckets, unsigned */
  | { readonly kind: "hashed"; readonly buckets: number };

export type Encoder =
  | RowEncoder
  /** 1 + number of edges <= value; missing, NaN → 0 */
  | { readonly kind: "bucketed"; readonly edges: readonly number[] }
  /** request time minus behaviour time; `seconds`, or `steps` where the data has an order only; negative → 0 */
  | { readonly kind: "elapsed"; readonly edges: readonly number[]; readonly unit: "seconds" | "steps" }
  /** 0 missing, 1 false, 2 true */
  | { readonly kind: "flag" }
  /** at most `max` rows by `of`, −1 fills up */
  | { readonly kind: "tags"; readonly of: RowEncoder; readonly max: number }
  /** `size` floats; missing → zeros */
  | { readonly kind: "pretrained"; readonly size: number }
  /** one float; missing → 0; log is sign(x)·ln(1 + |x|) */
  | { readonly kind: "number"; readonly scale: "none" | "log" }
  /** identity only: reaches no graph */
  | { readonly kind: "key"; readonly type: "int64" | "string" };
