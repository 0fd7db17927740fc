// What `load` says of its options on every host: of one that it does not know, and of one that is no whole number.
import { TwinError } from "../../contract/error.ts";
import { plans, type WantedPlan } from "../request/index.ts";

/** @throws TwinError naming the option that `load` does not know */
export function expectKnown(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TwinError(`load has no option \`${name}\`; known: ${known.join(", ")}`);
    }
  }
}

/** @throws TwinError naming the option that is no whole number from `least` on */
export function wholeOption(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) {
    return value;
  }
  throw new TwinError(`load: ${name} is ${String(value)}; bring a whole number from ${least} on`);
}

/** @throws TwinError where it is no plan */
export function planOption(plan: unknown = "auto"): WantedPlan {
  const found = plans.find((one) => one === plan);
  if (found === undefined) {
    throw new TwinError(`load: plan is ${JSON.stringify(plan)}; bring ${plans.map((one) => `"${one}"`).join(", ")}`);
  }
  return found;
}
