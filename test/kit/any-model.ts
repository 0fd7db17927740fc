// Random models for property tests: `.twin` text, parsed and checked like any other.
import fc from "fast-check";
import { check } from "../../compiler/check/check.ts";
import { allFeatures } from "../../compiler/model/features.ts";
import type { Model } from "../../compiler/model/model.ts";
import { load } from "../../compiler/source/load.ts";
import { type LearnedNumbers, unlearned } from "../../contract/learned-numbers.ts";
import { format } from "../../grammar/format.ts";
import { smaller } from "../../grammar/minimize.ts";
import { render } from "../../grammar/report.ts";
import { anyStats, counted } from "./any-stats.ts";
import { builtKinds, bySamples, kindHasCodes, kindTakesLists } from "./by-samples.ts";

export interface ModelChoice {
  /** One history alone, so that ports carry no names. */
  readonly histories?: 1 | 2;
  readonly heads?: "round_robin" | "per_head" | "max";
  readonly tables?: boolean;
  /** What the search goes by; unless said, mostly the metric. */
  readonly by?: "metric" | keyof typeof bySamples;
}

/** The checked model of a text; throws with the first diagnostic where there is none. */
export function modelOf(text: string): Model {
  const program = load("any.twin", () => text);
  const { model, diagnostics } = check(program);
  if (model !== null) {
    const numbers = someNumbers(model);
    return numbers.size === 0 ? model : check(program, { numbers }).model!;
  }
  throw new Error(render(diagnostics, { color: false }));
}

/** As if it had been learned: for every feature that has a scale, edges or a base rate to learn. */
export function someNumbers(model: Model): Map<string, LearnedNumbers> {
  return new Map(
    allFeatures(model).flatMap(({ qualified, encoder }): [string, LearnedNumbers][] => {
      if (unlearned(encoder) === "scale") {
        return [[qualified, { kind: "scale", mean: 0.5, deviation: 2 }]];
      }
      if (unlearned(encoder) === "base") {
        return [[qualified, { kind: "base", rate: 0.25 }]];
      }
      return encoder.kind === "bucketed" && encoder.quantiles !== undefined
        ? [[qualified, { kind: "edges", edges: [1, 2], quantiles: encoder.quantiles }]]
        : [];
    }),
  );
}

/** A counterexample is the smallest model that still fails, and shown as its text. */
export function anyModel(choice: ModelChoice = {}): fc.Arbitrary<Model> {
  return new AnyModel(anyText(choice));
}

const shown = (text: string): Model => Object.defineProperty(modelOf(text), fc.toStringMethod, { value: () => text });

/** What a model was drawn from; of one that was made smaller by its tree, the text alone. */
interface Drawn {
  readonly text: string;
  readonly value: fc.Value<string> | null;
}

/** Models of drawn texts. They grow smaller as what they were drawn from does, then by the tree of the text. */
class AnyModel extends fc.Arbitrary<Model> {
  private readonly texts: fc.Arbitrary<string>;

  constructor(texts: fc.Arbitrary<string>) {
    super();
    this.texts = texts;
  }

  override generate(draws: fc.Random, bias: number | undefined): fc.Value<Model> {
    return this.drawn(this.texts.generate(draws, bias));
  }

  override canShrinkWithoutContext(value: unknown): value is Model {
    return false && value !== undefined;
  }

  override shrink(_: Model, context: unknown): fc.Stream<fc.Value<Model>> {
    const { text, value } = context as Drawn;
    const before = value === null ? fc.Stream.nil<fc.Value<string>>() : this.texts.shrink(value.value, value.context);
    return before.map((one) => this.drawn(one)).join(fc.stream(smallerModels(text)));
  }

  private drawn(value: fc.Value<string>): fc.Value<Model> {
    const context: Drawn = { text: value.value, value };
    return new fc.Value(shown(value.value), context);
  }
}

