// Example data with planted interests, from a seed.
export { type Example, type ExampleOptions, generate, logSpan } from "./generate.ts";
