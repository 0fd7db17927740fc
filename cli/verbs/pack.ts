// `twin pack DIR`: the rows, item features and embedding rows of some items in one file, for pages.

import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { TwinError } from "../../contract/error.ts";
import { coveringItems, cutPack, type PackReport } from "../../runtime/build-table/index.ts";
import { readBinding } from "../../runtime/data/index.ts";
import { readText, writeFileAtomic } from "../../runtime/host/files.ts";
import { recovered } from "../../runtime/serve/index.ts";
import type { Precision } from "../../runtime/table/precision.ts";
import { WrongUsage } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { print, printJson, say } from "../output.ts";

interface PackVerb {
  readonly items?: string;
  readonly data?: string;
  /** A share: 0.95. */
  readonly coverage?: number;
  readonly output: string;
  readonly precision?: Precision;
  readonly json?: boolean;
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
  const covering = data === undefined ? null : await coveringItems(dir, readBinding(data), coverage ?? 0.95);
  const keys = covering?.keys ?? (items === undefined ? [] : keysIn(items));
  const { bytes, ...report } = await cutPack({ dir, keys, where: items ?? data ?? dir, precision, warn });
  writeFileAtomic(output, bytes);
  // The share is that of all the keys: where some have no row in the pack, it would be claimed, not reached.
  const short = covering !== null && report.unknown > 0;
  if (short) {
    warn(
      `${output} covers less of the log than was asked for, and how much is not known: ${report.unknown} of the items that make up the share are not in generation ${report.generation}; build the tables again with this data: twin table build ${dir} --data ${data}`,
    );
  }
  const said = { dir, output, bytes: bytes.length, coverage: short ? null : (covering?.reached ?? null), ...report };
  if (json) {
    printJson(said);
  } else {
    print(packText(said));
  }
}

/** A key a line; empty lines count for nothing. */
function keysIn(path: string): string[] {
  const keys = readText(path)
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line !== "");
  if (keys.length === 0) {
    throw new TwinError(`${path} names no items; write a key a line`);
  }
  return keys;
}

interface Said extends Omit<PackReport, "bytes"> {
  readonly dir: string;
  readonly output: string;
  readonly bytes: number;
  readonly coverage: number | null;
}

function packText({ output, generation, items, unknown, examples, tables, embeddings, bytes, coverage }: Said): string {
  const number = (value: number) => value.toLocaleString("en-GB");
  const covers =
    coverage === null ? "" : `, ${(Math.floor(coverage * 1e4) / 100).toFixed(2)} % of the log's behaviours`;
  return [
    `${output}: ${number(items)} items of generation ${generation}, ${bytesText(bytes)}${covers}`,
    ...tables.map(({ name, rows, precision }) => `  ${name}: ${number(rows)} rows, ${precision}`),
    ...embeddings.map(({ parameter, rows }) => `  ${parameter}: ${number(rows)} rows`),
    ...(unknown === 0
      ? []
      : [
          `  not in the generation: ${number(unknown)} of the keys (${examples.join(", ")}${unknown > examples.length ? ", …" : ""})`,
        ]),
  ].join("\n");
}
