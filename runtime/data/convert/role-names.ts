// Names that tell a user or an item in published files.
import { idEnding, itemWords, userWords, usual } from "../draft/role-words.ts";

/** Ids may be called indices, too. */
const numbered = (name: string): boolean => idEnding.test(usual(name)) || /index$/i.test(name);

/** The first that tells, one that says it is an id before others; null where none does. */
const told = (names: readonly string[], pattern: RegExp): string | null => {
  const found = names.filter((name) => pattern.test(usual(name)));
  return found.find((name) => numbered(name)) ?? found[0] ?? null;
};

export const toldUser = (names: readonly string[]): string | null => told(names, userWords);
export const toldItem = (names: readonly string[]): string | null =>
  told(
    names.filter((name) => !userWords.test(usual(name))),
    itemWords,
  );
/** One that says no more than that it is an id. */
export const toldId = (names: readonly string[]): string | null => names.find((name) => numbered(name)) ?? null;
