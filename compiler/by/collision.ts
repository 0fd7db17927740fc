// Behaviours whose hashes collide with the candidate's (SDIM, CIKM 2022, arXiv 2205.10249): sums of them, or a ranking by how often.
import { choice, integer, optional, reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import { help } from "../diagnostics/help.ts";
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { behaviours } from "../lower/behaviours.ts";
import { buckets, bucketsOf, collide, type Groups, groupsOf, inColumns } from "../lower/buckets.ts";
import { measureSquares, squareParameters } from "../lower/codes.ts";
import { type Frame, whole } from "../lower/frame.ts";
import type { KeySource } from "../lower/metric.ts";
import { most, newerFirst, ofPositions, spread } from "../lower/newer-first.ts";
import { pairProducts } from "../lower/pairs.ts";
import type { Scene } from "../lower/scene.ts";
import type { Attend, Search } from "../model/model.ts";
import { behaviourCodes, codesHeld, codeTables, reads } from "./held-codes.ts";
import { type Around, type Attended, type Kind, type Of, pooled } from "./kind.ts";
import { shownAs } from "./pool.ts";
import { vectorProduct } from "./vector-kernel.ts";

/** Of all groups together: a behaviour is a number in each of them. */
const mostBuckets = 2048;

const written = signature("Behaviours whose hashes collide with the candidate's, summed or ranked (SDIM).", {
  of: unnamed(required(reference(wanted.item), "The embeddings that are hashed.")),
  hashes: required(integer(1, mostBuckets / 2), "Hashes altogether."),
  width: required(integer(1, 8), "Hashes of one group, which must all agree."),
  normalize: optional(choice("l2", "none"), "l2", "What is done to every bucket's sum."),
  scale: optional(choice("rms", "none"), "rms", "What a feature's columns are divided by before they are hashed."),
  seed: optional(integer(0, 2 ** 31 - 1), 1, "Which random planes."),
});

export const collision: Kind<"collision"> = {
  call: {
    signature: written,
    read: (reader) => {
      const { of, hashes, width, normalize, scale, seed } = reader.arguments(written);
      if (!reader.wholeItem(of) || !hashes || !width || !normalize || !scale || !seed) {
        return null;
      }
      if (reader.stage === "search" && normalize.written) {
        return reader.doesNotApply("normalize", normalize.span, help.countsGroups);
      }
      const fault = unfit(hashes.value, width.value);
      if (fault !== null) {
        return reader.outOfRange(
          "hashes",
          `${fault.range} where \`width\` is ${width.value}`,
          hashes.span,
          fault.valid,
        );
      }
      return {
        kind: "collision",
        hashes: hashes.value,
        width: width.value,
        normalize: normalize.value,
        scale: scale.value,
        seed: seed.value,
      };
    },
  },
  system: null,
  spec: ({ hashes, width, normalize, scale, seed }) => ({ kind: "collision", hashes, width, normalize, scale, seed }),
  text: ({ hashes, width, normalize, scale, seed }) => {
    const others = [
      normalize === "l2" ? [] : [`normalize: ${normalize}`],
      scale === "rms" ? [] : [`scale: ${scale}`],
      seed === 1 ? [] : [`seed: ${seed}`],
    ].flat();
    return `collision(${["item", `hashes: ${hashes}`, `width: ${width}`, ...others].join(", ")})`;
  },
  codes: (scene, stage, by, site) => buckets(scene, groups(stage, by), site),
  shape: pooled,
  parameters: (model, attend, by) => squareParameters(model, groups(attend, by)),
  search: {
    parameters: (model, search, by) => squareParameters(model, groups(search, by)),
    measure: (scene, search, by) => measureSquares(scene, groups(search, by)),
    limit: ({ hashes, width }, history) => {
      const fit = width * most(history, spread(history));
      return hashes <= fit ? null : { argument: "hashes", range: `at most ${fit} for histories of ${history.max}` };
    },
    source: codesHeld,
    scores: (scene, search, by) =>
      scene.once(`collisions ${search.name}`, () => {
        const b = scene.b.at(search.name, search.doc);
        const frame = whole(scene, search.from);
        const counts = frame.pairwise
          ? b.mul(
              b.sum(collisions(scene, search, by, frame, codesHeld(scene, search)), [-1]),
              b.scalar(spread(search.from)),
            )
          : pairProducts(b, frame, query(scene, search, by), keys(scene, search, by, frame));
        return newerFirst(scene, search, frame, counts);
      }),
  },
  attend: {
    tables: codeTables,
    measure: (scene, attend, by) => measureSquares(scene, groups(attend, by)),
    lower: (scene, attend, by, around) => (around.frame.pairwise ? byPair : byBucket)(scene, attend, by, around),
  },
  kernel: {
    search: (search, by) =>
      vectorProduct(search, {
        width: bucketsOf(groups(search, by)),
        // A table holds one number a group, and the kernel multiplies a column a bucket: the user's graph makes them.
        held: null,
        query: (scene) => query(scene, search, by),
        keys: (scene) => keys(scene, search, by, whole(scene, search.from)),
        bias: (scene) => ofPositions(scene, search),
      }),
    attend: "it sums the behaviours of each bucket before it weighs them",
  },
};

const groups = ({ name }: Search | Attend, { hashes, width, scale, seed }: Of<"collision">): Groups => ({
  name,
  bits: hashes,
  width,
  scale,
  seed,
});

/** What is wrong with so many hashes in groups so wide, and the nearest that are not; null: nothing. */
function unfit(hashes: number, width: number): { readonly range: string; readonly valid: readonly number[] } | null {
  const most = (mostBuckets / 2 ** width) * width;
  const [below, above] = [Math.floor(hashes / width) * width, Math.ceil(hashes / width) * width];
  if (hashes > most) {
    return { range: `at most ${most}`, valid: [most] };
  }
  return below === above ? null : { range: `a multiple of ${width}`, valid: [below, above].filter((one) => one > 0) };
}

/** 1 in the column of each bucket that a candidate is in, times the spread: products with behaviours' count the collisions. */
function query(scene: Scene, search: Search, by: Of<"collision">): Value {
  const b = scene.b.at(search.name, search.doc);
  const of = groups(search, by);
  return b.mul(inColumns(b, of, buckets(scene, of, { kind: "candidate" })), b.scalar(spread(search.from)));
}

/** The same of behaviours, unscaled: [L, buckets]. */
const keys = (scene: Scene, search: Search, by: Of<"collision">, frame: Frame): Value =>
  inColumns(
    scene.b.at(search.name, search.doc),
    groups(search, by),
    ofBehaviours(scene, search, by, frame, codesHeld(scene, search)),
  );

/** The bucket of each group: [M, groups] and so on, as the frame's `rows` gives it. */
const ofBehaviours = (
  scene: Scene,
  stage: Search | Attend,
  by: Of<"collision">,
  frame: Frame,
  held: KeySource,
): Value => behaviourCodes(scene, frame, held, () => buckets(scene, groups(stage, by), frame.site));

/** 1 where candidate and behaviour are in one bucket of a group: [R, M, groups], in a `per_head` frame [A, R, M, groups]. */
function collisions(scene: Scene, stage: Search | Attend, by: Of<"collision">, frame: Frame, held: KeySource): Value {
  const b = scene.b.at(stage.name, stage.doc);
  const candidates = buckets(scene, groups(stage, by), { kind: "candidate" });
  return collide(b, candidates, ofBehaviours(scene, stage, by, frame, held));
}

/**
 * 1/G Σ_g l2norm(Σ_i K_i) over the behaviours i that count and are in the candidate's bucket of group g, K = [K_h, K_c]:
 * [R, H + C], zeros where there is none (SDIM, CIKM 2022). Behaviours are the user's, so all buckets are summed once
 * and each candidate takes its own.
 */
function byBucket(scene: Scene, attend: Attend, by: Of<"collision">, { frame, tables, mask }: Around): Attended {
  const b = scene.b.at(attend.name, attend.doc);
  const of = groups(attend, by);
  const own = inColumns(b, of, buckets(scene, of, { kind: "candidate" }));
  const candidates = b.div(own, b.scalar(groupsOf(of)));
  const all = inColumns(b, of, ofBehaviours(scene, attend, by, frame, tables.keys));
  const counted = b.transpose(b.mul(all, b.unsqueeze(mask(reads(tables.keys)), -1)), [1, 0]);
  const sums = b.matmul(counted, behaviours(scene, attend, frame));
  return {
    result: b.matmul(candidates, normalised(b, by, sums)),
    strength: null,
    pooled: null,
    shown: () => {
      const weights = b.matmul(candidates, counted);
      return shownAs(b, frame, { weights, scores: weights });
    },
  };
}

/** The same where behaviours differ from candidate to candidate. What the lists of a `per_head` search give is added. */
function byPair(scene: Scene, attend: Attend, by: Of<"collision">, { frame, tables, mask }: Around): Attended {
  const b = scene.b.at(attend.name, attend.doc);
  const colliding = collisions(scene, attend, by, frame, tables.keys);
  const counted = b.mul(colliding, b.unsqueeze(mask(reads(tables.keys)), -1));
  const sums = b.matmul(
    b.transpose(counted, frame.headed ? [0, 1, 3, 2] : [0, 2, 1]),
    behaviours(scene, attend, frame),
  );
  const each = b.mean(normalised(b, by, sums), [-2]);
  return {
    result: frame.headed ? b.sum(each, [0]) : each,
    strength: null,
    pooled: null,
    shown: () => {
      const weights = b.mean(counted, [-1]);
      return shownAs(b, frame, { weights, scores: weights });
    },
  };
}

/** Under the root of a norm: an empty bucket gives zeros, and its gradient is finite. */
const least = 1e-12;

/** Sums of buckets [… w] as their directions, unless they are taken as they are. */
function normalised(b: Builder, { normalize }: Of<"collision">, sums: Value): Value {
  if (normalize === "none") {
    return sums;
  }
  return b.div(sums, b.sqrt(b.add(b.sum(b.mul(sums, sums), [-1], true), b.scalar(least))));
}
