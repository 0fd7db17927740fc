// A bounded sample of the training rows that `twin data check` reads anyway, with what each feature is there.

import type { FeatureSpec } from "../../../contract/manifest.ts";
import { mix32 } from "../../../contract/random.ts";
import { encodedWidth } from "../../encode/column.ts";
import { type DataColumn, numbersOf } from "../../encode/data-column.ts";
import type { Encoded } from "../../encode/encoded.ts";
import type { Chunk } from "../database/chunk.ts";
import { quoted } from "../database/source.ts";
import type { DataReport } from "../report-schema.ts";
import { Column, type Predictor, predictors, suspects } from "./single-features.ts";

/** Ones of a label, and zeros of it, that are looked at: those whose row has a small hash. */
const mostRows = 20_000;
/** Of features of several elements: elements that are held for a label, and the rows that are held however many they are. */
const mostElements = 160_000;
const leastRows = 2000;
/** An item or user with so many labelled events is rare: a rate over them all nearly is their label. */
const rare = 2;
/** Users are counted by a hash of so many values; where two fall together they count as less rare. */
const userHashes = 1 << 22;

export type Predictors = NonNullable<DataReport["predictors"]>[number];
type Suspect = Predictors["suspects"][number];

interface LabelRows {
  readonly name: string;
  /** Of the events' query. */
  readonly column: string;
  readonly mean: number;
  /** Share of the zeros, and of the ones, that are looked at. */
  readonly shares: readonly [number, number];
  /** Whether ones are so few that each is held of every feature. */
  readonly scarce: boolean;
  /** Rows that are to be expected by them. */
  readonly due: number;
  readonly rows: number[];
  readonly ones: number[];
  /** Events with the label in all parts, by the item's ordinal and the user's hash; 255: that many or more. */
  readonly events: { readonly item: Uint8Array; readonly user: Uint8Array };
}

export class SampledRows {
  /** What the events' query must give beside the features: `#row` and these. */
  readonly sql: readonly string[];
  readonly #labels: readonly LabelRows[];
  readonly #columns = new Map<string, Column>();
  /** By row of the sample. */
  readonly #hashes: number[] = [];
  readonly #ordinals: number[] = [];
  readonly #users: number[] = [];
  readonly #scarce: boolean[] = [];
  /** Rows of the sample by the ordinal of their item; made when the first item comes. */
  #byOrdinal: Map<number, number[]> | null = null;

