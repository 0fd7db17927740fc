// `twin pack DIR`: the rows, item features and embedding rows of some items in one file, for pages.

import { realpathSync } from "node:fs";
import { TwinError } from "../../contract/error.ts";
import { coveringItems, cutPack } from "../../runtime/build-table/index.ts";
import { boundFiles, readBinding } from "../../runtime/data/index.ts";
import { readText, writeFileAtomic } from "../../runtime/host/files.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { recovered } from "../../runtime/serve/index.ts";
import type { Precision } from "../../runtime/table/precision.ts";
import { WrongUsage } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { print, printJson, say } from "../output.ts";
import { packText, packWarnings } from "../pack-text.ts";
import { stoppable } from "../progress.ts";

interface PackVerb {
  readonly items?: string;
  readonly data?: string;
  /** A share: 0.95. */
  readonly coverage?: number;
  readonly output: string;
  readonly precision?: Precision;
  readonly json?: boolean;
}

/** What a pack is cut for. */
interface Chosen {
  readonly keys: readonly (bigint | string)[];
  readonly where: string;
  readonly placeOf?: (i: number) => string;
  readonly covering: Awaited<ReturnType<typeof coveringItems>> | null;
}

export async function pack(wanted: string, options: PackVerb): Promise<void> {
  const { items, data, coverage, output, precision, json } = options;
  if ((items === undefined) === (data === undefined)) {
    throw new WrongUsage(
      "say which items: --items ids.txt (a key a line), or --data data.yaml with --coverage 95% of its log's behaviours",
    );
  }
  if (coverage !== undefined && data === undefined) {
    throw new WrongUsage("--coverage is a share of a log's behaviours: it goes with --data data.yaml");
  }
  quietNativeLog();
  const warn = (message: string) => say(`warning: ${message}`);
  const dir = recovered(wanted, warn);
  const asked = coverage ?? 0.95;
  await stoppable(async (signal) => {
    const { covering, ...chosen } =
      items === undefined ? await logged(dir, data ?? "", asked, output, signal) : named(items, output);
    await expectGoingOn(signal, output);
    const { bytes, has, tables, ...report } = await cutPack({ dir, ...chosen, precision, warn });
    await expectGoingOn(signal, output);
    const manifest = readManifest(dir);
    const said = {
      dir,
      output,
      bytes: bytes.length,
      coverage: covering?.share(has) ?? null,
      ...report,
      tables: tables.map(({ has: inTable, ...table }) => ({
        ...table,
        coverage: covering?.share(inTable, manifest.tables[table.name].history) ?? null,
      })),
    };
    covering?.notes.forEach(warn);
    packWarnings(said, manifest, asked, data ?? "").forEach(warn);
    writeFileAtomic(output, bytes);
    if (json) {
      printJson(said);
    } else {
      print(packText(said, manifest));
    }
  });
}

async function expectGoingOn(signal: AbortSignal, output: string): Promise<void> {
  // A signal is heard between two turns of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  if (signal.aborted) {
    throw new TwinError(`${output} was not written`);
  }
}

/** The items that a log's requests see most. */
async function logged(dir: string, data: string, asked: number, output: string, signal: AbortSignal): Promise<Chosen> {
  const binding = readBinding(data);
  expectOther(output, [data, ...boundFiles(binding)]);
  const covering = await coveringItems(dir, binding, asked, signal);
  return { keys: covering.keys, where: data, covering };
}

/** A key a line; empty lines count for nothing. */
function named(path: string, output: string): Chosen {
  const lines: number[] = [];
  const keys: string[] = [];
  readText(path)
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .forEach((line, i) => {
      if (line !== "") {
        keys.push(line);
        lines.push(i + 1);
      }
    });
  if (keys.length === 0) {
    throw new TwinError(`${path} names no items; write a key a line`);
  }
  expectOther(output, [path]);
  return { keys, where: path, placeOf: (i) => `${path}, line ${lines[i]}: the key`, covering: null };
}

/** What is read is not written over: a slip of the hand would cost a list of items, or a log. */
function expectOther(output: string, reads: readonly string[]): void {
  const real = (path: string): string | null => {
    try {
      return realpathSync(path);
    } catch {
      return null;
    }
  };
  const target = real(output);
  const found = target === null ? undefined : reads.find((path) => real(path) === target);
  if (found !== undefined) {
    throw new WrongUsage(`-o ${output} is the file ${found} that is read; name another one`);
  }
}
