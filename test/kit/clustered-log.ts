// A small log for clusters of behaviours, a model of it, and what clustered data say of each sample.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { dataModel } from "../../cli/data-model.ts";
import { readBinding } from "../../runtime/data/binding.ts";
import { type ClusterOptions, clusterLog } from "../../runtime/data/index.ts";
import { modelOf } from "./any-model.ts";
import { writeFiles } from "./data-files.ts";
import { ask } from "./database.ts";

export const clusteredSource = (
  cluster = "kmeans(on: item.cover, within: seen.progress, size: 3)",
): string => `model clustered
item {
  id: vocabulary(max: 100, min_count: 1, dim: 4, key: true)
  shop: id(vocab: 9, dim: 2)
  price: number(scale: none)
  topics: tags(buckets: 30, max: 3, dim: 4)
  cover: pretrained(size: 2, dim: 2)
}
context { hour: id(vocab: 24, dim: 4) part: id(vocab: 24, dim: 2) }
history seen {
  of: item
  max: 50
  ${cluster === "none" ? "" : `cluster: ${cluster}`}
  cross { ago: elapsed(at: [1min, 1h], dim: 2) progress: bucketed(at: [10%, 50%], dim: 2) liked: flag(dim: 2) }
}
history recent { of: item max: 4 cross { liked: flag(dim: 2) } }
metric relevance { query: item keys: seen.item bias: ${cluster === "none" ? "seen.cross" : "[seen.cross, log(seen.size)]"} heads: 2 dim: 4 }
metric newest { query: item keys: recent.item heads: 1 dim: 4 }
search nearest { from: seen by: relevance keep: 3 }
attend interest { over: nearest by: relevance }
attend lately { over: recent by: newest }
tower ranking { input: [interest, lately, item, context] hidden: [4] predict { click: binary } }`;

export const clusteredModel = (cluster?: string) => dataModel(modelOf(clusteredSource(cluster)));

export interface LogEvent {
  readonly user: number;
  readonly item: number;
  /** Seconds after the log's begin. */
  readonly time: number;
  readonly progress: number | null;
  /** Seconds after the event at which its progress becomes known; null: never. */
  readonly known: number | null;
  readonly click: boolean | null;
}

export const begin = 1_600_000_000;
export const itemCount = 12;

/**
 * Writes the log as CSV, its items as JSON lines; item 0 has no vector, item 11 no row.
 * @param texts whether users and items are texts; else whole numbers
 */
export function writeLog(folder: string, events: readonly LogEvent[], more = "", texts = false): string {
  const named = (sign: string, id: number): string | number => (texts ? `${sign}${id}` : id);
  const lines = events.map(({ user, item, time, progress, known, click }) => {
    const at = begin + time;
    return [
      named("u", user),
      named("i", item),
      at,
      progress ?? "",
      known === null ? "" : at + known,
      item % 2,
      click ?? "",
      at % 24,
    ].join();
  });
  const items = Array.from({ length: itemCount - 1 }, (_, id) => ({
    id: named("i", id),
    shop: id % 3,
    price: id === 4 ? null : id * 1.5,
    topics: id % 4 === 0 ? "" : `t${id % 5}|t${id % 7}`,
    cover: id === 0 ? null : [Math.sin(id), Math.cos(3 * id)],
  }));
  writeFiles(folder, {
    "events.csv": `user,id,time,progress,known,liked,click,hour\n${lines.join("\n")}\n`,
    "items.jsonl": items.map((one) => JSON.stringify(one)).join("\n"),
    "data.yaml": `events: {file: events.csv, user: user, item: id, time: time}
items: {file: items.jsonl, key: id}
columns:
  seen.progress: {column: progress, known_at: known}
  seen.liked: liked
  recent.liked: liked
  item.topics: {split: {column: topics, by: "|"}}
  context.part: hour
  predict.click: click
${more}`,
  });
  return join(folder, "data.yaml");
}

/** Makes clusters of the log anew. @returns the folder of the clustered data */
export async function clusteredLog(
  folder: string,
  events: readonly LogEvent[],
  options: Partial<ClusterOptions> & {
    readonly more?: string;
    readonly cluster?: string;
    readonly texts?: boolean;
    /** Whether what lies in the folder stays. */
    readonly keep?: boolean;
  } = {},
): Promise<string> {
  const { more, cluster, texts, keep = false, ...settings } = options;
  const yaml = writeLog(folder, events, more, texts);
  const out = join(folder, "out");
  if (!keep) {
    rmSync(out, { recursive: true, force: true });
  }
  await clusterLog(readBinding(yaml), clusteredModel(cluster), out, {
    every: "100",
    seed: 1,
    vectors: null,
    ...settings,
  });
  return out;
}

/** Every sample as JSON: its own columns, and each entry of its lists with all that is known of its item. */
export async function samplesOf(out: string): Promise<Record<string, unknown>[]> {
  const [items, samples] = [
    await ask(`SELECT * FROM read_parquet('${out}/items/*.parquet')`),
    await ask(`SELECT * FROM read_parquet('${out}/samples/*.parquet') ORDER BY "user", "time", "item"`),
  ];
  const byKey = new Map(items.map((item) => [String(item.item_key), item]));
  return samples.map((sample) => ({
    ...sample,
    items: (sample["seen.item"] as unknown[]).map((key) => byKey.get(String(key)) ?? null),
  }));
}
