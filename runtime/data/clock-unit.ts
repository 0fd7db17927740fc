// Whether the data has the clock that features are computed by: hours and weekdays one that tells the time, edges of `elapsed` and `gap`
// in durations any, and edges without a unit an order.
import { inSteps, isClock, isPassed } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import type { Binding } from "./binding.ts";

/** @throws TwinError naming the place in data.yaml and the features that it has no clock for, or edges of the other kind */
export function checkClock(binding: Binding, features: readonly FeatureSpec[]): void {
  checkTime(binding, features);
  checkElapsed(binding, features);
}

/** What is read off a clock needs one. */
function checkTime({ events, lists, place }: Binding, features: readonly FeatureSpec[]): void {
  const read = features.filter(({ encoder }) => isClock(encoder)).map(({ name }) => `\`${name}\``);
  if (read.length === 0 || events === null || (events.clock !== null && events.clock.unit !== "steps")) {
    return;
  }
  const names = read.join(", ");
  throw new TwinError(
    lists !== null
      ? `${place("samples")}: the model reads ${names} off the clock, and the samples have no times: add \`time: column\`, or leave them out of the model`
      : `${place("events", "order")}: the model reads ${names} off the clock, and the events have an order and none: name one (\`time: column\`), or leave them out of the model`,
  );
}

function checkElapsed({ events, lists, place }: Binding, features: readonly FeatureSpec[]): void {
  // Of lists each has a clock of its own, or none.
  if (events === null || events.clock === null || lists !== null) {
    return;
  }
  const { unit } = events.clock;
  const wrong = features.flatMap(({ name, encoder }) =>
    isPassed(encoder) && inSteps(encoder) !== (unit === "steps") ? [`\`${name}\``] : [],
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