function* smallerModels(text: string): IterableIterator<fc.Value<Model>> {
  for (const next of smaller(text)) {
    const formatted = format({ path: "any.twin", text: next });
    if (!("text" in formatted) || formatted.text === text) {
      continue;
    }
    try {
      const context: Drawn = { text: formatted.text, value: null };
      yield new fc.Value(shown(formatted.text), context);
    } catch {
      // It is no model.
    }
  }
}

/** What a metric has own tables for. */
const owned = ["item.item_id", "item.category", "item.topics"];

const dim = fc.integer({ min: 1, max: 4 });
const pool = fc.constantFrom("sum", "mean");

/** A feature of every kind, with small tables. */
const kinds: readonly ((dim: number, pool: string) => string)[] = [
  (d) => `id(vocab: 5, dim: ${d})`,
  (d) => `hashed(buckets: 7, dim: ${d})`,
  (d) => `hashed(buckets: 5, hashes: 2, dim: ${d})`,
  (d) => `bucketed(at: [1, 2, 3], dim: ${d})`,
  (d) => `flag(dim: ${d})`,
  (d, p) => `tags(vocab: 6, max: 3, dim: ${d}, pool: ${p})`,
  () => "pretrained(size: 3)",
  (d) => `pretrained(size: 3, dim: ${d})`,
  () => "number(scale: log)",
  () => "number(scale: standard)",
  (d) => `bucketed(at: quantiles(4), dim: ${d})`,
  (d) => `bucketed(at: log(1, 8, 3), dim: ${d})`,
];

/** Of the order of behaviours, and what passed between them. */
const ofOrder: typeof kinds = [
  (d) => `place(at: [2, 3, 5], dim: ${d})`,
  (d) => `gap(at: [1h, 1d], dim: ${d})`,
  (d) => `gap(on: item.category, at: log(1s, 30d, 4), dim: ${d})`,
  (d) => `gap(on: item.topics, at: [1d], dim: ${d})`,
  (d) => `gap(on: item.item_id, at: [10s, 7d], dim: ${d})`,
];

/** Read off the request's time. */
const clocks: typeof kinds = [(d) => `hour(zone: "Europe/Berlin", dim: ${d})`, (d) => `weekday(dim: ${d})`];

/** `prefix_0: kind …`, one a line. */
function anyFeatures(prefix: string, least: number, most: number, of = kinds): fc.Arbitrary<string[]> {
  const one = fc.record({ kind: fc.constantFrom(...of), dim, pool });
  return fc
    .array(one, { minLength: least, maxLength: most })
    .map((chosen) => chosen.map((feature, index) => `${prefix}_${index}: ${feature.kind(feature.dim, feature.pool)}`));
}

/** What a tower's wide terms are; the last two stand alone. */
const beside = ["none", "none", "some", "users", "all"] as const;
const wides = [...beside, "alone", "apart"] as const;

const anyTower = (wide: readonly (typeof wides)[number][]) =>
  fc.record({
    hidden: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 2 }),
    activation: fc.constantFrom("relu", "prelu", "dice", "gelu"),
    norm: fc.constantFrom("none", "layer", "batch"),
    cross: fc.integer({ min: 0, max: 2 }),
    experts: fc.constantFrom(0, 0, 2),
    tasks: fc.integer({ min: 1, max: 3 }),
    scored: fc.boolean(),
    wide: fc.constantFrom(...wide),
    calibrate: fc.constantFrom(["none", "none"], ["platt", "isotonic"], ["isotonic", "platt"]),
  });

/** What biases a tower's labels in training: of the context, of the candidate, or both. */
const anyShown = fc.constantFrom([], [], ["context.slot"], ["candidate.rank"], ["context.slot", "candidate.rank"]);

