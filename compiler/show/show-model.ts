// `show model`: the checked model with every default filled in, as a `.twin` text of its own.
import { partName } from "../../contract/by-spec.ts";
import type { Encoder, RowEncoder } from "../../contract/encoder-spec.ts";
import { byText, kindOf } from "../by/kinds.ts";
import { countText, durationText, shareText } from "../diagnostics/number-text.ts";
import { metricOf } from "../model/by.ts";
import { declaredFeatures } from "../model/features.ts";
import type {
  Attend,
  Feature,
  Group,
  History,
  Metric,
  Model,
  Optimiser,
  Over,
  Schedule,
  Table,
  Tower,
  TowerInput,
  Train,
} from "../model/model.ts";
import { oversOf } from "../model/over.ts";
import { partOf } from "../model/table-layout.ts";
import { queryWidth, resultWidth, towerWidth, widthOf } from "../model/widths.ts";

/** A value of null is shown as a remark: nothing is set. */
type Line = readonly [name: string, value: string | null, remark?: string];

/** Stable text, ending in a newline. Remarks behind `//` say what follows from the source: rows, widths. */
export function showModel(model: Model): string {
  const groups = [model.item, model.user, model.context, model.candidate].filter(({ features }) => features.length > 0);
  const sections = [
    `model ${model.name}`,
    ...groups.map((group) => {
      const changing = group === model.item ? features(model.popularity) : [];
      return section(group.kind, [...features(group), ...changing], `width ${widthOf(group.features)}`);
    }),
    ...model.histories.map(history),
    ...model.metrics.map(metric),
    ...model.searches.map((search) =>
      section(`search ${search.name}`, [
        ["from", search.from.name],
        ["by", byText(search.by)],
        ["keep", `${search.keep}`],
        ...(metricOf(search.by) !== null ? [["heads", search.heads] as const] : []),
      ]),
    ),
    ...model.attends.map(attend),
    ...model.towers.map((tower) =>
      section(
        `tower ${tower.name}`,
        [
          ...(tower.input.length > 0 ? layers(tower) : []),
          ...(tower.wide.length > 0 ? [["wide", names(tower.wide)] as const] : []),
        ],
        "",
        block(
          "predict",
          tower.tasks.map(({ label, kind, weight, pairs, through, where, calibrate, bias }) => [
            label,
            call(kind, {
              weight,
              through,
              pairs: pairs === 0 ? null : pairs,
              where,
              calibrate,
              bias: bias.length === 0 ? null : names(bias),
            }),
          ]),
        ) + scoreText(model, tower),
      ),
    ),
    ...model.tables.map(table),
    section("train", train(model.train), "", decay(model.train)),
  ];
  return `${sections.join("\n\n")}\n`;
}

function section(title: string, lines: readonly Line[], remark = "", nested = ""): string {
  const head = `${title} {${remark && ` // ${remark}`}`;
  return [head, ...aligned(lines, "  "), ...(nested ? ["", nested] : []), "}"].join("\n");
}

