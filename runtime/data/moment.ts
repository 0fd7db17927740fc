// A moment as data.yaml and options write it: a day, a timestamp, or a number of seconds or steps.
import { TwinError } from "../../contract/error.ts";
import { earliest, instantOf, latest } from "../encode/instant.ts";

/**
 * Epoch seconds of `2018-06-30` (its beginning), `2018-06-30T12:00:00Z` (UTC without a zone) or `1530000000`; the number itself
 * where steps count.
 * @param sign what stands before it where it is written, for messages
 */
export function readMoment(written: string, steps: boolean, where: string, sign = ""): number {
  if (/^-?\d+(\.\d+)?$/.test(written)) {
    const number = Number(written);
    if (steps || (number >= earliest && number <= latest)) {
      return number;
    }
    const finer = [1e3, 1e6, 1e9].some((factor) => number / factor >= earliest && number / factor <= latest);
    const plural = sign === "" ? "moments" : "ends";
    throw new TwinError(
      `${where}: \`${written}\` seconds lie outside 1990–2100${finer ? `; ${plural} are in seconds, whatever the unit of the clock` : `; write a day like ${sign}2018-06-30, or seconds`}`,
    );
  }
  if (steps) {
    throw new TwinError(
      `${where}: \`${sign}${written}\` needs a clock, and the data has an order only; write ${sign}NUMBER`,
    );
  }
  const instant = instantOf(written);
  if (instant === null) {
    throw new TwinError(
      `${where}: \`${written}\` is no date; write it like ${sign}2018-06-30, or ${sign}2018-06-30T12:00:00 (UTC), or with a zone: ${sign}2018-06-30T12:00:00+08:00`,
    );
  }
  if (instant < earliest || instant > latest) {
    throw new TwinError(`${where}: \`${written}\` lies outside 1990–2100`);
  }
  return instant;
}
