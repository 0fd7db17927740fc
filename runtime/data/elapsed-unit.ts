// Whether edges of `elapsed` measure what the data has: durations a clock, edges without a unit an order.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import type { Binding } from "./binding.ts";

/** @throws TwinError naming the place in data.yaml and the feature whose edges are of the other kind */
export function checkElapsed({ events, lists, place }: Binding, features: readonly FeatureSpec[]): void {
  // Of lists each has a clock of its own, or none.
  if (events === null || events.clock === null || lists !== null) {
    return;
  }
  const { unit } = events.clock;
  const wrong = features.flatMap(({ name, encoder }) =>
    encoder.kind === "elapsed" && (encoder.unit === "steps") !== (unit === "steps") ? [`\`${name}\``] : [],
  );
  if (wrong.length === 0) {
    return;
  }
  const names = wrong.join(", ");
  throw new TwinError(
    unit === "steps"
      ? `${place("events", "order")}: the events have an order and no clock, so what has passed is counted in steps, and the edges of ${names} are durations. In the model write edges without a unit, such as \`elapsed(at: log(1, 10k, 16))\`, or name a clock here (\`time: column\`)`
      : `${place("events", "time")}: the events have a clock, so what has passed is a duration, and the edges of ${names} have no unit. In the model write durations, such as \`elapsed(at: log(1min, 365d, 16))\`, or name an order here (\`order: column\`)`,
  );
}
