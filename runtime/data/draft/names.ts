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

  give(column: string): string {
    const made = plain(column);
    const base = /^[a-z]/.test(made) ? made : made === "" ? "column" : `column_${made}`;
    const first = reserved.has(base) ? `${base}_value` : base;
    let name = first;
    for (let n = 2; this.#taken.has(name); n++) {
      name = `${first}_${n}`;
    }
    this.#taken.add(name);
    return name;
  }
}
