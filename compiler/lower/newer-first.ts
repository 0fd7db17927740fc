// Scores that are counts, of equals the newer first: whole numbers that float32 holds, so that no two of a list are equal.
import type { Value } from "../ir/graph.ts";
import type { History, Search } from "../model/model.ts";
import { type Frame, whole } from "./frame.ts";
import { positions } from "./mask.ts";
import type { Scene } from "./scene.ts";

/** Whole numbers up to it are float32's own. */
const exact = 2 ** 24;

type Length = Pick<History, "max">;

/** What one more of a count is worth: more than all positions of a history; even, so that half of it is whole, too. */
export const spread = ({ max }: Length): number => 2 * Math.ceil((max + 1) / 2);

/** How far from 0 scores can count in so large steps, beside the positions that are taken away. */
export const most = (history: Length, step: number): number => Math.floor((exact - history.max) / step);

/** Counts times the spread [R, L], less the positions: [1, R, L]. No list rests on a device's order of ties. */
export function newerFirst(scene: Scene, { name, doc }: Search, frame: Frame, counts: Value): Value {
  const b = scene.b.at(name, doc);
  return b.unsqueeze(b.sub(counts, positions(scene, name, doc, frame)), 0);
}

/** What that adds to a score by a behaviour's position, as the kernel has it: [1, L]. */
export function ofPositions(scene: Scene, { name, doc, from }: Search): Value {
  const b = scene.b.at(name, doc);
  return b.unsqueeze(b.neg(positions(scene, name, doc, whole(scene, from))), 0);
}
