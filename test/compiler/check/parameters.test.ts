// Parameters: names, shapes, start values, and that each is there once.
import { describe, expect, it } from "vitest";
import { sizeOf } from "../../../compiler/model/parameter.ts";
import { parameters } from "../../../compiler/parameters/parameters.ts";
import { checkText, whole } from "./program.ts";

const of = (text: string) => parameters(checkText(text).model!);
const shapes = (text: string, stem: string) =>
  Object.fromEntries(of(text).flatMap(({ name, shape }) => (name.startsWith(stem) ? [[name, shape]] : [])));

describe("parameters", () => {
  it("of a whole model, in canonical order", () => {
    expect(of(whole).map(({ name, shape }) => `${name} [${shape.join(", ")}]`)).toEqual([
      "item.video_id.table [1001, 8]",
      "watched.ago.table [3, 4]",
      "relevance.query [1, 12, 8]",
      "relevance.keys [1, 12, 8]",
      "relevance.bias.ago.w [1, 4]",
      "relevance.bias.ago.beta [1]",
      "interest.values.item [1, 12, 8]",
      "interest.values.ago [1, 4, 8]",
      "interest.out [8, 8]",
      "ranking.hidden.0.weight [20, 16]",
      "ranking.hidden.0.bias [16]",
      "ranking.click.weight [16, 1]",
      "ranking.click.bias [1]",
    ]);
  });

  it("starts keys as a copy of the query, β at one, large tables small and small ones at unit variance", () => {
    const inits = Object.fromEntries(of(whole).map(({ name, init }) => [name, init]));
    expect(inits["relevance.keys"]).toEqual({ kind: "copy", of: "relevance.query" });
    expect(inits["relevance.bias.ago.beta"]).toEqual({ kind: "constant", value: 1 });
    expect(inits["item.video_id.table"]).toEqual({ kind: "uniform", bound: 0.05 });
    expect(inits["watched.ago.table"]).toEqual({ kind: "uniform", bound: Math.sqrt(3) });
    expect(inits["interest.values.item"]).toEqual({ kind: "glorot", fanIn: 16, fanOut: 8 });
  });

  it("counts a shared table once, under the name of its owner", () => {
    const shared = whole
      .replace("item {", "user { last: id(vocab: 1k, shares: item.video_id) }\nitem {")
      .replace("[interest, item]", "[interest, item, user]");
    expect(of(shared).map(({ name }) => name)).toEqual(of(whole).map(({ name }) => name));
    const model = checkText(shared).model!;
    expect(model.user.features[0].embedding).toBe(model.item.features[0].embedding);
  });

  it("remembers earlier names", () => {
    const renamed = whole.replace("dim: 4)", "dim: 4, formerly: age)");
    expect(of(renamed).flatMap(({ formerly }) => formerly ?? [])).toEqual([
      "watched.age.table",
      "relevance.bias.age.w",
      "relevance.bias.age.beta",
      "interest.values.age",
    ]);
  });

  it("of a tower with everything", () => {
    const text = whole.replace("hidden: [16]", "hidden: [16, 4] cross: 1 experts: 2 norm: batch activation: dice");
    expect(shapes(text, "ranking.cross")).toEqual({ "ranking.cross.0.weight": [20, 20], "ranking.cross.0.bias": [20] });
    expect(shapes(text, "ranking.gate")).toEqual({
      "ranking.gate.click.weight": [20, 2],
      "ranking.gate.click.bias": [2],
    });
    expect(shapes(text, "ranking.expert.1.hidden.1")).toEqual({
      "ranking.expert.1.hidden.1.weight": [16, 4],
      "ranking.expert.1.hidden.1.bias": [4],
      "ranking.expert.1.hidden.1.norm.scale": [4],
      "ranking.expert.1.hidden.1.norm.shift": [4],
      "ranking.expert.1.hidden.1.norm.mean": [4],
      "ranking.expert.1.hidden.1.norm.variance": [4],
      "ranking.expert.1.hidden.1.alpha": [4],
      "ranking.expert.1.hidden.1.mean": [4],
      "ranking.expert.1.hidden.1.variance": [4],
    });
    expect(of(text).filter(({ role }) => role === "statistic")).toHaveLength(2 * 2 * 4);
  });

  it("have unique names and sizes of whole numbers", () => {
    const all = of(whole);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const parameter of all) {
      expect(Number.isInteger(sizeOf(parameter)) && sizeOf(parameter) > 0).toBe(true);
    }
  });
});