/** @param features that a tower may take as wide terms, besides the item's @param shown what biases its first label, and its last */
function towerText(
  name: string,
  inputs: readonly string[],
  features: readonly string[],
  shown: readonly string[],
  tower: ReturnType<typeof anyTower> extends fc.Arbitrary<infer T> ? T : never,
) {
  const bias = shown.length === 0 ? [] : [`bias: [${shown.join(", ")}]`];
  const [first, last] = [tower.calibrate, tower.calibrate.toReversed()].map(([one]) =>
    one === "none" ? bias : [...bias, `calibrate: ${one}`],
  );
  const tasks = [
    first.length > 0 ? `binary(${first.join(", ")})` : "binary",
    "regression",
    `binary(${["weight: 0.5", "pairs: 0.3", `through: ${name}_0`, ...last].join(", ")})`,
  ].slice(0, tower.tasks);
  const layers = `input: [${inputs.join(", ")}] hidden: [${tower.hidden.join(", ")}] activation: ${tower.activation}
    norm: ${tower.norm} cross: ${tower.cross} experts: ${tower.experts} dropout: 0.1`;
  const users = features.filter((one) => !one.includes("stats") && !one.startsWith("candidate"));
  const terms = {
    none: [],
    some: ["item.item_id", "item.topics", ...features],
    users,
    all: ["item", ...features],
    alone: ["item.item_id", "item.cover", ...features],
    apart: users.length > 0 ? users : ["item.category"],
  }[tower.wide];
  const alone = tower.wide === "alone" || tower.wide === "apart";
  return `tower ${name} {
    ${alone ? "" : layers} ${terms.length === 0 ? "" : `wide: [${terms.join(", ")}]`}
    predict { ${tasks.map((task, index) => `${name}_${index}: ${task}`).join(" ")} }
    ${tower.scored && name === "rating" ? `score { rating_0: 2 ${tower.tasks > 2 ? "rating_2: 0.5" : ""} }` : ""}
  }`;
}

function anyText(choice: ModelChoice): fc.Arbitrary<string> {
  const search = choice.by
    ? fc.constant(choice.by)
    : fc.constantFrom("metric" as const, "metric", "metric", ...builtKinds("search"));
  return fc
    .record({
      item: anyFeatures("i", 0, 3),
      user: anyFeatures("u", 0, 2),
      context: anyFeatures("c", 0, 1, [...kinds, ...clocks]),
      candidate: anyFeatures("n", 0, 2),
      cross: anyFeatures("x", 0, 3, [...kinds, ...ofOrder]),
      biased: fc.boolean(),
      size: fc.record({ heads: fc.integer({ min: 1, max: 3 }), dim, values: dim, out: fc.integer({ min: 1, max: 9 }) }),
      keep: fc.integer({ min: 1, max: 5 }),
      heads: choice.heads
        ? fc.constant(choice.heads)
        : fc.constantFrom("round_robin", "round_robin", "per_head", "max"),
      search,
      attends: fc.subarray(["recent", "all", "again", ...builtKinds("attend")]),
      keys: fc.constantFrom("auto", "auto", "fresh"),
      table: fc.constantFrom("none", "keys", "both", "apart", "values"),
      miss: fc.constantFrom("mask", "zero", "compute"),
      codes: fc.constantFrom("none", "float32", "float16", "uint8"),
      product: fc.boolean(),
      strength: fc.boolean(),
      match: fc.constantFrom([], [], ["item.item_id"], ["item.topics"], ["item.topics", "item.category"]),
      asked: fc.constantFrom<readonly string[]>([], [], ["context"], ["user"], ["context", "user"]),
      own: fc.constantFrom(0, 0, 0, 0, 1, 2),
      target: fc.constantFrom(false, false, true),
      tower: anyTower(beside),
      second: fc.option(anyTower(wides)),
      histories: choice.histories ? fc.constant(choice.histories) : fc.constantFrom(1, 1, 1, 2),
      stats: anyStats,
      shown: anyShown,
      clustered: fc.constantFrom(false, false, false, true),
      unsplit: fc.constantFrom(false, false, false, true),
    })
    .map(({ cross, clustered, ...drawn }) => {
      // Of clusters nothing is counted, and no table holds them.
      const sized = clustered && choice.tables !== true;
      const rest = sized ? { ...drawn, sized, stats: [], table: "none" as const, codes: "none" } : { ...drawn, sized };
      const own = choice.heads === "per_head" ? 0 : rest.own;
      const asked = (["context", "user"] as const).filter(
        (name) => own === 0 && rest.asked.includes(name) && rest[name].length > 0,
      );
      const size = own === 0 ? rest.size : { ...rest.size, heads: 1, dim: own * owned.length };
      // No table holds keys with cross features.
      const unsplit = rest.unsplit && own === 0 && cross.length > 0 && choice.tables !== true;
      const table = unsplit && rest.table !== "none" ? "values" : rest.table;
      const made = {
        ...rest,
        ...{ own, size, asked, unsplit, table },
        cross: rest.stats.length === 0 ? cross : [...cross, ...counted],
      };
      const histories = ["watched", "bought"].slice(0, made.histories);
      const stages = histories.flatMap((history) => stagesOf(history, made, choice));
      const attends = histories.flatMap((history) => ["interest", ...made.attends].map((name) => `${history}_${name}`));
      const { shown } = made;
      const slots = (group: string) =>
        shown.flatMap((one) => (one.startsWith(group) ? [`${one.split(".")[1]}: id(vocab: 3, dim: 2)`] : []));
      const groups = (["item", "user", "context", "candidate"] as const).flatMap((name) => {
        if (name === "item") {
          return [name];
        }
        const own = made[name];
        return slots(name).length > 0 ? own.map((one) => `${name}.${one.split(":")[0]}`) : own.length > 0 ? [name] : [];
      });
      const stats = made.stats.length === 0 ? [] : histories.map((history) => `${history}.stats`);
      const wide = [...groups.filter((name) => name !== "item"), ...stats];
      return [
        "model any",
        `item {
          item_id: vocabulary(max: 9, min_count: 1, dim: 3, key: true)
          category: id(vocab: 2, dim: 2)
          topics: tags(vocab: 4, max: 2, dim: 2)
          cover: pretrained(size: 3)
          ${made.item.join("\n")}
        }`,
        part("user", made.user),
        part("context", [...made.context, ...slots("context")]),
        part("candidate", [...made.candidate, ...slots("candidate")]),
        ...stages,
        towerText("rating", [...attends, ...groups, ...stats], wide, shown, made.tower),
        made.second
          ? towerText("other", [attends[0], ...groups, ...stats.map((one) => `${one}.s_0`)], wide, shown, made.second)
          : "",
      ].join("\n\n");
    });
}

