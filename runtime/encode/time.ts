// Times as users bring them → epoch seconds (or steps, where the data has an order only).
import { TwinError } from "../../contract/error.ts";
import { earliest, instantOf, latest } from "./instant.ts";
import { describe } from "./keys.ts";
import { isTyped } from "./raw.ts";

export type TimeUnit = "seconds" | "steps";

export type RawTime = number | bigint | string | Date;

export type RawTimes =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly (RawTime | null | undefined)[];

/**
 * One time. ISO 8601 texts without a zone are UTC, on every machine.
 * @param where names the place for errors
 * @returns epoch seconds, or the number itself where the unit is steps
 * @throws TwinError for what is no time, and for a clock outside 1990–2100
 */
export function parseTime(value: unknown, where: string, unit: TimeUnit = "seconds"): number {
  if (typeof value === "number" || typeof value === "bigint") {
    return checkTime(Number(value), where, unit);
  }
  if (unit === "steps") {
    throw new TwinError(`${where}: time is ${describe(value)}, but this model counts steps: bring a number`);
  }
  if (value instanceof Date) {
    return checkTime(value.getTime() / 1000, where, unit);
  }
  const seconds = typeof value === "string" ? instantOf(value.trim()) : null;
  if (seconds === null) {
    throw new TwinError(
      `${where}: time is ${describe(value)}: bring epoch seconds or ISO 8601, such as 2024-05-01T12:30:00Z`,
    );
  }
  return checkTime(seconds, where, unit);
}

/** A column of times; missing ones become NaN. Errors name the index. */
export function parseTimes(values: unknown, where: string, unit: TimeUnit = "seconds"): Float64Array {
  if (!Array.isArray(values) && !isTyped(values)) {
    throw new TwinError(`${where}: times must be an array, not ${describe(values)}`);
  }
  const times = new Float64Array(values.length);
  // Most columns are whole: numbers of one type, looked at in one loop.
  const quick = values instanceof Float64Array ? copyTimes(values, times, unit) : 0;
  for (let i = quick; i < values.length; i++) {
    const value = values[i];
    if (value === null || value === undefined || Number.isNaN(value)) {
      times[i] = Number.NaN;
    } else if (typeof value === "number" && isTime(value, unit)) {
      times[i] = value;
    } else {
      times[i] = parseTime(value, `${where}, index ${i}`, unit);
    }
  }
  return times;
}

/** Copies times as long as they are some. @returns how many */
function copyTimes(values: Float64Array, times: Float64Array, unit: TimeUnit): number {
  for (let i = 0; i < values.length; i++) {
    if (!isTime(values[i], unit)) {
      return i;
    }
    times[i] = values[i];
  }
  return values.length;
}

function isTime(value: number, unit: TimeUnit): boolean {
  return unit === "steps" ? Number.isFinite(value) : value >= earliest && value < latest;
}

function checkTime(value: number, where: string, unit: TimeUnit): number {
  if (isTime(value, unit)) {
    return value;
  }
  if (!Number.isFinite(value)) {
    throw new TwinError(`${where}: time is ${value}: bring a finite number`);
  }
  const finer = [
    [1e3, "milliseconds"],
    [1e6, "microseconds"],
    [1e9, "nanoseconds"],
  ] as const;
  const unitName = finer.find(([factor]) => isTime(value / factor, unit))?.[1];
  throw new TwinError(
    `${where}: time is ${value}, which as epoch seconds lies outside 1990–2100${unitName ? `: it looks like ${unitName}` : ""}. Bring seconds`,
  );
}
