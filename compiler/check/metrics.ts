// Metrics: the query and the keys are the same inherent features; the bias is cross features of the same history, which keys may have besides.
import type { CallValue } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { blocks, embeddingsKinds } from "../catalog/blocks.ts";
import { isCategory } from "../catalog/categories.ts";
import type { Given } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Feature, GroupName, History, Metric } from "../model/model.ts";
import { columnsOf, widthOf } from "../model/widths.ts";
import { readArguments, readSettings, shown } from "./arguments.ts";
import { ownFits } from "./own.ts";
import { pathText, resolve, wrongKind } from "./resolve.ts";
import { type Declaration, noteWidths, type Scope } from "./scope.ts";

export function checkMetric({ name, section }: Declaration<"metric">, scope: Scope): Metric | null {
  const readings = readSettings(
    blocks.metric.arguments,
    section.members,
    { text: `metric \`${name.text}\``, span: name.span },
    [],
    scope,
  );
  const { heads, dim, embeddings } = readings;
  const query = readings.query && readQuery(name.text, readings.query, scope);
  const keys = readings.keys && readKeys(name.text, readings.keys, scope);
  const bias = readings.bias && readBias(name.text, readings.bias, keys?.history ?? null, scope);
  const match = readings.match && readMatch(readings.match, scope);
  const own =
    embeddings &&
    (embeddings.value?.name === "own" ? ownDim(embeddings.value.call, scope) : ({ kind: "shared" } as const));
  noteWidths(scope, name.text, {
    query: query && widthOf(query),
    head: dim?.value,
    keys: heads && dim && heads.value * dim.value,
  });
  if (!query || !keys || !readings.query || !readings.keys || !bias || !match || !heads || !dim || !own) {
    return null;
  }
  const inherent = query.filter(({ group }) => group === "item");
  const same = inherent.length === keys.features.length && inherent.every((feature) => keys.features.includes(feature));
  if (!same) {
    const extra = inherent.filter((f) => !keys.features.includes(f)).map((f) => f.name);
    const lacking = keys.features.filter((f) => !inherent.includes(f)).map((f) => f.name);
    const said = extra.length > 0 ? `\`${extra[0]}\` is in the query only` : `\`${lacking[0]}\` is in the keys only`;
    scope.report(
      diagnose("keys-differ", { metric: name.text }, at(readings.keys.span, said), {
        also: [at(readings.query.span, "the query")],
        help: help.keysDiffer,
      }),
    );
    return null;
  }
  if (widthOf(inherent) === 0) {
    scope.report(
      diagnose("no-width", { name: "item" }, at(readings.query.span, "no feature of it has columns"), {
        help: help.metricWithoutColumns,
      }),
    );
    return null;
  }
  const asked = query.filter((feature) => feature.group !== "item" && feature.width > 0);
  if (
    own.kind === "own" &&
    !scope.groups.get("item")?.damaged &&
    !ownFits(
      name.text,
      { query: readings.query, keys: readings.keys, heads, dim },
      { inherent, asked, cross: keys.cross },
      own.dim,
      scope,
    )
  ) {
    return null;
  }
  return {
    name: name.text,
    doc: section.doc ?? "",
    history: keys.history,
    query: inherent,
    asked,
    keys: inherent,
    crossKeys: keys.cross,
    bias: bias.features,
    match,
    logSize: bias.logSize,
    heads: heads.value,
    dim: dim.value,
    embeddings: own,
    span: name.span,
  };
}

function ownDim(call: CallValue, scope: Scope): Metric["embeddings"] | null {
  const { dim } = readArguments(embeddingsKinds.own.arguments, call, scope);
  return dim && { kind: "own", dim: dim.value };
}

/** What is known at request time, whatever the candidate, joins the query: it has a side of its own in W^q. */
const joins = (group: GroupName): boolean => group === "item" || group === "context" || group === "user";

function readQuery(metric: string, query: Given<readonly CallValue[]>, scope: Scope): readonly Feature[] | null {
  const features = new Set<Feature>();
  let failed = false;
  for (const call of query.value) {
    const target = resolve(call, wanted.query, scope);
    if (!target) {
      failed = true;
    } else if (target.kind === "group" && joins(target.group.kind)) {
      const columns = columnsOf(target.group);
      for (const feature of columns) {
        features.add(feature);
      }
      if (target.group.kind !== "item" && columns.length === 0) {
        failed = true;
        if (!target.damaged) {
          bringsNothing(call, target.present ? "holds nothing but a key" : "the model has no such section", scope);
        }
      }
    } else if (target.kind === "feature" && joins(target.feature.group)) {
      features.add(target.feature);
      if (target.feature.group !== "item" && target.feature.width === 0) {
        failed = true;
        bringsNothing(call, "a key is an identity only", scope);
      }
    } else {
      failed = true;
      const said =
        target.kind === "group" || target.kind === "feature"
          ? "depends on more than the item and the request"
          : "is not known of a candidate ahead of the search";
      scope.report(
        diagnose("query-not-inherent", { metric, name: shown(call) }, at(call, said), {
          help: help.queryNotInherent,
        }),
      );
    }
  }
  return failed ? null : [...features];
}

