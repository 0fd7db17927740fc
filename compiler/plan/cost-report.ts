// Counted costs: parameters, bytes, and multiply-adds of one request, before and after the rewrites, against unsplit attention.

import { isStat } from "../../contract/encoder-spec.ts";
import type { GraphName } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import { aligned } from "../../contract/width.ts";
import { itemsAtMost } from "../check/limits.ts";
import { countText } from "../diagnostics/number-text.ts";
import { lowerGraphs } from "../graphs/index.ts";
import { cost } from "../ir/cost.ts";
import type { Graph } from "../ir/graph.ts";
import { rewrite as rewriteNodes } from "../ir/rewrite.ts";
import { metricOf } from "../model/by.ts";
import type { Attend, History, Metric, Model, Table } from "../model/model.ts";
import { bytesOf, sizeOf } from "../model/parameter.ts";
import { keyWidth, projectedWidth, queryWidth, rowBytes, valueFeatures, widthOf } from "../model/widths.ts";
import { parameters } from "../parameters/parameters.ts";
import { rewrite } from "../passes/index.ts";

export interface RequestSize {
  /** Default 100. */
  readonly candidates?: number;
  /** Behaviours in each history; default: each history's `max`. */
  readonly history?: number;
}

export interface GraphCost {
  readonly name: GraphName;
  readonly before: number;
  readonly after: number;
  /** By declaration of the model. */
  readonly scopes: readonly { readonly scope: string; readonly before: number; readonly after: number }[];
}

export interface TableCost {
  readonly name: string;
  readonly width: number;
  readonly precision: string;
  /** Bytes of one row. */
  readonly row: number;
  /** Bytes with a row for every item; null: the key does not bound the items. */
  readonly most: number | null;
}

/** What is counted of a history's behaviours: each comes in once a user, and a candidate is answered by a look-up for each feature. */
export interface StatsCost {
  readonly history: string;
  /** How many statistics. */
  readonly count: number;
  /** Behaviours that are gone through once a user. */
  readonly behaviours: number;
  /** Features of the item that behaviours are counted by; all together cost nothing a candidate. */
  readonly by: readonly string[];
}

/** Sizes in bytes, costs in multiply-adds of one request (projector: of one item). */
export interface CostReport {
  readonly model: string;
  readonly candidates: number;
  readonly histories: Readonly<Record<string, number>>;
  readonly parameters: { readonly count: number; readonly bytes: number; readonly embeddings: number };
  readonly tables: readonly TableCost[];
  /** By history that has some. */
  readonly stats: readonly StatsCost[];
  readonly graphs: readonly GraphCost[];
  /** Search and attention of one request, towers apart; null where the model attends by no metric. */
  readonly attention: {
    /** Unsplit, every candidate row with its own copy of the history: what a framework exports. */
    readonly unsplitPerCandidate: number;
    /** Unsplit over the whole history, the user side computed once. */
    readonly unsplitShared: number;
    /** The graphs `search` and `rank`, as lowered and as rewritten. */
    readonly before: number;
    readonly after: number;
  } | null;
}

/** Graphs of both forms, where they are at hand; else they are made here. */
export interface CostedGraphs {
  readonly before: ReadonlyMap<GraphName, Graph>;
  readonly after: ReadonlyMap<GraphName, Graph>;
}

export function costReport(model: Model, size: RequestSize = {}, graphs = lowered(model)): CostReport {
  const candidates = size.candidates ?? 100;
  const histories = recordOf(model.histories.map(({ name, max }) => [name, size.history ?? max]));
  const all = parameters(model);
  const total = (list: typeof all, of: typeof sizeOf) => list.reduce((sum, parameter) => sum + of(parameter), 0);
  const counted = [...graphs.after].map(([name, after]): GraphCost => {
    const old = scoped(graphs.before.get(name) ?? after, candidates, histories);
    const now = scoped(after, candidates, histories);
    const names = [...new Set([...old.keys(), ...now.keys()])].sort();
    return {
      name,
      before: sum(old),
      after: sum(now),
      scopes: names.map((scope) => ({ scope, before: old.get(scope) ?? 0, after: now.get(scope) ?? 0 })),
    };
  });
  return {
    model: model.name,
    candidates,
    histories,
    parameters: {
      count: total(all, sizeOf),
      bytes: total(all, bytesOf),
      embeddings: total(
        all.filter(({ role }) => role === "embedding"),
        sizeOf,
      ),
    },
    tables: model.tables.map((table) => tableCost(model, table)),
    stats: model.histories.flatMap((history) => statsCost(history, histories[history.name])),
    graphs: counted,
    attention: attentionOf(model, candidates, histories, counted),
  };
}

