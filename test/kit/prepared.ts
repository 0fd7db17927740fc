// Small event logs, prepared: for the tests of prepared data and of what reads it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { type Binding, parseBinding } from "../../runtime/data/binding.ts";
import { readDatasetSpec, writeDatasetSpec } from "../../runtime/data/prepare/dataset-file.ts";
import { BlockHashes } from "../../runtime/data/prepare/file-blocks.ts";
import { type Prepared, type PrepareOptions, prepareDataset } from "../../runtime/data/prepare/index.ts";
import { temporary } from "./built-twin.ts";
import { writeFiles } from "./data-files.ts";

export interface LogEvent {
  readonly user: number;
  readonly video: number;
  readonly time: number;
  readonly session: number | null;
  readonly kept: boolean;
  readonly click: boolean | null;
}

export const t0 = 1_600_000_000;
/** Items of the items file; events may name one more. */
export const videos = 8;

/** The items' file, by key. */
export const itemRows = Array.from({ length: videos }, (_, i) => ({
  video: i + 1,
  category: i === 3 ? null : i % 12,
  duration: i * 15,
  topics: i === 2 ? null : Array.from({ length: i % 5 }, (_, t) => `t${t * i}`),
  cover: i === 5 ? null : [i, i / 2, -i],
}));

export const anyEvent = fc.record({
  user: fc.integer({ min: 1, max: 3 }),
  video: fc.integer({ min: 1, max: videos + 1 }),
  time: fc.integer({ min: t0, max: t0 + 12 }).map((time) => t0 + (time - t0) * 3000),
  session: fc.option(fc.integer({ min: 1, max: 2 })),
  kept: fc.boolean(),
  click: fc.option(fc.boolean()),
});

/** How the log names its rows: `set` is a column of train (rows 0 and 1), valid (2), test (3), and any of them. */
export interface LogRows {
  readonly user?: string;
  readonly item?: string;
  readonly time?: string;
  readonly where?: string;
  /** Each part in a file of its own. */
  readonly files?: boolean;
}

const sets = ["train", "train", "valid", "test"];

/** Writes the log, the items and a users file, bound to `videoModel`. `more` is YAML at the top level. */
export function logBinding(
  events: readonly LogEvent[],
  history = "{}",
  more = "",
  { user: ofUser = "user", item: ofItem = "video", time: ofTime = "time", where, files = false }: LogRows = {},
): Binding {
  const folder = temporary();
  const lines = events.map(({ user, video, time, session, kept, click }, row) =>
    [
      user,
      video,
      time,
      session ?? "",
      kept,
      row % 4 === 3 ? "" : (row % 10) / 10,
      click ?? "",
      row % 3,
      row / 10,
      // When progress became known: with the event, just after, later, never.
      row % 5 === 4 ? "" : time + [0, 1, 3000, 9000][row % 5],
      sets[row % 4],
    ].join(),
  );
  const items = itemRows.map((row) => JSON.stringify(row));
  const heading = "user,video,time,session,kept,progress,click,hour,recall,progress_at,set\n";
  const csv = (some: readonly string[]): string => `${heading}${some.map((line) => `${line}\n`).join("")}`;
  const ofSet = (set: string): string => csv(lines.filter((_, row) => sets[row % 4] === set));
  writeFiles(folder, {
    "events.csv": csv(lines),
    ...(files && { "train.csv": ofSet("train"), "valid.csv": ofSet("valid"), "test.csv": ofSet("test") }),
    "items.jsonl": `${items.join("\n")}\n`,
    "users.csv": "user,age\n1,17\n2,30\n9,50\n",
  });
  const file = files ? "{train: train.csv, validation: valid.csv, test: test.csv}" : "events.csv";
  const yaml = `events: {file: ${file}, user: "${ofUser}", item: "${ofItem}", time: "${ofTime}"${where === undefined ? "" : `, where: "${where}"`}}
items: {file: items.jsonl, key: video}
users: {file: users.csv, key: user}
history: {watched: ${history}}
${more}
`;
  return parseBinding(yaml, join(folder, "data.yaml"));
}

export async function prepared(
  binding: Binding,
  manifest: Manifest,
  options: Partial<PrepareOptions> = {},
  folder = join(temporary(), "cache"),
): Promise<Prepared> {
  return prepareDataset(binding, manifest, folder, { vocabularies: new Map(), ...options });
}

/** Gives a folder the checksums of its columns as they are now: wrong data that is whole. */
export async function reseal(folder: string): Promise<void> {
  const spec = readDatasetSpec(folder);
  const hash = await hasher();
  const files = Object.keys(spec.files).map((file) => {
    const hashes = new BlockHashes(hash);
    hashes.update(readFileSync(join(folder, file)));
    return [file, hashes.get()];
  });
  writeDatasetSpec(folder, { ...spec, files: Object.fromEntries(files) });
}
