// The selection kernel: scores, selection and the attention over the kept, on the CPU, for one shape of model.
export type { KernelOptions, KernelRun, KernelStatus, PackedUser, StartLane } from "./face.ts";
export { Kernel } from "./kernel.ts";
export type { Phases } from "./lane.ts";
export { type LaneJob, type LaneStart, openLane } from "./lane-service.ts";
export { type Agreement, agrees, literalScores } from "./literal-scores.ts";
export { NoRoom } from "./no-room.ts";
export { type HeadRule, select } from "./round-robin.ts";
export type {
  AgreementShape,
  AttendShape,
  KernelShape,
  ProductShape,
  Rows,
  SearchShape,
  UserOperands,
} from "./shape.ts";
