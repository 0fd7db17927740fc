// What `twin pack` says: how much of a log a pack answers for, and what keeps it from more.
import { bytesText } from "../compiler/diagnostics/number-text.ts";
import type { Manifest } from "../contract/manifest.ts";

/** One table's rows in the pack. */
export interface SaidTable {
  readonly name: string;
  readonly rows: number;
  readonly precision: string;
  /** Items of the pack that it has no row of. */
  readonly lacks: number;
  /** Share of the log's behaviours that find a row; null where no log was read. */
  readonly coverage: number | null;
}

export interface SaidPack {
  readonly dir: string;
  readonly output: string;
  readonly bytes: number;
  readonly generation: number;
  readonly items: number;
  readonly unknown: number;
  readonly examples: readonly string[];
  /** Share of the log's behaviours whose item is in it, of the history of which it is least; null where no log was read. */
  readonly coverage: number | null;
  readonly tables: readonly SaidTable[];
  readonly embeddings: readonly { readonly parameter: string; readonly rows: number }[];
}

/** Never rounded up: 96.999 % is no 97 %. */
const percent = (share: number): string => `${(Math.floor(share * 1e4) / 100).toFixed(2)} %`;
const whole = (value: number): string => value.toLocaleString("en-GB");
/** Decimal shares as they are written: 0.95 is `95%`. */
const setting = (share: number): string => `${Number((100 * share).toPrecision(12))}%`;

export function packText(said: SaidPack, manifest: Manifest): string {
  const { output, generation, items, unknown, examples, tables, embeddings, bytes, coverage } = said;
  const covers = coverage === null ? "" : `, ${percent(coverage)} of the log's behaviours`;
  return [
    `${output}: ${whole(items)} items of generation ${generation}, ${bytesText(bytes)}${covers}`,
    ...tables.map(({ name, rows, precision, lacks, coverage: found }) => {
      const finds = found === null ? "" : `, found by ${percent(found)} of the log's behaviours`;
      const none = lacks === 0 ? "" : `; none of ${whole(lacks)} of the items: ${limits(manifest, name)}`;
      return `  ${name}: ${whole(rows)} rows, ${precision}${finds}${none}`;
    }),
    ...embeddings.map(({ parameter, rows }) => `  ${parameter}: ${whole(rows)} rows`),
    ...(unknown === 0
      ? []
      : [
          `  not in the generation: ${whole(unknown)} of the keys (${examples.join(", ")}${unknown > examples.length ? ", …" : ""})`,
        ]),
  ].join("\n");
}

/** What is said before the file is written. @param asked share that was asked for @param data where the log is named */
export function packWarnings(
  { dir, coverage, unknown, generation, items, tables }: Omit<SaidPack, "bytes">,
  manifest: Manifest,
  asked: number,
  data: string,
): string[] {
  if (coverage === null) {
    return [];
  }
  const short = (share: number): boolean => share < asked - 1e-9;
  const unknownItems =
    unknown > 0 && short(coverage)
      ? [
          `the pack's items make up ${percent(coverage)} of the log's behaviours, and ${setting(asked)} were asked for: ${whole(unknown)} of the items that make it up are not in generation ${generation}; build the tables again with this data: twin table build ${dir} --data ${data}`,
        ]
      : [];
  const limited = tables.flatMap(({ name, lacks, coverage: found }) =>
    lacks > 0 && found !== null && short(found)
      ? [
          `table ${name} has rows of ${whole(items - lacks)} of the pack's ${whole(items)} items: ${limits(manifest, name)}. ${percent(found)} of the log's behaviours find one, and ${setting(asked)} were asked for; of the others \`on_miss: ${manifest.tables[name].on_miss}\` decides. For more, raise that in the model, then build it and its tables again`,
        ]
      : [],
  );
  return [...unknownItems, ...limited];
}

/** Why a table has no rows of some items of its generation. */
function limits({ tables }: Manifest, name: string): string {
  const { coverage, min_count } = tables[name];
  const settings = [
    ...(coverage < 1 ? [`\`coverage: ${setting(coverage)}\``] : []),
    ...(min_count > 0 ? [`\`min_count: ${min_count}\``] : []),
  ];
  return settings.length === 0
    ? "the table was built with a smaller coverage"
    : `the table's own ${settings.join(" and ")} leaves them out`;
}
