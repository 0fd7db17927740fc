// What is read off a clock needs times that tell one: a model that counts steps has none.
import { isClock } from "../../contract/encoder-spec.ts";
import { at } from "../../grammar/diagnostic.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Scope } from "./scope.ts";

/** Reports `hour` and `weekday` beside edges of `elapsed` without a unit: a request has one time, and it is a step then. */
export function checkClocks({ groups, crosses, report }: Scope): void {
  const steps = [...crosses.values()]
    .flatMap(({ group }) => group.features)
    .find(({ encoder }) => encoder.kind === "elapsed" && encoder.unit === "steps");
  if (steps === undefined) {
    return;
  }
  for (const { encoder, span } of groups.get("context")?.group.features ?? []) {
    if (isClock(encoder)) {
      report(
        diagnose(
          "does-not-apply",
          { name: encoder.kind, what: "a model that counts steps" },
          at(span, "reads a clock"),
          {
            also: [at(steps.span, "has edges without a unit")],
            help: help.stepsHaveNoClock,
          },
        ),
      );
    }
  }
}
