// .NAME.refresh.json beside a build folder: who refreshes it, what that last did, when it goes on, and of what it built.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { checkedJson } from "../../contract/checked-json.ts";
import { checkedOrNull } from "../../contract/checked-text.ts";
import { strict } from "../../contract/named-schema.ts";
import { readText, writeFileAtomic } from "../host/files.ts";
import { ownerOf } from "../host/process-mark.ts";
import type { RefreshStatus } from "../twin/index.ts";

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
/** ISO 8601, UTC. */
const moment = v.pipe(v.string(), v.isoTimestamp());

/** What a cycle does one after the other. */
export const refreshSteps = ["look", "graphs", "tables", "publish", "release"] as const;
export type RefreshStep = (typeof refreshSteps)[number];

const BuiltSchema = strict({
  /** Of which run the folder's weights are: the file's checksum, and the fingerprint that the build gave them. */
  weights: v.nullable(strict({ run: v.string(), checksum: v.string(), step: natural, fingerprint: v.string() })),
  /** Of which items a generation is: SHA-256 of how their files looked, and of what was in them. */
  items: v.nullable(strict({ generation: natural, seen: hex, content: hex })),
  /** The Redis that the folder publishes to: a new build says nothing of it. */
  address: v.nullable(v.string()),
});

export const RefreshSchema = strict({
  format: v.literal(1),
  /** Mark of the process. */
  owner: v.string(),
  /** Seconds from the beginning of a cycle to that of the next; null: there is one. */
  every: v.nullable(v.pipe(v.number(), v.minValue(1))),
  /** What it does now; null: it waits, or has ended. */
  doing: v.nullable(v.picklist(refreshSteps)),
  /** When the next cycle begins, by the clock of when this was written; null: none follows. */
  next: v.nullable(moment),
  last: v.nullable(
    strict({
      begun: moment,
      ended: moment,
      outcome: v.picklist(["released", "nothing new", "failed", "stopped"]),
      /** What was new, or why it failed. */
      because: v.string(),
    }),
  ),
  /** Cycles that failed since one did not. */
  failures: natural,
  /** When a cycle last left the newest in service. */
  succeeded: v.nullable(moment),
  built: BuiltSchema,
  checksum: v.string(),
});

export type RefreshFile = Omit<v.InferOutput<typeof RefreshSchema>, "format" | "checksum">;
/** What a folder was built of, so that only what changed is built again. */
export type Built = RefreshFile["built"];

/** The same as it is told: without what nobody needs to know, and with what became of the process. */
export const refreshStatus = ({ owner, built: _, ...told }: RefreshFile): RefreshStatus => ({
  owner: ownerOf(owner),
  ...told,
});

function parse(text: string): RefreshFile | null {
  const found = checkedOrNull(RefreshSchema, text);
  if (found === null) {
    return null;
  }
  const { format: _, checksum: __, ...file } = found;
  return file;
}

/** Null where nobody has refreshed the folder, or the file is damaged: then all is looked at, and built, anew. */
export const readRefresh = (path: string): RefreshFile | null =>
  existsSync(path) ? parse(readText(path, 1 << 20)) : null;

/** The same without waiting for a slow disk. */
export async function readRefreshLater(path: string): Promise<RefreshFile | null> {
  try {
    return parse(await readFile(path, "utf8"));
  } catch {
    return null;
  }
}

export const writeRefresh = (path: string, file: RefreshFile): void =>
  writeFileAtomic(path, checkedJson({ format: 1, ...file }));
