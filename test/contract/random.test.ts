// What is drawn: the generators are the published ones, and every stream keeps its numbers.
import { describe, expect, it } from "vitest";
import { counted, drawInto, logistic, mix32, random, streams, xoshiro } from "../../contract/random.ts";
import { mix } from "../../contract/slots.ts";

// The first outputs from state 1, 2, 3, 4, as other implementations give them.
const published = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804];

describe("xoshiro128**", () => {
  it("gives the numbers of its published definition, filled in or one by one", () => {
    const draws = new Uint32Array(10);
    drawInto(draws, Int32Array.of(1, 2, 3, 4));
    expect([...draws]).toEqual(published);
    const next = xoshiro(Int32Array.of(1, 2, 3, 4));
    expect(published.map(() => next())).toEqual(published);
  });

  it("draws ahead without a gap, and filling goes on where it stopped", () => {
    const whole = new Uint32Array(300);
    drawInto(whole, Int32Array.of(5, 6, 7, 8));
    const next = xoshiro(Int32Array.of(5, 6, 7, 8));
    expect(Array.from(whole, () => next())).toEqual([...whole]);
    const state = Int32Array.of(5, 6, 7, 8);
    const parts = [100, 1, 199].map((length) => new Uint32Array(length));
    for (const part of parts) {
      drawInto(part, state);
    }
    expect(parts.flatMap((part) => [...part])).toEqual([...whole]);
  });
});

describe("mix32", () => {
  it("is MurmurHash3's finaliser", () => {
    // Of 1 and of 0xffffffff, as the reference code gives them.
    expect([0, 1, 0xffffffff].map((value) => mix32(value) >>> 0)).toEqual([0, 0x514e28b7, 0x81f16f39]);
  });

  it("keeps the homes of keys", () => {
    expect([mix(1, 2), mix(4294967295, 77), mix(0, 0)]).toEqual([779996176, -1658420980, 0]);
  });
});

describe("a stream", () => {
  const three = ({ next }: { next(): number }) => [next(), next(), next()];

  // A stream that is new gets a line; no line ever changes.
  const known: { readonly [name in keyof typeof streams]: readonly [found: unknown, due: unknown] } = {
    epochOrder: [three(streams.epochOrder(7, 2)), [0.22556788381189108, 0.6243325921241194, 0.9001052172388881]],
    groupedOrder: [three(streams.groupedOrder(7, 2)), [0.8596679624170065, 0.09974993229843676, 0.23555105016566813]],
    epochLengths: [[streams.epochLengths(7, 2)], [2363209144]],
    renewed: [three(streams.renewed(7, 2, 1)), [0.24515814543701708, 0.32672261516563594, 0.5984689893666655]],
    stepKey: [
      [streams.stepKey(7, 3, 1000), streams.stepKey(1, 1, 2)],
      [2546754701, 336733631],
    ],
    ensemble: [[1, 2, 3].map((member) => streams.ensemble(7, member)), [7, 654596561, 1383418132]],
    negatives: [
      three({ next: streams.negatives(2 ** 31 + 7, 2 ** 40 + 3) }),
      [0.8658575764621873, 0.4321929612120027, 0.2913439329746015],
    ],
    rankedPositives: [
      three({ next: streams.rankedPositives(7, 3) }),
      [0.059842396745961146, 0.21466453747003156, 0.7015873196287531],
    ],
    rankedCandidates: [
      three({ next: streams.rankedCandidates(7, 3) }),
      [0.7887974080771807, 0.4782808205515431, 0.33512942570441817],
    ],
    bootstrap: [three(streams.bootstrap(7, 100)), [0.02410237747244537, 0.4818643608596176, 0.41108868969604373]],
    shuffledRows: [three(streams.shuffledRows(7, 2)), [0.6135217351838946, 0.5158689795061946, 0.7947380016557872]],
    shuffledHistory: [
      three(streams.shuffledHistory(7, 5)),
      [0.504842922789976, 0.03293210105039179, 0.162554215406999],
    ],
    clusters: [three(streams.clusters(7, 16)), [0.20188667136244476, 0.6306780218146741, 0.7693322089035064]],
    someUsers: [three(streams.someUsers(7)), [0.6431390412617475, 0.4348925366066396, 0.42823412804864347]],
    pairVectors: [three(streams.pairVectors(7, 300)), [0.9025115533731878, 0.7668595784343779, 0.27464092057198286]],
    trial: [three(streams.trial(7, 2)), [0.05725224013440311, 0.9802893039304763, 0.6666789359878749]],
    runsAndUsers: [three(streams.runsAndUsers(7)), [0.46644157147966325, 0.8533342278096825, 0.21548037230968475]],
    behaviourClusters: [
      three(streams.behaviourClusters(7, 300)),
      [0.4617038120049983, 0.6999499106314033, 0.7465618515852839],
    ],
    planes: [three(streams.planes(7, 6, 16)), [0.6893172189593315, 0.8180597750470042, 0.3920893089380115]],
    selfTest: [three({ next: streams.selfTest(7) }), [0.011704753153026104, 0.06195825757458806, 0.97690763277933]],
    exampleItems: [three(streams.exampleItems(7)), [0.4506151422392577, 0.2281406749971211, 0.5629692149814218]],
    exampleLife: [three(streams.exampleLife(7, 5)), [0.9751057794783264, 0.2614096899051219, 0.5191097725182772]],
    exampleCovers: [three(streams.exampleCovers(7)), [0.7058524729218334, 0.2967629542108625, 0.7236069361679256]],
    exampleAges: [three(streams.exampleAges(7)), [0.08224892313592136, 0.2975845367182046, 0.6892002138774842]],
  };

  it.each(Object.entries(known))("keeps its numbers: %s", (_, [found, due]) => {
    expect(found).toEqual(due);
  });

  it("depends on every bit of its seeds", () => {
    expect(three(random(7e12, 2, 5e10))).toEqual([0.006755499867722392, 0.2600716887973249, 0.9695739927701652]);
    expect(random(3).normal()).toBe(-0.3021806147880852);
    const seeds = [[1], [2], [1, 0], [1, 2 ** 32], [2 ** 32 + 1], [1, 1]];
    expect(new Set(seeds.map((seed) => random(...seed).next())).size).toBe(seeds.length);
  });

  it("of a counter is uniform enough for shares", () => {
    let below = 0;
    for (let i = 0; i < 100_000; i++) {
      if (counted(99, i) < 0.3 * 2 ** 32) {
        below++;
      }
    }
    expect(below / 100_000).toBeCloseTo(0.3, 2);
  });
});

it("below a count are all of its numbers, about as often", () => {
  const { below } = random(4);
  const seen = new Float64Array(5);
  for (let i = 0; i < 10_000; i++) {
    seen[below(5)]++;
  }
  expect(seen.reduce((sum, count) => sum + count, 0)).toBe(10_000);
  expect([...seen].every((count) => Math.abs(count - 2000) < 200)).toBe(true);
});

it("the logistic function of four operations is that of exp", () => {
  for (const x of [-30, -12.5, -1, -1e-3, 0, 0.3, 2, 7.75, 29.9]) {
    expect(logistic(x) * (1 + Math.exp(-x)), String(x)).toBeCloseTo(1, 7);
    expect(logistic(x) + logistic(-x)).toBeCloseTo(1, 9);
  }
  expect(logistic(0)).toBe(0.5);
  expect([logistic(1e9), logistic(-1e9)]).toEqual([logistic(30), logistic(-30)]);
});