function bringsNothing(call: CallValue, said: string, scope: Scope): void {
  scope.report(diagnose("no-width", { name: pathText(call) }, at(call, said), { help: help.queryWithoutColumns }));
}

function readKeys(
  metric: string,
  keys: Given<readonly CallValue[]>,
  scope: Scope,
): { history: History; features: readonly Feature[]; cross: readonly Feature[] } | null {
  const features = new Set<Feature>();
  const cross = new Set<Feature>();
  const item = scope.groups.get("item");
  let history: History | null = null;
  let failed = item === undefined;
  for (const call of keys.value) {
    const target = resolve(call, wanted.keys, scope);
    if (!target) {
      failed = true;
    } else if (target.kind !== "inherent" && target.kind !== "cross" && target.kind !== "cross feature") {
      failed = true;
      wrongKind("keys", "what is known of a history's items, such as `watched.item`", call, target, scope);
    } else if (history && target.history !== history) {
      failed = true;
      scope.report(
        diagnose("different-history", { name: metric }, at(call, `reads \`${target.history.name}\``), {
          also: [at(keys.value[0], `reads \`${history.name}\``)],
          help: help.metricOfTwoHistories,
        }),
      );
    } else {
      history = target.history;
      const into = target.kind === "inherent" ? features : cross;
      const named =
        target.kind === "cross" || target.feature === null
          ? columnsOf(target.kind === "cross" ? history.cross : item!.group)
          : [target.feature].filter(({ group, width }) => group === "item" || width > 0);
      for (const feature of named) {
        into.add(feature);
      }
    }
  }
  return failed || !history ? null : { history, features: [...features], cross: [...cross] };
}

function readBias(
  metric: string,
  bias: Given<readonly CallValue[] | null>,
  history: History | null,
  scope: Scope,
): { features: readonly Feature[]; logSize: boolean } | null {
  const features = new Set<Feature>();
  let logSize = false;
  let failed = false;
  for (const call of bias.value ?? []) {
    const target = resolve(call, wanted.crossFeatures, scope);
    if (!target) {
      failed = true;
      continue;
    }
    const of =
      target.kind === "cross" || target.kind === "cross feature" || target.kind === "log size" ? target.history : null;
    if (!of) {
      failed = true;
      notCross(metric, call, history, scope);
    } else if (history && of !== history) {
      failed = true;
      scope.report(
        diagnose("different-history", { name: metric }, at(call, `belongs to \`${of.name}\``), {
          also: [at(history.span, "the keys belong to this history")],
          help: help.biasOfOtherHistory,
        }),
      );
    } else if (target.kind === "log size") {
      logSize = true;
      if (!of.cluster) {
        failed = true;
        scope.report(
          diagnose("log-needs-cluster", { history: of.name }, at(call, "counts the members of a cluster"), {
            also: [at(of.span, "holds single behaviours")],
            help: help.logNeedsCluster(of.name),
          }),
        );
      }
    } else {
      for (const feature of target.kind === "cross feature" ? [target.feature] : of.cross.features) {
        features.add(feature);
      }
    }
  }
  return failed ? null : { features: [...features].filter((f) => f.width > 0), logSize };
}

/** Features of the item whose values can be equal. */
function readMatch(match: Given<readonly CallValue[] | null>, scope: Scope): readonly Feature[] | null {
  const features = new Set<Feature>();
  let failed = false;
  for (const call of match.value ?? []) {
    const target = resolve(call, wanted.itemCategory, scope);
    if (target?.kind === "feature" && target.feature.group === "item" && isCategory(target.feature)) {
      features.add(target.feature);
      continue;
    }
    failed = true;
    if (target?.kind === "feature" && target.feature.group === "item") {
      const fitting = scope.groups.get("item")!.group.features.filter(isCategory);
      scope.report(
        diagnose(
          "feature-does-not-fit",
          { by: "match", feature: shown(call) },
          at(call, `holds values that are never compared: \`${target.feature.encoder.kind}\``),
          {
            also: [at(target.feature.span, "declared here")],
            help: help.matchCompares(fitting.map(({ qualified }) => qualified)),
          },
        ),
      );
    } else if (target) {
      wrongKind("match", "features of `item` whose values can be equal", call, target, scope);
    }
  }
  return failed ? null : [...features];
}

function notCross(metric: string, call: CallValue, history: History | null, scope: Scope): void {
  const name = history?.name ?? "the history";
  scope.report(
    diagnose(
      "bias-not-cross",
      { metric, name: shown(call), history: name },
      at(call, "says nothing of one behaviour"),
      {
        help: help.biasNotCross(history?.name ?? "HISTORY"),
      },
    ),
  );
}
