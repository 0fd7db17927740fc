// What a search or an attend goes by: a metric, or one of the catalogue's kinds.
import type { CallValue } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { fix } from "../../grammar/fix.ts";
import type { CallReader, KindName, Stage } from "../by/kind.ts";
import { calls, type NamedCall } from "../by/kinds.ts";
import { wanted } from "../catalog/wanted.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { By } from "../model/by.ts";
import type { History } from "../model/model.ts";
import { readArguments, shown } from "./arguments.ts";
import { missing, resolve, wrongKind } from "./resolve.ts";
import { article, declared, type Scope } from "./scope.ts";

/** Reads `by:` of a stage over `history` (null where that failed). */
export function checkBy(
  call: CallValue,
  stage: Stage,
  owner: string,
  history: History | null,
  scope: Scope,
): By | null {
  const [head] = call.path;
  if (!scope.declarations.has(head.text)) {
    const found = call.path.length === 1 && calls.find(({ name }) => name === head.text);
    if (found) {
      return readCall(found, call, stage, scope);
    }
    const kinds = calls.filter(({ stages }) => stages.includes(stage));
    const names = [...declared(scope, "metric").map((d) => d.name.text), ...kinds.map(({ name }) => name)];
    missing("metric", head, names, scope, wanted.metric.sections);
    return null;
  }
  const target = resolve(call, wanted.metric, scope);
  if (!target) {
    return null;
  }
  if (target.kind !== "metric") {
    return wrongKind("by", "a metric", call, target, scope);
  }
  if (history && target.metric.history !== history) {
    scope.report(
      diagnose(
        "different-history",
        { name: owner },
        at(call, `scores the behaviours of \`${target.metric.history.name}\``),
        {
          also: [at(target.metric.span, "declared here")],
          help: help.byOfOtherHistory(owner, history.name),
        },
      ),
    );
    return null;
  }
  return { kind: "metric", metric: target.metric };
}

function readCall({ name, stages, call: { signature, read } }: NamedCall, call: CallValue, stage: Stage, scope: Scope) {
  if (stages.includes(stage)) {
    return read(reader(name, signature.doc, call, stage, scope));
  }
  scope.report(
    diagnose("not-here", { what: name, place: article(stage) }, at(call, "only an attend goes by it"), {
      help: help.pools(signature.doc, stage),
    }),
  );
  return null;
}

const reader = (name: KindName, doc: string, call: CallValue, stage: Stage, scope: Scope): CallReader => ({
  stage,
  arguments: (signature) => readArguments(signature.arguments, call, scope),
  itemFeature: (given, fits, reason) => {
    const target = given && resolve(given.value, wanted.itemVector, scope);
    if (!given || !target) {
      return null;
    }
    if (target.kind !== "feature" || target.feature.group !== "item") {
      return wrongKind(name, "a feature of `item`", given.value, target, scope);
    }
    if (fits(target.feature)) {
      return target.feature;
    }
    scope.report(
      diagnose("feature-does-not-fit", { by: name, feature: shown(given.value) }, at(given.value, reason), {
        also: [at(target.feature.span, `is of kind \`${target.feature.encoder.kind}\``)],
        help: [doc],
      }),
    );
    return null;
  },
  wholeItem: (given) => {
    const target = given && resolve(given.value, wanted.item, scope);
    if (!given || !target) {
      return false;
    }
    if (target.kind === "group" && target.group.kind === "item") {
      return true;
    }
    wrongKind(given.value.path[0].text, "`item`", given.value, target, scope);
    return false;
  },
  outOfRange: (argument, range, span, valid = []) => {
    const fixes = valid.map((one) => fix(`Write \`${one}\``, span, String(one), false));
    scope.report(diagnose("out-of-range", { name: argument, range }, at(span), { fixes }));
    return null;
  },
  doesNotApply: (argument, span, paragraphs) => {
    const what = article(stage);
    scope.report(diagnose("does-not-apply", { name: argument, what }, at(span), { help: paragraphs }));
    return null;
  },
});
