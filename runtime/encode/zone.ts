// The clock on the wall of a time zone: hour and weekday of an instant, daylight saving included, by the host's Intl.
import { TwinError } from "../../contract/error.ts";
import { emptyRecord } from "../../contract/record.ts";
import { earliest, latest } from "./instant.ts";

const day = 86_400;
const days = Math.ceil((latest - earliest) / day);
/** No offset: the widest is 14 hours. */
const unasked = 0x7fffffff;

/**
 * Offsets of one zone from UTC. They are asked of Intl at the bounds of UTC days, where an instant falls into that day, and are
 * kept; a day that begins and ends with different ones has one change, which is found to the second. That is sound because
 * no zone changed twice within a day since 1990 (the closest two lie 6.9 days apart), and quarters of an hour would not be: Newfoundland
 * changed a minute past midnight until 2011.
 */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat;
  /** Offset in seconds at the begin of each day from 1990 on; the last ends the day that `latest` begins. */
  readonly #offsets = new Int32Array(days + 2).fill(unasked);
  /** By day the first second of the later offset. */
  readonly #changes = new Map<number, number>();

  /** @throws TwinError where this host does not know the zone */
  constructor(zone: string) {
    try {
      this.#format = new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
        timeZone: zone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    } catch (cause) {
      throw new TwinError(
        `this host does not know the time zone ${JSON.stringify(zone)}: its Intl has an older or smaller list. Update it, or name a zone that it has (Intl.supportedValuesOf("timeZone"))`,
        { cause },
      );
    }
  }

  /** Seconds to add to UTC. @param time epoch seconds, 1990 to 2100 */
  offset(time: number): number {
    const at = Math.floor((time - earliest) / day);
    const before = this.#atDay(at);
    const after = this.#atDay(at + 1);
    return before === after || time >= this.#change(at, before) ? after : before;
  }

  /** Hour of the day there, 0 … 23. */
  hour(time: number): number {
    return modulo(Math.floor((time + this.offset(time)) / 3600), 24);
  }

  /** Day of the week there: 0 is Monday, 6 Sunday. */
  weekday(time: number): number {
    // 1970-01-01 was a Thursday.
    return modulo(Math.floor((time + this.offset(time)) / day) + 3, 7);
  }

  #atDay(at: number): number {
    if (this.#offsets[at] === unasked) {
      this.#offsets[at] = this.#ask(earliest + at * day);
    }
    return this.#offsets[at];
  }

  #change(at: number, before: number): number {
    let found = this.#changes.get(at);
    if (found === undefined) {
      let low = earliest + at * day;
      let high = low + day;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (this.#ask(middle) === before) {
          low = middle;
        } else {
          high = middle;
        }
      }
      found = high;
      this.#changes.set(at, found);
    }
    return found;
  }

  /** @param time whole epoch seconds */
  #ask(time: number): number {
    const field = emptyRecord<number>();
    for (const { type, value } of this.#format.formatToParts(time * 1000)) {
      field[type] = Number(value);
    }
    const there = Date.UTC(field.year, field.month - 1, field.day, field.hour, field.minute, field.second) / 1000;
    return there - time;
  }
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;

const clocks = new Map<string, ZoneClock>();

/** The clock of a zone, made once. @throws TwinError where this host does not know it */
export function zoneClock(zone: string): ZoneClock {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new ZoneClock(zone);
    clocks.set(zone, clock);
  }
  return clock;
}
