// Tables of a parity case as they are stored: what a variant of a graph is fed instead of float32 rows.
import type { StoredType } from "../../contract/manifest.ts";
import type { Model, Table } from "../model/model.ts";
import { scalePort } from "../model/ports.ts";
import { layoutOf } from "../model/table-layout.ts";
import type { Feed } from "./parity-feeds.ts";

export interface StoredFeed {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
  /** What stands in the file: float16 by its bits, uint8; absent for what is as it is. */
  readonly bits?: Uint16Array | Uint8Array;
}

/** The feeds with every table stored. Other rows than the table's own precision would make them are as good: nothing rests on which. */
export function storedFeeds(model: Model, type: StoredType, feeds: ReadonlyMap<string, Feed>): Map<string, StoredFeed> {
  const all = new Map<string, StoredFeed>(feeds);
  for (const table of model.tables) {
    const rows = feeds.get(table.name);
    if (rows === undefined) {
      continue;
    }
    for (const [port, feed] of type === "float16" ? halves(table, rows) : bytes(table, rows)) {
      all.set(port, feed);
    }
  }
  return all;
}

/** The numbers cut to the ten bits of float16; too small ones are 0. */
function halves(table: Table, { shape, data }: Feed): [string, StoredFeed][] {
  const words = new Uint32Array(Float32Array.from(data).buffer);
  const bits = Uint16Array.from(words, (word) => {
    const exponent = ((word >>> 23) & 255) - 112;
    if (exponent > 30) {
      throw new Error(`${table.name}: a row holds what float16 does not reach`);
    }
    return exponent < 1 ? 0 : ((word >>> 16) & 0x8000) | (exponent << 10) | ((word >>> 13) & 0x3ff);
  });
  const numbers = new Float32Array(
    words.map((word, index) => (bits[index] === 0 ? 0 : (word & 0xffff_e000) >>> 0)).buffer,
  );
  return [[table.name, { shape, data: numbers, bits }]];
}

/** Each head of a row in 255 steps from its least number to its largest. */
function bytes(table: Table, { shape, data }: Feed): [string, StoredFeed][] {
  const heads = table.of.map(layoutOf).flatMap((part) => new Array<number>(part.heads).fill(part.dim));
  const [rows, width] = shape;
  const bits = new Uint8Array(rows * width);
  const affine = new Float32Array(rows * 2 * heads.length);
  let pair = 0;
  let start = 0;
  for (let row = 0; row < rows; row++) {
    for (const dim of heads) {
      const own = Array.from({ length: dim }, (_, index) => data[start + index]);
      const low = Math.min(...own);
      const scale = Math.fround((Math.max(...own) - low) / 255);
      affine.set([scale, low], pair);
      for (let index = 0; index < dim; index++) {
        bits[start + index] = scale === 0 ? 0 : Math.min(255, Math.round((own[index] - low) / scale));
      }
      pair += 2;
      start += dim;
    }
  }
  return [
    [table.name, { shape, data: Int32Array.from(bits), bits }],
    [scalePort(table), { shape: [rows, 2 * heads.length], data: affine }],
  ];
}
