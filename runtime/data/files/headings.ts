// Headings as names of columns, whatever kind of file they stand in: what comes twice is told apart, by a name that no heading has.

export interface Renamed {
  /** The first file that has it. */
  readonly file: string;
  /** As the file has it. */
  readonly heading: string;
  /** As the column is called. */
  readonly name: string;
}

export interface Named {
  /** By place. */
  readonly names: readonly string[];
  /** Headings that are there already, or differ from one in capitals alone, and what they are called instead. */
  readonly renamed: readonly Omit<Renamed, "file">[];
}

/** What has no heading is `column3`. */
export function namesOf(headings: readonly string[]): Named {
  const own = new Set(headings.map((heading) => heading.toLowerCase()));
  const taken = new Set<string>();
  const renamed: Named["renamed"][number][] = [];
  const names = headings.map((heading, i) => {
    const base = heading === "" ? `column${i}` : heading;
    const free = (name: string): boolean => !taken.has(name.toLowerCase());
    let name = base;
    for (let n = 1; !free(name) || (name !== heading && own.has(name.toLowerCase())); n++) {
      name = `${base}_${n}`;
    }
    taken.add(name.toLowerCase());
    if (heading !== "" && name !== heading) {
      renamed.push({ heading, name });
    }
    return name;
  });
  return { names, renamed };
}

/** The database's own names: capitals of ASCII alone do not count, and what has no heading is `C3`. */
export function databaseNames(headings: readonly string[]): string[] {
  const lower = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const counts = new Map<string, number>();
  return headings.map((heading, i) => {
    const base = heading === "" ? `C${i}` : heading;
    let count = counts.get(lower(base));
    if (count === undefined) {
      counts.set(lower(base), 1);
      return base;
    }
    let name = `${base}_${count}`;
    while (counts.has(lower(name))) {
      count++;
      name = `${base}_${count}`;
    }
    counts.set(lower(base), count);
    counts.set(lower(name), 1);
    return name;
  });
}

/** Whether what the database calls columns need not be their headings: those are then read anew. */
export function mayBeRenamed(names: readonly string[]): boolean {
  const lower = names.map((name) => name.toLowerCase());
  const known = new Set(lower);
  const numbered = (name: string): boolean => known.has(/^(.*)_\d+$/s.exec(name)?.[1] ?? "");
  return known.size < names.length || lower.some((name, i) => name === `c${i}` || numbered(name));
}

/** What is said of a key that is there twice. */
export const twinKey = (where: string, key: string): string =>
  `${where} has more than one key called \`${key}\` (capitals do not count): give each a name of its own`;

/** Each name once, with the first file that has it. */
export const eachOnce = (renamed: readonly Renamed[]): Renamed[] =>
  [...new Map([...renamed].reverse().map((one) => [one.name, one])).values()].reverse();
