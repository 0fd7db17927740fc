// The tables of docs/language.md, made from the catalogue: blocks, feature kinds, calls, diagnostics, models.

import { calls as byCalls, kinds as byKinds } from "../../compiler/by/kinds.ts";
import { blocks, clusterKinds, embeddingsKinds } from "../../compiler/catalog/blocks.ts";
import { edgeCalls } from "../../compiler/catalog/edges.ts";
import { columns, type FeatureKind, featureKinds } from "../../compiler/catalog/features.ts";
import type { Argument, Range, Signature, SortKind } from "../../compiler/catalog/signature.ts";
import { averages, optimisers, schedules, stops, tasks } from "../../compiler/catalog/training.ts";
import { compilerDiagnostics } from "../../compiler/diagnostics/diagnostics.ts";
import type { Template } from "../../grammar/diagnostic.ts";
import { syntaxErrors } from "../../grammar/errors.ts";

/** By the name that stands in the page's markers. */
export function catalogueTables(): Record<string, string> {
  const kinds = featureKinds as unknown as Record<string, FeatureKind>;
  return {
    ...Object.fromEntries(
      Object.entries(blocks as Record<string, Signature>)
        .filter(([, block]) => Object.keys(block.arguments).length > 0)
        .map(([name, block]) => [`block ${name}`, argumentTable("setting", block)]),
    ),
    "block l2": argumentTable("setting", blocks.train.blocks.l2),
    "feature kinds": table(
      ["kind", "what it is", "becomes", "where"],
      Object.entries(kinds).map(([name, kind]) => [code(name), kind.doc, becomes(name), kind.groups.join(", ")]),
    ),
    ...Object.fromEntries(
      Object.entries(kinds).map(([name, kind]) => [`feature ${name}`, argumentTable("argument", kind)]),
    ),
    edges: calls(edgeCalls),
    by: calls(Object.fromEntries(byCalls.map(({ name, call }) => [name, call.signature])), {
      stages: (name) => stagesOf(name).join(", "),
      kernel: (name) =>
        stagesOf(name)
          .map((stage) => inKernel(stage, byKinds[name as keyof typeof byKinds].kernel[stage]))
          .join("; "),
    }),
    embeddings: calls(embeddingsKinds),
    cluster: calls(clusterKinds),
    optimisers: calls(optimisers),
    schedules: calls(schedules),
    averages: calls(averages),
    stop: calls(stops),
    tasks: calls(tasks),
    diagnostics: diagnosticTable(),
  };
}

const stagesOf = (name: string) => byCalls.find((one) => one.name === name)!.stages;
const inKernel = (stage: string, rule: unknown): string => (typeof rule === "string" ? `no ${stage} (${rule})` : stage);

const code = (text: string) => `\`${text}\``;
/** A cell must not end early. */
const cell = (text: string) => text.replaceAll("|", "\\|");

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

function argumentTable(what: string, { arguments: args }: Signature): string {
  const rows = Object.entries(args).map(([name, one]) => [code(name), sortText(one.sort), fallback(one), one.doc]);
  return table([what, "takes", "default", "what it is"], rows);
}

/** Calls with their arguments in one cell each. */
/** @param more columns between arguments and text */
function calls(
  kinds: Readonly<Record<string, Signature>>,
  more: Readonly<Record<string, (name: string) => string>> = {},
): string {
  const rows = Object.entries(kinds).map(([name, kind]) => {
    const args = Object.entries(kind.arguments).map(([argument, one]) => {
      const value = fallback(one);
      const bare = one.unnamed ? "; its name may be left out" : "";
      return `${code(argument)} (${sortText(one.sort)}${bare}${value === "required" ? "" : `; default ${value}`})`;
    });
    return [code(name), args.join(", ") || "–", ...Object.values(more).map((cellOf) => cellOf(name)), kind.doc];
  });
  return table(["name", "arguments", ...Object.keys(more), "what it is"], rows);
}

function fallback({ required, unless, fallback: value }: Argument): string {
  if (required) {
    return unless === undefined ? "required" : `required without \`${unless}\``;
  }
  return value === null ? "none" : code(String(value));
}

