// Whether what is given of a number's scale fits together: a mean and a deviation, both or neither, of `standard`.
import type { CallValue } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import type { Given } from "../catalog/signature.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import type { Scope } from "./scope.ts";

const given = ["mean", "deviation"] as const;

/** @param call `number(…)` @returns false after a report */
export function fitScale(
  call: CallValue,
  readings: Readonly<Record<string, Given<unknown> | null>>,
  scope: Scope,
): boolean {
  const written = given.filter((name) => readings[name]?.written);
  const [first] = written;
  if (first === undefined) {
    return true;
  }
  if (readings.scale?.value !== "standard") {
    const what = "a number whose scale is not `standard`";
    scope.report(diagnose("does-not-apply", { name: first, what }, at(readings[first]!.span)));
    return false;
  }
  const missing = given.find((name) => !written.includes(name));
  if (missing === undefined) {
    return true;
  }
  const said = `\`${first}\` and \`${missing}\` are given together, or both are learned`;
  scope.report(diagnose("missing-setting", { owner: "`number`", name: missing }, at(call, said)));
  return false;
}
