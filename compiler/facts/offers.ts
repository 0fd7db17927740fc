// What completion offers at a place: the names that the program and the catalogue have for it.

import { calls } from "../by/kinds.ts";
import { blocks } from "../catalog/blocks.ts";
import { categories } from "../catalog/categories.ts";
import { featureKinds, rated, single } from "../catalog/features.ts";
import type { Argument, Signature } from "../catalog/signature.ts";
import { codesDoc, type Referent } from "../catalog/wanted.ts";
import { historyOf, newest } from "./bind.ts";
import type { DefinedSymbol, Facts, Place } from "./facts.ts";

export interface Offer {
  /** What would be written; `(` at the end where arguments follow. */
  readonly text: string;
  readonly kind: "setting" | "argument" | "block" | "kind" | "choice" | "reference" | "section";
  readonly doc: string;
  /** What a reference means. */
  readonly symbol: DefinedSymbol | null;
  /** Of a setting or an argument: its sort and what holds where it is left out. */
  readonly argument: Argument | null;
}

/** Sections, for a place outside of all. */
export const sectionOffers = (): Offer[] =>
  Object.entries(blocks).map(([name, { doc }]) => offer(name, "section", doc));

export function offers(facts: Facts, place: Place): Offer[] {
  if (place.kind === "value") {
    return valueOffers(facts, place);
  }
  const open = ([name]: readonly [string, unknown]): boolean => !place.given.includes(name);
  const kind = place.holds === "arguments" ? "argument" : "setting";
  return [
    ...Object.entries(place.arguments)
      .filter(open)
      .map(([name, argument]) => offer(name, kind, argument.doc, null, argument)),
    ...Object.entries(place.blocks)
      .filter(open)
      .map(([name, { doc }]) => offer(name, "block", doc)),
  ];
}

const offer = (
  text: string,
  kind: Offer["kind"],
  doc: string,
  symbol: DefinedSymbol | null = null,
  argument: Argument | null = null,
): Offer => ({ text, kind, doc, symbol, argument });

const withoutTable: ReadonlySet<string> = new Set(["number", "pretrained", "met", "rate", "recent"]);

const called = (name: string, { arguments: args }: Signature): string =>
  Object.values(args).some(({ required }) => required) ? `${name}(` : name;

function valueOffers(facts: Facts, { argument, within }: Place & { kind: "value" }): Offer[] {
  const { sort } = argument;
  switch (sort.kind) {
    case "flag":
      return ["true", "false"].map((one) => offer(one, "choice", argument.doc));
    case "choice":
      return sort.of.map((one) => offer(one, "choice", argument.doc));
    case "text":
      return sort.of.map((one) => offer(JSON.stringify(one), "choice", argument.doc));
    case "edges":
      return Object.entries(sort.calls).map(([kind, signature]) =>
        offer(called(kind, signature), "kind", signature.doc),
      );
    case "call":
      return Object.entries(sort.of).map(([kind, signature]) => offer(called(kind, signature), "kind", signature.doc));
    case "name":
      if (sort.of !== "label") {
        return [];
      }
      return facts.symbols
        .filter((symbol) => symbol.kind === "label" && symbol !== within && symbol.of !== "regression")
        .map((symbol) => offer(symbol.name, "reference", symbol.doc, symbol));
    case "reference":
    case "references":
      return sort.wanted.names.flatMap((referent) => referents(facts, referent, within));
    default:
      return [];
  }
}

/** Ways to write a reference of one kind. */
function referents({ symbols }: Facts, referent: Referent, within: DefinedSymbol | null): Offer[] {
  const of = (kind: DefinedSymbol["kind"]): DefinedSymbol[] => symbols.filter((symbol) => symbol.kind === kind);
  const to = (symbol: DefinedSymbol, text = symbol.qualified, doc = symbol.doc): Offer =>
    offer(text, "reference", doc, symbol);
  const features = (fits: (symbol: DefinedSymbol) => boolean): Offer[] =>
    of("feature")
      .filter(fits)
      .map((symbol) => to(symbol));
  const own = (fits: (kind: string) => boolean): Offer[] =>
    features(({ owner, of }) => owner?.kind === "cross" && owner.owner === historyOf(within) && fits(of ?? ""));
  // A popularity is declared there, and is nothing of the item alone.
  const ofItem = ({ owner, of: kind }: DefinedSymbol): boolean => owner?.qualified === "item" && kind !== "popularity";
  const hasColumns = ({ of: kind }: DefinedSymbol): boolean =>
    kind !== "key" && kind !== null && Object.hasOwn(featureKinds, kind);
  switch (referent) {
    case "item":
      return of("group")
        .filter(({ name }) => name === "item")
        .map((symbol) => to(symbol));
    case "group":
      return of("group").map((symbol) => to(symbol));
    case "request group":
      return of("group")
        .filter(({ name }) => name === "context" || name === "user")
        .map((symbol) => to(symbol));
    case "request feature":
      return features((one) => ["context", "user"].includes(one.owner?.qualified ?? "") && hasColumns(one));
    case "feature":
      return features((one) => one.owner?.kind === "group" && hasColumns(one));
    case "shown feature":
      return features((one) => ["context", "candidate"].includes(one.owner?.qualified ?? "") && hasColumns(one));
    case "table feature":
      return features((one) => one !== within && hasColumns(one) && !withoutTable.has(one.of ?? ""));
    case "item feature":
      return features((one) => ofItem(one) && hasColumns(one));
    case "item vector":
      return features((one) => ofItem(one) && hasColumns(one) && one.of !== "number");
    case "item category":
      return features((one) => ofItem(one) && categories.has(one.of ?? ""));
    case "item row":
      return features((one) => ofItem(one) && categories.has(one.of ?? "") && one.of !== "tags");
    case "own cross feature":
      return own(() => true);
    case "own rated feature":
      return own((kind) => rated.has(kind));
    case "own last feature":
      return own((kind) => single.has(kind));
    case "cross feature":
      return features((one) => one.owner?.kind === "cross" && hasColumns(one));
    case "stats":
      return [...of("stats"), ...of("feature").filter(({ owner }) => owner?.kind === "stats")].map((one) => to(one));
    case "inherent": {
      const item = of("feature").filter((one) => ofItem(one) && hasColumns(one));
      return of("history").flatMap((history) => [
        to(history, `${history.name}.item`),
        ...item.map((one) => to(one, `${history.name}.${one.qualified}`)),
      ]);
    }
    case "newest":
      return of("history").map((history) => to(history, `${history.name}.last(`, newest.doc));
    case "log size":
      return of("history").map((history) => to(history, `log(${history.name}.size)`));
    case "metric keys":
      return of("metric").map((metric) => to(metric, `${metric.name}.keys`, blocks.metric.arguments.keys.doc));
    case "attend values":
      return of("attend").map((attend) => to(attend, `${attend.name}.values`, blocks.attend.arguments.values.doc));
    case "search codes":
      return of("search").map((search) => to(search, `${search.name}.codes`, codesDoc));
    case "attend codes":
      return of("attend").map((attend) => to(attend, `${attend.name}.codes`, codesDoc));
    case "by kind":
      return calls
        .filter(({ stages }) => stages.some((stage) => stage === within?.kind))
        .map(({ name, call: { signature } }) => offer(called(name, signature), "kind", signature.doc));
    default:
      return of(referent).map((symbol) => to(symbol));
  }
}
