// Codes of behaviours' items: read where a table holds them, else hashed.
import type { Value } from "../ir/graph.ts";
import type { Frame } from "../lower/frame.ts";
import type { KeySource } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import { holder, wholeColumns } from "../lower/table.ts";
import type { Attend, Search } from "../model/model.ts";
import type { AttendTables } from "./kind.ts";

/** A table that holds a stage's codes; null: they are hashed, in a batch always. */
export const codesHeld = (scene: Scene, stage: Search | Attend): KeySource =>
  scene.layout === "batch" ? null : holder(scene.model, (part) => part.kind === "codes" && part.stage === stage);

/** What an attend that compares codes may read. */
export const codeTables = (scene: Scene, attend: Attend): AttendTables => ({
  keys: attend.keys === "fresh" ? null : codesHeld(scene, attend),
  values: null,
});

/** Of a frame's behaviours: [M, width] and so on, as `rows` gives it. @param hashed of all that stand at the frame's site */
export const behaviourCodes = (scene: Scene, frame: Frame, held: KeySource, hashed: () => Value): Value =>
  held === null ? frame.rows(hashed()) : wholeColumns(scene, frame, held);

/** Tables of a stage that reads one at most. */
export const reads = (held: KeySource) => (held === null ? [] : [held.table]);
