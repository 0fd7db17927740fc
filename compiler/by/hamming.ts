// Hamming distance of codes that random projections make (ETA).
import { integer, optional, reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import type { Value } from "../ir/graph.ts";
import { codes, measureSquares, type Planes, squareParameter } from "../lower/codes.ts";
import { whole } from "../lower/frame.ts";
import { valid } from "../lower/mask.ts";
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
        const { query, keys } = operands(scene, search, by);
        const agreement =
          scene.layout === "request"
            ? b.matmul(query, b.transpose(keys, [1, 0]))
            : b.squeeze(b.matmul(keys, b.unsqueeze(query, -1)), -1);
        return b.unsqueeze(b.sub(agreement, positions(scene, search)), 0);
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
      query: (scene) => scene.b.at(search.name, search.doc).unsqueeze(operands(scene, search, by).query, 0),
      projected: (scene) => scene.b.at(search.name, search.doc).unsqueeze(operands(scene, search, by).keys, 0),
      bias: (scene) => {
        const b = scene.b.at(search.name, search.doc);
        return b.unsqueeze(b.neg(positions(scene, search)), 0);
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

/**
 * Candidates' codes [R, bits] times half the spread, and behaviours' [L, bits] or [B, L, bits]: their products count the bits
 * that agree, less those that differ. With the position taken away no two scores are equal, the newer behaviour is first, and
 * no list rests on a device's order of ties.
 */
function operands(scene: Scene, search: Search, { bits, seed }: Of<"hamming">) {
  const planes: Planes = { name: search.name, bits, seed };
  const b = scene.b.at(search.name, search.doc);
  return {
    query: b.mul(codes(scene, planes, { kind: "candidate" }), b.scalar(spread(search.from) / 2)),
    keys: codes(scene, planes, { kind: "history", history: search.from }),
  };
}

/** 0 of the newest: [L]. */
function positions(scene: Scene, search: Search): Value {
  const b = scene.b.at(search.name, search.doc);
  const behaviours = valid(scene, whole(scene, search.from));
  return b.positions(scene.layout === "batch" ? b.max(behaviours, [0]) : behaviours);
}
