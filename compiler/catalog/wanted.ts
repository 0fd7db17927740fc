// What a reference may name at a place: for the checker's lookups and messages, and for what an editor offers there.
import type { SectionKeyword } from "../../grammar/ast.ts";

/** A thing that a dotted name can mean. */
export type Referent =
  | "item"
  | "group"
  /** of a group */
  | "feature"
  /** of the context or the candidate */
  | "shown feature"
  /** of a group or a history, with a table of its own or another's */
  | "table feature"
  /** `context` or `user` */
  | "request group"
  /** of one of these */
  | "request feature"
  /** of the item */
  | "item feature"
  /** of the item, and a vector: pretrained or embedded */
  | "item vector"
  /** of the item, with values that can be equal */
  | "item category"
  /** of the item, with one row a value */
  | "item row"
  /** of the history whose section this is */
  | "own cross feature"
  /** of that history, and what a rate is of */
  | "own rated feature"
  /** of that history, and what the newest value is of */
  | "own last feature"
  | "history"
  /** `watched.item`, or one feature of it */
  | "inherent"
  /** `watched.cross` */
  | "cross"
  | "cross feature"
  /** `watched.stats`, or one statistic */
  | "stats"
  /** `watched.last(50)` */
  | "newest"
  /** `log(watched.size)` */
  | "log size"
  | "metric"
  /** `relevance.keys` */
  | "metric keys"
  /** one of the catalogue's kinds in a metric's place */
  | "by kind"
  | "search"
  /** `nearest.codes` */
  | "search codes"
  | "attend"
  /** `interest.values` */
  | "attend values"
  /** `interest.codes` */
  | "attend codes";

export interface Wanted {
  /** "a history": what the setting takes. */
  readonly what: string;
  /** "history": there is no … called so. */
  readonly called: string;
  /** Sections whose names, or which themselves, begin such a reference. */
  readonly sections: readonly SectionKeyword[];
  readonly names: readonly Referent[];
}

/** What may follow the name of a metric, a search or an attend. */
export const namedParts = {
  metric: ["keys", "query", "bias"],
  search: ["codes"],
  attend: ["values", "codes"],
} as const;

/** Of a stage by `hamming` or `collision`: no setting, as it is made of the planes alone. */
export const codesDoc = "What it compares of an item: on which side of each plane, or in which bucket of each group.";

const wanting = (
  what: string,
  called: string,
  sections: readonly SectionKeyword[],
  names: readonly Referent[],
): Wanted => ({ what, called, sections, names });

const groups: readonly SectionKeyword[] = ["item", "user", "context", "candidate"];

export const wanted = {
  item: wanting("`item`", "item section", ["item"], ["item"]),
  query: wanting(
    "`item`, features of it, of `context` or of `user`",
    "section",
    ["item", "context", "user"],
    ["item", "item feature", "request group", "request feature"],
  ),
  itemVector: wanting("a feature of `item`", "feature of item", ["item"], ["item vector"]),
  itemCategory: wanting("a feature of `item`", "feature of item", ["item"], ["item category"]),
  itemRow: wanting("a feature of `item` of one value", "feature of item", ["item"], ["item row"]),
  feature: wanting("a feature", "feature", [...groups, "history"], ["table feature"]),
  crossFeature: wanting("a cross feature", "cross feature", ["history"], ["own cross feature"]),
  rated: wanting("a cross feature of the history", "cross feature", ["history"], ["own rated feature"]),
  last: wanting("a cross feature of the history", "cross feature", ["history"], ["own last feature"]),
  history: wanting("a history", "history", ["history"], ["history"]),
  keys: wanting(
    "the items of a history, and cross features that are not split off",
    "history",
    ["history"],
    ["inherent", "cross", "cross feature"],
  ),
  crossFeatures: wanting("cross features", "history", ["history"], ["cross", "cross feature", "log size"]),
  over: wanting("a search or a history", "search or history", ["search", "history"], ["search", "history", "newest"]),
  metric: wanting("a metric", "metric", ["metric"], ["metric", "by kind"]),
  input: wanting(
    "attends, groups or features",
    "attend or group",
    ["attend", ...groups],
    ["attend", "group", "feature", "stats"],
  ),
  wide: wanting("groups or features", "group", [...groups, "history"], ["group", "feature", "stats"]),
  bias: wanting("features of the context or the candidate", "section", ["context", "candidate"], ["shown feature"]),
  tableParts: wanting(
    "keys of a metric, values of an attend or codes of either stage",
    "metric, attend or search",
    ["metric", "attend", "search"],
    ["metric keys", "attend values", "attend codes", "search codes"],
  ),
} as const satisfies Readonly<Record<string, Wanted>>;
