// What EasyRec's model_config says of features: in which group they stand, and which lists go with which of them.
import type { EasyFeature } from "./easyrec-features.ts";
import type { ProtoMessage } from "./proto-text.ts";
import type { PublishedFeature } from "./published.ts";

/** A list of behaviours, with the candidate's feature that it is of; null: only known of past ones. */
export interface Pair {
  readonly key: string | null;
  readonly list: string;
}

const modelGroups = (config: ProtoMessage): ProtoMessage[] =>
  config
    .messages("model_config")
    .flatMap((model) => [...model.below()])
    .filter((one) => one.has("feature_names"));

/** By the name of the group that a feature stands in: `user`, `item`, `context`; others do not tell. */
export function groupOf(config: ProtoMessage, name: string): PublishedFeature["group"] {
  const names = modelGroups(config)
    .filter((group) => group.texts("feature_names").includes(name))
    .map((group) => group.text("group_name") ?? "");
  for (const [pattern, group] of [
    [/user/i, "user"],
    [/item/i, "item"],
    [/context|ctx/i, "context"],
  ] as const) {
    if (names.some((one) => pattern.test(one))) {
      return group;
    }
  }
  return "unknown";
}

/**
 * As `seq_att_map` says. Else, of a group that holds lists beside other features: those that share a table, or all of them in
 * their order where there are as many; else a feature of any group that shares the table, or whose name the list's begins with.
 */
export function easyPairs(config: ProtoMessage, features: readonly EasyFeature[]): Pair[] {
  const pairs: Pair[] = [];
  const below = config.messages("model_config").flatMap((model) => [...model.below()]);
  for (const map of below.flatMap((one) => one.messages("seq_att_map"))) {
    const keys = map.texts("key");
    map.texts("hist_seq").forEach((list, i) => {
      pairs.push({ key: keys[i] ?? null, list });
    });
    for (const list of map.texts("aux_hist_seq")) {
      pairs.push({ key: null, list });
    }
  }
  if (pairs.length > 0) {
    return pairs;
  }
  const of = (name: string): EasyFeature | undefined => features.find((one) => one.name === name);
  for (const group of modelGroups(config)) {
    const members = group.texts("feature_names").flatMap((name) => of(name) ?? []);
    const lists = members.filter(({ sequence }) => sequence);
    const keys = members.filter(({ sequence, kind }) => !sequence && kind.kind === "category");
    for (const [i, list] of lists.entries()) {
      const shared = keys.find(({ table }) => table !== null && table === list.table);
      const key = shared ?? (keys.length === lists.length ? keys[i] : undefined);
      pairs.push({ key: key?.name ?? keyOf(list, features), list: list.name });
    }
  }
  return pairs;
}

/** A feature that shares the list's table, or whose name the list's begins with: `book_id` of `book_id_seq`. */
function keyOf(list: EasyFeature, features: readonly EasyFeature[]): string | null {
  const keys = features.filter(({ sequence, kind }) => !sequence && kind.kind === "category");
  const shared = keys.find(({ table }) => table !== null && table === list.table);
  const begun = keys.filter(({ name }) => list.name.startsWith(`${name}_`));
  return shared?.name ?? begun.sort((a, b) => b.name.length - a.name.length)[0]?.name ?? null;
}
