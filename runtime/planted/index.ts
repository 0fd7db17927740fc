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
export { type Scenario, type ScenarioName, scenarioNames, scenarioOf } from "./scenarios.ts";
export { type Shelf, shelf } from "./shelf.ts";
export { type Item, type Shown, span, start, type WorldSize } from "./world.ts";
