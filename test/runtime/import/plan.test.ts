// Which array becomes which parameter: orientation, heads, rows, slices, patterns, and what is said where it does not fit.

import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { gather } from "../../../runtime/import/assign.ts";
import type { MapEntry } from "../../../runtime/import/map-file.ts";
import { MapSchema } from "../../../runtime/import/map-file.ts";
import { type PlanRequest, planImport } from "../../../runtime/import/plan.ts";
import { mapRows, twinRows } from "../../../runtime/import/rows.ts";

type Arrays = Record<string, readonly number[]>;

const numbers = (shape: readonly number[]) =>
  Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => i);

/** Entries as map.yaml says them. */
const entries = (list: readonly unknown[]): readonly MapEntry[] => v.parse(MapSchema, { format: 1, map: list }).map;

function request(arrays: Arrays, parameters: Arrays, more: Partial<PlanRequest> = {}): PlanRequest {
  return {
    path: "w.pt",
    arrays: new Map(Object.entries(arrays).map(([name, shape]) => [name, { name, shape, dtype: "F32", place: name }])),
    target: {
      model: "m",
      parameters: Object.entries(parameters).map(([name, shape]) => ({
        name,
        shape,
        role: name.endsWith(".table") ? "embedding" : "dense",
        formerly: name === "item.video.table" ? "item.clip.table" : null,
      })),
    },
    unreadable: new Map(),
    entries: [],
    preset: [],
    ignore: [],
    linear: true,
    partial: false,
    ...more,
  };
}

/** The values of the only parameter, where every array counts 0, 1, 2, … */
async function values(arrays: Arrays, parameters: Arrays, more?: Partial<PlanRequest>): Promise<number[]> {
  const plan = planImport(request(arrays, parameters, more));
  return [...(await gather(plan.assignments[0], async (name) => numbers(arrays[name])))];
}

const fails = (arrays: Arrays, parameters: Arrays, more?: Partial<PlanRequest>) =>
  expect(() => planImport(request(arrays, parameters, more)));

describe("orientation", () => {
  it("is found from the shapes, and for nn.Linear's square weights from the source", async () => {
    expect(await values({ "a.weight": [2, 3] }, { "a.weight": [2, 3] })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await values({ "a.weight": [2, 3] }, { "a.weight": [3, 2] })).toEqual([0, 3, 1, 4, 2, 5]);
    expect(await values({ "a.weight": [2, 2] }, { "a.weight": [2, 2] })).toEqual([0, 2, 1, 3]);
    expect(await values({ "a.weight": [2, 2] }, { "a.weight": [2, 2] }, { linear: false })).toEqual([0, 1, 2, 3]);
    expect(await values({ "a.table": [2, 2] }, { "a.table": [2, 2] })).toEqual([0, 1, 2, 3]);
  });

  it("has to be said where nobody knows it", async () => {
    const map = { linear: false, entries: entries([{ from: "W", to: "a.weight" }]) };
    fails({ W: [2, 2] }, { "a.weight": [2, 2] }, map).toThrow(/fits both .* say `transpose: true`/);
    const said = { linear: false, entries: entries([{ from: "W", to: "a.weight", transpose: true }]) };
    expect(await values({ W: [2, 2] }, { "a.weight": [2, 2] }, said)).toEqual([0, 2, 1, 3]);
    fails({ W: [2, 3] }, { "a.weight": [2, 3] }, said).toThrow(/is \[2, 3\] \(to be transposed\), and \[2, 3\] is due/);
  });

  it("of an array that cannot be read is needed for nobody who ignores it", () => {
    const shapes: Arrays = { "a.weight": [2, 3] };
    const unreadable = new Map([["config", "w.npz: `config` holds objects"]]);
    const plan = planImport(request(shapes, shapes, { unreadable, ignore: ["config"] }));
    expect(plan.ignored).toEqual(["config"]);
    fails(shapes, shapes, { unreadable }).toThrow(/config is not ignored: w\.npz: `config` holds objects/);
    const map = { unreadable, entries: entries([{ from: "config", to: "a.weight" }]) };
    fails(shapes, shapes, map).toThrow(/a\.weight: w\.npz: `config` holds objects/);
  });

  it("advises `--from torch` where that would tell, and where it was not said", () => {
    const entry = (from: string) => entries([{ from, to: "a.weight" }]);
    const shape = { "a.weight": [2, 2] };
    fails({ "b.weight": [2, 2] }, shape, { linear: false, entries: entry("b.weight") }).toThrow(/--from torch/);
    for (const linear of [false, true]) {
      fails({ kernel: [2, 2] }, shape, { linear, entries: entry("kernel") }).toThrow(
        /fits both .* say `transpose: true` or `transpose: false` in the map\n/,
      );
    }
  });

  it("takes heads apart that lie side by side", async () => {
    // [heads 2, W 3, n 1] out of nn.Linear's [2, 3]: head a is row a.
    expect(await values({ "q.weight": [4, 3] }, { "q.weight": [2, 3, 2] })).toEqual([
      0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11,
    ]);
    expect(await values({ "q.weight": [3, 4] }, { "q.weight": [2, 3, 2] })).toEqual([
      0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11,
    ]);
    expect(await values({ "q.weight": [2, 2, 3] }, { "q.weight": [2, 3, 2] })).toEqual([
      0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11,
    ]);
  });
});

