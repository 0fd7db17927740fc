// Hamming distance of codes that random projections make (ETA).
import { integer, optional, reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import type { Value } from "../ir/graph.ts";
import { codes, measureSquares, type Planes, squareParameter } from "../lower/codes.ts";
import { whole } from "../lower/frame.ts";
import { positions } from "../lower/mask.ts";
import { pairProducts } from "../lower/pairs.ts";
import type { Scene } from "../lower/scene.ts";
import type { History, Search } from "../model/model.ts";
import { type Kind, none, type Of, pooled } from "./kind.ts";

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
    parameters: (model, { name }) => [squareParameter(model, name)],
    measure: (scene, { name }) => measureSquares(scene, name),
    limit: ({ bits }, history) => {
      const most = Math.floor((exact - history.max) / (spread(history) / 2));
      return bits <= most ? null : { argument: "bits", range: `at most ${most} for histories of ${history.max}` };
    },
    scores: (scene, search, by) =>
      scene.once(`hamming ${search.name}`, () => {
        const b = scene.b.at(search.name, search.doc);
        const frame = whole(scene, search.from);
        const agreement = pairProducts(b, frame, query(scene, search, by), keys(scene, search, by));
        return b.unsqueeze(b.sub(agreement, positions(scene, search.name, search.doc, frame)), 0);
      }),
  },
  attend: { unbuilt: "`by: hamming` in an attend" },
  kernel: {
    search: (search, by) => ({
      name: search.name,
      stem: search.name,
      history: search.from,
      heads: 1,
      width: by.bits,
      held: null,
      query: (scene) => scene.b.at(search.name, search.doc).unsqueeze(query(scene, search, by), 0),
      projected: (scene) => scene.b.at(search.name, search.doc).unsqueeze(keys(scene, search, by), 0),
      bias: (scene) => {
        const b = scene.b.at(search.name, search.doc);
        return b.unsqueeze(b.neg(positions(scene, search.name, search.doc, whole(scene, search.from))), 0);
      },
      match: [],
    }),
    attend: "it is not built",
  },
};

/** Whole numbers up to it are float32's own. */
const exact = 2 ** 24;

/** What one bit more that agrees outweighs: all positions of a history; even, as scores count in halves of it. */
const spread = ({ max }: Pick<History, "max">): number => 2 * Math.ceil((max + 1) / 2);

const planes = ({ name }: Search, { bits, seed }: Of<"hamming">): Planes => ({ name, bits, seed });

/**
 * Candidates' codes [R, bits] times half the spread: their products with behaviours' count the bits that agree, less those
 * that differ. With the position taken away no two scores are equal, the newer behaviour is first, and no list rests on a
 * device's order of ties.
 */
function query(scene: Scene, search: Search, by: Of<"hamming">): Value {
  const b = scene.b.at(search.name, search.doc);
  return b.mul(codes(scene, planes(search, by), { kind: "candidate" }), b.scalar(spread(search.from) / 2));
}

/** Behaviours' codes: [L, bits] or [B, L, bits]. */
const keys = (scene: Scene, search: Search, by: Of<"hamming">): Value =>
  codes(scene, planes(search, by), { kind: "history", history: search.from });
