// The lists of a chunk of rows as what their samples see: picked, with ordinals, and the parallel features encoded.
import { isComputed } from "../../../contract/encoder-spec.ts";
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { emptyRecord } from "../../../contract/record.ts";
import { numbersOf } from "../../encode/data-column.ts";
import type { Encoded } from "../../encode/encoded.ts";
import { type DataModel, encodedFeatures } from "../data-model.ts";
import type { ListedChunk } from "../database/chunk.ts";
import { takeValues } from "../database/flat-lists.ts";
import { quoted, type Source } from "../database/source.ts";
import { blank, type ItemOrdinals } from "../lists/item-ordinals.ts";
import { listOf, type OpenList } from "../lists/open-lists.ts";
import { type ListCounts, noLists, type Picked, pickBehaviours } from "../lists/pick.ts";
import type { SampleColumns } from "../sample-columns.ts";
import type { Block } from "./blocks.ts";
import type { Encoders } from "./encode-rows.ts";
import type { MetLists } from "./sample-rows.ts";

/** Behaviours that the samples of some rows see, row after row, newest first. */
export interface ReadLists {
  readonly picked: Picked;
  /** Where each row begins in what follows, and the end. */
  readonly starts: Int32Array;
  readonly item: Int32Array;
  /** Epoch seconds; null: positions count. */
  readonly time: Float64Array | null;
  /** By the cross feature's name. */
  readonly cross: Readonly<Record<string, Encoded>>;
  /** Ordinals of all values of the lists, to which `picked.at` points. */
  readonly all: Int32Array;
}

/** Values of lists that are held at once. */
const mostValues = 2_000_000;

/** Rows that are read at once: fewer where their lists are long. @param from a table, or a select in brackets */
export async function rowsOfBlock(
  source: Source,
  from: string,
  { events, explain }: Pick<SampleColumns, "events" | "explain">,
): Promise<number> {
  const lengths = events.lists!.map(({ item }) => `coalesce(avg(len(${quoted(item.name)})), 0)`);
  const asked = source.all(`SELECT ${["0", ...lengths].join(" + ")} AS n FROM ${from}`);
  const [row] = await asked.catch(async (cause: unknown) => {
    throw await explain(cause);
  });
  const rows = mostValues / Math.max(1, Number(row!.n));
  return Math.min(32_768, Math.max(64, 2 ** Math.floor(Math.log2(rows))));
}

export class ListReader {
  readonly #model: DataModel;
  readonly #columns: SampleColumns;
  readonly #lists: readonly OpenList[];
  readonly #encoders: Encoders;
  readonly #ordinals: ItemOrdinals;
  /** By history of the model. */
  readonly counts: readonly ListCounts[];

  /** @param counts what an earlier process of the same work had counted */
  constructor(
    model: DataModel,
    columns: SampleColumns,
    encoders: Encoders,
    ordinals: ItemOrdinals,
    counts: readonly ListCounts[] | null = null,
  ) {
    this.#model = model;
    this.#columns = columns;
    this.#lists = model.histories.map(({ name }) => listOf(columns.events.lists, name));
    this.#encoders = encoders;
    this.#ordinals = ordinals;
    this.counts = model.histories.map((_, h) => ({ ...(counts?.[h] ?? noLists()) }));
  }

