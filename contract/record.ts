// Records whose keys are names from outside: without a prototype, so that `constructor` and `__proto__` are keys like any.
export type Named<T> = Readonly<Record<string, T>>;

/** An empty record without a prototype, to be filled. */
export function emptyRecord<T>(): Record<string, T> {
  return Object.create(null);
}

/** What an object from outside says itself, without what every object inherits: a shallow copy. */
export const own = <T>(given: Readonly<Record<string, T>>): Record<string, T> => recordOf(Object.entries(given));

/** `Object.fromEntries` without a prototype: what is not there is undefined, whatever its name. */
export function recordOf<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  const record = emptyRecord<T>();
  for (const [name, value] of entries) {
    record[name] = value;
  }
  return record;
}
