// The behaviours of a batch: the newest that each sample may see, padded; what came or became known later is never among them.
import { describe, expect, it } from "vitest";
import { encodeElapsed, encodePlaces } from "../../runtime/encode/buckets.ts";
import { batchHistory, type HistoryColumns } from "../../runtime/learn/batch-history.ts";

/** A column in memory, of so many values a row. */
const column = <T extends Int32Array | Float32Array | Float64Array | Uint32Array>(values: T, width = 1) => ({
  range: (from: number, to: number) => values.subarray(from * width, to * width) as T,
  gather: (rows: Uint32Array) => Uint32Array.from(rows, (row) => values[row]),
});

// Two users, newest first: behaviours 0 … 3 of user 0, 4 … 6 of user 1.
const times = Float64Array.of(90, 70, 50, 30, 80, 60, 40);
const items = Int32Array.of(11, 12, 13, 14, 21, 22, 23);
const history = (rest: Partial<HistoryColumns> = {}): HistoryColumns => ({
  name: "watched",
  max: 3,
  item: column(items),
  time: column(times),
  same: null,
  ends: column(Uint32Array.of(4, 7)),
  cross: [],
  ...rest,
});
const samples = (
  rows: readonly (readonly [user: number, start: number, time: number])[],
  same?: readonly number[],
) => ({
  time: Float64Array.from(rows, ([, , time]) => time),
  user: Uint32Array.from(rows, ([user]) => user),
  start: Uint32Array.from(rows, ([, start]) => start),
  same: same === undefined ? null : Int32Array.from(same),
});

