// Histories: what they are about, how long, and whether they are kept as clusters.
import type { CallValue } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { blocks, clusterKinds } from "../catalog/blocks.ts";
import { wanted } from "../catalog/wanted.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { isVector } from "../model/features.ts";
import type { Feature, History } from "../model/model.ts";
import { widthOf } from "../model/widths.ts";
import { readArguments, readSettings } from "./arguments.ts";
import { resolve, wrongKind } from "./resolve.ts";
import { block, type Declaration, featureOf, noteWidths, type Scope } from "./scope.ts";
import { reportUnknown } from "./unknown.ts";

export function checkHistory({ name, section }: Declaration<"history">, scope: Scope): History | null {
  const { of, max, cluster } = readSettings(
    blocks.history.arguments,
    section.members,
    { text: `history \`${name.text}\``, span: name.span },
    Object.keys(blocks.history.blocks),
    scope,
  );
  const item = of && resolve(of.value, wanted.item, scope);
  if (item && !(item.kind === "group" && item.group.kind === "item")) {
    wrongKind("of", "`item`, the one thing that behaviours are about", of.value, item, scope);
  }
  const cross = scope.crosses.get(name.text);
  const inherent = scope.groups.get("item");
  if (inherent && cross && !inherent.damaged && !cross.damaged) {
    noteWidths(scope, name.text, { columns: widthOf(inherent.group.features) + widthOf(cross.group.features) });
  }
  const stats = scope.stats.get(name.text);
  const clustered = cluster?.value ? readCluster(cluster.value.call, name.text, scope) : null;
  if (stats?.present && cluster?.value) {
    const place = block(section, "stats")!.name;
    scope.report(
      diagnose("does-not-apply", { name: "stats", what: "a history that is kept as clusters" }, at(place), {
        also: [at(cluster.span, "keeps clusters")],
        help: help.statsOfClusters,
      }),
    );
    return null;
  }
  if (!of || !item || !max || !cross || !stats || !cluster || (cluster.value && !clustered)) {
    return null;
  }
  return {
    name: name.text,
    doc: section.doc ?? "",
    of: "item",
    max: max.value,
    cross: clustered ? { ...cross.group, features: [...cross.group.features, sizesOf(name)] } : cross.group,
    stats: stats.group,
    cluster: clustered,
    span: name.span,
  };
}

/** How many behaviours each cluster of a history holds: what `log(HISTORY.size)` is of. It brings no columns of its own. */
const sizesOf = ({ text, span }: Declaration<"history">["name"]): Feature => ({
  group: "cross",
  name: "size",
  qualified: `${text}.size`,
  doc: "",
  formerly: null,
  encoder: { kind: "members" },
  pool: "sum",
  embedding: null,
  projection: null,
  width: 0,
  unknown: 0,
  span,
});

function readCluster(call: CallValue, history: string, scope: Scope): NonNullable<History["cluster"]> | null {
  const { on, within, size } = readArguments(clusterKinds.kmeans.arguments, call, scope);
  const vector = on && resolve(on.value, wanted.itemVector, scope);
  if (vector && vector.kind !== "feature") {
    wrongKind("on", "a feature of `item`", on.value, vector, scope);
  }
  const feature = vector?.kind === "feature" ? vector.feature : null;
  if (on && feature && !isVector(feature)) {
    scope.report(
      diagnose(
        "feature-does-not-fit",
        { by: "kmeans", feature: feature.qualified },
        at(on.value, "is no vector of the item"),
        {
          also: [at(feature.span, "declared here")],
          help: help.clustersOfVectors,
        },
      ),
    );
    return null;
  }
  const group = within?.value ? crossFeature(within.value, history, scope) : null;
  if (!feature || !within || !size || (within.value && !group)) {
    return null;
  }
  return { on: feature, within: group, size: size.value };
}

/** `watched.progress` inside `watched` itself, whose entity does not exist yet. */
function crossFeature(call: CallValue, history: string, scope: Scope): Feature | null {
  const cross = scope.crosses.get(history);
  const path = call.path.map((part) => part.text);
  const bare = path.length === 2 && path[0] === history ? path[1] : path.length === 1 ? path[0] : "";
  if (!cross || cross.failed.has(bare)) {
    return null;
  }
  const feature = featureOf(cross.group, bare);
  if (feature) {
    return feature;
  }
  const known = cross.group.features.map((f) => f.qualified);
  const shown = path.join(".");
  const none = `\`${history}\` has no cross features`;
  return reportUnknown(
    { kind: "cross feature", shown, name: { text: shown, span: call.span }, candidates: known, none },
    scope,
  );
}
