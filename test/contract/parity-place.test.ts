// Places of parity.safetensors: what is written is read back.
import { describe, expect, it } from "vitest";
import { type ParityPlace, parityPlace, parityPlaceName } from "../../contract/parity-place.ts";

describe("a place", () => {
  it.each<[string, ParityPlace]>([
    ["rank", { graph: "rank", type: null, scenario: "" }],
    ["rank_fresh", { graph: "rank_fresh", type: null, scenario: "" }],
    ["search.short", { graph: "search", type: null, scenario: "short" }],
    ["rank.uint8", { graph: "rank", type: "uint8", scenario: "" }],
    ["rank.float16.two.parts", { graph: "rank", type: "float16", scenario: "two.parts" }],
  ])("is called %s", (name, place) => {
    expect(parityPlaceName(place)).toBe(name);
    expect(parityPlace(name)).toEqual(place);
  });

  it.each(["", "ranks", "uint8.rank", "train"])("is of no graph where it is called `%s`", (name) => {
    expect(parityPlace(name)).toBeNull();
  });
});