const part = (name: string, features: readonly string[]): string =>
  features.length === 0 ? "" : `${name} { ${features.join("\n")} }`;

interface Made {
  readonly cross: readonly string[];
  readonly stats: readonly string[];
  readonly biased: boolean;
  /** Whether behaviours are clusters, and their sizes count. */
  readonly sized: boolean;
  readonly size: { readonly heads: number; readonly dim: number; readonly values: number; readonly out: number };
  readonly keep: number;
  readonly heads: string;
  readonly search: "metric" | keyof typeof bySamples;
  readonly attends: readonly string[];
  readonly keys: string;
  readonly table: string;
  readonly miss: string;
  /** Precision of the table that holds codes; `none`: there is no such table. */
  readonly codes: string;
  readonly product: boolean;
  readonly strength: boolean;
  readonly match: readonly string[];
  /** Whether the first cross feature is projected with the item's. */
  readonly unsplit: boolean;
  /** Width of the metric's own tables; 0: it reads those of the features. */
  readonly own: number;
  /** Whether values are multiplied with the candidate, where there is one head. */
  readonly target: boolean;
  /** Groups that join the query. */
  readonly asked: readonly string[];
}

/** What an attend without a metric goes over: one that takes several lists goes over more than one where it can. */
function overOf(h: string, name: string, { heads, search }: Made): string {
  if (kindTakesLists(name)) {
    return search === "metric" && heads === "per_head" ? `${h}.last(2)` : `[${h}_search, ${h}.last(2)]`;
  }
  return heads === "max" ? h : `${h}_search`;
}