function sortText(sort: SortKind): string {
  switch (sort.kind) {
    case "integer":
      return `whole number${rangeText(sort.range)}`;
    case "real":
      return `number${rangeText(sort.range)}`;
    case "duration":
      return "duration";
    case "flag":
      return "`true` or `false`";
    case "choice":
      return sort.of.map(code).join(", ");
    case "text":
      return `${sort.what}, in quotation marks`;
    case "integers":
      return `list of whole numbers${rangeText(sort.range)}${sort.empty ? "; may be empty" : ""}`;
    case "quantity":
      return `number with its unit${rangeText(sort.range)}`;
    case "edges":
      return `ascending list of ${sort.dimensions.map((one) => (one === "ratio" ? "shares" : `${one}s`)).join(" or ")}, or ${Object.keys(
        sort.calls,
      )
        .map((name) => code(`${name}(…)`))
        .join(" or ")}`;
    case "name":
    case "reference":
      return sort.what;
    case "references":
      return `${sort.what}; one, or a list`;
    case "call":
      return sort.what;
  }
}

const number = (value: number) => value.toLocaleString("en-GB", { maximumFractionDigits: 10 });

function rangeText({ min, max, above, below }: Range): string {
  if (min !== undefined && max !== undefined) {
    return `, ${number(min)} to ${number(max)}`;
  }
  const parts = [
    ...(above !== undefined ? [`above ${number(above)}`] : []),
    ...(min !== undefined ? [`from ${number(min)}`] : []),
    ...(max !== undefined ? [`to ${number(max)}`] : []),
    ...(below !== undefined ? [`below ${number(below)}`] : []),
  ];
  return parts.length === 0 ? "" : `, ${parts.join(", ")}`;
}

/** Encoders with telling sizes, to read off what they become. */
const samples: Record<string, Parameters<typeof columns>[0]> = {
  id: { kind: "id", vocab: 1 },
  vocabulary: { kind: "vocabulary", max: 1, minCount: 1 },
  hashed: { kind: "hashed", buckets: 1 },
  bucketed: { kind: "bucketed", edges: [0] },
  elapsed: { kind: "elapsed", edges: [0], unit: "seconds" },
  place: { kind: "place", edges: [0] },
  gap: { kind: "gap", edges: [0], unit: "seconds" },
  hour: { kind: "hour", zone: "UTC" },
  weekday: { kind: "weekday", zone: "UTC" },
  flag: { kind: "flag" },
  tags: { kind: "tags", of: { kind: "id", vocab: 1 }, max: 1 },
  pretrained: { kind: "pretrained", size: 1 },
  number: { kind: "number", scale: "none" },
  popularity: { kind: "popularity", on: "", values: 1, of: "click", k: 1, window: null },
  met: { kind: "met" },
  rate: { kind: "rate", of: "", k: 1 },
  recent: { kind: "recent", of: "", k: 1, half: 1, unit: "places" },
  last: { kind: "last", of: "", rows: 1 },
  since: { kind: "since", edges: [0], unit: "seconds" },
  key: { kind: "key", type: "int64" },
};
const rowsOf: Record<string, string> = {
  id: "vocab + 1",
  vocabulary: "max + 1",
  hashed: "buckets + 1",
  bucketed: "edges + 2",
  elapsed: "edges + 2",
  place: "edges + 2",
  gap: "edges + 2",
  hour: "24 + 1",
  weekday: "7 + 1",
  flag: "3",
  tags: "as `id`, `hashed` or `vocabulary`",
};

function becomes(name: string): string {
  const found = columns(samples[name]);
  switch (found.kind) {
    case "embedding":
      return name === "tags" ? "the sum or mean of rows of a table" : `a row of a table of ${rowsOf[name]} rows`;
    case "vector":
      return "the vector, or a projection of it";
    case "scalar":
      return "one column";
    case "none":
      return "nothing: it names, and reaches no graph";
  }
}

function diagnosticTable(): string {
  const all: Record<string, Template<string>> = { ...syntaxErrors, ...compilerDiagnostics };
  const rows = Object.entries(all).map(([name, { severity, parts, parameters }]) => {
    const title = parts.map((part, i) => (i < parameters.length ? `${part}${parameters[i].toUpperCase()}` : part));
    return [code(name), severity, title.join("")];
  });
  return table(["code", "severity", "title"], rows);
}
