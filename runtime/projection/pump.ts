// Keeps the projector fed: pieces go out as they come, so many at once, and are taken in their order.
import type { EncodedColumn, Projected } from "./projection.ts";

/** What became of one piece. */
export interface Done {
  readonly projected: Projected;
  /** Seconds of reading encoded items. */
  readonly read: number;
  /** Encoded rows by table, in memory that is used again after `release`. */
  readonly rows: ReadonlyMap<string, Uint8Array>;
  release(): void;
}

/** Whoever projects: threads, or this thread. Pieces may be sent while earlier ones are under way. */
export interface Projector {
  /** At most `depth` answers may be unreleased. */
  send(piece: Omit<Piece, "done">): Promise<Done>;
  readonly depth: number;
  close(): Promise<void>;
}

export interface Piece {
  /** Ordinal of the first item. */
  readonly first: number;
  readonly items: number;
  /** Encoded columns; null: the projector reads them from the store. */
  readonly columns: ReadonlyMap<string, EncodedColumn> | null;
  /** What the projector made of it; null where no table holds its items. */
  readonly done: Done | null;
  /** Where only some of a range of items are projected: these come then as the first ones. */
  readonly kept?: KeptRows;
}

/** A range of items of which most have their rows already. */
export interface KeptRows {
  /** Ordinal of the first item, and number of items. */
  readonly first: number;
  readonly items: number;
  /** Places of those that are projected, ascending. */
  readonly changed: Int32Array;
  /** Rows of all of them by table; those of the projected are to be filled in. */
  readonly rows: ReadonlyMap<string, Uint8Array>;
}

/**
 * @param rows items with an ordinal from here on are in no table and are not projected
 * @param take receives the pieces in order
 * @param check throws where the work is to stop
 */
export async function pump(
  pieces: AsyncIterable<Omit<Piece, "done">>,
  projector: Projector | null,
  rows: number,
  take: (piece: Piece) => void | Promise<void>,
  check: () => void,
): Promise<void> {
  const under: { piece: Omit<Piece, "done">; done: Promise<Done | null> }[] = [];
  const settle = async (): Promise<void> => {
    const first = under.shift();
    if (first === undefined) {
      return;
    }
    const { piece, done } = first;
    const result = await done;
    check();
    await take({ ...piece, columns: null, done: result });
    result?.release();
  };
  for await (const piece of pieces) {
    check();
    while (under.length >= (projector?.depth ?? 1)) {
      await settle();
    }
    const projected = projector !== null && piece.first < rows && piece.items > 0;
    const done = projected ? projector.send(piece) : Promise.resolve(null);
    // Its error is thrown when its turn comes.
    done.catch(() => undefined);
    under.push({ piece: { ...piece, columns: null }, done });
  }
  while (under.length > 0) {
    await settle();
  }
}
