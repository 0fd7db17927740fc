// Which models execution providers are tried on: all that can be built, and beside them what no model of the repository has.
import { modelOf } from "./any-model.ts";
import { modelTexts, type ProviderModel, providerModel, smallModel } from "./provider-models.ts";

/** A search by tags, which the models of the repository do not have. */
const tagsText = `
  model tags
  item { song: id(vocab: 9, dim: 2, key: true) topics: tags(vocab: 6, max: 3, dim: 2) }
  history heard { of: item max: 30 }
  metric likeness { query: item keys: heard.item heads: 2 dim: 2 }
  search same { from: heard by: match(item.topics) keep: 3 }
  attend interest { over: same by: likeness }
  tower ranking { input: [interest, item] hidden: [4] predict { click: binary } }
`;

/** Layers of one unit: parameters of one number, beside matrix products. */
const narrowText = (tower: string) => `
  model narrow
  item { song: id(vocab: 3, dim: 1, key: true) }
  tower ranking { input: [item] hidden: [1, 1] ${tower} predict { click: binary } }
`;
const narrow = ["norm: batch", "norm: layer", "activation: prelu", "activation: dice", "cross: 1"];

/** So many are kept that the walk has four attempts. */
const walks = "twin, long walks";
/** Rows of embeddings come in beside the request; its other graphs differ from those inside as these two do. */
const outside = "twin, embeddings outside";
/** A search whose codes lie in a table. */
const codes = "hashes, codes in a table";
const storedAs = { "twin, float16 rows": "float16", "twin, uint8 rows": "uint8" } as const;

const twinWith = (change: (text: string) => string) => smallModel("models/twin.twin", change)!;

const tried: readonly (readonly [string, () => ProviderModel])[] = [
  ...[...modelTexts()].map(([name, model]) => [name, () => providerModel(name, model)] as const),
  ["tags", () => providerModel("tags", modelOf(tagsText))],
  ...narrow.map((tower) => {
    const name = `one unit, ${tower.replace(": ", " ")}`;
    return [name, () => only(providerModel(name, modelOf(narrowText(tower))), "rank")] as const;
  }),
  [
    walks,
    () =>
      only(
        providerModel(
          walks,
          twinWith((text) => text.replaceAll("keep: 6", "keep: 24")),
          { sides: true },
        ),
        "search",
      ),
  ],
  [
    outside,
    () =>
      only(
        providerModel(
          outside,
          twinWith((text) => text),
          { outside: true },
        ),
        "search",
        "rank",
      ),
  ],
  [codes, () => only(providerModel(codes, modelTexts().get("hashes")!), "search")],
  ...Object.entries(storedAs).map(([name, type]) => {
    const text = (one: string) => one.replaceAll(/precision: +\w+/g, `precision: ${type}`);
    return [name, () => only(providerModel(name, twinWith(text), { tableInput: type }), type)] as const;
  }),
];

/** Those graphs whose name ends so. */
const only = (model: ProviderModel, ...ends: readonly string[]): ProviderModel => ({
  ...model,
  graphs: model.graphs.filter(({ name }) => ends.some((end) => name.endsWith(end))),
});

/** Building them takes most of a test's time: each is built once for all providers and files of a process. */
function once(make: () => ProviderModel): () => ProviderModel {
  let made: ProviderModel | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** By name; a model is built when it is first asked for. */
export const providerModels: ReadonlyMap<string, () => ProviderModel> = new Map(
  tried.map(([name, make]) => [name, once(make)]),
);

/**
 * What is run on a graphics device in *full*: every operator of every dtype that a graph may hold, every branch of a
 * selection, every type of stored rows, embeddings outside; test/web/covering.test.ts holds it to that.
 */
export const covering: readonly string[] = [
  "sim_hard",
  "sdim",
  codes,
  "stca",
  "everything",
  "tags",
  walks,
  outside,
  ...Object.keys(storedAs),
];

/** The model whose cases go both ways at every If of its search. */
export const walking: string = walks;
