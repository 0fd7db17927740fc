// The hit rate of a loaded model, and as text.
import { TwinError } from "../../contract/error.ts";
import { type HitRate, hitRates, type RankedRequest } from "../hit-rate/index.ts";
import { LocalTwin, ReleasedTwin } from "../serve/index.ts";
import type { Twin } from "../twin/index.ts";
import { percent } from "./percent.ts";

/** The hit rate of a loaded model with its own tables, on requests of real users. */
export async function evaluateHitRate(
  twin: Twin,
  requests: AsyncIterable<RankedRequest> | Iterable<RankedRequest>,
): Promise<HitRate[]> {
  if (twin instanceof ReleasedTwin) {
    return twin.within((now) => evaluateHitRate(now, requests));
  }
  if (!(twin instanceof LocalTwin)) {
    throw new TwinError("the hit rate is measured without workers: load with workers: 0");
  }
  return (await hitRates([twin.engine], requests))[0];
}

/** One line a search. @param tables whether to tell the tables' coverage */
export function hitRateText(rates: readonly HitRate[], tables = true): string[] {
  return rates.map(({ search, lists, wanted, hits, different, tied, looked, found }) => {
    const ties = different === 0 ? "" : `; ${different} lists differ, ${tied} of them by near-ties in float32 alone`;
    const coverage = looked === 0 || !tables ? "" : `; table coverage ${percent(found, looked)}`;
    return `${search}: ${hits} of ${wanted} behaviours of ${lists} lists (${percent(hits, wanted)})${ties}${coverage}`;
  });
}
