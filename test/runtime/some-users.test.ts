// Training on some users: which they are, that each comes with all samples, and that all else stays.
import { describe, expect, it } from "vitest";
import { ofSomeUsers } from "../../runtime/learn/index.ts";
import { MemoryDataset } from "../kit/memory-dataset.ts";

const whole = () =>
  new MemoryDataset({
    features: [],
    histories: [{ name: "watched", max: 8, cross: [] }],
    labels: ["click"],
    rows: {},
    items: 50,
    users: 40,
    topics: 4,
    counts: { training: 600, validation: 90, test: 60 },
    seed: 5,
  });
const usersOf = (draw: Parameters<typeof ofSomeUsers>[1]) =>
  new Set(ofSomeUsers(whole(), draw).dataset.whose("training").user);
const all = new Set(whole().whose("training").user);

describe("a data set of some users", () => {
  it("has every training sample of those drawn, in their order, and of nobody else", () => {
    const { dataset, drawn } = ofSomeUsers(whole(), { seed: 3, share: 0.25 });
    const { user, time } = whole().whose("training");
    expect(drawn).toEqual({ taken: Math.round(0.25 * all.size), of: all.size });
    const chosen = new Set(dataset.whose("training").user);
    expect(chosen.size).toBe(drawn.taken);
    const due = [...user.keys()].filter((sample) => chosen.has(user[sample]));
    expect(dataset.count("training")).toBe(due.length);
    expect([...dataset.whose("training").time]).toEqual(due.map((sample) => time[sample]));
    const numbers = Uint32Array.from(due.keys()).reverse();
    const found = dataset.batch("training", numbers, { watched: 2 });
    const same = whole().batch("training", Uint32Array.from(due).reverse(), { watched: 2 });
    expect(found).toEqual({ ...same, samples: numbers });
    expect(dataset.labels("training", numbers)).toEqual(whole().labels("training", Uint32Array.from(due).reverse()));
  });

  it("leaves validation and test to all users", () => {
    const { dataset } = ofSomeUsers(whole(), { seed: 3, count: 2 });
    for (const part of ["validation", "test"] as const) {
      expect(dataset.count(part)).toBe(whole().count(part));
      expect(dataset.whose(part)).toEqual(whole().whose(part));
      const samples = Uint32Array.of(7, 0, 33);
      expect(dataset.batch(part, samples, {})).toEqual(whole().batch(part, samples, {}));
    }
  });

  it("draws the same by the same seed, others by another, and more users only add to fewer", () => {
    expect(usersOf({ seed: 3, count: 9 })).toEqual(usersOf({ seed: 3, count: 9 }));
    expect(usersOf({ seed: 4, count: 9 })).not.toEqual(usersOf({ seed: 3, count: 9 }));
    const [few, more] = [usersOf({ seed: 3, count: 4 }), usersOf({ seed: 3, count: 9 })];
    expect([few.size, more.size]).toEqual([4, 9]);
    expect([...few].every((one) => more.has(one))).toBe(true);
  });

  it("is never empty, and with all users the same samples", () => {
    expect(usersOf({ seed: 3, share: 0.0001 }).size).toBe(1);
    for (const draw of [{ share: 1 }, { count: 999 }]) {
      const { dataset, drawn } = ofSomeUsers(whole(), { seed: 3, ...draw });
      expect(drawn).toEqual({ taken: all.size, of: all.size });
      expect(dataset.whose("training")).toEqual(whole().whose("training"));
    }
  });

  it("is other data to a checkpoint, unless the same users are drawn", () => {
    const mark = (draw: Parameters<typeof ofSomeUsers>[1]) => ofSomeUsers(whole(), draw).dataset.fingerprint;
    const marks = [
      { seed: 3, count: 4 },
      { seed: 3, count: 5 },
      { seed: 4, count: 4 },
    ].map(mark);
    expect(new Set([...marks, whole().fingerprint]).size).toBe(4);
    expect(mark({ seed: 3, count: 4 })).toBe(marks[0]);
  });
});
