// Edges that are written as a call: `log(1min, 365d, 16)`, `quantiles(20)`.
import { at } from "../../grammar/diagnostic.ts";
import { edgeCalls } from "../catalog/edges.ts";
import type { Choice, Edges, SortKind } from "../catalog/signature.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { readArguments } from "./arguments.ts";
import type { Scope } from "./scope.ts";
import { spacedEdges } from "./spaced-edges.ts";
import { mixedUnits, wrongUnit } from "./values.ts";

/** @param name of the argument that the call is given to @returns null after a report */
export function readEdgeCall(
  name: string,
  { dimensions }: SortKind & { kind: "edges" },
  { name: kind, call }: Choice,
  scope: Scope,
): Edges | null {
  if (kind === "quantiles") {
    const { count } = readArguments(edgeCalls.quantiles.arguments, call, scope);
    return count && { values: [], dimension: "count", quantiles: count.value };
  }
  const { from, to, count } = readArguments(edgeCalls.log.arguments, call, scope);
  if (!from || !to || !count) {
    return null;
  }
  const { dimension } = from.value;
  if (!dimensions.includes(dimension)) {
    scope.report(wrongUnit(name, from.value, dimensions));
    return null;
  }
  if (to.value.dimension !== dimension) {
    scope.report(mixedUnits(name, from.value, to.value));
    return null;
  }
  if (!(to.value.value > from.value.value)) {
    scope.report(
      diagnose("not-ascending", { name }, at(to.value.span, `does not come after \`${from.value.text}\``), {
        help: help.notAscending,
      }),
    );
    return null;
  }
  const values = spacedEdges(from.value.value, to.value.value, count.value);
  if (values.some((edge, i) => i > 0 && !(edge > values[i - 1]))) {
    scope.report(
      diagnose(
        "not-ascending",
        { name },
        at(call, `${count.value} edges of six digits do not fit between these ends`),
        {
          help: help.notAscending,
        },
      ),
    );
    return null;
  }
  return { values, dimension, quantiles: null };
}
