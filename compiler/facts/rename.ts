// A name and all that refers to it, under another.
import type { Edit } from "../../grammar/fix.ts";
import type { DefinedSymbol, Facts } from "./facts.ts";

/** The edits that rename a symbol in all files; null where its kind has no name of its own, or the name is taken. */
export function rename({ symbols, references }: Facts, symbol: DefinedSymbol, name: string): readonly Edit[] | null {
  if (symbol.kind === "group" || symbol.kind === "cross" || symbol.kind === "stats" || symbol.kind === "train") {
    return null;
  }
  const own = symbol.qualified.slice(0, symbol.qualified.length - symbol.name.length);
  const taken = symbols.some((other) => other !== symbol && other.qualified === own + name && other.kind !== "model");
  if (taken) {
    return null;
  }
  const places = references.filter((reference) => reference.symbol === symbol).map(({ span }) => span);
  return [symbol.span, ...places].map((span) => ({ span, text: name }));
}
