// Hamming distance of codes that random projections make (ETA).
import { integer, optional, reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import type { Value } from "../ir/graph.ts";
import { codes, measureSquares, type Planes, squareParameters } from "../lower/codes.ts";
import { whole } from "../lower/frame.ts";
import { most, newerFirst, ofPositions, spread } from "../lower/newer-first.ts";
import { pairProducts } from "../lower/pairs.ts";
import type { Scene } from "../lower/scene.ts";
import type { Search } from "../model/model.ts";
import { type Kind, none, type Of, pooled } from "./kind.ts";
import { vectorProduct } from "./vector-kernel.ts";

const written = signature("Hamming distance of random-projection bits (ETA).", {
  of: unnamed(required(reference(wanted.item), "The embeddings that are hashed.")),
  bits: required(integer(1, 4096), "Bits of a code."),
  seed: optional(integer(0, 2 ** 31 - 1), 1, "Which random planes."),
});

export const hamming: Kind<"hamming"> = {
  call: {
    signature: written,
    read: (reader) => {
      const { of, bits, seed } = reader.arguments(written);
      return reader.wholeItem(of) && bits && seed ? { kind: "hamming", bits: bits.value, seed: seed.value } : null;
    },
  },
  system: "ETA",
  spec: ({ bits, seed }) => ({ kind: "hamming", bits, seed }),
  text: ({ bits, seed }) => `hamming(item, bits: ${bits}${seed === 1 ? "" : `, seed: ${seed}`})`,
  shape: pooled,
  parameters: none,
  search: {
    parameters: (model, search, by) => squareParameters(model, planes(search, by)),
    measure: (scene, search, by) => measureSquares(scene, planes(search, by)),
    limit: ({ bits }, history) => {
      const fit = most(history, spread(history) / 2);
      return bits <= fit ? null : { argument: "bits", range: `at most ${fit} for histories of ${history.max}` };
    },
    scores: (scene, search, by) =>
      scene.once(`hamming ${search.name}`, () => {
        const b = scene.b.at(search.name, search.doc);
        const frame = whole(scene, search.from);
        const agreement = pairProducts(b, frame, query(scene, search, by), keys(scene, search, by));
        return newerFirst(scene, search, frame, agreement);
      }),
  },
  attend: { unbuilt: "`by: hamming` in an attend" },
  kernel: {
    search: (search, by) =>
      vectorProduct(search, {
        width: by.bits,
        query: (scene) => query(scene, search, by),
        keys: (scene) => keys(scene, search, by),
        bias: (scene) => ofPositions(scene, search),
      }),
    attend: "it is not built",
  },
};

const planes = ({ name }: Search, { bits, seed }: Of<"hamming">): Planes => ({ name, bits, seed, scale: "rms" });

/**
 * Candidates' codes [R, bits] times half the spread: their products with behaviours' count the bits that agree, less those
 * that differ.
 */
function query(scene: Scene, search: Search, by: Of<"hamming">): Value {
  const b = scene.b.at(search.name, search.doc);
  return b.mul(codes(scene, planes(search, by), { kind: "candidate" }), b.scalar(spread(search.from) / 2));
}

/** Behaviours' codes: [L, bits] or [B, L, bits]. */
const keys = (scene: Scene, search: Search, by: Of<"hamming">): Value =>
  codes(scene, planes(search, by), { kind: "history", history: search.from });