/** A table of the codes that stages of a history read, where there are some. */
function codesText(h: string, { search, attends, keys, codes, miss }: Made): string {
  const stages = [kindHasCodes(search) ? "search" : [], keys === "fresh" ? [] : attends.filter(kindHasCodes)].flat();
  const of = stages.map((name) => `${h}_${name}.codes`).join(", ");
  return codes === "none" || of === "" ? "" : `table ${h}_codes { of: [${of}] precision: ${codes} on_miss: ${miss} }`;
}

/** A history with its metric, search, attends and tables, all named after it. */
function stagesOf(h: string, made: Made, choice: ModelChoice): string[] {
  const { heads, dim: width, values, out } = made.size;
  const biases = [
    ...(made.biased && made.cross.length > 0 ? [`${h}.cross`] : []),
    ...(made.sized ? [`log(${h}.size)`] : []),
  ];
  const bias = biases.length > 0 ? `bias: [${biases.join(", ")}]` : "";
  const cluster = made.sized ? "cluster: kmeans(on: item.cover, size: 5)" : "";
  const match = made.match.length > 0 ? `match: [${made.match.join(", ")}]` : "";
  const by = made.search === "metric" ? `${h}_metric` : bySamples[made.search];
  const target = made.target && heads === 1;
  const widths = target ? "value: product" : `values: ${values} out: ${out}`;
  const query = made.own === 0 ? ["item", ...made.asked] : owned;
  const across = made.unsplit ? `, ${h}.${made.cross[0].split(":")[0]}` : "";
  const keys = made.own === 0 ? `[${h}.item${across}]` : `[${owned.map((name) => `${h}.${name}`).join(", ")}]`;
  const own = made.own === 0 ? "" : `embeddings: own(dim: ${made.own})`;
  const attend = (name: string, over: string) => `attend ${h}_${name} {
    over: ${over} by: ${h}_metric ${widths} keys: ${made.keys} ${made.product ? "product: true" : ""} ${made.strength ? "strength: true" : ""}
  }`;
  const over: Readonly<Record<string, string>> = { recent: `${h}.last(2)`, all: h, again: `${h}_search` };
  const parts = { keys: `${h}_metric.keys`, values: `${h}_interest.values` };
  const table = (name: string, of: string) => `table ${h}_${name} { of: ${of} on_miss: ${made.miss} }`;
  const tables: Readonly<Record<string, readonly string[]>> = {
    none: [],
    keys: [table("table", parts.keys)],
    values: [table("table", parts.values)],
    both: [table("table", `[${parts.keys}, ${parts.values}]`)],
    apart: [table("table", parts.keys), table("more", parts.values)],
    // Such values are the items' columns, which no table holds.
    ...(target && { values: [], both: [table("table", parts.keys)], apart: [table("table", parts.keys)] }),
  };
  const wanted =
    choice.tables === false ? [] : tables[choice.tables === true && made.table === "none" ? "keys" : made.table];
  return [
    `history ${h} { of: item max: 50 ${cluster} ${part("cross", made.cross)} ${part("stats", made.stats)} }`,
    `metric ${h}_metric { query: [${query.join(", ")}] keys: ${keys} ${own} ${bias} ${match} heads: ${heads} dim: ${width} }`,
    // Only a metric has heads.
    `search ${h}_search { from: ${h} by: ${by} keep: ${made.keep} ${made.search === "metric" ? `heads: ${made.heads}` : ""} }`,
    attend("interest", `${h}_search`),
    ...made.attends.map((name) => {
      if (Object.hasOwn(over, name)) {
        return attend(name, over[name]);
      }
      const by = bySamples[name as keyof typeof bySamples];
      const keys = kindHasCodes(name) ? `keys: ${made.keys}` : "";
      return `attend ${h}_${name} { over: ${overOf(h, name, made)} by: ${by} ${keys} }`;
    }),
    choice.tables === false ? "" : codesText(h, made),
    ...(made.keys === "fresh" && made.search !== "metric" ? [] : wanted),
  ];
}
