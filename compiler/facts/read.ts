// The facts of a program, and what stands at a place. Made of the trees and the catalogue alone, so that a program with errors
// has facts, too; only the widths are the checker's.
import type { Source, Span } from "../../grammar/ast.ts";
import type { Widths } from "../model/widths.ts";
import type { Program } from "../source/load.ts";
import type { DefinedSymbol, Facts, Place, Word } from "./facts.ts";
import { walk } from "./places.ts";
import { definitions } from "./symbols.ts";

/** The facts of a program; with widths where it has been checked. */
export function facts(program: Program, checked?: { readonly widths: ReadonlyMap<string, Widths> }): Facts {
  const names = definitions(program, checked?.widths ?? new Map());
  return { symbols: names.symbols, ...walk(program, names) };
}

const holds = (span: Span, source: Source, offset: number): boolean =>
  span.source === source && span.start <= offset && offset <= span.end;

/** What stands at an offset: the symbol that is defined or referred to there. */
export function symbolAt({ symbols, references }: Facts, source: Source, offset: number): DefinedSymbol | null {
  return (
    references.find(({ span }) => holds(span, source, offset))?.symbol ??
    symbols.find(({ span }) => holds(span, source, offset)) ??
    null
  );
}

/** The word of the language at an offset. */
export const wordAt = ({ words }: Facts, source: Source, offset: number): Word | null =>
  words.find(({ span }) => holds(span, source, offset)) ?? null;

/** The innermost place that holds an offset. */
export const placeAt = ({ places }: Facts, source: Source, offset: number): Place | null =>
  places.findLast(({ span }) => holds(span, source, offset)) ?? null;
