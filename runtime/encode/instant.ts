// A date, or a date with a time of day, in ISO 8601 → epoch seconds. Without a zone it is UTC, on every machine.

const form = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|([+-])(\d\d):(\d\d))?)?$/;

/** Epoch seconds of 1990-01-01 and 2100-01-01: a clock outside is in another unit. */
export const earliest = 631_152_000;
export const latest = 4_102_444_800;

/** Whether it is a date without a time of day, of the right form. */
export const isDay = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text);

/**
 * The seconds nearest to it (float64 holds about 238 ns today), as the database counts them. Null where it is none: a day
 * that no month has, an hour 24, a second 60, a digit too few.
 */
export function instantOf(text: string): number | null {
  const parts = form.exec(text);
  if (parts === null) {
    return null;
  }
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0));
  const start = new Date(Date.UTC(year, month - 1, day));
  // Date carries 30 February over into March, and takes the year 20 for 1920.
  if (start.getUTCFullYear() !== year || start.getUTCMonth() !== month - 1 || start.getUTCDate() !== day) {
    return null;
  }
  if (hour > 23 || minute > 59 || second > 59) {
    return null;
  }
  const [sign, ahead, minutes] = [parts[9] === "-" ? -1 : 1, Number(parts[10] ?? 0), Number(parts[11] ?? 0)];
  // No place on earth is further from Greenwich than 14 hours.
  if (ahead * 60 + minutes > 14 * 60 || minutes > 59) {
    return null;
  }
  const offset = sign * (ahead * 3600 + minutes * 60);
  return start.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset + Number(`0.${parts[7] ?? 0}`);
}