function tableCost(model: Model, table: Table): TableCost {
  const row = rowBytes(table);
  const items = itemsAtMost(model);
  const { name, width, precision } = table;
  return { name, width, precision, row, most: items === null ? null : items * row };
}

function statsCost({ name, stats: { features } }: History, behaviours: number): StatsCost[] {
  const by = features.flatMap(({ encoder }) => (isStat(encoder) && encoder.on !== undefined ? [encoder.on] : []));
  return features.length === 0
    ? []
    : [{ history: name, count: features.length, behaviours, by: [...new Set(by)].sort() }];
}

function lowered(model: Model): CostedGraphs {
  const before = lowerGraphs(model, { layout: "request", outside: new Set() });
  return { before, after: new Map([...before].map(([name, graph]) => [name, rewrite(graph)])) };
}

/** Multiply-adds by declaration; what depends on parameters alone is computed when building and counts nothing. */
function scoped(graph: Graph, candidates: number, histories: Readonly<Record<string, number>>): Map<string, number> {
  const byScope = new Map<string, number>();
  for (const [scope, part] of Object.entries(cost(folded(graph), lengthsOf(graph, candidates, histories)).byScope)) {
    const declaration = scope.split("/")[0];
    byScope.set(declaration, (byScope.get(declaration) ?? 0) + part);
  }
  return byScope;
}

/** A length for every symbol of a graph's inputs, in a request of so many candidates and behaviours. */
export function lengthsOf(
  graph: Graph,
  candidates: number,
  histories: Readonly<Record<string, number>>,
): Record<string, number> {
  const symbols = new Set([...graph.inputs].flatMap(({ shape }) => shape.filter((dim) => typeof dim === "string")));
  return recordOf([...symbols].map((symbol) => [symbol, lengthOf(symbol, candidates, histories)]));
}

function lengthOf(symbol: string, candidates: number, histories: Readonly<Record<string, number>>): number {
  const [kind, name] = symbol.split(/\.(.*)/s);
  const longest = Math.max(0, ...Object.values(histories));
  if (kind === "candidates") {
    return candidates;
  }
  if (kind === "history") {
    return name === undefined ? longest : histories[name];
  }
  return kind === "items" ? 1 : longest + 1;
}

/** The graph with a parameter in place of everything that parameters and constants alone decide. */
function folded(graph: Graph): Graph {
  return rewriteNodes(graph, (value, inputs) => {
    const { op } = value.node;
    if (inputs.length === 0 || !inputs.every(({ node }) => node.op === "parameter" || node.op === "constant")) {
      return null;
    }
    if (value.dtype !== "float32" || op === "parameter") {
      return null;
    }
    const shape = value.shape.filter((dim) => typeof dim === "number");
    const attributes = { name: "folded", shape };
    return { ...value, node: { op: "parameter", inputs: [], attributes, scope: value.node.scope, doc: "" } };
  });
}

