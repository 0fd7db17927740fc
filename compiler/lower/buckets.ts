// Codes cut into groups of bits: an item is in one bucket of every group, and two collide in a group where all of its bits agree.
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { stem } from "../model/ports.ts";
import type { Site } from "../model/site.ts";
import { codes, type Planes } from "./codes.ts";
import { itemIndex } from "./embed.ts";
import type { Scene } from "./scene.ts";

/** Planes, a whole number of groups of them. */
export interface Groups extends Planes {
  /** Bits of one group. */
  readonly width: number;
}

export const groupsOf = ({ bits, width }: Pick<Groups, "bits" | "width">): number => bits / width;

/** In all groups together. */
export const bucketsOf = (groups: Pick<Groups, "bits" | "width">): number => groupsOf(groups) * 2 ** groups.width;

/** The bucket of each group, a number Σ_t ±2^t of its bits: [… groups] at a site. No gradient passes. */
export function buckets(scene: Scene, groups: Groups, site: Site): Value {
  return scene.once(`buckets ${groups.name} ${site.kind === "items" ? "items" : stem(site)}`, () => {
    const items = itemIndex(scene, scene.model.item.features, site);
    const b = scene.b.at(`${groups.name}/buckets`);
    if (items) {
      return b.gather(buckets(scene, groups, { kind: "items" }), items);
    }
    const { bits, width } = groups;
    const count = groupsOf(groups);
    const places = new Float32Array(bits * count);
    for (let bit = 0; bit < bits; bit++) {
      places[bit * count + Math.floor(bit / width)] = 2 ** (bit % width);
    }
    return b.matmul(codes(scene, groups, site), b.floats(places, [bits, count]));
  });
}

/** 1 in the column of each group's bucket, else 0: [… groups] → [… groups · 2^width]. */
export function inColumns(b: Builder, { width }: Pick<Groups, "width">, bucket: Value): Value {
  const all = Array.from({ length: 2 ** width }, (_, index) => 2 * index + 1 - 2 ** width);
  const same = b.cast(b.equal(b.unsqueeze(bucket, -1), b.floats(all)), "float32");
  const [groups, each] = same.shape.slice(-2) as number[];
  return b.reshape(same, [...bucket.shape.slice(0, -1), groups * each]);
}

/** 1 where candidate and behaviour are in one bucket, else 0: [R, groups] and [… R, M, groups] → the latter. */
export const collide = (b: Builder, candidates: Value, behaviours: Value): Value =>
  b.cast(b.equal(behaviours, b.unsqueeze(candidates, 1)), "float32");
