// What the language knows and this version cannot build yet: stages whose kind's row says so.
import type { Span } from "../../grammar/ast.ts";
import { at, type Diagnostic } from "../../grammar/diagnostic.ts";
import { kindOf, kinds, lacking } from "../by/kinds.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Model } from "../model/model.ts";

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

/** One error for each thing that a valid model asks for and this version has no lowering of; empty: it can be built. */
export function buildable(model: Model): Diagnostic[] {
  return stages(model).map(({ what, place }) =>
    diagnose("not-yet-built", { what }, at(place.span, `\`${place.name}\` asks for it`), {
      help: help.notYetBuilt,
    }),
  );
}
