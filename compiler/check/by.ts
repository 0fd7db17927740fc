// What a search or an attend goes by: a metric, or one of the catalogue's kinds.
import type { CallValue } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { byKinds } from "../catalog/by.ts";
import { wanted } from "../catalog/wanted.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import type { By, Feature, History } from "../model/model.ts";
import { readArguments, shown } from "./arguments.ts";
import { isVector } from "./histories.ts";
import { missing, resolve, wrongKind } from "./resolve.ts";
import { article, declared, type Scope } from "./scope.ts";

export type Stage = "search" | "attend";

/** Reads `by:` of a stage over `history` (null where that failed). */
export function checkBy(
  call: CallValue,
  stage: Stage,
  owner: string,
  history: History | null,
  scope: Scope,
): By | null {
  const [head] = call.path;
  const isKind = call.path.length === 1 && Object.hasOwn(byKinds, head.text) && !scope.declarations.has(head.text);
  if (isKind) return checkKind(head.text as keyof typeof byKinds, call, stage, scope);
  if (!scope.declarations.has(head.text)) {
    const kinds = Object.entries(byKinds).filter(([, kind]) => (kind.stages as readonly Stage[]).includes(stage));
    const names = [...declared(scope, "metric").map((d) => d.name.text), ...kinds.map(([name]) => name)];
    missing("metric", head, names, scope, wanted.metric.sections);
    return null;
  }
  const target = resolve(call, wanted.metric, scope);
  if (!target) return null;
  if (target.kind !== "metric") return wrongKind("by", "a metric", call, target, scope);
  if (history && target.metric.history !== history) {
    scope.report(
      diagnose(
        "different-history",
        { name: owner },
        at(call, `scores the behaviours of \`${target.metric.history.name}\``),
        {
          also: [at(target.metric.span, "declared here")],
          help: [`\`${owner}\` reads \`${history.name}\`. Declare a metric whose keys are \`${history.name}.item\`.`],
        },
      ),
    );
    return null;
  }
  return { kind: "metric", metric: target.metric };
}

function checkKind(kind: keyof typeof byKinds, call: CallValue, stage: Stage, scope: Scope): By | null {
  if (!(byKinds[kind].stages as readonly Stage[]).includes(stage)) {
    scope.report(
      diagnose("not-here", { what: kind, place: article(stage) }, at(call, "only an attend goes by it"), {
        help: [`${byKinds[kind].doc} It pools all behaviours and ranks none, so a ${stage} has nothing to keep by.`],
      }),
    );
    return null;
  }
  switch (kind) {
    case "match": {
      const feature = itemFeature(
        "match",
        readArguments(byKinds.match.arguments, call, scope).feature?.value ?? null,
        isCategory,
        "is not a category",
        scope,
      );
      return feature && { kind, feature };
    }
    case "inner_product": {
      const feature = itemFeature(
        kind,
        readArguments(byKinds.inner_product.arguments, call, scope).feature?.value ?? null,
        isVector,
        "is no vector",
        scope,
      );
      return feature && { kind, feature };
    }
    case "cluster": {
      const { feature: given, groups } = readArguments(byKinds.cluster.arguments, call, scope);
      const feature = itemFeature(kind, given?.value ?? null, isVector, "is no vector", scope);
      return feature && groups && { kind, feature, groups: groups.value };
    }
    case "hamming": {
      const { of, bits } = readArguments(byKinds.hamming.arguments, call, scope);
      return of && wholeItem(of.value, scope) && bits ? { kind, bits: bits.value } : null;
    }
    case "collision": {
      const { of, hashes, width, normalize } = readArguments(byKinds.collision.arguments, call, scope);
      if (!of || !wholeItem(of.value, scope) || !hashes || !width || !normalize) return null;
      if (hashes.value % width.value !== 0) {
        scope.report(
          diagnose(
            "out-of-range",
            { name: "hashes", range: `a multiple of \`width\`, which is ${width.value}` },
            at(hashes.span),
          ),
        );
        return null;
      }
      return { kind, hashes: hashes.value, width: width.value, normalize: normalize.value };
    }
    case "mlp": {
      const { hidden } = readArguments(byKinds.mlp.arguments, call, scope);
      return hidden && { kind, hidden: hidden.value };
    }
    case "mean":
      readArguments(byKinds.mean.arguments, call, scope);
      return { kind };
  }
}

const isCategory = (feature: Feature): boolean =>
  ["id", "vocabulary", "hashed", "tags", "bucketed", "flag"].includes(feature.encoder.kind);

function itemFeature(
  by: string,
  call: CallValue | null,
  fits: (feature: Feature) => boolean,
  reason: string,
  scope: Scope,
): Feature | null {
  const target = call && resolve(call, wanted.itemVector, scope);
  if (!call || !target) return null;
  if (target.kind !== "feature" || target.feature.group !== "item")
    return wrongKind(by, "a feature of `item`", call, target, scope);
  if (fits(target.feature)) return target.feature;
  scope.report(
    diagnose("feature-does-not-fit", { by, feature: shown(call) }, at(call, reason), {
      also: [at(target.feature.span, `is of kind \`${target.feature.encoder.kind}\``)],
      help: [byKinds[by as keyof typeof byKinds].doc],
    }),
  );
  return null;
}

function wholeItem(call: CallValue, scope: Scope): boolean {
  const target = resolve(call, wanted.item, scope);
  if (!target) return false;
  if (target.kind === "group" && target.group.kind === "item") return true;
  wrongKind(call.path[0].text, "`item`", call, target, scope);
  return false;
}

/** Whether two stages rank by the same thing. */
export function sameBy(a: By, b: By): boolean {
  if (a.kind === "metric" || b.kind === "metric")
    return a.kind === b.kind && a.kind === "metric" && b.kind === "metric" && a.metric === b.metric;
  const plain = (by: By): string =>
    JSON.stringify(by, (key, value) => (key === "feature" ? (value as Feature).qualified : value));
  return plain(a) === plain(b);
}
