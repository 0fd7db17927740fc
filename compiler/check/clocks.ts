// What is read off a clock needs times that tell one: a model that counts steps has none.
import { inSteps, isClock, needsTimes } from "../../contract/encoder-spec.ts";
import { at } from "../../grammar/diagnostic.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Scope } from "./scope.ts";

/** Reports `hour`, `weekday` and statistics by durations beside edges of `elapsed` or `gap` without a unit: a request has one time, and it is a step then. */
export function checkClocks({ groups, crosses, stats, popularity, report }: Scope): void {
  const steps = [...crosses.values()].flatMap(({ group }) => group.features).find(({ encoder }) => inSteps(encoder));
  if (steps === undefined) {
    return;
  }
  const counted = [...stats.values(), ...(popularity ? [popularity] : [])].flatMap(({ group }) => group.features);
  for (const { encoder, span } of [...(groups.get("context")?.group.features ?? []), ...counted]) {
    const shared = encoder.kind === "popularity";
    const timed = needsTimes(encoder);
    if (isClock(encoder) || timed || shared) {
      report(
        diagnose(
          "does-not-apply",
          { name: encoder.kind, what: "a model that counts steps" },
          at(span, timed ? "counts in seconds" : shared ? "needs times that all users share" : "reads a clock"),
          {
            also: [at(steps.span, "has edges without a unit")],
            help: help.stepsHaveNoClock,
          },
        ),
      );
    }
  }
}
