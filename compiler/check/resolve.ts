// Turns a dotted name into what it refers to. The one place that knows how names are written.
import type { CallValue, Name, SectionKeyword, Span } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { namedParts, type Wanted, wanted } from "../catalog/wanted.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import type { Attend, Feature, History, Metric, Search, Table, Tower } from "../model/model.ts";
import { shown } from "./arguments.ts";
import {
  article,
  type CheckedGroup,
  type Declaration,
  featureOf,
  type GroupKeyword,
  groupKeywords,
  type Scope,
} from "./scope.ts";
import { reportUnknown } from "./unknown.ts";

/** What a reference may mean. `part`s are what a table's `of` names. */
export type Target =
  | ({ readonly kind: "group" } & Pick<CheckedGroup, "group" | "present" | "damaged">)
  | { readonly kind: "feature"; readonly feature: Feature }
  | { readonly kind: "history"; readonly history: History }
  /** `watched.item`, or one feature of it */
  | { readonly kind: "inherent"; readonly history: History; readonly feature: Feature | null }
  /** `watched.cross` */
  | { readonly kind: "cross"; readonly history: History }
  /** `watched.ago` */
  | { readonly kind: "cross feature"; readonly history: History; readonly feature: Feature }
  /** `watched.last(50)`; the argument is still to be read */
  | { readonly kind: "last"; readonly history: History; readonly call: CallValue }
  /** `log(watched.size)` */
  | { readonly kind: "log size"; readonly history: History }
  | { readonly kind: "metric"; readonly metric: Metric }
  | { readonly kind: "metric part"; readonly metric: Metric; readonly part: Name }
  | { readonly kind: "search"; readonly search: Search }
  | { readonly kind: "search part"; readonly search: Search; readonly part: Name }
  | { readonly kind: "attend"; readonly attend: Attend }
  | { readonly kind: "attend part"; readonly attend: Attend; readonly part: Name }
  | { readonly kind: "tower"; readonly tower: Tower }
  | { readonly kind: "table"; readonly table: Table }
  /** Declared, and of a kind that nothing here can refer to. */
  | { readonly kind: "later"; readonly keyword: string };

/** Resolves `call` at a place that takes `expected`. Null after a report, or where the target failed. */
export function resolve(call: CallValue, expected: Wanted, scope: Scope): Target | null {
  const [head, ...rest] = call.path;
  if (head.text === "log" && rest.length === 0 && call.arguments) {
    return logSize(call, scope);
  }
  const target = resolvePath(call, head, rest, expected, scope);
  return target && target.kind !== "last" && reportArguments(call, scope) ? null : target;
}

/** Reports the arguments of a reference that takes none. @returns whether there are any */
export function reportArguments(call: CallValue, scope: Scope): boolean {
  if (call.arguments) {
    scope.report(
      diagnose(
        "not-here",
        { what: shown(call), place: "a reference" },
        at(call, `\`${pathText(call)}\` takes no arguments`),
      ),
    );
  }
  return call.arguments !== undefined;
}

function resolvePath(
  call: CallValue,
  head: Name,
  rest: readonly Name[],
  expected: Wanted,
  scope: Scope,
): Target | null {
  if (isGroup(head.text)) {
    const checked = scope.groups.get(head.text);
    if (!checked) {
      return null;
    }
    if (rest.length === 0) {
      return !checked.present && scope.library ? null : { kind: "group", ...checked };
    }
    const popular = head.text === "item" ? scope.popularity : null;
    const known = popular && rest.length === 1 && featureOf(popular.group, rest[0].text) ? popular : checked;
    const feature = member(known, rest, call, head.text, scope);
    return feature && { kind: "feature", feature };
  }
  const declaration = scope.declarations.get(head.text);
  if (!declaration) {
    const names = [...scope.byKeyword]
      .filter(([keyword]) => expected.sections.includes(keyword))
      .flatMap(([, own]) => own.map((d) => d.name.text));
    const groups = groupKeywords.filter((keyword) => expected.sections.includes(keyword));
    missing(expected.called, head, [...names, ...groups], scope, expected.sections);
    return null;
  }
  scope.used.add(head.text);
  if (!declaration.checked) {
    return { kind: "later", keyword: declaration.keyword };
  }
  return declaration.entity === null ? null : parts(declaration, rest, call, scope);
}

function parts(declaration: Declaration, rest: readonly Name[], call: CallValue, scope: Scope): Target | null {
  const { keyword, entity } = declaration;
  if (entity === null) {
    return null;
  }
  if (keyword === "history") {
    return historyPart(entity as History, rest, call, scope);
  }
  const [part, beyond] = rest;
  if (!part) {
    return { kind: keyword, [keyword]: entity } as unknown as Target;
  }
  const known: readonly string[] =
    keyword === "metric" || keyword === "search" || keyword === "attend" ? namedParts[keyword] : [];
  if (!known.includes(part.text)) {
    return unknownPart(declaration.name.text, part, known, scope);
  }
  if (beyond) {
    return unknownPart(`${declaration.name.text}.${part.text}`, beyond, [], scope);
  }
  switch (keyword) {
    case "metric":
      return { kind: "metric part", metric: entity as Metric, part };
    case "search":
      return { kind: "search part", search: entity as Search, part };
    default:
      return { kind: "attend part", attend: entity as Attend, part };
  }
}

