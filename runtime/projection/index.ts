/** Encoded items → rows of tables, free of any host: what a projector takes and gives, pieces in their order. */
export { keyFeature, projectionPlan, rowFormat } from "./plan.ts";
export {
  type EncodedColumn,
  type Projected,
  Projection,
  type ProjectionPlan,
  rowsIn,
  slotBytes,
} from "./projection.ts";
export { type Done, type KeptRows, type Piece, type Projector, pump } from "./pump.ts";
