// Features that run parallel to a list of behaviours: cross features of the history, and features of the past items.
import { isComputed, isPassed, needsTimes } from "../../../contract/encoder-spec.ts";
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { meant } from "../../../contract/nearest.ts";
import { computedFrom } from "../../encode/column.ts";
import type { Derivation } from "../../encode/derive.ts";
import type { Binding } from "../binding.ts";
import { checkClusters } from "../cluster-settings.ts";
import type { DataModel } from "../data-model.ts";
import type { Use } from "../database/cast.ts";
import type { Source } from "../database/source.ts";
import { listedBinding } from "../listed-binding.ts";
import type { Relation } from "../relation.ts";
import { type Resolved, wantedOf } from "../resolve.ts";
import { castList, rawList } from "./list-column.ts";
import type { OpenList } from "./open-lists.ts";

/**
 * A feature's values as lists beside those of the history's items; null where the binding names none.
 * @param dense whether a number that is missing is NaN
 * @param like what makes the candidate's value, and of a plain list the past items' as well
 */
export async function listFeature(
  source: Source,
  relation: Relation,
  { lists, place }: Binding,
  list: OpenList,
  feature: FeatureSpec,
  dense: boolean,
  like: Derivation | null = null,
): Promise<Resolved | null> {
  const bound = listedBinding({ lists }, list.history);
  const written = Object.hasOwn(bound.columns, feature.name) ? bound.columns[feature.name] : null;
  const wanted = wantedOf(feature);
  if (written === null || wanted === null) {
    return null;
  }
  const where = place("samples", "histories", list.history, "columns", feature.name);
  const derive = written.kind === "sql" ? like : written;
  const use: Use =
    derive === null ? wanted.use : derive.kind === "split" ? "text" : derive.kind === "map" ? "raw" : "number";
  const column = written.kind === "sql" ? written.sql : written.column;
  const raw = await rawList(source, relation, column, bound.by, where);
  const found = await castList(source, relation, raw, { name: feature.name, use, beside: list.raw, dense }, where);
  const made = derive !== null ? "derivation" : relation.columns.has(column) ? "column" : "sql";
  return { ...found, derive, made };
}

/** Cross features of a history, all of which its rows must bring. @throws TwinError naming the one that is not bound */
export async function crossLists(
  source: Source,
  relation: Relation,
  binding: Binding,
  list: OpenList,
  features: readonly FeatureSpec[],
): Promise<Resolved[]> {
  const found: Resolved[] = [];
  for (const feature of features) {
    if (wantedOf(feature) === null) {
      continue;
    }
    const one = await listFeature(source, relation, binding, list, feature, true);
    if (one === null) {
      throw new TwinError(
        `${binding.place("samples", "histories", list.history)}: nothing says where ${feature.name} of the past behaviours stands; name its parallel list: \`columns: {${feature.name}: …}\``,
      );
    }
    found.push(one);
  }
  return found;
}

/** @throws TwinError for histories and features that `samples:` has and the model does not, and the other way round */
export function checkLists(binding: Binding, { model, histories, features }: DataModel): void {
  const { lists, place } = binding;
  if (lists === null) {
    return;
  }
  const names = histories.map(({ name }) => name);
  for (const history of Object.keys(lists)) {
    if (!names.includes(history)) {
      throw new TwinError(
        `${place("samples", "histories", history)}: the model ${model} has no history \`${history}\`${meant(history, names)}`,
      );
    }
    checkClusters(binding, { model, histories, features }, history);
    const own = histories.find(({ name }) => name === history)?.cross ?? [];
    const listed = features.filter(({ name, group }) => group === "item" || own.includes(name));
    for (const name of Object.keys(lists[history].columns)) {
      const where = place("samples", "histories", history, "columns", name);
      const feature = listed.find((one) => one.name === name);
      if (feature === undefined) {
        throw new TwinError(
          `${where}: \`${name}\` is neither a cross feature of ${history} nor a feature of its items${meant(
            name,
            listed.map((one) => one.name),
          )}`,
        );
      }
      if (isComputed(feature.encoder)) {
        const way = needsTimes(feature.encoder) ? "name the times as `time` of the history" : "leave it out";
        throw new TwinError(`${where}: ${name} is computed from ${computedFrom(feature)}: ${way}`);
      }
      if (feature.group === "item" && feature.key) {
        throw new TwinError(`${where}: the item's key is \`item\` of the history: leave \`${name}\` out`);
      }
      if (feature.group === "item" && binding.items !== null) {
        throw new TwinError(
          `${where}: the items file says what ${name} is, and an item has one row: leave the list out, or leave \`items\` out, and items are what the samples say of them`,
        );
      }
    }
  }
  for (const { name, cross } of histories) {
    if (!Object.hasOwn(lists, name)) {
      throw new TwinError(
        `${place("samples", "histories")}: nothing says where the behaviours of the model's history \`${name}\` stand; add \`${name}: {item: …}\``,
      );
    }
    for (const feature of cross) {
      if (Object.hasOwn(binding.columns, feature)) {
        throw new TwinError(
          `${place("columns", feature)}: ${feature} belongs to past behaviours: name its parallel list under \`samples.histories.${name}.columns\``,
        );
      }
    }
    for (const feature of features.filter((one) => cross.includes(one.name))) {
      checkElapsed(binding, name, feature);
    }
  }
}

/** Edges of elapsed time and of gaps need the clock that they are of. */
function checkElapsed({ lists, events, place }: Binding, history: string, { name, encoder }: FeatureSpec): void {
  if (!isPassed(encoder)) {
    return;
  }
  const { clock } = listedBinding({ lists }, history);
  const where = place("samples", "histories", history);
  if (encoder.unit === "seconds" && clock === null) {
    const timed = events?.clock !== null;
    const what = timed ? "its behaviours have no times" : "neither the samples nor their behaviours have times";
    throw new TwinError(
      `${where}: the edges of ${name} are durations, and ${what}: add \`time:\` here${timed ? "" : " and to `samples`"}, or give the feature edges without a unit, which count positions`,
    );
  }
  if (encoder.unit === "steps" && clock !== null) {
    throw new TwinError(
      `${where}: the edges of ${name} have no unit, and its behaviours have times: write durations such as 1h, or leave \`time\` out, and positions count`,
    );
  }
}
