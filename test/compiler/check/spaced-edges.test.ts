// `log(from, to, count)`: equal factors, six digits, exact.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spacedEdges } from "../../../compiler/check/spaced-edges.ts";

describe("edges spaced by equal factors", () => {
  it("are NumPy's geomspace, rounded to six digits", () => {
    // [float(f"{x:.5e}") for x in numpy.geomspace(60, 31536000, 16)], NumPy 2.4
    expect(spacedEdges(60, 31_536_000, 16)).toEqual([
      60, 144.387, 347.46, 836.146, 2012.15, 4842.13, 11652.3, 28040.8, 67478.8, 162384, 390770, 940369, 2262950,
      5445690, 13104800, 31536000,
    ]);
    // The same of geomspace(1, 1e4, 16) and geomspace(1e-3, 0.5, 5).
    expect(spacedEdges(1, 10_000, 16)).toEqual([
      1, 1.84785, 3.41455, 6.30957, 11.6591, 21.5443, 39.8107, 73.5642, 135.936, 251.189, 464.159, 857.696, 1584.89,
      2928.64, 5411.7, 10000,
    ]);
    expect(spacedEdges(0.001, 0.5, 5)).toEqual([0.001, 0.00472871, 0.0223607, 0.105737, 0.5]);
  });

  it("round half up where an edge lies in the middle", () => {
    // The square root of 1 · 1.00001500005625 is 1.0000075 exactly, and of 4 · 2.25 it is 3.
    expect(spacedEdges(4, 9, 3)).toEqual([4, 6, 9]);
    expect(spacedEdges(1, 1.000001 ** 2, 3)[1]).toBe(1);
    // 1000005² = 1000010000025: the root's seventh digit is a 5 and nothing follows.
    expect(spacedEdges(1, 1_000_010_000_025, 3)[1]).toBe(1_000_010);
    expect(spacedEdges(1, 1_000_010_000_024, 3)[1]).toBe(1_000_000);
  });

  it("lie within half a unit of the sixth digit of where they belong, from end to end", () => {
    const positive = fc.double({ min: 1e-12, max: 1e12, noNaN: true, minExcluded: true });
    fc.assert(
      fc.property(
        positive,
        fc.double({ min: 1.01, max: 1e9, noNaN: true }),
        fc.integer({ min: 2, max: 40 }),
        (from, by, n) => {
          const to = from * by;
          const edges = spacedEdges(from, to, n);
          expect(edges.length).toBe(n);
          expect([edges[0], edges.at(-1)]).toEqual([from, to]);
          edges.slice(1, -1).forEach((edge, i) => {
            expect(edge).toBe(Number(edge.toPrecision(6)));
            const due = Math.exp(Math.log(from) + (Math.log(to / from) * (i + 1)) / (n - 1));
            const unit = 10 ** (Math.floor(Math.log10(edge)) - 5);
            expect(Math.abs(edge - due)).toBeLessThanOrEqual(unit / 2 + due * 1e-12);
          });
        },
      ),
    );
  });
});
