/** Made-up data with planted interests, free of any host: rows, and the best AUC that can be reached on them. */
export { BestAuc } from "./best-auc.ts";
export {
  checkSize,
  eventColumns,
  eventRows,
  itemColumns,
  itemRows,
  type PlantedColumn,
  type PlantedEvent,
  type PlantedRow,
  userColumns,
  userRows,
} from "./rows.ts";
export { type Item, items, life, type Shelf, type Shown, shelf, span, start, type WorldSize } from "./world.ts";
