// Names of the graphs' ports, and the order in which a graph declares them.
import type { Attend, Embedding, Feature, History, Model, Search, Table, TablePart } from "./model.ts";
import { ownTables } from "./own.ts";
import { searchedFeatures } from "./searched.ts";
import { type Site, towerSite } from "./site.ts";

/** `candidate.item.F`, `watched.item.F`, `item.F`; `candidate.F`, `user.F`, `context.F`; `watched.F`; `watched.stats.F`. */
export function featurePort(feature: Feature, site: Site): string {
  if (feature.group === "stats") {
    return feature.qualified;
  }
  if (feature.group === "item") {
    return site.kind === "items" ? `item.${feature.name}` : `${stem(site)}.item.${feature.name}`;
  }
  return `${site.kind === "history" ? stem(site) : feature.group}.${feature.name}`;
}

export function validPort(history: History): string {
  return `${history.name}.valid`;
}

/** Which of the unique items stands there, in training: `candidate.item`, `watched.item`, `nearest.item`. */
export function itemPort(site: Site): string {
  return `${stem(site)}.item`;
}

/** `candidate`, `watched`; of behaviours that are given, their name. */
export function stem(site: Site): string {
  if (site.kind !== "history") {
    return "candidate";
  }
  return site.given?.name ?? site.history.name;
}

/** `watched.row`; `watched.TABLE.row` where several tables are read by one history. */
export function rowPort(model: Model, table: Table): string {
  const several = model.tables.filter((other) => other.history === table.history).length > 1;
  return several ? `${table.history.name}.${table.name}.row` : `${table.history.name}.row`;
}

/** Scale and offset of each head of a table's rows, where a graph takes them as uint8: `video_keys.scale`. */
export function scalePort(table: Table): string {
  return `${table.name}.scale`;
}

/** The dim of a table's rows: `rows`, or `rows.TABLE` where there are several, which need not be of one length. */
export function tableDim(model: Model, table: Table): string {
  return model.tables.length > 1 ? `rows.${table.name}` : "rows";
}

/** `item.video_id` of `item.video_id.table`: the feature that owns an embedding. */
export function owner(embedding: Embedding): string {
  return embedding.parameter.replace(/\.table$/, "");
}

/** Input with the fetched rows of an embedding that is held outside the graphs. */
export function outsidePort(embedding: Embedding): string {
  return `${owner(embedding)}.rows`;
}

/** Output with a label's probability, of a regression its value. */
export const labelPort = (label: string): string => outputName(label);

/** What candidates are ordered by. */
export const scoreOutput = "score";

/** ONNX Runtime for JavaScript gives results as a plain object, which cannot have `__proto__` for a key. */
const outputName = (name: string): string => (name === "__proto__" ? `${name}.out` : name);

/** `kept`, or `SEARCH.kept` where there are several searches. */
export function keptPort(model: Model, search: Search): string {
  return model.searches.length > 1 ? `${search.name}.kept` : "kept";
}

/** `scores`, or `SEARCH.scores` where there are several searches. */
export function scoresPort(model: Model, search: Search): string {
  return model.searches.length > 1 ? `${search.name}.scores` : "scores";
}

/** Parameters are called `relevance.query` and so on. */
const operandNames = { query: "q", keys: "k", bias: "bias", mask: "mask", values: "v" } as const;

/** Output of a side graph: `relevance.q`, `.k`, `.bias` of a metric, `nearest.mask` of a stage, `interest.v` of an attend. */
export const operandPort = (stem: string, operand: keyof typeof operandNames): string =>
  `${stem}.${operandNames[operand]}`;

/** Outputs of a side graph: what each row of a cross feature adds to an attend's values, and the behaviours' rows. */
export const lookupPorts = (attend: Attend, feature: Feature): { readonly rows: string; readonly row: string } => {
  const rows = `${operandPort(attend.name, "values")}.${feature.name}`;
  return { rows, row: `${rows}.row` };
};

