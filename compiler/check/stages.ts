// Searches and attends: what they read, what they go by, how wide the result is.
import type { CallValue } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { fix } from "../../grammar/fix.ts";
import { attendRule, byText, kindOf, searchRule } from "../by/kinds.ts";
import { blocks } from "../catalog/blocks.ts";
import { type Given, integer, mostKept, required, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { type By, listsOf, metricOf } from "../model/by.ts";
import type { Attend, History, Metric, Over, Search } from "../model/model.ts";
import { pooledWidth, widthOf } from "../model/widths.ts";
import { readArguments, readSettings, shown } from "./arguments.ts";
import { checkBy } from "./by.ts";
import { resolve, wrongKind } from "./resolve.ts";
import { type Declaration, noteWidths, type Scope } from "./scope.ts";

export function checkSearch({ name, section }: Declaration<"search">, scope: Scope): Search | null {
  const { from, by, keep, heads } = readSettings(
    blocks.search.arguments,
    section.members,
    { text: `search \`${name.text}\``, span: name.span },
    [],
    scope,
  );
  const target = from && resolve(from.value, wanted.history, scope);
  if (target && target.kind !== "history") {
    wrongKind("from", "a history", from.value, target, scope);
  }
  const history = target?.kind === "history" ? target.history : null;
  const measure = by && checkBy(by.value, "search", name.text, history, scope);
  if (!history || !measure || !keep || !heads) {
    return null;
  }
  if (heads.written && metricOf(measure) === null) {
    scope.report(
      diagnose("does-not-apply", { name: "heads", what: `\`by: ${measure.kind}\`` }, at(heads.span), {
        help: help.headsWithoutMetric,
      }),
    );
    return null;
  }
  const limit = searchRule(measure)?.limit?.(measure, history) ?? null;
  if (limit !== null) {
    scope.report(diagnose("out-of-range", { name: limit.argument, range: limit.range }, at(by.span)));
    return null;
  }
  exceeds(keep, name.text, history, scope);
  const search: Search = {
    name: name.text,
    doc: section.doc ?? "",
    from: history,
    by: measure,
    keep: keep.value,
    heads: heads.value,
    span: name.span,
  };
  return search;
}

const lastArguments = { count: unnamed(required(integer(1, mostKept), "How many of the newest behaviours.")) };

export function checkAttend({ name, section }: Declaration<"attend">, scope: Scope): Attend | null {
  const readings = readSettings(
    blocks.attend.arguments,
    section.members,
    { text: `attend \`${name.text}\``, span: name.span },
    [],
    scope,
  );
  const overs = readings.over && checkOvers(readings.over, name.text, scope);
  const [over = null, ...beside] = overs ?? [];
  const by = readings.by && checkBy(readings.by.value, "attend", name.text, over?.history ?? null, scope);
  const { values, out, keys, value, product, strength } = readings;
  const item = scope.groups.get("item");
  noteWidths(scope, name.text, { values: values?.value, out: out?.value });
  if (!over || !by || !readings.by || !values || !out || !keys || !value || !product || !strength || !item) {
    return null;
  }
  if (!listsFit(name.text, overs!, readings.over!, by, scope)) {
    return null;
  }
  if (!headsAgree(name.text, over, by, readings.by.span, scope)) {
    return null;
  }
  if (!applies(by, { values, out, keys, value, product, strength }, scope)) {
    return null;
  }
  const inherent = widthOf(item.group.features);
  const metric = metricOf(by);
  if (
    value.value === "product" &&
    metric !== null &&
    !productFits(metric, inherent, { values, out, value }, item.damaged, scope)
  ) {
    return null;
  }
  const width = kindOf(by).shape(by, {
    inherent,
    pooled: pooledWidth(item.group, over.history),
    value: value.value,
    values: values.value,
    out: out.value,
  });
  noteWidths(scope, name.text, width);
  return {
    name: name.text,
    doc: section.doc ?? "",
    over,
    beside,
    by,
    ...width,
    keys: keys.value,
    value: value.value,
    product: product.value,
    strength: strength.value,
    span: name.span,
  };
}

/** A `per_head` search keeps a list for each head of its metric, so the attention has as many. */
function headsAgree(attend: string, over: Over, by: By, place: Given<unknown>["span"], scope: Scope): boolean {
  const lists = over.kind === "search" ? listsOf(over.search) : null;
  const metric = metricOf(by);
  if (over.kind !== "search" || lists === null || metric === null || metric.heads === lists) {
    return true;
  }
  const { search } = over;
  scope.report(
    diagnose(
      "heads-differ",
      { attend, search: search.name },
      at(place, `\`${metric.name}\` has ${plural(metric.heads, "head")}`),
      {
        also: [at(search.span, `keeps ${plural(lists, "list")}, one for each head`)],
        help: help.headsDiffer(plural(lists, "head"), search.name),
      },
    ),
  );
  return false;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const ofMetrics = ["values", "out", "keys", "value", "product", "strength"] as const;
type Extras = { readonly [K in (typeof ofMetrics)[number]]: Given<unknown> };

/** Only target attention has projections, products and scores; tables hold codes besides. */
function applies(by: By, extras: Extras, scope: Scope): boolean {
  if (metricOf(by) !== null) {
    return true;
  }
  const hashes = kindOf(by).codes !== undefined;
  const written = ofMetrics.filter((name) => extras[name].written && !(name === "keys" && hashes));
  for (const name of written) {
    scope.report(
      diagnose("does-not-apply", { name, what: `\`by: ${by.kind}\`` }, at(extras[name].span), {
        help: help.projectionsWithoutMetric,
      }),
    );
  }
  return written.length === 0;
}

function productFits(
  metric: Metric,
  inherent: number,
  given: Pick<Extras, "values" | "out" | "value">,
  damaged: boolean,
  scope: Scope,
): boolean {
  const problem = (span: Given<unknown>["span"], said: string) => {
    scope.report(
      diagnose("product-mismatch", { metric: metric.name }, at(span, said), {
        also: [at(metric.span, "the metric")],
        help: help.productMismatch,
      }),
    );
    return false;
  };
  if (metric.heads !== 1) {
    return problem(given.value.span, `\`${metric.name}\` has ${metric.heads} heads, and a product has one`);
  }
  for (const name of ["values", "out"] as const) {
    const { value, span, written } = given[name];
    if (written && value !== inherent && !damaged) {
      return problem(span, `a product is as wide as the item: ${inherent}`);
    }
  }
  return true;
}

/** Null where one of them is wrong. */
function checkOvers({ value }: Given<readonly CallValue[]>, owner: string, scope: Scope): Over[] | null {
  const overs = value.map((call) => checkOver(call, owner, scope)).filter((one) => one !== null);
  return overs.length === value.length ? overs : null;
}

/** What several lists, or one, ask of what weighs them. */
function listsFit(
  attend: string,
  overs: readonly Over[],
  { value: calls }: Given<readonly CallValue[]>,
  by: By,
  scope: Scope,
) {
  const several = attendRule(by)?.lists === true;
  const problem = (index: number, said: string, paragraphs: readonly string[]) => {
    const list = shown(calls[index]);
    scope.report(diagnose("list-does-not-fit", { attend, list }, at(calls[index], said), { help: paragraphs }));
    return false;
  };
  if (!several) {
    return overs.length === 1 || problem(1, "a second list", help.oneList(byText(by)));
  }
  return overs.every((over, index) => {
    if (calls.slice(0, index).some((one) => shown(one) === shown(calls[index]))) {
      return problem(index, "stands here already", help.listTwice);
    }
    if (over.kind === "history") {
      return problem(index, "a whole history", help.wholeHistory(over.history.name));
    }
    const lists = over.kind === "search" ? listsOf(over.search) : null;
    return (
      lists === null ||
      problem(index, `${plural(lists, "list")}, one for each head`, help.listsOfHeads(shown(calls[index])))
    );
  });
}

function checkOver(call: CallValue, owner: string, scope: Scope): Over | null {
  const target = resolve(call, wanted.over, scope);
  switch (target?.kind) {
    case undefined:
      return null;
    case "search":
      return { kind: "search", search: target.search, history: target.search.from };
    case "history":
      return { kind: "history", history: target.history };
    case "last": {
      const { count } = readArguments(lastArguments, target.call, scope);
      if (!count) {
        return null;
      }
      exceeds(count, owner, target.history, scope);
      return { kind: "last", history: target.history, count: count.value };
    }
    default:
      return wrongKind(
        "over",
        "a search, a history, or its newest part, as in `watched.last(50)`",
        call,
        target!,
        scope,
      );
  }
}

function exceeds(count: Given<number>, name: string, history: History, scope: Scope): void {
  if (count.value <= history.max) {
    return;
  }
  scope.report(
    diagnose(
      "keep-exceeds-max",
      { name, history: history.name },
      at(count.span, `\`${history.name}\` holds ${history.max}`),
      {
        also: [at(history.span, "declared here")],
        help: help.keepExceedsMax,
        fixes: [fix(`Write \`${history.max}\``, count.span, String(history.max), false)],
      },
    ),
  );
}
