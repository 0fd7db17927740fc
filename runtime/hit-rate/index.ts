/** Hit rates, free of any host: each search's lists beside those of its oracle. */
export type { RankedRequest } from "./compared-lists.ts";
export { type HitRateCurve, hitRateCurves, hitsWithin, ksUpTo, type LongLists } from "./curve.ts";
export { type HitRate, hitRates, withGeneration } from "./rates.ts";
export { nearGap, onlyTies, type ScoreRow } from "./ties.ts";
