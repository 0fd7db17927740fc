// What the events of a planted world need to know of all its items.
import { scenarioOf } from "./scenarios.ts";
import type { WorldSize } from "./world.ts";

/** What the events need to know of all items. */
export interface Shelf {
  readonly ids: BigInt64Array;
  readonly quality: Float32Array;
  /** Items of each category. */
  readonly byCategory: readonly Int32Array[];
}

export function shelf(size: WorldSize): Shelf {
  const ids = new BigInt64Array(size.items);
  const quality = new Float32Array(size.items);
  const members: number[][] = Array.from({ length: size.categories }, () => []);
  let i = 0;
  for (const item of scenarioOf(size).items(size)) {
    ids[i] = item.id;
    quality[i] = item.quality;
    members[item.category].push(i++);
  }
  return { ids, quality, byCategory: members.map((list) => Int32Array.from(list)) };
}
