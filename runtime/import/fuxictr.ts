// FuxiCTR's long-sequence models (model_zoo/LongCTR: TWIN, and what SIM and ETA have in common with it) by their names.
import { TwinError } from "../../contract/error.ts";
import type { ForeignArray } from "./foreign-weights.ts";
import { type FuxiFound, type FuxiRequest, matchFeatures } from "./fuxictr-match.ts";
import { stackLayers } from "./fuxictr-stack.ts";
import type { TargetAttend, TargetFeature, TargetTower } from "./import-target.ts";
import type { MapEntry, RowLayout } from "./map-file.ts";

/** Never needed: counters. */
export const fuxiIgnored: readonly string[] = [
  "*.num_batches_tracked",
  "dnn.mlp.*.num_batches_tracked",
  "dnn.mlp.*.bn.num_batches_tracked",
];

/**
 * The map of a FuxiCTR model onto this one.
 * @throws TwinError where a feature's name leads to several features of the model, or a table's size is not the feature map's
 */
export function fuxiEntries(request: FuxiRequest): MapEntry[] {
  const found = matchFeatures(request);
  const tables = found.flatMap(({ fuxi, array, feature }) =>
    feature.table === null ? [] : [entry(array.name, feature.table, { rows: rowsOf(request, fuxi, array, feature) })],
  );
  if (request.partial) {
    return tables;
  }
  const attends = request.target.attends.flatMap((attend) => attendEntries(request, found, attend));
  const [tower, ...others] = request.target.towers;
  return [...tables, ...attends, ...(tower && others.length === 0 ? towerEntries(request, found, tower) : [])];
}

const entry = (from: MapEntry["from"], to: string, more: Partial<MapEntry> = {}): MapEntry => ({
  from,
  to,
  concat: 0,
  repeat: false,
  ...more,
});

/**
 * Its tokenizer keeps row 0 for padding and the last one (`oov_idx`) for unknown values; bucketed features have neither.
 * An `id` feature whose table has room for every foreign row has the foreign indices as its ids.
 */
function rowsOf(
  { path, target, features }: FuxiRequest,
  fuxi: string,
  array: ForeignArray,
  feature: TargetFeature,
): RowLayout {
  const spec = features?.get(fuxi);
  const [rows] = array.shape;
  if (features !== null && spec === undefined) {
    throw new TwinError(
      `the feature map does not know ${fuxi}, whose table is in ${path}: it belongs to other weights`,
    );
  }
  if (spec?.vocab_size !== undefined && spec.vocab_size !== rows) {
    throw new TwinError(
      `${path}: the table of ${fuxi} has ${rows} rows, but the feature map says vocab_size ${spec.vocab_size}: it belongs to other weights`,
    );
  }
  if (spec !== undefined && spec.oov_idx === undefined) {
    return { padding: spec.padding_idx ?? "none", unknown: "zero", order: "packed" };
  }
  const own = target.parameters.find(({ name }) => name === feature.table)?.shape[0] ?? 0;
  return {
    padding: spec?.padding_idx ?? 0,
    unknown: spec?.oov_idx ?? "last",
    order: feature.encoder === "id" && own > rows ? "index" : "packed",
  };
}

/** Whether FuxiCTR counts a feature to the item, whose behaviours make the history. */
const isItem = ({ features }: FuxiRequest, { fuxi, feature }: FuxiFound): boolean =>
  features === null ? feature.group === "item" : features.get(fuxi)?.source === "item";

const attentionOf = ({ over }: TargetAttend): string => (over === "search" ? "long_attention" : "short_attention");

/** Columns of FuxiCTR's concatenation that are the named ones of ours, as slices along the axis of a weight. */
function columns(
  name: string,
  axis: number,
  blocks: readonly { readonly name: string; readonly width: number }[],
  wanted: readonly string[],
): { from: MapEntry["from"]; concat: number } | null {
  const starts = new Map<string, { start: number; end: number }>();
  let at = 0;
  for (const { name: block, width } of blocks) {
    starts.set(block, { start: at, end: at + width });
    at += width;
  }
  const parts = wanted.flatMap((block) => {
    const place = starts.get(block);
    return place === undefined ? [] : [{ name, slice: { axis, ...place } }];
  });
  if (parts.length !== wanted.length || wanted.length !== blocks.length) {
    return null;
  }
  if (wanted.every((block, i) => block === blocks[i].name)) {
    return { from: name, concat: 0 };
  }
  return { from: parts, concat: axis };
}

/** W_q, W_h (W_k), W_v and W_o of the attention over the long or the short history; their biases are none. */
function attendEntries(request: FuxiRequest, found: readonly FuxiFound[], attend: TargetAttend): MapEntry[] {
  const own = attentionOf(attend);
  if (attend.metric === null || ![...request.arrays.keys()].some((name) => name.startsWith(`${own}.`))) {
    return [];
  }
  const items = found.filter((one) => isItem(request, one));
  const blocks = items.map(({ array, feature }) => ({ name: feature.qualified, width: array.shape[1] }));
  const keys = request.arrays.has(`${own}.W_h.weight`) ? "W_h" : "W_k";
  const of = (weight: string, to: string, order: readonly string[]) => {
    const from = columns(`${own}.${weight}.weight`, 1, blocks, order);
    return from === null ? [] : [entry(from.from, to, { concat: from.concat, transpose: true })];
  };
  return [
    ...of("W_q", `${attend.metric}.query`, attend.keys),
    ...of(keys, `${attend.metric}.keys`, attend.keys),
    ...of("W_v", `${attend.name}.values.item`, attend.values),
    entry(`${own}.W_o.weight`, `${attend.name}.out`, { transpose: true }),
  ];
}

/** `dnn.mlp`: [everything but the item, the item, short interest, long interest] → hidden layers → one logit. */
function towerEntries(request: FuxiRequest, found: readonly FuxiFound[], tower: TargetTower): MapEntry[] {
  const layers = stackLayers("dnn.mlp", request.arrays);
  const [label, ...others] = tower.labels;
  if (!tower.plain || label === undefined || others.length > 0 || layers.length !== tower.hidden + 1) {
    return [];
  }
  const width = ({ array, feature }: FuxiFound) => ({ name: feature.qualified, width: array.shape[1] });
  const items = found.filter((one) => isItem(request, one)).map(width);
  const rest = found.filter((one) => !isItem(request, one)).map(width);
  const interest = items.reduce((sum, item) => sum + item.width, 0);
  const attend = (own: string) => request.target.attends.filter((one) => attentionOf(one) === own).slice(0, 1);
  const interests = ["short_attention", "long_attention"]
    .flatMap(attend)
    .map(({ name }) => ({ name, width: interest }));
  const blocks = [...rest, ...items, ...interests];
  return layers.flatMap(({ arrays }, i) => {
    const to = i < tower.hidden ? `${tower.name}.hidden.${i}` : `${tower.name}.${label}`;
    return [...arrays].flatMap(([end, name]) => {
      if (end !== "weight") {
        return [entry(name, `${to}.${end}`, { repeat: end === "alpha" })];
      }
      const inputs = tower.inputs.map((input) => input.name);
      const first = i === 0 ? columns(name, 1, blocks, inputs) : { from: name, concat: 0 };
      return first === null ? [] : [entry(first.from, `${to}.weight`, { concat: first.concat, transpose: true })];
    });
  });
}
