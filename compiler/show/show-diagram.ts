// `show diagram`: the model as a Mermaid flowchart, from features to labels.

import { partOwner } from "../../contract/by-spec.ts";
import { byText } from "../by/kinds.ts";
import { countText } from "../diagnostics/number-text.ts";
import { type By, metricOf } from "../model/by.ts";
import { declaredFeatures } from "../model/features.ts";
import type { Metric, Model, Table, Tower, TowerInput } from "../model/model.ts";
import { oversOf } from "../model/over.ts";
import { partOf } from "../model/table-layout.ts";
import { towerWidth, widthOf } from "../model/widths.ts";
import { input as inputText } from "./show-model.ts";

/** Mermaid text, ending in a newline; nodes and edges in the order of the source. */
export function showDiagram(model: Model): string {
  const lines = [
    "flowchart LR",
    ...groupNodes(model),
    ...model.metrics.flatMap(metricLines),
    ...model.searches.flatMap((search) => [
      node(search.name, `search ${search.name}`, `keeps ${search.keep} by ${byText(search.by)}`),
      edge(search.from.name, search.name),
      byEdge(search.by, search.name),
    ]),
    ...model.attends.flatMap((attend) => {
      const from = oversOf(attend).map((over) =>
        over.kind === "last"
          ? edge(over.history.name, attend.name, `newest ${over.count}`)
          : edge(over.kind === "search" ? over.search.name : over.history.name, attend.name),
      );
      return [
        node(attend.name, `attend ${attend.name}`, `by ${byText(attend.by)}, ${attend.out} wide`),
        ...from,
        byEdge(attend.by, attend.name),
      ];
    }),
    ...model.towers.flatMap((tower) => [
      node(tower.name, `tower ${tower.name}`, tower.input.length === 0 ? "wide alone" : layersText(tower)),
      ...tower.input.map((one) => edge(source(one), tower.name)),
      ...tower.wide.map((feature) => edge(source({ kind: "feature", feature }), tower.name, "wide")),
      ...tower.tasks.flatMap(({ label, kind, bias }) => [
        `  ${id(`label ${label}`)}([${text(label, kind)}])`,
        edge(tower.name, `label ${label}`),
        ...bias.map((feature) => edge(source({ kind: "feature", feature }), `label ${label}`, "in training")),
      ]),
    ]),
    ...scoreLines(model),
    ...model.tables.flatMap((table) => tableLines(model, table)),
  ];
  return `${[...new Set(lines)].join("\n")}\n`;
}

/** Mermaid has reserved words and no dots in identifiers. */
const id = (name: string): string => `n_${name.replace(/[^A-Za-z0-9_]/g, "__")}`;
const text = (title: string, detail: string): string => `"${title}${detail && `<br/>${detail.replaceAll('"', "'")}`}"`;
const node = (name: string, title: string, detail = ""): string => `  ${id(name)}[${text(title, detail)}]`;
const edge = (from: string, to: string, label = ""): string => `  ${id(from)} -->${label && `|${label}|`} ${id(to)}`;

function groupNodes(model: Model): string[] {
  const groups = [model.item, model.user, model.context, model.candidate].filter(({ features }) => features.length > 0);
  return [
    ...groups.map((group) =>
      node(
        group.kind,
        group.kind,
        declaredFeatures(group)
          .map((f) => f.name)
          .join(", "),
      ),
    ),
    ...model.histories.flatMap(({ name, max, cross, stats, cluster }) => {
      const kept = cluster ? `clusters of at most ${cluster.size}` : `newest ${countText(max)}`;
      const counted = stats.features.map((f) => `stats.${f.name}`);
      const features = [...cross.features.map((f) => f.name), ...counted].join(", ");
      return [node(name, `history ${name}`, features ? `${kept}<br/>${features}` : kept), edge("item", name)];
    }),
  ];
}

function metricLines(metric: Metric): string[] {
  const { name, heads, dim, history } = metric;
  return [
    `  ${id(name)}{{${text(`metric ${name}`, `${heads} × ${dim}`)}}}`,
    edge("item", name, `query, ${widthOf(metric.query)} wide`),
    ...[...new Set(metric.asked.map(({ group }) => group))].map((group) => edge(group, name, "query")),
    edge(history.name, name, metric.bias.length > 0 || metric.logSize ? "keys, bias" : "keys"),
  ];
}

function byEdge(by: By, to: string): string {
  const metric = metricOf(by);
  return metric === null ? edge("item", to, "candidate") : edge(metric.name, to);
}

const scoreLines = ({ score }: Model): string[] =>
  score === null
    ? []
    : [
        `  ${id("score ")}([${text("score", "")}])`,
        ...score.of.map(({ label, weight }) => edge(`label ${label}`, "score ", `${weight} ln`)),
      ];

const layersText = ({ input, hidden }: Tower): string => [towerWidth(input), ...hidden].join(" → ");

const source = (input: TowerInput): string => {
  const prefix = input.kind === "feature" ? input.feature.qualified.split(".")[0] : inputText(input);
  return prefix.replace(/\.stats$/, "");
};

function tableLines(model: Model, table: Table): string[] {
  const key = model.item.key?.name ?? "item";
  return [
    `  ${id(table.name)}[(${text(`table ${table.name}`, `${table.width} × ${table.precision} by ${key}`)})]`,
    ...table.of.map((part) => edge(table.name, partOwner(partOf(part)), part.kind)),
  ];
}