function attentionOf(
  model: Model,
  candidates: number,
  histories: Readonly<Record<string, number>>,
  graphs: readonly GraphCost[],
): CostReport["attention"] {
  const attends = model.attends.flatMap((attend) => {
    const metric = metricOf(attend.by);
    return metric === null ? [] : [{ attend, metric }];
  });
  if (attends.length === 0) {
    return null;
  }
  const towers = new Set(model.towers.map(({ name }) => name));
  const stages = graphs.filter(({ name }) => name === "search" || name === "rank").flatMap(({ scopes }) => scopes);
  const ours = stages.filter(({ scope }) => !towers.has(scope));
  const unsplit = (userSides: number) =>
    attends.reduce((total, { attend, metric }) => {
      const length = attend.over.kind === "last" ? attend.over.count : histories[metric.history.name];
      return total + unsplitAttention(model, attend, metric, { candidates, length, userSides });
    }, 0);
  return {
    unsplitPerCandidate: unsplit(candidates),
    unsplitShared: unsplit(1),
    before: ours.reduce((total, { before }) => total + before, 0),
    after: ours.reduce((total, { after }) => total + after, 0),
  };
}

interface UnsplitSize {
  readonly candidates: number;
  readonly length: number;
  /** How often the history is projected: once, or once a candidate. */
  readonly userSides: number;
}

/** Target attention with K = [K_h, K_c] projected whole, over `length` behaviours (TWIN, section 4.2, the plain form). */
function unsplitAttention(
  model: Model,
  attend: Attend,
  metric: Metric,
  { candidates, length, userSides }: UnsplitSize,
): number {
  const keys = projectedWidth(metric);
  const values = metric.heads * attend.values;
  const { inherent, cross } = valueFeatures(model, attend);
  const added = widthOf([...new Set([...metric.crossKeys, ...metric.bias])]);
  const project = length * ((keyWidth(metric) + added) * keys + (widthOf(inherent) + widthOf(cross)) * values);
  const query = queryWidth(metric) * keys;
  return userSides * project + candidates * (query + length * (keys + values) + values * attend.out);
}

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);

/** The report as stable text. */
export function costText(report: CostReport): string {
  const { parameters, tables, stats, graphs, attention } = report;
  const lengths = Object.entries(report.histories).map(([name, length]) => `${countText(length)} of ${name}`);
  const lines = [
    `model ${report.model}`,
    "",
    `parameters  ${countText(parameters.count)} (${countText(parameters.bytes)} bytes), of them in embedding tables ${countText(parameters.embeddings)}`,
    ...tables.map(({ name, row, width, precision, most }) => {
      const all = most === null ? "" : `, at most ${countText(most)} bytes`;
      return `table ${name}  ${countText(row)} bytes a row (${width} × ${precision})${all}`;
    }),
    ...stats.map(({ history, count, behaviours, by }) => {
      const each = by.length === 0 ? "nothing more" : `a look-up by ${by.join(", ")}`;
      return `statistics of ${history}  ${countText(count)}: a pass over ${countText(behaviours)} behaviours a user, ${each} a candidate`;
    }),
    "",
    `multiply-adds of one request: ${countText(report.candidates)} candidates, behaviours: ${lengths.join(", ") || "none"}`,
    ...columns([
      ["", "before the rewrites", "after"],
      ...graphs.flatMap(({ name, before, after, scopes }) => [
        [name === "projector" ? "projector (one item)" : name, countText(before), countText(after)],
        ...scopes.map((scope) => [`  ${scope.scope}`, countText(scope.before), countText(scope.after)]),
      ]),
    ]),
  ];
  if (attention) {
    const { unsplitPerCandidate, unsplitShared, before, after } = attention;
    const against = (count: number) => (after === 0 ? "" : `${(count / after).toFixed(2)} ×`);
    lines.push(
      "",
      "search and attention of that request, towers apart",
      ...columns([
        [
          "unsplit, each candidate row with its own history",
          countText(unsplitPerCandidate),
          against(unsplitPerCandidate),
        ],
        ["unsplit, the user side computed once", countText(unsplitShared), against(unsplitShared)],
        ["two stages, before the rewrites", countText(before), against(before)],
        ["two stages, after", countText(after), against(after)],
      ]),
      "Counted, not measured: choosing the best behaviours costs time that multiply-adds do not show.",
    );
  }
  return `${lines.join("\n")}\n`;
}

/** The first column to the left, the others to the right. */
const columns = (rows: readonly (readonly string[])[]): string[] => aligned(rows, (column) => column > 0);
