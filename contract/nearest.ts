// Which known names were probably meant: behind every "did you mean …?", of the language's errors and of those about data.

/** Longer names are compared for equality without case only: the distance costs length squared. */
const longest = 64;

/**
 * The known names near to `name`, the nearest first, equally near ones in the order given: at most one edit per three
 * characters, three in all. An edit inserts, deletes or replaces a character or swaps two neighbours; case counts half an edit.
 */
export function near(name: string, known: Iterable<string>): string[] {
  const lower = name.toLowerCase();
  const allowed = Math.min(3, Math.floor((name.length + 1) / 3));
  const found: { readonly known: string; readonly far: number }[] = [];
  for (const one of known) {
    if (one === "" || one === name) {
      continue;
    }
    const far = farness(name, lower, one, allowed);
    if (far < 1 || (far <= allowed && far < name.length)) {
      found.push({ known: one, far });
    }
  }
  return found.sort((a, b) => a.far - b.far).map((one) => one.known);
}

function farness(name: string, lower: string, known: string, allowed: number): number {
  const other = known.toLowerCase();
  if (lower === other) {
    return 0.5;
  }
  const asWritten = distance(name, known, allowed);
  return lower === name && other === known ? asWritten : Math.min(asWritten, distance(lower, other, allowed) + 0.5);
}

/** The known name nearest to `name`, or null where none is near. */
export const nearest = (name: string, known: Iterable<string>): string | null => near(name, known)[0] ?? null;

/** "; did you mean `x`?", or the known names, or nothing where there are none. */
export function meant(name: string, known: Iterable<string>): string {
  const all = [...known];
  const found = nearest(name, all);
  if (found !== null) {
    return `; did you mean \`${found}\`?`;
  }
  if (all.length === 0) {
    return "";
  }
  const shown = all.slice(0, 12).map((one) => `\`${one}\``);
  return `; known: ${shown.join(", ")}${all.length > 12 ? ", …" : ""}`;
}

/** Optimal string alignment distance (no substring is edited twice); infinite where it must exceed `allowed`. */
export function distance(a: string, b: string, allowed = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > allowed) {
    return Number.POSITIVE_INFINITY;
  }
  if (allowed < Number.POSITIVE_INFINITY && Math.max(a.length, b.length) > longest) {
    return Number.POSITIVE_INFINITY;
  }
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}
