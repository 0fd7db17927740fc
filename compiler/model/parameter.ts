// A parameter: name, shape and start value; and the ones that layers are made of.
import { elementCount } from "../../contract/element-count.ts";

/** How a parameter starts (semantics.md, section 2). */
export type Init =
  /** uniform in ±bound */
  | { readonly kind: "uniform"; readonly bound: number }
  /** uniform in ±√(6 / (fanIn + fanOut)) */
  | { readonly kind: "glorot"; readonly fanIn: number; readonly fanOut: number }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "given"; readonly values: readonly number[] }
  /** equal to another parameter of the same shape, which comes earlier */
  | { readonly kind: "copy"; readonly of: string };

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Embeddings and dense parameters have optimisers of their own; statistics are measured in steps, what is counted comes with the data; what is fitted, with the validation part. */
  readonly role: "embedding" | "dense" | "statistic" | "counted" | "fitted";
  readonly init: Init;
  /** The name before a feature was renamed (`formerly`): old weights hold it under this. */
  readonly formerly: string | null;
}

/** Tables of at most so many rows start at unit variance, larger ones small (docs/decisions/0006-start-values.md). */
const fewRows = 512;

/** Larger ones start uniform in ± this. */
export const largeTableBound = 0.05;

/** Slope of PReLU below 0. */
export const preluStart: Init = { kind: "constant", value: 0.25 };
export const zero: Init = { kind: "constant", value: 0 };
export const one: Init = { kind: "constant", value: 1 };
export const embeddingStart = (rows: number): Init => ({
  kind: "uniform",
  bound: rows <= fewRows ? Math.sqrt(3) : largeTableBound,
});
/**
 * Of tables whose rows are multiplied with each other and with nothing else: products of rows as small as `embeddingStart`'s
 * would begin at 0, and so would their gradients.
 */
export const factorStart = (rows: number): Init => ({
  kind: "uniform",
  bound: rows <= fewRows ? Math.sqrt(3) : Math.sqrt(3) / 2,
});
export const glorot = (fanIn: number, fanOut: number): Init => ({ kind: "glorot", fanIn, fanOut });

export const parameter = (
  name: string,
  shape: readonly number[],
  init: Init,
  role: Parameter["role"] = "dense",
  formerly: string | null = null,
): Parameter => ({
  name,
  shape,
  role,
  init,
  formerly,
});

export const sizeOf = ({ shape }: Pick<Parameter, "shape">): number => elementCount(shape);

/** float32 */
export const bytesOf = (of: Pick<Parameter, "shape">): number => 4 * sizeOf(of);

export const linear = (stem: string, from: number, to: number): Parameter[] => [
  parameter(`${stem}.weight`, [from, to], glorot(from, to)),
  parameter(`${stem}.bias`, [to], zero),
];

/** Plain layers `stem.0`, `stem.1`, … */
export const stack = (stem: string, input: number, widths: readonly number[]): Parameter[] =>
  widths.flatMap((width, i) => linear(`${stem}.${i}`, widths[i - 1] ?? input, width));
