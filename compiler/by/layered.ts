// What kinds that are layers of attention heads share: how they are written, read and shown, and how wide they are.
import { integer, maxWidth, optional, required, signature } from "../catalog/signature.ts";
import type { CallReader, Of } from "./kind.ts";

type Layered = "stacked" | "encoder";
type Sizes = Pick<Of<Layered>, "layers" | "heads" | "dim" | "hidden">;

/** D: of a behaviour and of the result. */
export const widthIn = ({ heads, dim }: Pick<Sizes, "heads" | "dim">): number => heads * dim;

/** @param doc of the kind @param of each argument */
export function layered<K extends Layered>(kind: K, doc: string, of: Readonly<Record<keyof Sizes, string>>) {
  const written = signature(doc, {
    layers: required(integer(1, 16), of.layers),
    heads: optional(integer(1, 64), 1, of.heads),
    dim: required(integer(2, 1024), of.dim),
    hidden: optional(integer(1, maxWidth), null, of.hidden),
  });
  return {
    call: {
      signature: written,
      read: (reader: CallReader): Of<K> | null => {
        const { layers, heads, dim, hidden } = reader.arguments(written);
        if (!layers || !heads || !dim || !hidden) {
          return null;
        }
        const sizes = { heads: heads.value, dim: dim.value };
        return { kind, layers: layers.value, ...sizes, hidden: hidden.value ?? 2 * widthIn(sizes) } as unknown as Of<K>;
      },
    },
    text: ({ layers, heads, dim, hidden }: Sizes): string => {
      const others = hidden === 2 * heads * dim ? [] : [`hidden: ${hidden}`];
      return `${kind}(${[`layers: ${layers}`, `heads: ${heads}`, `dim: ${dim}`, ...others].join(", ")})`;
    },
    spec: ({ layers, heads, dim, hidden }: Sizes) => ({ kind, layers, heads, dim, hidden }),
    shape: (by: Sizes) => ({ values: by.dim, out: widthIn(by) }),
  };
}
