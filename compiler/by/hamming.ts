// Hamming distance of codes that random projections make: a ranking by it (ETA), or an attention whose scores are how codes agree.
import { choice, integer, optional, reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import type { Value } from "../ir/graph.ts";
import { codes, measureSquares, type Planes, squareParameters } from "../lower/codes.ts";
import { type Frame, whole } from "../lower/frame.ts";
import { normalised } from "../lower/mask.ts";
import type { KeySource } from "../lower/metric.ts";
import { most, newerFirst, ofPositions, spread } from "../lower/newer-first.ts";
import { pairProducts } from "../lower/pairs.ts";
import type { Scene } from "../lower/scene.ts";
import type { Attend, Search } from "../model/model.ts";
import { behaviourCodes, codesHeld, codeTables, reads } from "./held-codes.ts";
import { type Around, type Attended, type Kind, type Of, pooled } from "./kind.ts";
import { pooledBy } from "./pool.ts";
import { vectorProduct } from "./vector-kernel.ts";

const written = signature("Hamming distance of random-projection bits (ETA).", {
  of: unnamed(required(reference(wanted.item), "The embeddings that are hashed.")),
  bits: required(integer(1, 4096), "Bits of a code."),
  scale: optional(choice("rms", "none"), "rms", "What a feature's columns are divided by before they are hashed."),
  seed: optional(integer(0, 2 ** 31 - 1), 1, "Which random planes."),
});

export const hamming: Kind<"hamming"> = {
  call: {
    signature: written,
    read: (reader) => {
      const { of, bits, scale, seed } = reader.arguments(written);
      return reader.wholeItem(of) && bits && scale && seed
        ? { kind: "hamming", bits: bits.value, scale: scale.value, seed: seed.value }
        : null;
    },
  },
  system: "ETA",
  spec: ({ bits, scale, seed }) => ({ kind: "hamming", bits, ...(scale === "none" && { scale }), seed }),
  text: ({ bits, scale, seed }) => {
    const others = [scale === "rms" ? [] : [`scale: ${scale}`], seed === 1 ? [] : [`seed: ${seed}`]].flat();
    return `hamming(${["item", `bits: ${bits}`, ...others].join(", ")})`;
  },
  codes: (scene, stage, by, site) => codes(scene, planes(stage, by), site),
  shape: pooled,
  parameters: (model, attend, by) => squareParameters(model, planes(attend, by)),
  search: {
    parameters: (model, search, by) => squareParameters(model, planes(search, by)),
    measure: (scene, search, by) => measureSquares(scene, planes(search, by)),
    limit: ({ bits }, history) => {
      const fit = most(history, spread(history) / 2);
      return bits <= fit ? null : { argument: "bits", range: `at most ${fit} for histories of ${history.max}` };
    },
    source: codesHeld,
    scores: (scene, search, by) =>
      scene.once(`hamming ${search.name}`, () => {
        const b = scene.b.at(search.name, search.doc);
        const frame = whole(scene, search.from);
        const agreement = pairProducts(b, frame, query(scene, search, by), keys(scene, search, by, frame));
        return newerFirst(scene, search, frame, agreement);
      }),
  },
  attend: {
    tables: codeTables,
    measure: (scene, attend, by) => measureSquares(scene, planes(attend, by)),
    lower: (scene, attend, by, around) => lower(scene, attend, by, around),
  },
  kernel: {
    search: (search, by, held) =>
      vectorProduct(search, {
        width: by.bits,
        // The kernel takes numbers of a row as they were decoded; of uint8 the user's graph mends them.
        held: held?.table.precision === "uint8" ? null : held,
        query: (scene) => query(scene, search, by),
        keys: (scene) => keys(scene, search, by, whole(scene, search.from)),
        bias: (scene) => ofPositions(scene, search),
      }),
    attend: "its values are all that is known of a behaviour, which the kernel does not lay out",
  },
};

const planes = ({ name }: Search | Attend, { bits, scale, seed }: Of<"hamming">): Planes => ({
  name,
  bits,
  seed,
  scale,
});

/**
 * Candidates' codes [R, bits] times half the spread: their products with behaviours' count the bits that agree, less those
 * that differ.
 */
function query(scene: Scene, search: Search, by: Of<"hamming">): Value {
  const b = scene.b.at(search.name, search.doc);
  return b.mul(codes(scene, planes(search, by), { kind: "candidate" }), b.scalar(spread(search.from) / 2));
}

/** Behaviours' codes: [L, bits] or [B, L, bits]. */
const keys = (scene: Scene, search: Search, by: Of<"hamming">, frame: Frame): Value =>
  ofBehaviours(scene, search, by, frame, codesHeld(scene, search));

const ofBehaviours = (scene: Scene, stage: Search | Attend, by: Of<"hamming">, frame: Frame, held: KeySource): Value =>
  behaviourCodes(scene, frame, held, () => codes(scene, planes(stage, by), frame.site));

/**
 * Σ softmax(c_q · c_s / √bits)_i K_i with K = [K_h, K_c] over the behaviours that count: [R, H + C]; zeros where there is none.
 * Codes are ±1, so that their product is bits − 2 · distance: scores of target attention whose keys are `bits` wide.
 */
function lower(scene: Scene, attend: Attend, by: Of<"hamming">, { frame, tables, mask }: Around): Attended {
  const scope = `${attend.name}/weights`;
  const b = scene.b.at(scope, attend.doc);
  const q = codes(scene, planes(attend, by), { kind: "candidate" });
  const s = ofBehaviours(scene, attend, by, frame, tables.keys);
  const scores = b.div(pairProducts(b, frame, q, s), b.scalar(Math.sqrt(by.bits)));
  return pooledBy(scene, attend, frame, {
    weights: normalised(scene, scope, scores, mask(reads(tables.keys))),
    scores,
  });
}