/**
 * Outputs of side graphs, of a feature that a metric's scores gain by: rows of candidates and of behaviours, and what it is
 * worth at each: `relevance.match.category.q`, `.k`, `.worth`.
 */
export const matchPorts = (metric: string, { name }: Feature) => {
  const stem = `${metric}.match.${name}`;
  return { candidates: `${stem}.q`, behaviours: `${stem}.k`, worth: `${stem}.worth` };
};

/** Input of a side graph: what the kernel pooled for an attend. */
export const pooledPort = (attend: Attend): string => `${attend.name}.pooled`;

/** The projector's output for a table: `keys` or `values` for the only table with its only part, else the table's name. */
export function projectorPort(model: Model, table: Table): string {
  return model.tables.length === 1 && table.of.length === 1 ? table.of[0].kind : outputName(table.name);
}

/** Column where a part starts in its table's row. */
export function partOffset(table: Table, part: TablePart): number {
  return table.of.slice(0, table.of.indexOf(part)).reduce((sum, before) => sum + before.width, 0);
}

/** Every input that a graph of the model may have, in the order of declaration. */
export function portOrder(model: Model): readonly string[] {
  const embeddings = new Set<Embedding>();
  const names: string[] = [];
  const declare = (features: readonly Feature[], site: Site) => {
    for (const feature of features) {
      names.push(featurePort(feature, site));
      if (feature.embedding) {
        embeddings.add(feature.embedding);
      }
    }
  };
  declare(model.item.features, { kind: "items" });
  declare(model.item.features, { kind: "candidate" });
  declare(model.popularity.features, { kind: "candidate" });
  declare(model.candidate.features, { kind: "candidate" });
  declare(model.user.features, { kind: "once" });
  declare(model.context.features, { kind: "once" });
  for (const history of model.histories) {
    const site: Site = { kind: "history", history };
    names.push(validPort(history));
    for (const table of model.tables) {
      if (table.history === history) {
        names.push(rowPort(model, table));
      }
    }
    declare(model.item.features, site);
    declare(history.cross.features, site);
    declare(history.stats.features, { kind: "candidate" });
  }
  names.push(...model.tables.map((table) => table.name));
  names.push(...[...embeddings].map(outsidePort));
  names.push(...model.searches.map((search) => keptPort(model, search)));
  names.push(...model.attends.map(pooledPort));
  names.push(...rawPorts(model).map(({ port }) => port));
  return names;
}

/** Input with a feature's rows as its table counts them, where the input of the feature counts in fetched rows. */
export const rawPort = (feature: Feature, site: Site): string => `${featurePort(feature, site)}.row`;

export interface RawPort {
  readonly port: string;
  readonly feature: Feature;
  readonly site: Site;
}

/** Every such input that wide terms of towers, own tables of metrics and searches by another run may have, once. */
export function rawPorts({ towers, metrics }: Pick<Model, "towers" | "metrics">): RawPort[] {
  const ports = new Map<string, RawPort>();
  const declare = (feature: Feature, site: Site) => {
    const port = rawPort(feature, site);
    ports.set(port, { port, feature, site });
  };
  for (const feature of towers.flatMap(({ wide }) => wide)) {
    if (feature.embedding !== null) {
      declare(feature, towerSite(feature));
    }
  }
  for (const metric of metrics) {
    for (const { feature } of ownTables(metric)) {
      for (const site of sitesOf(feature, metric.history)) {
        declare(feature, site);
      }
    }
  }
  for (const { feature, history } of searchedFeatures({ metrics })) {
    // Of cross features the rows of the table itself come in anyway.
    if (feature.embedding === null || feature.group === "cross") {
      continue;
    }
    for (const site of sitesOf(feature, history)) {
      declare(feature, site);
    }
  }
  return [...ports.values()];
}

/** Where a metric of a history reads a feature. */
const sitesOf = (feature: Feature, history: History): readonly Site[] =>
  feature.group === "item"
    ? [{ kind: "items" }, { kind: "candidate" }, { kind: "history", history }]
    : [towerSite(feature)];