function historyPart(history: History, rest: readonly Name[], call: CallValue, scope: Scope): Target | null {
  const [part, ...beyond] = rest;
  if (!part) {
    return { kind: "history", history };
  }
  if (part.text === "item") {
    const item = scope.groups.get("item");
    if (!item) {
      return null;
    }
    if (beyond.length === 0) {
      return { kind: "inherent", history, feature: null };
    }
    const feature = member(item, beyond, call, `${history.name}.item`, scope);
    return feature && { kind: "inherent", history, feature };
  }
  if (part.text === "stats") {
    const stats = scope.stats.get(history.name);
    if (!stats) {
      return null;
    }
    if (beyond.length === 0) {
      return { kind: "group", ...stats };
    }
    const one = member(stats, beyond, call, `${history.name}.stats`, scope);
    return one && { kind: "feature", feature: one };
  }
  const cross = scope.crosses.get(history.name);
  const feature = cross && featureOf(cross.group, part.text);
  if (!feature && part.text !== "cross" && part.text !== "last") {
    if (!cross || cross.failed.has(part.text)) {
      return null;
    }
    return unknownPart(
      history.name,
      part,
      ["item", "cross", "stats", "last", ...cross.group.features.map((f) => f.name)],
      scope,
    );
  }
  if (beyond.length > 0) {
    return unknownPart(`${history.name}.${part.text}`, beyond[0], [], scope);
  }
  if (feature) {
    return { kind: "cross feature", history, feature };
  }
  return part.text === "cross" ? { kind: "cross", history } : { kind: "last", history, call };
}

/** The feature that `rest` names in a group. */
function member(
  checked: CheckedGroup,
  rest: readonly Name[],
  call: CallValue,
  owner: string,
  scope: Scope,
): Feature | null {
  const [name, beyond] = rest;
  if (beyond) {
    return unknownPart(pathText({ path: call.path.slice(0, -1) }), beyond, [], scope);
  }
  if (checked.failed.has(name.text) || (!checked.present && scope.library)) {
    return null;
  }
  const feature = featureOf(checked.group, name.text);
  if (feature) {
    return feature;
  }
  return missingFeature(owner, name, checked, scope);
}

function missingFeature(owner: string, name: Name, checked: CheckedGroup, scope: Scope): null {
  const names = checked.group.features.map((f) => f.name);
  return reportUnknown(
    { kind: "feature", shown: `${owner}.${name.text}`, name, candidates: names, none: "it has no features" },
    scope,
  );
}

function unknownPart(owner: string, part: Name, known: readonly string[], scope: Scope): null {
  const none = known.length === 0 ? `\`${owner}\` has no parts to name` : "";
  return reportUnknown({ kind: "part", shown: `${owner}.${part.text}`, name: part, candidates: known, none }, scope);
}

/** Says that a name is not declared, and offers the nearest of what is; it may be that of a section of `sections` that lacks its. */
export function missing(
  kind: string,
  name: Name,
  candidates: readonly string[],
  scope: Scope,
  sections: readonly SectionKeyword[] = [],
): void {
  if (sections.some((keyword) => scope.nameless.has(keyword))) {
    return;
  }
  reportUnknown({ kind, shown: name.text, name, candidates, none: `the model declares no ${kind}` }, scope);
}

/** `log(watched.size)` */
function logSize(call: CallValue, scope: Scope): Target | null {
  const argument = call.arguments?.length === 1 ? call.arguments[0].value : null;
  if (
    argument?.kind !== "call" ||
    argument.path.length !== 2 ||
    argument.path[1].text !== "size" ||
    argument.arguments
  ) {
    scope.report(
      diagnose(
        "wrong-value",
        { name: "log", expected: "the size of a history's clusters, as in `log(watched.size)`" },
        at(call),
      ),
    );
    return null;
  }
  const [head] = argument.path;
  const history = resolvePath({ ...argument, path: [head] }, head, [], wanted.history, scope);
  if (!history) {
    return null;
  }
  return history.kind === "history"
    ? { kind: "log size", history: history.history }
    : wrongKind("log", "the size of a history's clusters", argument, history, scope);
}

/** Reports that `call` refers to the wrong kind of thing. */
export function wrongKind(
  setting: string,
  expected: string,
  call: { readonly span: Span },
  target: Target,
  scope: Scope,
): null {
  scope.report(diagnose("wrong-kind", { name: setting, expected }, at(call, `is ${describe(target)}`)));
  return null;
}

export function describe(target: Target): string {
  switch (target.kind) {
    case "group":
      return `the section \`${target.group.prefix}\``;
    case "feature":
    case "cross feature":
      return `a feature of \`${target.feature.qualified.split(".")[0]}\``;
    case "inherent":
      return `what is known of the items of \`${target.history.name}\``;
    case "cross":
      return `the cross features of \`${target.history.name}\``;
    case "last":
      return `a part of the history \`${target.history.name}\``;
    case "log size":
      return "a cluster's size";
    case "metric part":
      return `a part of the metric \`${target.metric.name}\``;
    case "search part":
      return `a part of the search \`${target.search.name}\``;
    case "attend part":
      return `a part of the attend \`${target.attend.name}\``;
    case "later":
      return article(target.keyword);
    default:
      return article(target.kind);
  }
}

const isGroup = (text: string): text is GroupKeyword => groupKeywords.some((keyword) => keyword === text);

export const pathText = (call: Pick<CallValue, "path">): string => call.path.map((name) => name.text).join(".");
