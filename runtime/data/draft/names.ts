// Names of the language for columns that are called anything: each its own, in small letters, none that means something else.

/** What graphs and requests give another meaning in some group; what sections are called; the words of YAML. */
const reserved = new Set(
  "item items user context candidate cross history metric search attend tower table train model import last size time valid row ago kept true false null yes no on off".split(
    " ",
  ),
);

const longest = 60;

/** A name of the language from a column's; empty where it has no letter or digit of the language. */
function plain(column: string): string {
  return column
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, longest)
    .replace(/_+$/, "");
}

/** Gives every column of a model a name that no other has. */
export class Names {
  readonly #taken: Set<string>;

  /** @param taken names that are given already */
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** Of columns without any letter or digit of the language: `column_1`, `column_2`, … */
  give(column: string): string {
    const made = plain(column);
    const base = /^[a-z]/.test(made) ? made : made === "" ? "column" : `column_${made}`;
    const first = reserved.has(base) ? `${base}_value` : made === "" ? `${base}_1` : base;
    let name = first;
    for (let n = 2; this.#taken.has(name); n++) {
      name = made === "" ? `${base}_${n}` : `${first}_${n}`;
    }
    this.#taken.add(name);
    return name;
  }
}

/**
 * The names of a file's columns, whatever they hold. A column that is a name already keeps it, whichever stands first.
 * @param columns in the file's order, each once
 */
export function namesOf(columns: readonly string[]): ReadonlyMap<string, string> {
  const names = new Names();
  const kept = (column: string): boolean => plain(column) === column && /^[a-z]/.test(column) && !reserved.has(column);
  const given = new Map(columns.filter(kept).map((column) => [column, names.give(column)]));
  for (const column of columns) {
    if (!given.has(column)) {
      given.set(column, names.give(column));
    }
  }
  return given;
}
