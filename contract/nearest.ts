// Which known name was probably meant: the suggestion in errors about data files.

/** Edit distance with neighbouring swaps, or `limit + 1` where it is larger. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** The known name nearest to `name`, or null where none is near. */
export function nearest(name: string, known: Iterable<string>): string | null {
  const limit = Math.max(1, Math.floor(name.length / 3));
  let found: string | null = null;
  let least = limit + 1;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase(), limit);
    if (edits < least) {
      found = candidate;
      least = edits;
    }
  }
  return found;
}

/** "; did you mean `x`?", or the known names, or nothing where there are none. */
export function meant(name: string, known: Iterable<string>): string {
  const all = [...known];
  const near = nearest(name, all);
  if (near !== null) return `; did you mean \`${near}\`?`;
  if (all.length === 0) return "";
  const shown = all.slice(0, 12).map((one) => `\`${one}\``);
  return `; known: ${shown.join(", ")}${all.length > 12 ? ", …" : ""}`;
}
