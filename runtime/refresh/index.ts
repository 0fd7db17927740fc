// A folder kept new: newest items and weights, built, tried, published and released, again and again.
export { type CycleOptions, type CycleReport, refreshOnce } from "./cycle.ts";
export { type CycleEnd, type DriveOptions, drive, periodOf } from "./drive.ts";
