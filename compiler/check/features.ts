// Features: reads their declarations, links shared tables, and makes the groups.

import { type LearnedNumbers, learnedFor, withLearned } from "../../contract/learned-numbers.ts";
import { emptyRecord } from "../../contract/record.ts";
import type { CallValue, Member, Name, SectionNode, Setting } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { columns, type FeatureKind, featureKinds } from "../catalog/features.ts";
import type { Choice, Given } from "../catalog/signature.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Embedding, Feature, Group, GroupName } from "../model/model.ts";
import { widthOf } from "../model/widths.ts";
import { readArguments } from "./arguments.ts";
import type { Draft } from "./draft.ts";
import { readEdgeCall } from "./edge-calls.ts";
import { fitScale } from "./number-scale.ts";
import { missing, pathText } from "./resolve.ts";
import {
  block,
  type CheckedGroup,
  declared,
  groupKeywords,
  list,
  noteWidths,
  type Scope,
  snakeCase,
  twice,
} from "./scope.ts";
import { linkTables } from "./shares.ts";
import { linkStats } from "./stats.ts";

/** Names that a graph or a request gives another meaning there. */
const reserved: { readonly [G in GroupName]?: Readonly<Record<string, string>> } = {
  candidate: { item: "a request's candidates bring their items under this name" },
  cross: {
    item: "`HISTORY.item` is what the behaviour is about",
    cross: "`HISTORY.cross` is the whole group",
    last: "`HISTORY.last(n)` is the newest behaviours",
    size: "`HISTORY.size` is a cluster's size",
    stats: "`HISTORY.stats` is what is counted beside a candidate",
    time: "a request brings the behaviours' times under this name",
    valid: "the graphs have an input of this name",
    row: "the graphs have an input of this name",
  },
};

const memberOf: { readonly [G in GroupName]?: string } = { cross: "a cross feature", stats: "a statistic" };

/** Checks all features of the program and fills `scope.groups` and `scope.crosses`. */
export function checkFeatures(scope: Scope, sections: ReadonlyMap<string, SectionNode>): void {
  const drafts = new Map<string, Draft>();
  const failures = new Map<string, Set<string>>();
  const read = (group: GroupName, prefix: string, members: readonly Member[]) => {
    failures.set(prefix, readGroup(group, prefix, members, drafts, scope));
  };
  for (const group of groupKeywords) {
    read(group, group, sections.get(group)?.members ?? []);
  }
  for (const { name, section } of declared(scope, "history")) {
    read("cross", name.text, block(section, "cross")?.members ?? []);
    read("stats", `${name.text}.stats`, block(section, "stats")?.members ?? []);
  }
  linkStats(drafts, failures, scope);

  const tables = linkTables(drafts, failures, scope);
  const features = new Map(
    [...drafts].map(([qualified, draft]) => [
      qualified,
      featureOfDraft(qualified, draft, tables.get(qualified) ?? null, learnedOf(qualified, drafts, tables, scope)),
    ]),
  );
  for (const [qualified, feature] of features) {
    noteWidths(scope, qualified, { columns: feature?.width });
  }
  formerNames(drafts, scope);

  const make = (kind: GroupName, prefix: string, section: SectionNode | undefined): CheckedGroup => {
    const failed = failures.get(prefix) ?? new Set<string>();
    const own: Feature[] = [];
    for (const [qualified, draft] of drafts) {
      if (draft.prefix !== prefix || draft.group !== kind) {
        continue;
      }
      const feature = features.get(qualified);
      if (feature) {
        own.push(feature);
      } else {
        failed.add(draft.setting.name.text);
      }
    }
    const keys = [...drafts].filter(([, draft]) => draft.prefix === prefix && draft.group === kind && isKey(draft));
    if (keys.length > 1) {
      const [[, first], [, second]] = keys;
      scope.report(
        diagnose("two-keys", { group: prefix }, at(second.setting.name, "is a key too"), {
          also: [at(first.setting.name, "is a key")],
          help: help.twoKeys,
        }),
      );
    }
    const key = keys.length > 0 ? (features.get(keys[0][0]) ?? null) : null;
    if (kind === "item" && section && keys.length === 0 && failed.size === 0) {
      scope.report(
        diagnose("no-item-key", {}, at(section.keywordSpan, "which feature names an item?"), {
          help: help.noItemKey,
        }),
      );
    }
    const group: Group = { kind, prefix, doc: section?.doc ?? "", features: own, key };
    // What `item` brings is what is inherent.
    if (section && failed.size === 0 && !(kind === "stats" && prefix === "item")) {
      noteWidths(scope, kind === "cross" ? `${prefix}.cross` : prefix, { columns: widthOf(own) });
    }
    return { group, damaged: failed.size > 0, failed, present: section !== undefined };
  };
  for (const keyword of groupKeywords) {
    scope.groups.set(keyword, make(keyword, keyword, sections.get(keyword)));
  }
  scope.popularity = make("stats", "item", sections.get("item"));
  for (const { name, section } of declared(scope, "history")) {
    scope.crosses.set(name.text, make("cross", name.text, section));
    const statistics = block(section, "stats") ?? undefined;
    scope.stats.set(name.text, { ...make("stats", `${name.text}.stats`, section), present: statistics !== undefined });
  }
}

