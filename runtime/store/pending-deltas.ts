// What a table build takes in: the items of the deltas that the generation before does not hold.
import { hasher } from "../../contract/hash.ts";
import { type Delta, mergedAll } from "../delta/delta.ts";
import { encodedAlike, type MadeOf } from "../delta/delta-description.ts";
import { deltaFolder, deltaNumbers, deltasFolder, deltasThrough, openDelta, readDelta } from "./delta-folder.ts";

export interface PendingDeltas {
  /** Their items, without rows; null: there are none. */
  readonly delta: Delta | null;
  /** The last number that there is. */
  readonly through: number;
  /** How many were encoded otherwise, and cannot be taken in. */
  readonly foreign: number;
}

/** Of whichever weights: the items of a delta are projected again. @throws TwinError where one is damaged */
export async function pendingDeltas(dir: string, made: MadeOf): Promise<PendingDeltas> {
  const folder = deltasFolder(dir);
  const held = deltasThrough(dir);
  const numbers = deltaNumbers(folder).filter((number) => number > held);
  const found: Delta[] = [];
  for (const number of numbers) {
    const one = deltaFolder(folder, number);
    const described = readDelta(one);
    const delta = encodedAlike(described, made)
      ? await openDelta(one, described, { shared: false, tables: null })
      : null;
    if (delta !== null) {
      found.push(delta);
    }
  }
  const delta = await mergedAll(found, { where: folder, shared: false, hasher: await hasher() });
  return { delta, through: Math.max(held, ...numbers), foreign: numbers.length - found.length };
}
