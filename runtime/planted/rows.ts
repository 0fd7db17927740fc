// The rows of made-up data with planted interests: items, users, events, from a seed; see scenarios.ts for what is planted.
import { TwinError } from "../../contract/error.ts";
import { streams } from "../../contract/random.ts";
import { scenarioOf } from "./scenarios.ts";
import type { Shelf } from "./shelf.ts";
import type { WorldSize } from "./world.ts";

/** Name and type of a column. */
export type PlantedColumn = readonly [
  name: string,
  type: "int64" | "int32" | "float32" | "float64" | "boolean" | "int32[]" | "float32[]",
];

/** One row, in the order of its columns. */
export type PlantedRow = readonly (bigint | number | boolean | null | readonly number[])[];

/** @param cover width of the items' `cover` vector; 0: none */
export const itemColumns = (cover: number): PlantedColumn[] => [
  ["video_id", "int64"],
  ["author_id", "int32"],
  ["category", "int32"],
  ["duration", "int32"],
  ["topics", "int32[]"],
  ...(cover > 0 ? [["cover", "float32[]"] as const] : []),
];

export const userColumns: PlantedColumn[] = [
  ["user_id", "int64"],
  ["age", "int32"],
];

export const eventColumns: PlantedColumn[] = [
  ["user_id", "int64"],
  ["video_id", "int64"],
  ["time", "int64"],
  ["progress", "float32"],
  ["liked", "boolean"],
  ["hour", "int32"],
  ["tab", "int32"],
  ["recall_score", "float32"],
  ["click", "boolean"],
  ["like", "boolean"],
  ["truth", "float64"],
];

/** @throws TwinError where sizes are no whole numbers, or too small */
export function checkSize(size: WorldSize, cover: number): void {
  const { scenario: _, ...numbers } = size;
  for (const [name, value] of Object.entries({ ...numbers, cover })) {
    const least = name === "cover" || name === "seed" || name === "users" || name === "behaviours" ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new TwinError(`example data: ${name} is ${value}; a whole number of at least ${least} is due`);
    }
  }
  if (size.items < size.categories) {
    throw new TwinError(`example data: ${size.items} items cannot fill ${size.categories} categories; give more items`);
  }
  scenarioOf(size).check(size);
}

export function* itemRows(size: WorldSize, cover: number): Generator<PlantedRow> {
  const draw = streams.exampleCovers(size.seed);
  // A category's own direction, so that covers of one category are alike.
  const centres = Array.from({ length: size.categories }, () => Array.from({ length: cover }, () => draw.normal()));
  for (const item of scenarioOf(size).items(size)) {
    const vector = centres[item.category].map((x) => Math.fround(x + 0.5 * draw.normal()));
    yield [item.id, item.author, item.category, item.duration, item.topics, ...(cover > 0 ? [vector] : [])];
  }
}

const userId = (user: number): bigint => 1001n + BigInt(user) * 7n;

export function* userRows(size: WorldSize): Generator<PlantedRow> {
  const draw = streams.exampleAges(size.seed);
  for (let user = 0; user < size.users; user++) {
    yield [userId(user), 13 + draw.below(60)];
  }
}

/** An event, and what is known of it beside its row. */
export interface PlantedEvent {
  readonly row: PlantedRow;
  /** Probability by which the click was drawn, and whether it came. */
  readonly truth: number;
  readonly click: boolean;
  readonly labelled: boolean;
}

/** The events of one user, in time order. @param unlabelled so many first ones carry no labels */
export function* eventRows(size: WorldSize, stock: Shelf, user: number, unlabelled = 0): Generator<PlantedEvent> {
  const id = userId(user);
  let place = 0;
  for (const shown of scenarioOf(size).life(size, stock, user)) {
    const { click, truth, liked } = shown;
    const labelled = place++ >= unlabelled;
    const row = [
      id,
      stock.ids[shown.item],
      BigInt(shown.time),
      Math.fround(shown.progress),
      liked,
      shown.hour,
      shown.tab,
      Math.fround(shown.recall),
      labelled ? click : null,
      // Nobody likes what they did not click: the label is defined where click is.
      labelled && click ? liked : null,
      truth,
    ];
    yield { row, truth, click, labelled };
  }
}