const isKey = (draft: Draft): boolean => draft.encoder.kind === "key" || draft.key?.value === true;

/** Reads the members of one group into `drafts`; gives the names of those that failed. */
function readGroup(
  group: GroupName,
  prefix: string,
  members: readonly Member[],
  drafts: Map<string, Draft>,
  scope: Scope,
): Set<string> {
  const failed = new Set<string>();
  const first = new Map<string, Name>();
  for (const member of members) {
    const { name } = member;
    const before = first.get(name.text);
    if (before) {
      scope.report(twice(`${prefix}.${name.text}`, name.span, before.span));
      continue;
    }
    first.set(name.text, name);
    const taken = reserved[group];
    if (taken && Object.hasOwn(taken, name.text)) {
      const what = memberOf[group] ?? `a feature of \`${group}\``;
      scope.report(diagnose("name-taken", { name: name.text, what }, at(name, taken[name.text])));
      failed.add(name.text);
      continue;
    }
    snakeCase(name, scope.report);
    const draft = member.kind === "setting" ? readFeature(group, prefix, member, scope) : null;
    if (member.kind === "block") {
      scope.report(
        diagnose("needs-value", { name: name.text }, at(name, "a feature, such as `id(vocab: 24, dim: 8)`")),
      );
    }
    if (draft) {
      drafts.set(`${prefix}.${name.text}`, draft);
    } else {
      failed.add(name.text);
    }
  }
  return failed;
}

function readFeature(group: GroupName, prefix: string, setting: Setting, scope: Scope): Draft | null {
  const { name, value } = setting;
  if (value.kind !== "call") {
    scope.report(
      diagnose(
        "wrong-value",
        { name: name.text, expected: "a kind of feature, such as `id(vocab: 24, dim: 8)`" },
        at(value),
      ),
    );
    return null;
  }
  const kindName = value.path[0].text;
  if (value.path.length > 1 || !Object.hasOwn(featureKinds, kindName)) {
    missing("kind of feature", { text: pathText(value), span: value.path[0].span }, Object.keys(featureKinds), scope);
    return null;
  }
  const kind: FeatureKind = featureKinds[kindName as keyof typeof featureKinds] as unknown as FeatureKind;
  const readings = readArguments(kind.arguments, value, scope);
  const written = readings.dim?.value ?? (Object.hasOwn(kind.arguments, "size") ? readings.size?.value : null);
  if (typeof written === "number") {
    noteWidths(scope, `${prefix}.${name.text}`, { columns: written });
  }
  if (!kind.groups.includes(group)) {
    const homes = kind.groups.map((g) => (g === "cross" || g === "stats" ? `a history's \`${g}\`` : `\`${g}\``));
    scope.report(
      diagnose(
        "not-here",
        { what: kindName, place: placeOf(group, prefix) },
        at(value.path[0], `only in ${homes.join(" or ")}`),
        {
          help: [kind.doc],
        },
      ),
    );
    return null;
  }
  const chosen = kind.oneOf.filter((option) => readings[option]?.written !== false);
  if (kind.oneOf.length > 0 && chosen.length !== 1) {
    const names = offerNames(kind.oneOf);
    const said = chosen.length === 0 ? "none is given" : `${offerNames(chosen)} are given`;
    scope.report(diagnose("choose-one", { owner: `\`${kindName}\``, names }, at(value, said)));
    return null;
  }
  const values: Record<string, unknown> = emptyRecord();
  for (const [argument, reading] of Object.entries(readings)) {
    if (reading === null) {
      return null;
    }
    const { sort } = kind.arguments[argument];
    const read =
      sort.kind === "edges" && "call" in (reading.value as Choice | object)
        ? readEdgeCall(argument, sort, reading.value as Choice, scope)
        : reading.value;
    if (sort.kind === "edges" && read === null) {
      return null;
    }
    values[argument] = read;
  }
  const given = <T>(argument: string) => (readings[argument] as Given<T> | undefined) ?? null;
  const shares = given<CallValue | null>("shares")?.value ?? null;
  const encoder = kind.encoder(values);
  const dim: Given<number | null> = given<number | null>("dim") ?? { value: null, span: value.span, written: false };
  const minCount = given<number | null>("min_count");
  if (encoder.kind === "tags" && encoder.of.kind !== "vocabulary" && minCount?.written) {
    scope.report(
      diagnose("does-not-apply", { name: "min_count", what: "tags without a vocabulary" }, at(minCount.span)),
    );
    return null;
  }
  if (encoder.kind === "number" && !fitScale(value, readings, scope)) {
    return null;
  }
  const key = given<boolean>("key");
  if (key?.value && group !== "item" && group !== "user") {
    scope.report(
      diagnose(
        "not-here",
        { what: "key: true", place: placeOf(group, prefix) },
        at(key.span, "only in `item` or `user`"),
        {
          help: help.keyNotHere,
        },
      ),
    );
    return null;
  }
  if (columns(encoder).kind === "embedding" && !shares && dim.value === null) {
    scope.report(
      diagnose(
        "missing-setting",
        { owner: `\`${kindName}\``, name: "dim" },
        at(value, "`dim`: columns of the embedding"),
      ),
    );
    return null;
  }
  return {
    // What changes with time is no inherent feature, wherever it is declared.
    group: encoder.kind === "popularity" ? "stats" : group,
    prefix,
    setting,
    encoder,
    dim,
    shares,
    key,
    formerly: given<Name | null>("formerly")?.value ?? null,
    unknown: given<number>("unknown")?.value ?? 0,
    pool: given<"sum" | "mean">("pool")?.value ?? "sum",
  };
}

