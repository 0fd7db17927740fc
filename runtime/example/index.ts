// Example data with planted interests, from a seed.

export { type ScenarioName, scenarioNames } from "../planted/index.ts";
export { bestAucOfPart } from "./best-auc-of-part.ts";
export { itemCategories } from "./categories.ts";
export { type Example, type ExampleOptions, generate, logSpan } from "./generate.ts";