  /** @param h number of the history @throws TwinError naming the row of a time, or of a value, that cannot be */
  pick(h: number, { lists, columns }: ListedChunk): Pick<ReadLists, "picked" | "all"> {
    const list = this.#lists[h];
    const items = lists[list.item.name];
    const times = list.time === null ? null : lists[list.time.name];
    const all = this.#ordinals.of(items.values);
    const picked = pickBehaviours(
      items,
      (value) => all[value] !== blank,
      times,
      numbersOf(columns["#time"]),
      { max: this.#model.histories[h].max, newest: list.newest },
      this.counts[h],
      (row, time) => {
        throw new TwinError(`${this.#place(columns, row, list.time!.shown)}: ${badTime(time)}`);
      },
    );
    return { picked, all };
  }

  /** What the lists of all histories name before their samples. */
  met(block: Block): MetLists[] {
    const { rows, columns, lists } = block;
    return this.#lists.map((_, h) => {
      const { picked, all } = this.pick(h, { rows, columns, lists: lists! });
      return { items: all, at: picked.at, starts: picked.starts };
    });
  }

  /** As `pick`, and all that belongs to a behaviour. */
  read(h: number, chunk: ListedChunk): ReadLists {
    const { lists, columns, rows } = chunk;
    const list = this.#lists[h];
    const items = lists[list.item.name];
    const times = list.time === null ? null : lists[list.time.name];
    const { picked, all } = this.pick(h, chunk);
    const starts = new Int32Array(rows + 1);
    for (let row = 0; row < rows; row++) {
      starts[row + 1] = starts[row] + picked.lengths[row];
    }
    const at = new Int32Array(starts[rows]);
    for (let row = 0; row < rows; row++) {
      at.set(picked.at.subarray(picked.starts[row], picked.starts[row] + picked.lengths[row]), starts[row]);
    }
    const item = Int32Array.from(at, (place) => all[place]);
    this.#countItems(h, starts, item, columns);
    const cross: Record<string, Encoded> = emptyRecord();
    for (const feature of encodedFeatures(this.#model, "cross", list.history)) {
      if (!isComputed(feature.encoder)) {
        cross[feature.name] = this.#encode(feature, lists, items.starts[0], at, (value, shown) =>
          this.#place(columns, rowOf(starts, value), shown),
        );
      }
    }
    return {
      picked,
      starts,
      item,
      time: times === null ? null : Float64Array.from(numbersOf(takeFrom(times, items.starts[0], at))),
      cross,
      all,
    };
  }

  #place(columns: ListedChunk["columns"], row: number, shown: string): string {
    const { name } = this.#columns.events.relation;
    return `${name}, row ${Number(columns["#row"][row]) + 1}, column \`${shown}\``;
  }

  /** What tells of a list that holds the sample's own event. */
  #countItems(h: number, starts: Int32Array, item: Int32Array, columns: ListedChunk["columns"]): void {
    const counts = this.counts[h];
    for (const ordinal of item) {
      counts.unknown += Number(ordinal === 0);
    }
    const candidates = numbersOf(columns["#ordinal"]);
    const labels = this.#columns.labels.map(({ name }) => numbersOf(columns[name]));
    for (let row = 0; row + 1 < starts.length; row++) {
      const [first, end] = [starts[row], starts[row + 1]];
      const given = labels.filter((label) => !Number.isNaN(label[row]));
      if (first === end || given.length === 0 || candidates[row] === 0) {
        continue;
      }
      const newest = Number(item[first] === candidates[row]);
      if (given.some((label) => label[row] > 0)) {
        counts.ones++;
        counts.onesNewest += newest;
        counts.onesSecond += Number(first + 1 < end && item[first + 1] === candidates[row]);
      } else {
        counts.zeros++;
        counts.zerosNewest += newest;
      }
    }
  }

  /** @param first the first value of the items: parallel lists may begin elsewhere */
  #encode(
    feature: FeatureSpec,
    lists: ListedChunk["lists"],
    first: number,
    at: Int32Array,
    place: (value: number, shown: string) => string,
  ): Encoded {
    const column = [...this.#columns.cross.values()].flat().find(({ name }) => name === feature.name)!;
    const raw = takeFrom(lists[feature.name], first, at);
    return this.#encoders.encode(feature, raw, at.length, column.derive, (value) => place(value, column.shown));
  }
}

/** Values of a parallel list at places of the items' values. */
function takeFrom(list: ListedChunk["lists"][string], first: number, at: Int32Array) {
  const shift = list.starts[0] - first;
  return takeValues(list, shift === 0 ? at : at.map((place) => place + shift));
}

/** The row that a value belongs to. */
function rowOf(starts: Int32Array, value: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= value) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

function badTime(time: number): string {
  if (Number.isNaN(time)) {
    return "the time of a behaviour is missing; each needs one, or the list is left out and positions count";
  }
  const finer = [1e3, 1e6, 1e9].findIndex((factor) => time / factor > 6e8 && time / factor < 4.2e9);
  const way =
    finer < 0
      ? "is the unit right?"
      : `it looks like ${["ms", "us", "ns"][finer]}: write \`time: {column: …, unit: ${["ms", "us", "ns"][finer]}}\``;
  return `a behaviour's time of ${time} seconds lies outside 1990–2100; ${way}`;
}
