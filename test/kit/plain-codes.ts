// An item's bits as plain loops: on which side of random planes it lies, by planes of the stream itself.
import { streams } from "../../contract/random.ts";
import type { Feeds } from "./any-request.ts";
import type { ReadParameter } from "./reference.ts";

/** The item that is hashed: six columns of three features. */
export const hashedItem = "item { id: id(vocab: 6, dim: 3, key: true) shop: id(vocab: 2, dim: 2) price: number }";

/** Mean squares of its features. */
export const squares = [0.04, 0.5, 9];

/** With these mean squares of a stage, whatever else is drawn. */
export const squared =
  (read: ReadParameter, stage: string): ReadParameter =>
  (name) =>
    name === `${stage}.square` ? { shape: [squares.length], data: Float32Array.from(squares) } : read(name);

/** The columns of the item that stands at a place of a port's stem. */
export function columnsAt(feeds: Feeds, read: ReadParameter, stem: string, at: number): number[] {
  const row = (feature: string, width: number) => {
    const index = feeds[`${stem}.item.${feature}`].data[at];
    return Array.from(read(`item.${feature}.table`).data.slice(index * width, (index + 1) * width));
  };
  return [...row("id", 3), ...row("shop", 2), feeds[`${stem}.item.price`].data[at]];
}

/** K = [K_h, K_c] of a behaviour of `watched`, whose cross features are `liked: flag(dim: 2)` and `share: number`: nine columns. */
export const pooledColumns = (feeds: Feeds, read: ReadParameter, at: number): number[] => {
  const liked = feeds["watched.liked"].data[at];
  return [
    ...columnsAt(feeds, read, "watched", at),
    ...Array.from(read("watched.liked.table").data.slice(liked * 2, liked * 2 + 2)),
    feeds["watched.share"].data[at],
  ];
};

/** Bits of columns. */
export function coder(bits: number, seed: number, scale: "rms" | "none" = "rms"): (x: readonly number[]) => boolean[] {
  const { normal } = streams.planes(seed, 6, bits);
  const planes = Array.from({ length: 6 * bits }, normal).map(Math.fround);
  const roots = [0, 0, 0, 1, 1, 2].map((feature) => (scale === "none" ? 1 : Math.sqrt(squares[feature])));
  return (x) =>
    Array.from(
      { length: bits },
      (_, bit) => x.reduce((sum, one, i) => sum + (one / roots[i]) * planes[i * bits + bit], 0) > 0,
    );
}
