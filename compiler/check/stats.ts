// Statistics of behaviours, and gaps between them: what they are over and of, looked up once all features are known.
import { type Encoder, isStat, type StatEncoder, together } from "../../contract/encoder-spec.ts";
import type { CallValue, Span } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { categories } from "../catalog/categories.ts";
import { columns, rated, single } from "../catalog/features.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Draft } from "./draft.ts";
import { missing as missingName, reportArguments } from "./resolve.ts";
import type { Scope } from "./scope.ts";
import { isSaid } from "./shares.ts";
import type { Labels } from "./towers.ts";
import { reportUnknown } from "./unknown.ts";

type Drafts = Map<string, Draft>;
type Failures = ReadonlyMap<string, Set<string>>;

/** Puts what statistics refer to into their encoders; those that do not fit are reported and left out. */
export function linkStats(drafts: Drafts, failures: Failures, scope: Scope): void {
  for (const [qualified, draft] of [...drafts]) {
    const { encoder } = draft;
    if (!isStat(encoder) && encoder.kind !== "popularity" && encoder.kind !== "gap") {
      continue;
    }
    const linked =
      encoder.kind === "popularity"
        ? popular(draft, encoder, overFeature(draft, encoder.on, drafts, failures, scope), scope)
        : encoder.kind === "gap"
          ? gap(draft, encoder, drafts, failures, scope)
          : link(draft, encoder, drafts, failures, scope);
    if (linked === null) {
      drafts.delete(qualified);
      failures.get(draft.prefix)?.add(draft.setting.name.text);
    } else {
      drafts.set(qualified, { ...draft, encoder: linked });
    }
  }
}

/** With the rows of what it is over; its label is looked up when labels are known. */
function popular(
  { setting: { value } }: Draft,
  encoder: Extract<Encoder, { kind: "popularity" }>,
  over: Draft | null,
  scope: Scope,
): Encoder | null {
  const of = (value as CallValue).arguments?.find(({ name }) => name?.text === "of")?.value;
  if (of?.kind === "call") {
    scope.counted.push(of.path[0]);
  }
  const shape = over && columns(over.encoder);
  return shape?.kind === "embedding" ? { ...encoder, values: shape.rows } : null;
}

/** What is equal to that of the behaviour before. */
function gap(
  draft: Draft,
  encoder: Extract<Encoder, { kind: "gap" }>,
  drafts: Drafts,
  failures: Failures,
  scope: Scope,
): Encoder | null {
  return encoder.on === undefined || overFeature(draft, encoder.on, drafts, failures, scope) ? encoder : null;
}

function link(draft: Draft, encoder: StatEncoder, drafts: Drafts, failures: Failures, scope: Scope): Encoder | null {
  const on = encoder.on === undefined ? null : overFeature(draft, encoder.on, drafts, failures, scope);
  const own = "of" in encoder ? { ...encoder, of: ownName(draft, encoder.of) } : null;
  const of = own && ofFeature(draft, own, drafts, failures, scope);
  if ((encoder.on !== undefined && !on) || (own && !of)) {
    return null;
  }
  if (!own || !of) {
    return encoder;
  }
  if (own.kind !== "last") {
    return own;
  }
  const { kind } = of.encoder;
  const shape = columns(of.encoder);
  const { dim } = draft;
  if (kind === "number" && dim.value !== null) {
    scope.report(diagnose("does-not-apply", { name: "dim", what: "a number, which is taken as it is" }, at(dim.span)));
    return null;
  }
  if (shape.kind === "embedding" && dim.value === null) {
    scope.report(
      diagnose(
        "missing-setting",
        { owner: "`last`", name: "dim" },
        at(draft.setting.value, "`dim`: columns of the embedding"),
      ),
    );
    return null;
  }
  return shape.kind === "embedding" ? { ...own, rows: shape.rows } : own;
}

const historyOf = ({ prefix }: Draft): string => prefix.replace(/\.stats$/, "");

/** `liked` among the statistics of `watched` is `watched.liked`. */
const ownName = (draft: Draft, path: string): string => (path.includes(".") ? path : `${historyOf(draft)}.${path}`);

