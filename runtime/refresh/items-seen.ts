// Which items data name now, told without reading them where their files look as they did, and else by content.
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { Manifest } from "../../contract/manifest.ts";
import { type Binding, namedFiles, Source } from "../data/index.ts";
import { sumOf } from "../host/file-sum.ts";
import { attempt, readText } from "../host/files.ts";

/**
 * A file that was changed less than so many milliseconds ago may be changed again without its time telling: file systems
 * count in ticks.
 */
const settling = 2000;

export interface ItemsSeen {
  /** SHA-256 of what decides which items there are, with number, length and times of each file. */
  readonly seen: string;
  /** Whether `seen` tells every later change. */
  readonly settled: boolean;
  /** SHA-256 of the same with what the files hold, which are read for it. */
  content(signal?: AbortSignal): Promise<string>;
}

/**
 * @param tables what they keep of the items: a log counts where one keeps what it has most of
 * @param now milliseconds of the epoch
 */
export async function itemsSeen(
  binding: Binding,
  tables: Manifest["tables"],
  now: number = Date.now(),
): Promise<ItemsSeen> {
  const kept = Object.entries(tables).map(([name, { coverage, min_count }]) => ({ name, coverage, min_count }));
  const { items, events, vectors } = binding;
  const log = items === null || kept.some(({ coverage, min_count }) => coverage < 1 || min_count > 0) ? events : null;
  const named = [items, log, vectors].flatMap((one) => (one === null ? [] : namedFiles(one.file)));
  const source = await Source.open({ reads: named });
  const paths = named.flatMap((name) => source.files(name));
  source.close();
  const looks = paths.map((path) => {
    const { dev, ino, size, mtimeNs, ctimeNs } = attempt("read", path, () => statSync(path, { bigint: true }));
    return { path, look: [dev, ino, size, mtimeNs, ctimeNs].join(" "), changed: Number(ctimeNs / 1_000_000n) };
  });
  const said = [readText(binding.path), JSON.stringify(kept)];
  return {
    seen: hashOf([...said, ...looks.map(({ path, look }) => `${path} ${look}`)]),
    // A clock that was set back leaves files of the future: they are read.
    settled: looks.every(({ changed }) => changed + settling <= now),
    async content(signal) {
      const sums: string[] = [];
      for (const { path } of looks) {
        sums.push((await sumOf(path, signal)).sha256);
      }
      return hashOf([...said, ...sums]);
    },
  };
}

const hashOf = (parts: readonly string[]): string => createHash("sha256").update(JSON.stringify(parts)).digest("hex");
