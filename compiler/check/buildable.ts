// What the language knows and this version cannot build yet: stages whose kind's row says so, and settings.
import type { Span } from "../../grammar/ast.ts";
import { at, type Diagnostic } from "../../grammar/diagnostic.ts";
import { kindOf, kinds, lacking } from "../by/kinds.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { listsOf, metricOf } from "../model/by.ts";
import type { Attend, Model } from "../model/model.ts";

interface Place {
  readonly span: Span;
  readonly name: string;
}

interface Unbuilt {
  /** As the title goes on: "this version cannot build …". */
  readonly what: string;
  readonly place: Place;
}

/** Kind by kind, in the order of the table. */
function stages({ searches, attends }: Model): Unbuilt[] {
  const all = [
    ...searches.map((place) => ({ place, by: place.by, what: lacking(place.by, "search") })),
    ...attends.map((place) => ({ place, by: place.by, what: lacking(place.by, "attend") })),
  ];
  return Object.values(kinds).flatMap((row) =>
    all.flatMap(({ place, by, what }) => (what !== null && kindOf(by) === row ? [{ what, place }] : [])),
  );
}

/** What no kind answers for. A lowering that arrives takes its row away. */
const settings: readonly { readonly what: string; readonly places: (model: Model) => readonly Place[] }[] = [
  {
    what: "an attend over a `per_head` search whose metric has another number of heads",
    places: (model) => model.attends.filter(otherHeads),
  },
  {
    what: "a model in which nothing is known of a candidate but its key",
    places: ({ item, candidate, towers }) =>
      [...item.features, ...candidate.features].some(({ width }) => width > 0) ? [] : towers,
  },
];

/** Whether it has a metric, with another number of heads than the search that it is over keeps lists. */
function otherHeads({ by, over }: Attend): boolean {
  const lists = over.kind === "search" ? listsOf(over.search) : null;
  const heads = metricOf(by)?.heads ?? null;
  return lists !== null && heads !== null && heads !== lists;
}

/** One error for each thing that a valid model asks for and this version has no lowering of; empty: it can be built. */
export function buildable(model: Model): Diagnostic[] {
  const asked = settings.flatMap(({ what, places }) => places(model).map((place) => ({ what, place })));
  return [...stages(model), ...asked].map(({ what, place }) =>
    diagnose("not-yet-built", { what }, at(place.span, `\`${place.name}\` asks for it`), {
      help: help.notYetBuilt,
    }),
  );
}