const placeOf = (group: GroupName, prefix: string): string =>
  group === "cross" ? `the cross features of \`${prefix}\`` : group === "stats" ? `\`${prefix}\`` : `\`${group}\``;

const offerNames = (names: readonly string[]): string =>
  list(
    names.map((n) => `\`${n}\``),
    "and",
  );

/** What was learned for a feature's numbers, under its name or its former one; it follows the table where one is shared. */
function learnedOf(
  qualified: string,
  drafts: ReadonlyMap<string, Draft>,
  tables: ReadonlyMap<string, Embedding | null>,
  { numbers }: Scope,
): LearnedNumbers | undefined {
  const { encoder } = drafts.get(qualified)!;
  const embedding = tables.get(qualified)?.parameter ?? null;
  const owner = learnedFor({ name: qualified, encoder, embedding }, [...drafts.keys()]);
  const { prefix, formerly } = drafts.get(owner)!;
  return numbers.get(owner) ?? (formerly ? numbers.get(`${prefix}.${formerly.text}`) : undefined);
}

/** The feature of a draft, with the table that it reads; null where there should be one and is none. */
function featureOfDraft(
  qualified: string,
  draft: Draft,
  embedding: Embedding | null,
  learned: LearnedNumbers | undefined,
): Feature | null {
  const shape = columns(draft.encoder);
  if (shape.kind === "embedding" && !embedding) {
    return null;
  }
  const projected = shape.kind === "vector" && draft.dim.value !== null ? draft.dim.value : null;
  const { name, doc = "" } = draft.setting;
  return {
    group: draft.group,
    name: name.text,
    qualified,
    doc,
    formerly: draft.formerly?.text ?? null,
    encoder: withLearned(draft.encoder, learned),
    pool: draft.pool,
    embedding,
    projection: projected === null ? null : { parameter: `${qualified}.projection`, dim: projected },
    width: embedding?.dim ?? projected ?? (shape.kind === "vector" ? shape.size : shape.kind === "scalar" ? 1 : 0),
    unknown: draft.unknown,
    span: name.span,
  };
}

/** An earlier name belongs to one feature, and to none that has it now. */
function formerNames(drafts: ReadonlyMap<string, Draft>, scope: Scope): void {
  const claimed = new Map<string, { readonly span: Name["span"]; readonly now: boolean }>();
  for (const [qualified, draft] of drafts) {
    claimed.set(qualified, { span: draft.setting.name.span, now: true });
  }
  for (const draft of drafts.values()) {
    if (!draft.formerly) {
      continue;
    }
    const former = `${draft.prefix}.${draft.formerly.text}`;
    const before = claimed.get(former);
    if (before) {
      scope.report(
        diagnose("formerly-taken", { name: former }, at(draft.formerly, "claimed here"), {
          also: [at(before.span, before.now ? "is called that now" : "claims it already")],
          help: help.formerlyTaken,
        }),
      );
    } else {
      claimed.set(former, { span: draft.formerly.span, now: false });
    }
  }
}
