// Kinds whose values are compared.
import type { Encoder } from "../../contract/encoder-spec.ts";

/** Kinds whose values can be equal: what `match` compares. */
export const categories: ReadonlySet<string> = new Set(["id", "vocabulary", "hashed", "tags", "bucketed", "flag"]);

/** Whether two values of a feature can be equal. */
export const isCategory = ({ encoder }: { readonly encoder: Encoder }): boolean => categories.has(encoder.kind);
