// What the language knows and this version cannot build yet. The list is data; a lowering that arrives takes its row away.
import type { Span } from "../../grammar/ast.ts";
import { at, type Diagnostic } from "../../grammar/diagnostic.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import type { Attend, By, Model } from "../model/model.ts";

interface Unbuilt {
  /** As the title goes on: "this version cannot build …". */
  readonly what: string;
  /** Where the model asks for it. */
  readonly places: (model: Model) => readonly { readonly span: Span; readonly name: string }[];
}

const searches = (model: Model, kind: By["kind"]) => model.searches.filter(({ by }) => by.kind === kind);
const attends = (model: Model, kind: By["kind"]) => model.attends.filter(({ by }) => by.kind === kind);
const stages = (model: Model, kind: By["kind"]) => [...searches(model, kind), ...attends(model, kind)];

const unbuilt: readonly Unbuilt[] = [
  { what: "`by: match` in an attend", places: (model) => attends(model, "match") },
  { what: "`by: inner_product` in an attend", places: (model) => attends(model, "inner_product") },
  { what: "`by: cluster` (SIM cluster)", places: (model) => stages(model, "cluster") },
  { what: "`by: hamming` (ETA)", places: (model) => stages(model, "hamming") },
  { what: "`by: collision` (SDIM)", places: (model) => attends(model, "collision") },
  { what: "`by: mlp` (DIN)", places: (model) => attends(model, "mlp") },
  {
    what: "`embeddings: own` (DARE)",
    places: (model) => model.metrics.filter(({ embeddings }) => embeddings.kind === "own"),
  },
  { what: "`value: product` (DARE)", places: (model) => model.attends.filter(({ value }) => value === "product") },
  { what: "`cluster: kmeans` (TWIN V2)", places: (model) => model.histories.filter(({ cluster }) => cluster !== null) },
  { what: "`log(HISTORY.size)` (TWIN V2)", places: (model) => model.metrics.filter(({ logSize }) => logSize) },
  {
    what: "an attend over a `per_head` search whose metric has another number of heads",
    places: (model) => model.attends.filter((attend) => headsOf(attend.by) !== listsOf(attend)),
  },
  {
    what: "a model in which nothing is known of a candidate but its key",
    places: ({ item, candidate, towers }) =>
      [...item.features, ...candidate.features].some(({ width }) => width > 0) ? [] : towers,
  },
];

const headsOf = (by: By): number | null => (by.kind === "metric" ? by.metric.heads : null);

/** How many lists the attend chooses from by head; where all heads share one, as many as it has heads. */
function listsOf({ by, over }: Attend): number | null {
  const own = headsOf(by);
  if (own === null || over.kind !== "search" || over.search.heads !== "per_head") return own;
  return headsOf(over.search.by) ?? own;
}

/** One error for each thing that a valid model asks for and this version has no lowering of; empty: it can be built. */
export function buildable(model: Model): Diagnostic[] {
  return unbuilt.flatMap(({ what, places }) =>
    places(model).map(({ span, name }) =>
      diagnose("not-yet-built", { what }, at(span, `\`${name}\` asks for it`), {
        help: [
          "The language knows it, and the model is valid: it can be checked, shown and formatted. Its graphs come with a later version.",
        ],
      }),
    ),
  );
}