/** Where a reference stands in the source; null after a report. */
function placeOf({ setting: { value } }: Draft, name: string, scope: Scope): Span | null {
  const call = value as CallValue;
  const written = call.arguments?.find((one) => one.name?.text === name)?.value ?? call;
  return written.kind === "call" && written !== call && reportArguments(written, scope) ? null : written.span;
}

/** The feature of the item that behaviours and candidate are compared by. */
function overFeature(draft: Draft, path: string, drafts: Drafts, failures: Failures, scope: Scope): Draft | null {
  const span = placeOf(draft, "on", scope);
  if (span === null) {
    return null;
  }
  // A table holds a row for each value: lists and pairs have none.
  const counts = draft.encoder.kind !== "popularity";
  const items = [...drafts].filter(([, { group }]) => group === "item");
  const found = drafts.get(path);
  if (!found) {
    return missing(
      "feature of item",
      path,
      span,
      items.map(([name]) => name),
      failures,
      scope,
    );
  }
  const fits = ({ group, encoder }: Draft): boolean =>
    group === "item" &&
    categories.has(encoder.kind) &&
    (counts || (encoder.kind !== "tags" && together(encoder) === 1));
  if (fits(found)) {
    return found;
  }
  const said =
    found.group !== "item"
      ? "is no feature of the item"
      : categories.has(found.encoder.kind)
        ? "has several rows a value"
        : `holds values that are never compared: \`${found.encoder.kind}\``;
  const fitting = items.filter(([, one]) => fits(one)).map(([name]) => name);
  scope.report(
    diagnose("feature-does-not-fit", { by: draft.encoder.kind, feature: path }, at(span, said), {
      also: [at(found.setting.name, "declared here")],
      help: counts ? help.statsCompare(fitting) : help.popularOf(fitting),
    }),
  );
  return null;
}

/** The cross feature that a statistic is of. */
function ofFeature(
  draft: Draft,
  { kind, of: path }: Extract<StatEncoder, { readonly of: string }>,
  drafts: Drafts,
  failures: Failures,
  scope: Scope,
): Draft | null {
  const span = placeOf(draft, "of", scope);
  if (span === null) {
    return null;
  }
  const history = historyOf(draft);
  const own = [...drafts].filter(([, { group, prefix }]) => group === "cross" && prefix === history);
  const found = drafts.get(path);
  if (!found) {
    return missing(
      "cross feature",
      path,
      span,
      own.map(([name]) => name),
      failures,
      scope,
    );
  }
  const { encoder } = found;
  const fits = (one: Encoder): boolean =>
    kind === "last"
      ? single.has(one.kind) && together(one) === 1
      : rated.has(one.kind) && (one.kind !== "number" || one.scale === "none");
  if (found.group === "cross" && found.prefix === history && fits(encoder)) {
    return found;
  }
  const scaled = encoder.kind === "number" ? `, scaled by \`${encoder.scale}\`` : "";
  const said =
    found.prefix !== history || found.group !== "cross"
      ? `is no cross feature of \`${history}\``
      : `is of kind \`${encoder.kind}\`${scaled}`;
  const fitting = own.filter(([, one]) => fits(one.encoder)).map(([name]) => name);
  scope.report(
    diagnose("no-statistic", { kind, feature: path }, at(span, said), {
      also: [at(found.setting.name, "declared here")],
      help: kind === "last" ? help.lastOf(fitting) : help.rateOf(fitting),
    }),
  );
  return null;
}

function missing(
  kind: string,
  path: string,
  span: Span,
  candidates: readonly string[],
  failures: Failures,
  scope: Scope,
): null {
  if (isSaid(path, failures, scope)) {
    return null;
  }
  const none = `the model has no ${kind}`;
  return reportUnknown({ kind, shown: path, name: { text: path, span }, candidates, none }, scope);
}

/** The label of a popularity must be one that the model predicts, as zero or one. */
export function checkPopularity(labels: Labels, scope: Scope): void {
  for (const name of scope.counted) {
    const label = labels.get(name.text);
    if (label === undefined) {
      missingName("label", name, [...labels.keys()], scope);
    } else if (label?.kind === "regression") {
      scope.report(
        diagnose("wrong-kind", { name: "of", expected: "a label that is zero or one" }, at(name, "is a regression"), {
          also: [at(label.span, "declared here")],
        }),
      );
    }
  }
}