  /** @param training the report's counts of that part @param items their number, without the unknown one */
  constructor(training: DataReport["parts"][number], items: number) {
    this.#labels = training.labels.flatMap(({ name, kind, defined, mean }) => {
      if (mean === null || defined === 0) {
        return [];
      }
      const ones = kind === "binary" ? mean * defined : defined / 2;
      const share = (count: number): number => Math.min(1, mostRows / Math.max(1, count));
      return [
        {
          name,
          column: `predict.${name}`,
          mean,
          shares: [share(defined - ones), share(ones)] as const,
          scarce: kind === "binary" && ones <= leastRows,
          due: Math.min(mostRows, defined - ones) + Math.min(mostRows, ones),
          rows: [],
          ones: [],
          events: { item: new Uint8Array(items + 1), user: new Uint8Array(userHashes) },
        },
      ];
    });
    this.sql = [
      `"#ordinal"`,
      `"#part"`,
      `(hash("#user") % ${userHashes})::INTEGER AS "#hash"`,
      ...this.#labels.map(({ column }) => quoted(column)),
    ];
  }

  /** Draws rows of a chunk of events, which it must be told before their features. @returns their places in it */
  draw(chunk: Chunk): number[] {
    const of = (name: string): ArrayLike<number> => numbersOf(chunk.columns[name]);
    const [row, ordinal, part, user] = [of("#row"), of("#ordinal"), of("#part"), of("#hash")];
    const labels = this.#labels.map((label) => ({ label, values: of(label.column) }));
    const drawn: number[] = [];
    for (let i = 0; i < chunk.rows; i++) {
      const hash = mixed(row[i]);
      let at = -1;
      let scarce = false;
      for (const { label, values } of labels) {
        const value = values[i];
        if (Number.isNaN(value)) {
          continue;
        }
        const { item, user: users } = label.events;
        if (item[ordinal[i]] < 255) {
          item[ordinal[i]]++;
        }
        if (users[user[i]] < 255) {
          users[user[i]]++;
        }
        const one = value > label.mean ? 1 : 0;
        if (part[i] !== 0 || hash >= label.shares[one] * 0x100000000) {
          continue;
        }
        if (at < 0) {
          at = this.#hashes.push(hash) - 1;
        }
        label.rows.push(at);
        label.ones.push(one);
        scarce ||= one === 1 && label.scarce;
      }
      if (at < 0) {
        continue;
      }
      this.#ordinals.push(ordinal[i]);
      this.#users.push(user[i]);
      this.#scarce.push(scarce);
      drawn.push(i);
    }
    return drawn;
  }

  /** Values of the rows that were drawn last. @param raw of these rows alone @param encoded of the whole chunk */
  addEvents(feature: FeatureSpec, drawn: readonly number[], raw: DataColumn, encoded: Encoded): void {
    const column = this.#of(feature);
    const first = this.#hashes.length - drawn.length;
    for (const [i, place] of drawn.entries()) {
      column.put(first + i, raw[i], encoded, place);
    }
  }

  /** Values of the items with the ordinals `first` …, after all events. @param raw null: nothing is known of them */
  addItems(feature: FeatureSpec, first: number, raw: DataColumn | null, encoded: Encoded): void {
    this.#byOrdinal ??= grouped(this.#ordinals);
    const column = this.#of(feature);
    for (let i = 0; i < encoded.length / encodedWidth(feature); i++) {
      for (const row of this.#byOrdinal.get(first + i) ?? []) {
        column.put(row, raw?.[i], encoded, i);
      }
    }
  }

  #of(feature: FeatureSpec): Column {
    let found = this.#columns.get(feature.name);
    if (found === undefined) {
      const share =
        Math.max(leastRows, mostElements / encodedWidth(feature)) / Math.max(...this.#labels.map(({ due }) => due));
      // Rows were chosen by the upper bits of their hashes.
      const held = (row: number): boolean => this.#scarce[row] || mixed(this.#hashes[row]) < share * 0x100000000;
      found = new Column(feature, share >= 1 ? null : held);
      this.#columns.set(feature.name, found);
    }
    return found;
  }

  /** For each label the features by what they tell alone, and those that tell far more than the next. */
  predictors(): Predictors[] {
    return this.#labels.flatMap((label) => {
      const among = (places: readonly number[]): Predictor[] =>
        predictors(this.#columns.values(), {
          rows: places.map((i) => label.rows[i]),
          one: Uint8Array.from(places, (i) => label.ones[i]),
          half: Uint8Array.from(places, (i) => this.#hashes[label.rows[i]] & 1),
        });
      const all = [...label.rows.keys()];
      const features = among(all);
      if (features.length === 0) {
        return [];
      }
      const found = suspected(features, label.rows.length, null);
      for (const of of ["item", "user"] as const) {
        const own = of === "item" ? this.#ordinals : this.#users;
        const places = all.filter((i) => {
          const by = own[label.rows[i]];
          return label.events[of][by] <= rare && !(of === "item" && by === 0);
        });
        for (const suspect of suspected(among(places), places.length, of)) {
          const group = this.#columns.get(suspect.feature)?.feature.group;
          if (group === of && found.every(({ feature }) => feature !== suspect.feature)) {
            found.push(suspect);
          }
        }
      }
      return [{ label: label.name, rows: label.rows.length, features, suspects: found }];
    });
  }
}

function suspected(sorted: readonly Predictor[], rows: number, rare: Suspect["rare"]): Suspect[] {
  const count = suspects(sorted);
  return sorted.slice(0, count).map((found) => ({ ...found, rows, rare, next: sorted[count] ?? null }));
}

function grouped(ordinals: readonly number[]): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (const [row, ordinal] of ordinals.entries()) {
    const found = rows.get(ordinal);
    if (found === undefined) {
      rows.set(ordinal, [row]);
    } else {
      found.push(row);
    }
  }
  return rows;
}

/** 32 bits of a row's number or a hash, all of which depend on all of its bits. */
const mixed = (value: number): number =>
  mix32(value ^ Math.imul(Math.floor(value / 0x100000000), 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
