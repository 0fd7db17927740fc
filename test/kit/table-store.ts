// What every store of rows must do, wherever it keeps them: one suite, run over each.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TwinError } from "../../contract/error.ts";
import type { Piece, RowKeys, TableStore } from "../../runtime/table/table-store.ts";

/** A store and what is in it. */
export interface StoreSubject {
  readonly store: TableStore;
  /** Names of keys that it has, and the bytes of their rows. */
  readonly rows: ReadonlyMap<number, Uint8Array>;
  /** Names of keys that it does not have. */
  readonly absent: readonly number[];
  /** Those names as keys of the store's own kind. */
  keys(names: readonly number[]): RowKeys;
  /** Takes the rows away, or damages them: from then on they cannot be read. Null where nothing can happen to them. */
  readonly lose: (() => void) | null;
  close(): void;
}

/** Pieces of rows in one memory, with a margin around each that nobody may write to. */
class Memory {
  readonly pieces: Piece[] = [];
  readonly #all: Uint8Array;

  constructor(cuts: readonly (readonly [number, number])[], rows: number, shared: boolean) {
    const bytes = cuts.reduce((sum, [, length]) => sum + rows * length + 24, 16);
    this.#all = new Uint8Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)).fill(0xa5);
    let at = 8;
    for (const [from, length] of cuts) {
      const into = this.#all.subarray(at, at + rows * length);
      this.pieces.push({ from, bytes: length, into });
      at = 8 * Math.ceil((at + into.length + 8) / 8);
    }
  }

  /** Bytes outside the pieces that were written to. */
  spilt(): number {
    for (const { into } of this.pieces) {
      into.fill(0xa5);
    }
    return this.#all.reduce((count, byte) => count + Number(byte !== 0xa5), 0);
  }
}

/** Holds a store to the contract of `TableStore`. */
export function conforms(name: string, open: () => Promise<StoreSubject>): void {
  const using = async (test: (subject: StoreSubject) => Promise<void>): Promise<void> => {
    const subject = await open();
    try {
      await test(subject);
    } finally {
      subject.close();
    }
  };
  const rowOf = ({ rows, store }: StoreSubject, key: number): Uint8Array => rows.get(key) ?? store.absent;
  const expected = (subject: StoreSubject, names: readonly number[], { from, bytes }: Piece): number[] =>
    names.flatMap((key) => [...rowOf(subject, key).subarray(from, from + bytes)]);
  const names = ({ rows, absent }: StoreSubject) =>
    fc.array(fc.constantFrom(...rows.keys(), ...absent), { maxLength: 40 });

  describe(`${name}, as a store of rows`, () => {
    it("gives the rows of any keys, in any order and any number of times, and says which there are", () =>
      using(async (subject) => {
        const { store } = subject;
        expect(store.where).not.toBe("");
        expect(store.absent.length).toBe(store.rowBytes);
        await fc.assert(
          fc.asyncProperty(names(subject), async (asked) => {
            const { pieces } = new Memory([[0, store.rowBytes]], asked.length, false);
            const hits = await store.read(subject.keys(asked), pieces);
            expect([...pieces[0].into]).toEqual(expected(subject, asked, pieces[0]));
            expect([...hits]).toEqual(asked.map((key) => Number(subject.rows.has(key))));
          }),
        );
      }));

    it("writes pieces of rows, as they are stored, into the caller's memory and nowhere else", () =>
      using(async (subject) => {
        const { store } = subject;
        const cut = fc
          .tuple(fc.nat(store.rowBytes - 1), fc.integer({ min: 1, max: store.rowBytes }))
          .map(([from, bytes]) => [from, Math.min(bytes, store.rowBytes - from)] as const);
        await fc.assert(
          fc.asyncProperty(
            names(subject),
            fc.array(cut, { maxLength: 4 }),
            fc.boolean(),
            async (asked, cuts, shared) => {
              const memory = new Memory(cuts, asked.length, shared);
              const hits = await store.read(subject.keys(asked), memory.pieces);
              for (const piece of memory.pieces) {
                expect([...piece.into]).toEqual(expected(subject, asked, piece));
              }
              expect([...hits]).toEqual(asked.map((key) => Number(subject.rows.has(key))));
              expect(memory.spilt()).toBe(0);
            },
          ),
        );
      }));

    it("reads many keys at once, and several reads that are under way together", () =>
      using(async (subject) => {
        const { store } = subject;
        const every = [...subject.rows.keys(), ...subject.absent];
        const reads = Array.from({ length: 4 }, async (_, turn) => {
          const asked = Array.from({ length: 5000 }, (_, i) => every[(i * 7 + turn) % every.length]);
          const { pieces } = new Memory([[turn % store.rowBytes, 1]], asked.length, false);
          const hits = await store.read(subject.keys(asked), pieces);
          expect([...pieces[0].into]).toEqual(expected(subject, asked, pieces[0]));
          expect([...hits]).toEqual(asked.map((key) => Number(subject.rows.has(key))));
        });
        await Promise.all(reads);
      }));

    it("finds the same rows without being asked for them, where it can", () =>
      using(async (subject) => {
        const { store } = subject;
        const asked = [...subject.rows.keys(), ...subject.absent];
        const hits = await store.read(subject.keys(asked), []);
        expect([...hits]).toEqual(asked.map((key) => Number(subject.rows.has(key))));
        const located = store.locate?.(subject.keys(asked));
        if (located !== undefined) {
          expect([...located].map((row) => Number(row > 0))).toEqual([...hits]);
        }
      }));

    it("rejects where the memory has another size, and where a row has no such bytes", () =>
      using(async ({ store, keys, rows }) => {
        const [key] = rows.keys();
        const piece = (from: number, bytes: number, length = bytes) => [{ from, bytes, into: new Uint8Array(length) }];
        const { rowBytes } = store;
        for (const wrong of [piece(0, rowBytes, rowBytes - 1), piece(0, rowBytes, rowBytes + 1)]) {
          await expect(store.read(keys([key]), wrong)).rejects.toThrow(/do not lie in/);
        }
        for (const wrong of [piece(1, rowBytes), piece(-1, 1), piece(0, 0), piece(rowBytes, 1)]) {
          await expect(store.read(keys([key]), wrong)).rejects.toThrow(/are no piece of a row/);
        }
      }));

    it("ends a reading by its signal, with the signal's reason", () =>
      using(async (subject) => {
        const { store } = subject;
        const asked = Array.from({ length: 20_000 }, () => [...subject.rows.keys()][0]);
        const { pieces } = new Memory([[0, 1]], asked.length, false);
        const gone = new Error("the caller went away");
        await expect(store.read(subject.keys(asked), pieces, { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
        // One that comes while it reads ends it, or comes too late.
        const controller = new AbortController();
        const reading = store.read(subject.keys(asked), pieces, { signal: controller.signal });
        controller.abort(gone);
        const result = await reading.catch((error: unknown) => error);
        if (result !== gone) {
          expect((result as Uint8Array).every((hit) => hit === 1)).toBe(true);
        }
        // The store can still be read.
        expect([...(await store.read(subject.keys([asked[0]]), []))]).toEqual([1]);
      }));

    it("rejects where rows cannot be read, and never says that there are none", () =>
      using(async (subject) => {
        if (subject.lose === null) {
          return;
        }
        const { store } = subject;
        subject.lose();
        const asked = [...subject.rows.keys()];
        const { pieces } = new Memory([[0, store.rowBytes]], asked.length, false);
        const error = await store.read(subject.keys(asked), pieces).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(TwinError);
      }));
  });
}
