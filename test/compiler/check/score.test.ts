// What candidates are ordered by: which labels it may be of, and with which weights.
import { describe, expect, it } from "vitest";
import { showModel } from "../../../compiler/show/show-model.ts";
import { checkText, found, whole } from "./program.ts";

const scored = (score: string, labels = "click: binary like: binary(through: click) stars: regression", more = "") =>
  checkText(`${whole.replace("{ click: binary }", `{ ${labels} } ${score}`)}${more}`);

describe("a score", () => {
  it("is of labels with a probability, of any tower, and is none where nothing is said", () => {
    expect(scored("").model!.score).toBeNull();
    const second = "tower other { input: item hidden: [] predict { buy: binary } score { click: 1 buy: 0.5 } }";
    const { model } = scored("", undefined, second);
    const { tower, of } = model!.score!;
    expect(tower).toBe("other");
    expect(of).toEqual([
      { label: "click", weight: 1 },
      { label: "buy", weight: 0.5 },
    ]);
    expect(checkText(showModel(model!)).model!.score).toMatchObject({ tower, of });
  });

  it.each([
    ["score { clik: 1 }", "unknown-setting: clik"],
    ["score { stars: 1 }", "wrong-kind: stars"],
    ["score { click: 0 }", "out-of-range: 0"],
    ["score { click: -1 }", "out-of-range: -1"],
    ["score { click: high }", "wrong-value: high"],
    ["score { click: 1 click: 2 }", "given-twice: click"],
    ["score { }", "missing-setting: score"],
  ])("as `%s` is an error", (score, error) => {
    const { model, diagnostics } = scored(score);
    expect(found({ diagnostics })).toEqual([error]);
    expect(model).toBeNull();
  });

  it("is one, and its output has no label's or table's name", () => {
    const second = "tower other { input: item hidden: [] predict { buy: binary } score { buy: 1 } }";
    expect(found(scored("score { click: 1 }", undefined, second))).toEqual(["declared-twice: score"]);
    expect(found(scored("score { score: 1 }", "score: binary"))).toEqual(["name-taken: score"]);
    const table = "table score { of: relevance.keys }";
    expect(found(scored("score { click: 1 }", undefined, table))).toEqual(["name-taken: score"]);
  });
});
