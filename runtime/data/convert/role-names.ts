// Names that tell a user or an item in published files.
const user = /user|customer|member|visitor|student|learner|client|person|^u_?id$/i;
const item =
  /item|video|movie|film|product|article|song|track|book|sku|post|photo|problem|question|skill|content|restaurant|game|app|news|goods|(^|_)ad(s|_?group|_?id)?(_|$)|creative|poi|^iid$/i;

const numbered = /(id|index)$/i;

/** The first that tells, one that says it is an id before others; null where none does. */
const told = (names: readonly string[], pattern: RegExp): string | null => {
  const found = names.filter((name) => pattern.test(name));
  return found.find((name) => numbered.test(name)) ?? found[0] ?? null;
};

export const toldUser = (names: readonly string[]): string | null => told(names, user);
export const toldItem = (names: readonly string[]): string | null =>
  told(
    names.filter((name) => !user.test(name)),
    item,
  );
/** One that says no more than that it is an id. */
export const toldId = (names: readonly string[]): string | null => names.find((name) => numbered.test(name)) ?? null;
