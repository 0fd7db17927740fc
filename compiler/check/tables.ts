// Tables: hold what depends on the item alone, over one history.
import { codeWidth, partName } from "../../contract/by-spec.ts";
import type { CallValue, Member, SectionNode } from "../../grammar/ast.ts";
import { at, type Label } from "../../grammar/diagnostic.ts";
import { without } from "../../grammar/fix.ts";
import { valueText } from "../../grammar/value-text.ts";
import { bySpec, kindOf } from "../by/kinds.ts";
import { blocks } from "../catalog/blocks.ts";
import { wanted } from "../catalog/wanted.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { metricOf } from "../model/by.ts";
import type { Attend, History, Search, Table, TablePart } from "../model/model.ts";
import { historyOf, partOf } from "../model/table-layout.ts";
import { ownsValues, projectedWidth } from "../model/widths.ts";
import { readSettings, shown } from "./arguments.ts";
import { resolve, type Target, wrongKind } from "./resolve.ts";
import { block, type Declaration, declared, entities, noteWidths, type Scope } from "./scope.ts";

export function checkTable({ name, section }: Declaration<"table">, scope: Scope): Table | null {
  const readings = readSettings(
    blocks.table.arguments,
    section.members,
    { text: `table \`${name.text}\``, span: name.span },
    [],
    scope,
  );
  const { precision, coverage, min_count, refresh, shards, on_miss } = readings;
  const of = readings.of && readParts(name.text, readings.of.value, scope);
  noteWidths(scope, name.text, { row: of?.of.reduce((sum, part) => sum + part.width, 0) });
  if (!of || !precision || !coverage || !min_count || !refresh || !shards || !on_miss) {
    return null;
  }
  return {
    name: name.text,
    doc: section.doc ?? "",
    ...of,
    width: of.of.reduce((sum, part) => sum + part.width, 0),
    precision: precision.value,
    coverage: coverage.value,
    minCount: min_count.value,
    refresh: refresh.value,
    shards: shards.value,
    onMiss: on_miss.value,
    span: name.span,
  };
}

function readParts(
  table: string,
  calls: readonly CallValue[],
  scope: Scope,
): { history: History; of: readonly TablePart[] } | null {
  const parts: TablePart[] = [];
  const seen = new Map<string, CallValue>();
  let history: History | null = null;
  let failed = false;
  for (const call of calls) {
    const target = resolve(call, wanted.tableParts, scope);
    const part = target && readPart(table, call, target, scope);
    if (!part) {
      failed = true;
      continue;
    }
    const first = seen.get(valueText(call));
    if (first) {
      failed = true;
      scope.report(
        diagnose("given-twice", { name: shown(call) }, at(call, "given again"), {
          also: [at(first, "first given here")],
          fixes: [without("Leave this out", call.span, true)],
        }),
      );
      continue;
    }
    seen.set(valueText(call), call);
    const own: History = historyOf(part);
    if (own.cluster) {
      failed = true;
      overClusters(table, call, own, scope);
    } else if (history && own !== history) {
      failed = true;
      scope.report(
        diagnose("different-history", { name: table }, at(call, `is for \`${own.name}\``), {
          also: [at(calls[0], `is for \`${history.name}\``)],
          help: help.tableOfTwoHistories,
        }),
      );
    } else {
      history = own;
      parts.push(part);
    }
  }
  return failed || !history ? null : { history, of: parts };
}

function overClusters(table: string, call: CallValue, history: History, scope: Scope): void {
  scope.report(
    diagnose(
      "table-over-clusters",
      { table, history: history.name },
      at(call, `are ${call.path.at(-1)!.text} of clusters, and a cluster is no item`),
      {
        also: [at(history.span, "is kept as clusters")],
        help: help.tableOverClusters,
      },
    ),
  );
}

function readPart(table: string, call: CallValue, target: Target, scope: Scope): TablePart | null {
  if (target.kind === "metric part" && target.part.text === "keys" && target.metric.crossKeys.length === 0) {
    return { kind: "keys", metric: target.metric, width: projectedWidth(target.metric) };
  }
  if (target.kind === "search part") {
    return codesPart(target.search, call, scope);
  }
  if (target.kind === "attend part" && target.part.text === "codes") {
    return codesPart(target.attend, call, scope);
  }
  if (target.kind === "attend part") {
    const { attend } = target;
    const metric = metricOf(attend.by);
    if (ownsValues(attend) && metric !== null) {
      return { kind: "values", attend, width: metric.heads * attend.values };
    }
    const what =
      metric === null
        ? `\`${attend.name}\`, which goes by \`${attend.by.kind}\``
        : `\`${attend.name}\`, whose values are the embeddings themselves`;
    scope.report(
      diagnose("does-not-apply", { name: "values", what }, at(call, "has no projected values"), {
        help: help.valuesWithoutMetric,
      }),
    );
    return null;
  }
  const because = dependsOn(target, scope);
  if (!because) {
    return wrongKind(
      "of",
      "the keys of a metric, the values of an attend or the codes of either stage",
      call,
      target,
      scope,
    );
  }
  scope.report(
    diagnose("table-needs-user", { table }, at(call, because.text), {
      also: because.path,
      help: help.tableNeedsUser(because.instead),
    }),
  );
  return null;
}