const block = (title: string, lines: readonly Line[], remark = ""): string =>
  [`  ${title} {${remark && ` // ${remark}`}`, ...aligned(lines, "    "), "  }"].join("\n");

function aligned(lines: readonly Line[], indent: string): string[] {
  const width = Math.max(0, ...lines.map(([text]) => text.length)) + 1;
  return lines.map(([text, value, remark]) => {
    const shown = value === null ? `// ${text}: not set` : `${`${text}:`.padEnd(width)} ${value}`;
    return `${indent}${shown}${remark ? ` // ${remark}` : ""}`;
  });
}

const list = (items: readonly (string | number)[]): string => `[${items.join(", ")}]`;

/** `name(key: value, …)`; arguments that are null are left out. */
function call(name: string, args: Readonly<Record<string, string | number | boolean | null>>): string {
  const written = Object.entries(args).flatMap(([key, value]) => (value === null ? [] : [`${key}: ${value}`]));
  return written.length > 0 ? `${name}(${written.join(", ")})` : name;
}

const features = (group: Group): Line[] =>
  declaredFeatures(group).map((feature) => [feature.name, featureText(feature, group), remark(feature)]);

function featureText(feature: Feature, group: Group): string {
  const { encoder, embedding, projection, formerly, unknown } = feature;
  const own = embedding?.parameter === `${feature.qualified}.table`;
  const ids = ["id", "vocabulary", "hashed", "tags"].includes(encoder.kind);
  return call(encoder.kind, {
    ...encoderText(encoder),
    pool: encoder.kind === "tags" ? feature.pool : null,
    dim: embedding?.dim ?? projection?.dim ?? null,
    key: group.key === feature && encoder.kind !== "key" ? true : null,
    unknown: ids ? shareText(unknown) : null,
    shares: embedding && !own ? embedding.parameter.replace(/\.table$/, "") : null,
    formerly,
  });
}

const remark = ({ embedding, width }: Feature): string =>
  embedding ? `table [${countText(embedding.rows)}, ${embedding.dim}]` : `width ${width}`;

const rowText = (of: RowEncoder): Record<string, number> =>
  of.kind === "id"
    ? { vocab: of.vocab }
    : of.kind === "hashed"
      ? { buckets: of.buckets }
      : { vocabulary: of.max, min_count: of.minCount };

/** The arguments that were given. */
const given = (args: Readonly<Record<string, string | number | undefined>>): Record<string, string | number> =>
  Object.fromEntries(Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

function encoderText(encoder: Encoder): Record<string, string | number> {
  switch (encoder.kind) {
    case "vocabulary":
      return { max: encoder.max, min_count: encoder.minCount };
    case "bucketed":
      return { at: encoder.quantiles === undefined ? list(encoder.edges) : `quantiles(${encoder.quantiles})` };
    case "elapsed":
      return { at: list(encoder.unit === "seconds" ? encoder.edges.map(durationText) : encoder.edges) };
    case "hashed":
      return { buckets: encoder.buckets, hashes: encoder.hashes ?? 1 };
    case "tags":
      return { ...rowText(encoder.of), max: encoder.max };
    case "place":
      return { at: list(encoder.edges) };
    case "hour":
    case "weekday":
      return { zone: JSON.stringify(encoder.zone) };
    case "flag":
      return {};
    case "number": {
      const { scale, mean, deviation } = encoder;
      return { scale, ...(mean !== undefined && deviation !== undefined && { mean, deviation }) };
    }
    case "gap":
    case "since":
      return {
        ...given({ on: encoder.on }),
        at: list(encoder.unit === "seconds" ? encoder.edges.map(durationText) : encoder.edges),
      };
    case "met":
      return given({ on: encoder.on });
    case "popularity": {
      const { on, of, k, window } = encoder;
      return given({ on, of: of ?? undefined, k, window: window === null ? undefined : durationText(window) });
    }
    case "last":
      return given({ on: encoder.on, of: encoder.of });
    case "rate":
      return given({ on: encoder.on, of: encoder.of, k: encoder.k, base: encoder.base });
    case "recent": {
      const { on, of, half, unit, k, base } = encoder;
      return given({ on, of, half: unit === "seconds" ? durationText(half) : half, k, base });
    }
    default: {
      const { kind: _, ...rest } = encoder;
      return rest;
    }
  }
}

/** What a file says of a group: the sizes of clusters go without saying. */
const written = (group: Group): Group => ({
  ...group,
  features: group.features.filter(({ encoder }) => encoder.kind !== "members"),
});

function history({ name, of, max, cross, stats, cluster }: History): string {
  const lines: Line[] = [
    ["of", of],
    ["max", `${max}`],
  ];
  if (cluster) {
    lines.push([
      "cluster",
      call("kmeans", { on: cluster.on.qualified, within: cluster.within?.qualified ?? null, size: cluster.size }),
    ]);
  }
  const blocks = [["cross", cross] as const, ["stats", stats] as const]
    .filter(([, group]) => written(group).features.length > 0)
    .map(([title, group]) => block(title, features(written(group)), `width ${widthOf(group.features)}`));
  return section(`history ${name}`, lines, "", blocks.join("\n\n"));
}

const names = (features: readonly Feature[], stem = ""): string =>
  list(features.map((f) => (stem ? `${stem}.${f.name}` : f.qualified)));

function metric(metric: Metric): string {
  const bias = [
    ...metric.bias.map(({ qualified }) => qualified),
    ...(metric.logSize ? [`log(${metric.history.name}.size)`] : []),
  ];
  return section(`metric ${metric.name}`, [
    ["query", names([...metric.query, ...metric.asked]), `width ${queryWidth(metric)}`],
    [
      "keys",
      list([
        ...metric.keys.map(({ name }) => `${metric.history.name}.item.${name}`),
        ...metric.crossKeys.map(({ qualified }) => qualified),
      ]),
    ],
    ["bias", bias.length > 0 ? list(bias) : null],
    ...(metric.match.length > 0 ? [["match", names(metric.match)] as const] : []),
    ["heads", `${metric.heads}`],
    ["dim", `${metric.dim}`, "per head"],
    ["embeddings", metric.embeddings.kind === "own" ? call("own", { dim: metric.embeddings.dim }) : "shared"],
  ]);
}

export function over(over: Over): string {
  if (over.kind === "search") {
    return over.search.name;
  }
  return over.kind === "last" ? `${over.history.name}.last(${over.count})` : over.history.name;
}

export const input = (input: TowerInput): string =>
  input.kind === "attend" ? input.attend.name : input.kind === "group" ? input.group.prefix : input.feature.qualified;

function attend(one: Attend): string {
  const { name, by: measure, values, out, keys, value, product, strength } = one;
  const lines: Line[] = [
    ["over", one.beside.length === 0 ? over(one.over) : list(oversOf(one).map(over))],
    ["by", byText(measure)],
  ];
  if (metricOf(measure) === null) {
    const hashed = kindOf(measure).codes !== undefined;
    return section(`attend ${name}`, hashed ? [...lines, ["keys", keys]] : lines, `width ${out}`);
  }
  return section(`attend ${name}`, [
    ...lines,
    ["values", `${values}`, "per head"],
    ["out", `${out}`],
    ["keys", keys],
    ["value", value],
    ...(product ? [["product", "true", `width ${2 * out}`] as const] : []),
    ...(strength ? [["strength", "true", `width ${resultWidth(one)}`] as const] : []),
  ]);
}

function scoreText({ score }: Model, { name }: Tower): string {
  if (score?.tower !== name) {
    return "";
  }
  return `\n\n${block(
    "score",
    score.of.map(({ label, weight }) => [label, `${weight}`]),
  )}`;
}

const layers = (tower: Tower): Line[] => [
  ["input", list(tower.input.map(input)), `width ${towerWidth(tower.input)}`],
  ["hidden", list(tower.hidden)],
  ["activation", tower.activation],
  ["dropout", `${tower.dropout}`],
  ["norm", tower.norm],
  ["cross", `${tower.cross}`],
  ["experts", `${tower.experts}`],
];

function table(table: Table): string {
  const parts = table.of.map((part) => partName(partOf(part)));
  return section(`table ${table.name}`, [
    ["of", list(parts), `width ${table.width}`],
    ["precision", table.precision],
    ["coverage", shareText(table.coverage)],
    ["min_count", `${table.minCount}`],
    ["refresh", table.refresh === null ? null : durationText(table.refresh)],
    ["shards", `${table.shards}`],
    ["on_miss", table.onMiss],
  ]);
}

const decay = ({ l2 }: Train): string =>
  l2.dense === 0
    ? ""
    : block("l2", [
        ["embeddings", `${l2.embeddings}`],
        ["dense", `${l2.dense}`],
      ]);

function train({
  embeddings,
  dense,
  batch,
  epochs,
  renew,
  schedule,
  clip,
  l2,
  average,
  cold,
  group,
  length,
  stop,
  seed,
}: Train): Line[] {
  const plain = ({ kind, ...args }: Optimiser | Schedule): string => call(kind, args);
  return [
    ["embeddings", plain(embeddings)],
    ["dense", plain(dense)],
    ["batch", `${batch}`],
    ["epochs", `${epochs}`],
    ["renew", renew ? "embeddings" : "none"],
    ["schedule", plain(schedule)],
    ["clip", clip === null ? null : `${clip}`],
    ...(l2.dense === 0 ? [["l2", `${l2.embeddings}`] as const] : []),
    ["average", average === null ? null : `ema(${average.decay})`],
    ["cold", shareText(cold)],
    ["group", `${group}`],
    ["length", length === null ? null : `log_uniform(${length.min}, ${length.max})`],
    ["stop", stop ? call("stop", { after: stop.after, on: stop.on }) : "none"],
    ["seed", `${seed}`],
  ];
}
