// Numbers as people read them, in every text that the compiler writes.

/** `512 bytes`, `1.5 kB`, `1.02 GB` (powers of ten, three digits) */
export function bytesText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
  let power = 0;
  let value = bytes;
  while (value >= 999.5 && power < units.length - 1) {
    value /= 1000;
    power++;
  }
  return `${power === 0 ? value : Number(value.toPrecision(3))} ${units[power]}`;
}

/** Bytes of a size as `bytesText` writes it, with or without the space: `8MB`, `1.5 kB`; of a bare number; null: it is none. */
export function parseBytes(text: string): number | null {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?(bytes|kB|MB|GB|TB|PB)?$/.exec(text.trim()) ?? [];
  const power = ["bytes", "kB", "MB", "GB", "TB", "PB"].indexOf(unit ?? "bytes");
  const bytes = Number((Number(digits) * 1000 ** power).toPrecision(15));
  return digits !== undefined && Number.isSafeInteger(bytes) ? bytes : null;
}

/** `1 234 567` as `1,234,567` */
export const countText = (count: number): string => {
  const [whole, fraction] = String(count).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
};

/** Seconds as the language writes them: `15min`, `7d`, `90s`. */
export function durationText(seconds: number): string {
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ] as const) {
    if (seconds >= size && seconds % size === 0) {
      return `${seconds / size}${unit}`;
    }
  }
  return seconds !== 0 && seconds < 1 && Number.isInteger(seconds * 1000) ? `${seconds * 1000}ms` : `${seconds}s`;
}

/** A share as the language writes it: `97%`. */
export const shareText = (share: number): string => `${Number((share * 100).toPrecision(12))}%`;
