// What a tower reads: what its layers take side by side, its wide terms one by one, and what biases its labels.
import type { CallValue } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { without } from "../../grammar/fix.ts";
import { wanted } from "../catalog/wanted.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Feature, GroupName, Tower, TowerInput } from "../model/model.ts";
import { columnsOf, inputWidth } from "../model/widths.ts";
import { shown } from "./arguments.ts";
import { pathText, resolve, wrongKind } from "./resolve.ts";
import type { Scope } from "./scope.ts";

type Setting = "input" | "wide" | "bias";

const expected = {
  input: "attends, groups and features",
  wide: "groups and features",
  bias: "features of the context or the candidate",
} as const;

/** Groups whose features may bias a label. */
const biases: ReadonlySet<GroupName> = new Set(["context", "candidate"]);

/** Null after a report. */
export function readInput(calls: readonly CallValue[], scope: Scope): readonly TowerInput[] | null {
  return readAll("input", calls, (input, call) => [[pathText(call), input]], scope);
}

/** The features of the terms, in their order; groups stand for theirs. Null after a report. */
export function readWide(calls: readonly CallValue[], scope: Scope): readonly Feature[] | null {
  return readAll("wide", calls, (input) => featuresOf(input).map((one) => [one.qualified, one]), scope);
}

/** What a label is biased by: nothing that the tower reads for serving. Null after a report. */
export function readBias(
  calls: readonly CallValue[],
  { input, wide }: Pick<Tower, "input" | "wide">,
  scope: Scope,
): readonly Feature[] | null {
  const features = readAll(
    "bias",
    calls,
    (one) => (one.kind === "feature" ? [[one.feature.qualified, one.feature]] : []),
    scope,
  );
  const read = new Set([...input.flatMap(featuresOf), ...wide]);
  const both = features?.findIndex((feature) => read.has(feature)) ?? -1;
  if (both < 0) {
    return features;
  }
  scope.report(
    diagnose("given-twice", { name: shown(calls[both]) }, at(calls[both], "the tower reads it, too"), {
      help: help.biasServed,
    }),
  );
  return null;
}

const featuresOf = (input: TowerInput): readonly Feature[] =>
  input.kind === "feature" ? [input.feature] : input.kind === "group" ? columnsOf(input.group) : [];

/** @param named what a reference brings, by what must not be brought twice */
function readAll<T>(
  setting: Setting,
  calls: readonly CallValue[],
  named: (input: TowerInput, call: CallValue) => readonly (readonly [name: string, brought: T])[],
  scope: Scope,
): readonly T[] | null {
  const found: T[] = [];
  const seen = new Map<string, CallValue>();
  let failed = false;
  for (const call of calls) {
    const input = readOne(setting, call, scope);
    const brought = input === null ? [] : named(input, call);
    const first = brought.map(([name]) => seen.get(name)).find((one) => one !== undefined);
    if (first) {
      scope.report(
        diagnose("given-twice", { name: shown(call) }, at(call, "given again"), {
          also: [at(first, "first given here")],
          fixes: [without("Leave this out", call.span, true)],
        }),
      );
    }
    failed ||= input === null || first !== undefined;
    for (const [name, one] of brought) {
      seen.set(name, call);
      found.push(one);
    }
  }
  return failed ? null : found;
}

function readOne(setting: Setting, call: CallValue, scope: Scope): TowerInput | null {
  const target = resolve(call, wanted[setting], scope);
  if (!target) {
    return null;
  }
  let input: TowerInput;
  if (target.kind === "attend" && setting === "input") {
    input = { kind: "attend", attend: target.attend };
  } else if (target.kind === "group" && setting !== "bias") {
    input = { kind: "group", group: target.group };
  } else if (target.kind === "feature" && (setting !== "bias" || biases.has(target.feature.group))) {
    input = { kind: "feature", feature: target.feature };
  } else {
    return wrongKind(setting, expected[setting], call, target, scope);
  }
  if (inputWidth(input) > 0) {
    return input;
  }
  if (target.kind === "group" && target.damaged) {
    return null;
  }
  const absent = target.kind === "group" && !target.present;
  const said = absent
    ? target.group.kind === "stats"
      ? `the history has no \`stats\` block`
      : `the model has no \`${call.path[0].text}\` section`
    : target.kind === "feature"
      ? "a key is an identity only"
      : "it holds nothing but a key";
  scope.report(
    diagnose("no-width", { name: pathText(call) }, at(call, said), {
      help: help.inputWithoutColumns,
    }),
  );
  return null;
}