/** Codes are of the item alone, whatever else the stage weighs. */
function codesPart(stage: Search | Attend, call: CallValue, scope: Scope): TablePart | null {
  const { name, by } = stage;
  if (hasCodes(stage)) {
    return { kind: "codes", stage, width: codeWidth(bySpec(by)) };
  }
  scope.report(
    diagnose(
      "does-not-apply",
      { name: "codes", what: `\`${name}\`, which goes by \`${metricOf(by)?.name ?? by.kind}\`` },
      at(call, "has no codes"),
      { help: help.codesWithoutPlanes },
    ),
  );
  return null;
}

const hasCodes = ({ by }: Pick<Search, "by">): boolean => kindOf(by).codes !== undefined;

interface Dependence {
  readonly text: string;
  readonly path: readonly Label[];
  readonly instead: string;
}

/** What of the request the target depends on, and by which way; null where it is merely no part of a row. */
function dependsOn(target: Target, scope: Scope): Dependence | null {
  const keys = entities(scope, "metric")[0];
  const instead = keys
    ? `Cache \`${keys.name}.keys\` instead; what depends on the request is added when it arrives.`
    : "What depends on the request is added when it arrives.";
  switch (target.kind) {
    case "metric part": {
      const { metric, part } = target;
      const section = scope.declarations.get(metric.name)?.section;
      if (part.text === "query") {
        return {
          text: "depends on the candidate",
          path: labels(setting(section, "query"), "the candidate is known at request time only"),
          instead: `Cache \`${metric.name}.keys\` instead, which hold the same projection of a past item.`,
        };
      }
      const { history } = metric;
      if (part.text === "keys") {
        return {
          text: `depends on \`${history.name}.cross\``,
          path: [...labels(setting(section, "keys"), "by way of these keys"), ...crossPlace(history, scope)],
          instead: `Name the cross features in \`bias\` instead of \`keys\`: split so, keys are the item's alone. Or leave the table out; keys are then projected in the request.`,
        };
      }
      return {
        text: `depends on \`${history.name}.cross\``,
        path: [...labels(setting(section, "bias"), "by way of this bias"), ...crossPlace(history, scope)],
        instead: `Cache \`${metric.name}.keys\` instead; the bias is one number per feature and head, and is added at request time.`,
      };
    }
    case "cross":
    case "cross feature":
      return {
        text: `depends on ${target.kind === "cross" ? "what passed between user and item" : `\`${target.history.name}.cross\``}`,
        path: crossPlace(target.history, scope),
        instead,
      };
    case "group":
    case "feature": {
      const kind = target.kind === "group" ? target.group.kind : target.feature.group;
      if (kind === "item") {
        return null;
      }
      const what = {
        user: "the user",
        context: "the request",
        candidate: "one candidate of the request",
        cross: "the user",
        stats: "the user",
      }[kind];
      return {
        text: `depends on ${what}`,
        path: target.kind === "feature" ? [at(target.feature.span, "declared here")] : [],
        instead,
      };
    }
    case "attend":
    case "search": {
      const entity = target.kind === "attend" ? target.attend : target.search;
      const also = hasCodes(entity)
        ? ` What it compares of a past item alone are \`${entity.name}.codes\`.`
        : target.kind === "attend"
          ? ` The values of a past item alone are \`${entity.name}.values\`.`
          : "";
      return {
        text: "depends on the candidate and the user's history",
        path: [at(entity.span, "declared here")],
        instead: instead + also,
      };
    }
    case "tower":
      return { text: "depends on the whole request", path: [at(target.tower.span, "declared here")], instead };
    default:
      return null;
  }
}

const setting = (section: SectionNode | undefined, name: string): Member | undefined =>
  section?.members.find((member) => member.name.text === name);
const labels = (member: Member | undefined, text: string): readonly Label[] => (member ? [at(member.name, text)] : []);

function crossPlace(history: History, scope: Scope): readonly Label[] {
  const section = scope.declarations.get(history.name)?.section;
  const cross = section && block(section, "cross");
  return cross ? [at(cross.name, "cross features exist only between a user and an item")] : [];
}

/** One part lies in one table, and an attend that asks for cached keys or codes has a table. */
export function checkCaches(scope: Scope): void {
  const held = new Map<string, Table>();
  for (const table of entities(scope, "table")) {
    for (const part of table.of) {
      const name = partName(partOf(part));
      const first = held.get(name);
      if (!first) {
        held.set(name, table);
      } else {
        scope.report(
          diagnose("cached-twice", { part: name }, at(table.span, "holds it again"), {
            also: [at(first.span, "holds it already")],
            help: help.cachedTwice,
          }),
        );
      }
    }
  }
  if (declared(scope, "table").some((d) => d.entity === null)) {
    return;
  }
  for (const attend of entities(scope, "attend")) {
    const metric = metricOf(attend.by);
    const part = metric === null ? `${attend.name}.codes` : `${metric.name}.keys`;
    if (attend.keys !== "cached" || held.has(part)) {
      continue;
    }
    const section = scope.declarations.get(attend.name)?.section;
    scope.report(
      diagnose(
        "nothing-cached",
        { part },
        at(setting(section, "keys") ?? attend.span, `asks for ${metric === null ? "codes" : "keys"} from a table`),
        {
          help:
            metric !== null && metric.crossKeys.length > 0
              ? help.nothingCachable(metric.name)
              : help.nothingCached(part),
        },
      ),
    );
  }
}