describe("a map", () => {
  it("puts slices side by side", async () => {
    const from = [
      { name: "W", slice: { axis: 1, start: 2, end: 3 } },
      { name: "W", slice: { axis: 1, start: 0, end: 2 } },
    ];
    const map = { entries: entries([{ from, to: "a.weight", concat: 1, transpose: true }]) };
    expect(await values({ W: [2, 3] }, { "a.weight": [3, 2] }, map)).toEqual([2, 5, 0, 3, 1, 4]);
  });

  it("follows patterns, and repeats one number", () => {
    const list = entries([{ from: "mlp.*.W*", to: "tower.hidden.*.*" }]);
    const plan = planImport(
      request(
        { "mlp.0.Wweight": [2], "mlp.1.Wbias": [1] },
        { "tower.hidden.0.weight": [2], "tower.hidden.1.bias": [1] },
        { entries: list },
      ),
    );
    expect(plan.assignments.map(({ parameter, parts }) => [parts[0].array.name, parameter.name])).toEqual([
      ["mlp.0.Wweight", "tower.hidden.0.weight"],
      ["mlp.1.Wbias", "tower.hidden.1.bias"],
    ]);
  });

  it("repeats one number", async () => {
    const map = { entries: entries([{ from: "slope", to: "a.alpha", repeat: true }]) };
    expect(await values({ slope: [1] }, { "a.alpha": [3] }, map)).toEqual([0, 0, 0]);
    fails({ slope: [1] }, { "a.alpha": [3] }, { entries: entries([{ from: "slope", to: "a.alpha" }]) }).toThrow(
      /is \[1\], and \[3\] is due/,
    );
  });

  it.each([
    ["an array that is not there", [{ from: "V", to: "a.weight" }], /there is no array called V/],
    ["a pattern that nothing fits", [{ from: "V.*", to: "a.*" }], /no array fits the pattern V\.\*/],
    ["a parameter that is not there", [{ from: "W", to: "b.weight" }], /b\.weight is no parameter/],
    [
      "a parameter twice",
      [
        { from: "W", to: "a.weight" },
        { from: "W", to: "a.weight" },
      ],
      /mapped twice/,
    ],
    ["a slice beyond", [{ from: { name: "W", slice: { axis: 0, start: 1, end: 3 } }, to: "a.weight" }], /has no slice/],
    ["parts of other sizes", [{ from: ["W", "X"], to: "a.weight", concat: 1 }], /cannot be put side by side/],
    ["rows of no table", [{ from: "X", to: "a.weight", rows: { unknown: "last" } }], /`rows` is for embedding tables/],
  ])("names %s", (_, list, message) => {
    fails({ W: [2, 3], X: [3] }, { "a.weight": [2, 3] }, { entries: entries(list), ignore: ["*"] }).toThrow(message);
  });
});

describe("what is left over", () => {
  it("is refused with what it could be, unless it is ignored, shared, or only embeddings are wanted", () => {
    const arrays = { W: [3, 2], "bn.steps": [], "item.clip.table": [4, 2] };
    const parameters = { "a.weight": [2, 3], "item.video.table": [4, 2] };
    fails(arrays, parameters).toThrow(
      /a\.weight \[2, 3\] is missing; by its shape it could be W[\s\S]*bn\.steps \[\] is used for nothing/,
    );
    const plan = planImport(request(arrays, parameters, { partial: true }));
    expect(plan.assignments.map(({ parameter }) => parameter.name)).toEqual(["item.video.table"]);
    expect(plan.unused).toEqual(["W", "bn.steps"]);
    const whole = planImport(
      request(arrays, parameters, { entries: entries([{ from: "W", to: "a.weight" }]), ignore: ["*.steps"] }),
    );
    expect(whole).toMatchObject({ missing: [], unused: [], ignored: ["bn.steps"] });
  });

  it("is refused where nothing at all would be imported", () => {
    fails({ W: [3, 2] }, { "item.video.table": [4, 2] }, { partial: true }).toThrow(
      /no embedding table of the model m/,
    );
  });
});

describe("rows", () => {
  it("put the unknown first and leave padding out", () => {
    const map = mapRows({ padding: 0, unknown: "last", order: "packed" }, 5, 6);
    expect(map).toMatchObject({ from: Int32Array.of(4, 1, 2, 3, 4, 4), filled: 2 });
    expect(twinRows(map as Exclude<typeof map, string>)).toEqual(
      new Map([
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 0],
      ]),
    );
    expect(mapRows({ padding: "none", unknown: "zero", order: "packed" }, 2, 3)).toMatchObject({
      from: Int32Array.of(-1, 0, 1),
    });
    expect(mapRows({ padding: 0, unknown: 1, order: "packed" }, 4, 3)).toMatchObject({ from: Int32Array.of(1, 2, 3) });
    expect(mapRows({ padding: 0, unknown: "last", order: "index" }, 3, 5)).toMatchObject({
      from: Int32Array.of(2, 0, 1, 2, 2),
      filled: 1,
    });
  });

  it.each([
    [{ padding: 0, unknown: "last", order: "packed" } as const, 9, 4, /has 7 values .* takes 3/],
    [{ padding: 9, unknown: "last", order: "packed" } as const, 9, 9, /padding row 9 is beyond its 9 rows/],
    [{ padding: 0, unknown: "first", order: "packed" } as const, 9, 9, /both padding and unknown/],
  ])("%j of %i rows for %i do not fit", (layout, foreign, rows, message) => {
    expect(mapRows(layout, foreign, rows)).toMatch(message);
  });
});
