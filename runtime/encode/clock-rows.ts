// `hour` and `weekday`: rows read off the clock of a zone at the request's time; nothing is brought for them.
import type { Encoder } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type EncodeContext, refuse } from "./context.ts";
import { earliest, latest } from "./instant.ts";
import { zoneClock } from "./zone.ts";

export type ClockEncoder = Extract<Encoder, { kind: "hour" | "weekday" }>;

/**
 * 1 + the hour (0 … 23) or the weekday (0: Monday) of the request's time there; a time that is missing (NaN) → 0.
 * @throws TwinError without a time, for one that is no time of a clock, and for a zone that this host does not know
 */
export function encodeClock(
  feature: FeatureSpec,
  { kind, zone }: ClockEncoder,
  rows: number,
  context: EncodeContext,
): Int32Array {
  const { now, where } = context;
  if (now === undefined) {
    throw new TwinError(`${where}: feature ${feature.name} needs the time of the request: bring \`time\``);
  }
  if (typeof now !== "number" && now.length !== rows) {
    throw new TwinError(`${where}: feature ${feature.name} has ${rows} rows and ${now.length} times`);
  }
  const clock = zoneClock(zone);
  const row = (time: number, index: number): number => {
    if (Number.isNaN(time)) {
      return 0;
    }
    if (!(time >= earliest && time <= latest)) {
      refuse(feature, context, index, time, "a time between 1990 and 2100, in epoch seconds,");
    }
    return 1 + (kind === "hour" ? clock.hour(time) : clock.weekday(time));
  };
  return typeof now === "number" ? new Int32Array(rows).fill(row(now, 0)) : Int32Array.from(now, row);
}
