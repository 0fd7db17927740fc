// "Did you mean": distances, and which names are near enough.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { distance, meant, near, nearest } from "../../contract/nearest.ts";

describe("distance", () => {
  it.each([
    ["", "abc", 3],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3], // restricted: no substring is edited twice
  ])("%s to %s is %d", (a, b, expected) => {
    expect(distance(a, b)).toBe(expected);
  });

  it("is a symmetric distance that one edit raises by at most one", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.nat(8), fc.constantFrom("a", "b", "c"), (a, b, at, letter) => {
        const d = distance(a, b);
        expect(distance(b, a)).toBe(d);
        expect(d === 0).toBe(a === b);
        expect(d).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(d).toBeLessThanOrEqual(Math.max(a.length, b.length));
        const place = Math.min(at, a.length);
        expect(distance(a.slice(0, place) + letter + a.slice(place), a)).toBe(1);
      }),
    );
  });
});

describe("nearest", () => {
  const names = ["relevance", "watched", "interest", "min", "id", "dim"];
  it.each([
    ["relevence", "relevance"],
    ["watchd", "watched"],
    ["intrest", "interest"],
    ["mins", "min"],
    ["RELEVANCE", "relevance"],
    ["ID", "id"],
    ["dmi", "dim"],
    ["Relevence", "relevance"], // a mistake and a capital
    ["x", null],
    ["nothing_like_it", null],
    ["", null],
  ])("%s → %s", (name, expected) => {
    expect(nearest(name, names)).toBe(expected);
  });

  it("prefers the nearest, then the first", () => {
    expect(nearest("keep", ["keeps", "kee", "heap"])).toBe("keeps");
    expect(nearest("recnt", ["resent", "recent"])).toBe("recent");
  });

  it("never suggests the name itself", () => {
    expect(nearest("dim", ["dim"])).toBeNull();
  });

  it("takes names of any length at once", () => {
    const long = "a".repeat(1_000_000);
    expect(nearest(long, [`${long}b`, "a"])).toBeNull();
  });

  it("gives all that are near, the nearest first", () => {
    expect(near("user_ix", ["item", "user_tx", "user_id", "user_in", "User_ix"])).toEqual([
      "User_ix",
      "user_tx",
      "user_id",
      "user_in",
    ]);
    expect(near("aa", ["a", "b"])).toEqual(["a"]);
    expect(near("a", ["b", "c"])).toEqual([]);
  });
});

describe("meant", () => {
  it("names the nearest, or what is known, or nothing", () => {
    expect(meant("prize", ["item", "price"])).toBe("; did you mean `price`?");
    expect(meant("zzzzzz", ["item", "price"])).toBe("; known: `item`, `price`");
    expect(meant("x", [])).toBe("");
    expect(
      meant(
        "zzzzzz",
        Array.from({ length: 13 }, (_, i) => `n${i}`),
      ),
    ).toMatch(/`n11`, …$/);
  });
});
