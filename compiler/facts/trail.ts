// What a walk through a program finds, and where it is.
import type { Name, SectionNode } from "../../grammar/ast.ts";
import type { DefinedSymbol, Facts, Place, Reference, Word } from "./facts.ts";
import type { Names } from "./symbols.ts";

export type Found = Omit<Facts, "symbols">;

/** What a walk writes into. */
export interface Trail {
  readonly names: Names;
  readonly references: Reference[];
  readonly unresolved: Name[];
  readonly words: Word[];
  readonly places: Place[];
}

/** The section that is walked, and the innermost symbol in it: the section's, or a feature's or label's of it. */
export interface Where {
  readonly section: SectionNode;
  readonly symbol: DefinedSymbol | null;
}