describe("behaviours of a batch", () => {
  it("are the newest from each sample's start on, up to the longest that is kept", () => {
    const found = batchHistory(
      history(),
      samples([
        [0, 0, 100],
        [1, 5, 70],
        [0, 3, 40],
        [1, 7, 10],
      ]),
      0,
    );
    expect(found).toMatchObject({ length: 3, lengths: Int32Array.of(3, 2, 1, 0) });
    expect(found.item).toEqual(Int32Array.of(11, 12, 13, 22, 23, 0, 14, 0, 0, 0, 0, 0));
  });

  it("are padded to the least length, and to one where there is nothing", () => {
    expect(batchHistory(history(), samples([[1, 6, 50]]), 5).item).toEqual(Int32Array.of(23, 0, 0, 0, 0));
    expect(batchHistory(history(), samples([[1, 7, 50]]), 0)).toMatchObject({
      length: 1,
      lengths: Int32Array.of(0),
      item: Int32Array.of(0),
    });
    // A start behind the end is none.
    expect(batchHistory(history(), samples([[0, 6, 50]]), 0).lengths).toEqual(Int32Array.of(0));
  });

  it("leave out those of an excluded value, and take older ones in their place", () => {
    const same = column(Int32Array.of(1, 2, 1, 3, 1, 1, 2));
    const cross: HistoryColumns["cross"] = [
      {
        spec: { name: "tags", type: "int32", width: 2, fill: -1, edges: null },
        column: column(Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14), 2),
        known: null,
      },
      { spec: { name: "ago", type: "int32", width: 1, fill: 0, edges: [25, 60] }, column: null, known: null },
    ];
    const found = batchHistory(
      history({ same, cross }),
      samples(
        [
          [0, 0, 100],
          [0, 0, 100],
          [1, 4, 90],
          [0, 1, 80],
        ],
        [1, -1, 2, 9],
      ),
      0,
    );
    expect(found.lengths).toEqual(Int32Array.of(2, 3, 2, 3));
    expect(found.item).toEqual(Int32Array.of(12, 14, 0, 11, 12, 13, 21, 22, 0, 12, 13, 14));
    expect([...found.cross.tags]).toEqual([
      ...[3, 4, 7, 8, -1, -1],
      ...[1, 2, 3, 4, 5, 6],
      ...[9, 10, 11, 12, -1, -1],
      ...[3, 4, 5, 6, 7, 8],
    ]);
    // 30 and 70 ago; 10, 30 and 50; 10 and 30; 10, 30 and 50.
    expect([...found.cross.ago]).toEqual([2, 3, 0, 1, 2, 2, 1, 2, 0, 1, 2, 2]);
  });

  it("of an excluded value are sought through a long past, in pieces", () => {
    const rows = 10_000;
    const codes = Int32Array.from({ length: rows }, (_, i) =>
      i === 4095 || i === 4096 || i === 8192 || i === 9999 ? 2 : 1,
    );
    const long = history({
      max: 3,
      item: column(Int32Array.from({ length: rows }, (_, i) => i + 1)),
      time: column(Float64Array.from({ length: rows }, (_, i) => rows - i)),
      same: column(codes),
      ends: column(Uint32Array.of(rows)),
    });
    const found = batchHistory(long, samples([[0, 1, 1e6]], [1]), 0);
    expect(found.item).toEqual(Int32Array.of(4096, 4097, 8193));
    expect(batchHistory({ ...long, max: 9 }, samples([[0, 1, 1e6]], [1]), 0).lengths).toEqual(Int32Array.of(4));
    expect(batchHistory(long, samples([[0, 0, 1e6]], [2]), 0).item).toEqual(Int32Array.of(1, 2, 3));
  });

  it("have features of their own, as wide as they are, and missing ones as each kind has them", () => {
    const cross: HistoryColumns["cross"] = [
      {
        spec: { name: "cover", type: "float32", width: 2, fill: 0, edges: null },
        column: column(
          Float32Array.from({ length: 14 }, (_, i) => i / 2),
          2,
        ),
        known: null,
      },
      {
        spec: { name: "kind", type: "int32", width: 1, fill: 0, edges: null },
        column: column(Int32Array.of(1, 2, 3, 4, 5, 6, 7)),
        known: null,
      },
    ];
    const found = batchHistory(
      history({ cross, max: 2 }),
      samples([
        [1, 5, 70],
        [0, 3, 40],
      ]),
      0,
    );
    expect(found.cross.cover).toEqual(Float32Array.of(5, 5.5, 6, 6.5, 3, 3.5, 0, 0));
    expect(found.cross.kind).toEqual(Int32Array.of(6, 7, 4, 0));
    expect(Object.keys(found.cross)).toEqual(["cover", "kind"]);
  });

  it("show what became known later only once the delay has passed", () => {
    const known = column(Float64Array.of(95, 70, 99, Number.NaN, 80, 60, 40));
    const of = (delay: number | undefined) => {
      const cross: HistoryColumns["cross"] = [
        {
          spec: {
            ...{ name: "liked", type: "int32", width: 2, fill: -1, edges: null },
            ...(delay !== undefined && { known: { delay } }),
          },
          column: column(
            Int32Array.from({ length: 14 }, (_, i) => i + 1),
            2,
          ),
          known,
        },
      ];
      return [
        ...batchHistory(
          history({ cross, max: 4 }),
          samples([
            [0, 0, 99],
            [1, 4, 90],
          ]),
          0,
        ).cross.liked,
      ];
    };
    // Known at 95, 70, 99 (not before 99) and never; at 80, 60 and 40 of 90.
    expect(of(0)).toEqual([1, 2, 3, 4, -1, -1, -1, -1, 9, 10, 11, 12, 13, 14, -1, -1]);
    expect(of(undefined)).toEqual(of(0));
    expect(of(4)).toEqual(of(0));
    expect(of(5)).toEqual([-1, -1, 3, 4, -1, -1, -1, -1, 9, 10, 11, 12, 13, 14, -1, -1]);
    expect(of(20)).toEqual([-1, -1, 3, 4, -1, -1, -1, -1, -1, -1, 11, 12, 13, 14, -1, -1]);
  });

  it("that were picked know by their own times what was known", () => {
    const cross: HistoryColumns["cross"] = [
      {
        spec: { name: "liked", type: "int32", width: 1, fill: 0, edges: null, known: { delay: 0 } },
        column: column(Int32Array.of(1, 2, 3, 4, 5, 6, 7)),
        known: column(Float64Array.of(1, 2000, 1, 35, 1, 1, 1)),
      },
    ];
    const same = column(Int32Array.of(1, 2, 1, 3, 1, 1, 2));
    const found = batchHistory(history({ cross, same }), samples([[0, 0, 100]], [1]), 0);
    expect([...found.cross.liked]).toEqual([0, 4]);
  });

  it("have the elapsed times that the encoder of serving gives", () => {
    const edges = [10, 30, 50];
    const cross: HistoryColumns["cross"] = [
      { spec: { name: "ago", type: "int32", width: 1, fill: 0, edges }, column: null, known: null },
    ];
    const found = batchHistory(
      history({ cross, max: 9 }),
      samples([
        [0, 0, 100],
        [1, 4, 90],
      ]),
      0,
    );
    const served = (own: readonly number[], now: number) =>
      encodeElapsed({ name: "ago" } as Parameters<typeof encodeElapsed>[0], edges, own.length, {
        ...({ where: "history" } as Parameters<typeof encodeElapsed>[3]),
        now,
        times: Float64Array.from(own),
      });
    expect([...found.cross.ago]).toEqual([...served([90, 70, 50, 30], 100), ...served([80, 60, 40], 90), 0]);
  });

  it("end where each sample says, or where its user's do, and one of both is needed", () => {
    const own = {
      ...samples([
        [0, 0, 100],
        [0, 1, 100],
      ]),
      end: Uint32Array.of(2, 2),
    };
    expect(batchHistory(history({ ends: null }), own, 0).item).toEqual(Int32Array.of(11, 12, 12, 0));
    expect(batchHistory(history(), own, 0).lengths).toEqual(Int32Array.of(2, 1));
    expect(() => batchHistory(history({ ends: null }), samples([[0, 0, 100]]), 0)).toThrow(
      "nothing says where the behaviours of watched end",
    );
  });

  it("count steps where they have no time: the newest is one step before its sample", () => {
    const cross: HistoryColumns["cross"] = [
      { spec: { name: "ago", type: "int32", width: 1, fill: 0, edges: [2, 3] }, column: null, known: null },
    ];
    const found = batchHistory(
      history({ time: null, cross, max: 4 }),
      samples([
        [0, 0, 5],
        [1, 6, 3],
      ]),
      0,
    );
    // 1, 2, 3 and 4 steps ago; 1 step ago.
    expect([...found.cross.ago]).toEqual([1, 2, 3, 3, 1, 0, 0, 0]);
  });

  it("have their places among those that the sample sees, which are those of serving", () => {
    const cross: HistoryColumns["cross"] = [
      {
        spec: { name: "place", type: "int32", width: 1, fill: 0, edges: [2, 3], place: true },
        column: null,
        known: null,
      },
    ];
    const same = column(Int32Array.of(0, 2, 0, 3, 1, 1, 2));
    for (const time of [column(times), null]) {
      // All of user 0; without those of value 0; the last two of user 1; none.
      const rows = [
        [0, 0, 100],
        [0, 0, 100],
        [1, 5, 70],
        [1, 7, 10],
      ] as const;
      const found = batchHistory(history({ cross, same, time, max: 4 }), samples(rows, [9, 0, 9, 9]), 0);
      expect([...found.cross.place]).toEqual([1, 2, 3, 3, 1, 2, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0]);
    }
    expect([...encodePlaces([2, 3], 4)]).toEqual([1, 2, 3, 3]);
    // Edges that no place can miss, equal halves, and one beyond all.
    expect([...encodePlaces([-1, 0.5, 1, 2.5, 1000], 4)]).toEqual([4, 4, 5, 5]);
    expect([...encodePlaces([1], 0)]).toEqual([]);
  });

  it("of the first value are excluded like others, and of none where the history excludes nothing", () => {
    const same = column(Int32Array.of(0, 2, 0, 3, 1, 1, 2));
    expect(batchHistory(history({ same }), samples([[0, 0, 100]], [0]), 0).item).toEqual(Int32Array.of(12, 14));
    expect(batchHistory(history(), samples([[0, 0, 100]], [0]), 0).item).toEqual(Int32Array.of(11, 12, 13));
  });

  it("that are not known yet stand between those that are", () => {
    const cross: HistoryColumns["cross"] = [
      {
        spec: { name: "liked", type: "int32", width: 2, fill: -1, edges: null, known: { delay: 0 } },
        column: column(
          Int32Array.from({ length: 14 }, (_, i) => i + 1),
          2,
        ),
        known: column(Float64Array.of(1, 1000, 1, 1000, 1, 1, 1)),
      },
    ];
    const found = batchHistory(
      history({ cross, max: 4 }),
      samples([
        [1, 6, 99],
        [0, 0, 99],
      ]),
      0,
    );
    expect([...found.cross.liked]).toEqual([13, 14, -1, -1, -1, -1, -1, -1, 1, 2, -1, -1, 5, 6, -1, -1]);
  });

  it("that are not before the sample are refused: such data is wrong", () => {
    expect(() =>
      batchHistory(
        history(),
        samples([
          [1, 5, 70],
          [0, 0, 90],
        ]),
        0,
      ),
    ).toThrow("in history watched the sample 1 of the batch, at 90, sees a behaviour at 90, which is not before it");
    const same = column(Int32Array.of(1, 2, 1, 3, 1, 1, 2));
    // The newest is excluded; what is seen then is older.
    expect(() => batchHistory(history({ same }), samples([[0, 0, 80]], [1]), 0)).not.toThrow();
    expect(() => batchHistory(history({ same }), samples([[0, 0, 70]], [1]), 0)).toThrow("sees a behaviour at 70");
  });
});
