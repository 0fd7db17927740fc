// What an editor asks of a program: which names there are, where each is used, what could stand where, and how wide things are.
import type { Name, Span } from "../../grammar/ast.ts";
import type { Argument, Arguments } from "../catalog/signature.ts";
import type { Widths } from "../model/widths.ts";

export type SymbolKind =
  | "model"
  /** `item`, `user`, `context`, `candidate` */
  | "group"
  | "feature"
  | "history"
  /** the cross features of a history */
  | "cross"
  | "stats"
  | "metric"
  | "search"
  | "attend"
  | "tower"
  | "label"
  | "table"
  | "train";

/** A name that the program gives to something. */
export interface DefinedSymbol {
  readonly kind: SymbolKind;
  readonly name: string;
  /** Unique in a program without errors: `item.video_id`, `watched.ago`, `watched.cross`, `relevance`. */
  readonly qualified: string;
  /** Where the name stands. */
  readonly span: Span;
  /** The whole section, block or member. */
  readonly extent: Span;
  readonly doc: string;
  /** The section or block that it stands in. */
  readonly owner: DefinedSymbol | null;
  /** Of a feature or a label its kind, as written: `vocabulary`, `binary`. */
  readonly of: string | null;
  /** What is known of them; nothing where the checker could not tell. */
  readonly widths: Widths;
}

/** One part of a dotted name, or a label's name, and what it means. */
export interface Reference {
  readonly span: Span;
  readonly symbol: DefinedSymbol;
}

/** A word of the language where it is used. */
export interface Word {
  readonly span: Span;
  readonly kind: "section" | "setting" | "argument" | "block" | "kind" | "choice" | "part";
  readonly name: string;
  readonly doc: string;
  /** Of a setting or an argument: its sort and what holds where it is left out. */
  readonly argument: Argument | null;
}

/** A place in the text with what is expected there. */
export type Place =
  /** The value of a setting or an argument, also where it is still missing. */
  | {
      readonly kind: "value";
      readonly span: Span;
      readonly name: string;
      readonly argument: Argument;
      /** The feature, the label or else the section that it belongs to. */
      readonly within: DefinedSymbol | null;
    }
  /** Names of members or arguments. */
  | {
      readonly kind: "names";
      readonly span: Span;
      readonly holds: "settings" | "arguments" | "features" | "tasks";
      readonly arguments: Arguments;
      readonly blocks: Readonly<Record<string, { readonly doc: string }>>;
      /** Those that stand there already. */
      readonly given: readonly string[];
    };

export interface Facts {
  /** In the order of the program's sections. */
  readonly symbols: readonly DefinedSymbol[];
  readonly references: readonly Reference[];
  /** Parts of names that mean nothing. */
  readonly unresolved: readonly Name[];
  readonly words: readonly Word[];
  /** An outer place comes before those within it. */
  readonly places: readonly Place[];
}
