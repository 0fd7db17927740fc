// What serving a model takes: rows, bytes, servers, bandwidth, cores.
export { type CapacityQuestion, type CapacityReport, capacity, lengthsOf, type ServerSize } from "./capacity.ts";
export { redisBytes } from "./redis-bytes.ts";
export type { RowSize } from "./sizes.ts";
export { type Timed, timeGraphs } from "./timed.ts";
export type { Servers, Way } from "./ways.ts";
