// Requests and results of one built model as TypeScript's types: what `load<Model>(…)` takes. The same manifest, the same text.

import { documentationOf } from "../../contract/documentation-section.ts";
import { inSteps, isComputed, needsTimes } from "../../contract/encoder-spec.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { optionalMembers, requiredColumns } from "./columns.ts";
import { anyOf, commentText, documentedAs, type Member, objectType } from "./object-type.ts";

export function typesText(manifest: Manifest): string {
  const steps = manifest.features.some(({ encoder }) => inSteps(encoder));
  const parts = [header(manifest.model), ...shared(steps), ...requestTypes(manifest), modelType(manifest)];
  return `${parts.join("\n\n")}\n\nexport {};\n`;
}

const header = (model: string): string =>
  [
    `// Requests and results of the model ${model}, written by \`twin types\`. Write it anew when the model has changed.`,
    "//",
    '// import { load } from "twin-compiler/runtime"; // in a page: "twin-compiler/web"',
    '// import type { Model } from "./twin.d.ts";',
    '// const twin = await load<Model>("build/twin");',
  ].join("\n");

function shared(steps: boolean): string[] {
  return [
    "/** Unknown. */\ntype Missing = null | undefined;",
    "type Numbers =\n  | Float64Array\n  | Float32Array\n  | Int32Array\n  | Uint32Array\n  | Int16Array\n  | Uint16Array\n  | Int8Array\n  | Uint8Array;",
    "type BigInts = BigInt64Array | BigUint64Array;",
    "/** One value a row. */\ntype Column<T> = Numbers | BigInts | readonly (T | Missing)[];",
    "type Tags<T> = Numbers | BigInts | readonly (T | Missing)[];",
    "type Vector = Numbers | readonly number[];",
    "/** Integers beyond 2^53 − 1 as BigInt or as decimal texts. */\ntype Keys =\n  | BigInts\n  | Int32Array\n  | Uint32Array\n  | Float32Array\n  | Float64Array\n  | readonly (bigint | number | string)[];",
    `${steps ? "/** Steps: the data has an order only. */\n" : "/** Epoch seconds, ISO 8601 (UTC without a zone) or a date. */\n"}type Time = ${steps ? "number | bigint" : "number | bigint | string | Date"};`,
    "type Times = BigInts | Float64Array | Float32Array | Int32Array | Uint32Array;",
    "type NoItems = { readonly item: readonly [] };",
  ];
}

function requestTypes(manifest: Manifest): string[] {
  const doc = documentationOf(manifest);
  const of = (group: FeatureSpec["group"]) =>
    manifest.features.filter((feature) => feature.group === group && feature.training !== true);
  const key = of("item").find((feature) => feature.key);
  const texts = key?.encoder.kind === "key" && key.encoder.type === "string";
  const item: Member = {
    name: "item",
    type: texts ? "readonly string[]" : "Keys",
    doc: documentedAs(doc("features", key?.name ?? ""), "Keys of the items."),
  };
  const items: Member = {
    name: "items",
    type: "ItemColumns | readonly Item[]",
    optional: true,
    doc: "Item features brought along; they win over the item store.",
  };
  const single = (name: string, group: FeatureSpec["group"], says: string) =>
    declared(name, documentedAs(doc("groups", group), says), objectType(optionalMembers(manifest, of(group), "one")));
  const histories = objectType(
    manifest.histories.map(({ name, max, cross, stats = [] }) => ({
      name,
      type: historyType(manifest, { cross, stats }, item, items),
      doc: documentedAs(
        doc("histories", name),
        `The newest ${max} count. Equally long columns; an empty one: \`{ item: [] }\`.`,
      ),
    })),
  );
  return [
    single("User", "user", "The user's features; one that is not given is unknown."),
    single("Context", "context", "The context's features; one that is not given is unknown."),
    single("Item", "item", "An item's features."),
    declared(
      "ItemColumns",
      "Items' features, one column each.",
      objectType(optionalMembers(manifest, of("item"), "column")),
    ),
    declared("Histories", "Columns by history.", histories),
    declared(
      "Candidates",
      documentedAs(doc("groups", "candidate"), "Equally long columns."),
      requiredColumns(manifest, of("candidate"), [item], [items]),
    ),
    declared(
      "Prepare",
      "The user's side of a request.",
      objectType([
        { name: "user", type: "User", optional: true },
        { name: "time", type: "Time", optional: true, doc: "The time of the request, default now." },
        ...(manifest.histories.length === 0 ? [] : [{ name: "history", type: "Histories" }]),
      ]),
    ),
    declared(
      "Rank",
      "What is ranked.",
      objectType([
        { name: "context", type: "Context", optional: true },
        { name: "candidates", type: "Candidates" },
      ]),
    ),
  ];
}

function historyType(
  manifest: Manifest,
  { cross, stats }: { readonly cross: readonly string[]; readonly stats: readonly string[] },
  item: Member,
  items: Member,
): string {
  const of = (names: readonly string[]) => manifest.features.filter(({ name }) => names.includes(name));
  const features = of(cross);
  const time: Member = {
    name: "time",
    type: "Times | readonly Time[]",
    optional: ![...features, ...of(stats)].some(({ encoder }) => needsTimes(encoder)),
    doc: "Without it the behaviours stand newest first.",
  };
  const due: Member = { ...time, doc: "When each behaviour was." };
  const known = manifest.derived.flatMap((one): Member[] =>
    one.kind === "known_at" && cross.includes(one.feature)
      ? [
          {
            name: one.column,
            type: "Times | readonly (Time | Missing)[]",
            optional: true,
            doc: `When the value of \`${one.feature}\` became known.`,
          },
        ]
      : [],
  );
  return requiredColumns(manifest, features, [item, time.optional ? time : due], [items, ...known]);
}

function modelType(manifest: Manifest): string {
  const { labels, searches, attends, tables, features, graphs } = manifest;
  const doc = documentationOf(manifest);
  const outputs = Object.values(graphs).flatMap((graph) => graph?.outputs ?? []);
  const explained = attends.filter(({ name }) =>
    outputs.some(({ result }) => result.kind === "attention" && result.attend === name),
  );
  const missing = features.filter(
    ({ group, encoder, training }) =>
      (group === "user" || group === "context") && encoder.kind !== "key" && !isComputed(encoder) && training !== true,
  );
  return declared(
    "Model",
    manifest.doc,
    objectType([
      { name: "prepare", type: "Prepare" },
      { name: "rank", type: "Rank" },
      {
        name: "labels",
        type: objectType(
          labels.map(({ name, kind }) => ({
            name,
            type: anyOf([kind]),
            doc: documentedAs(doc("labels", name), kind === "binary" ? "A probability." : "A value."),
          })),
        ),
      },
      {
        name: "searches",
        type: objectType(
          searches.map(({ name, history, keep, written }) => ({
            name,
            type: anyOf([history]),
            doc: documentedAs(doc("searches", name), `Keeps ${keep}, by ${written}.`),
          })),
        ),
      },
      { name: "kept", type: searches.length === 0 ? "null" : anyOf([searches[0].name]) },
      {
        name: "attends",
        type: objectType(
          explained.map(({ name, over, written }) => ({
            name,
            type: anyOf([over.kind === "search" ? over.search : over.history]),
            doc: documentedAs(doc("attends", name), `Attends by ${written}.`),
          })),
        ),
      },
      { name: "tables", type: anyOf(Object.keys(tables)) },
      { name: "missing", type: anyOf(missing.map(({ name }) => name)) },
    ]),
  );
}

const declared = (name: string, doc: string, type: string): string =>
  `${commentText(doc)}export type ${name} = ${type};`;
