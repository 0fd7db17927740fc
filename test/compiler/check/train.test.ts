// `train`: what its settings mean, and what may be written as a number or as a block.
import { describe, expect, it } from "vitest";
import { parameters } from "../../../compiler/parameters/parameters.ts";
import { showModel } from "../../../compiler/show/show-model.ts";
import { checkText, found, whole } from "./program.ts";

const trained = (text: string) => checkText(`${whole}train { ${text} }`);

/** Says this alone, and has no model. */
function expectRefused({ model, diagnostics }: ReturnType<typeof checkText>, error: string): void {
  expect(found({ diagnostics })).toEqual([error]);
  expect(model).toBeNull();
}

it("cold is a share below one", () => {
  expect(trained("").model!.train.cold).toBe(0);
  expect(trained("cold: 5%").model!.train.cold).toBe(0.05);
  expect(found(trained("cold: 100%"))).toEqual(["out-of-range: 100%"]);
});

describe("l2", () => {
  it.each([
    ["", 0, 0],
    ["l2: 1e-6", 1e-6, 0],
    ["l2 { dense: 0.5 }", 0, 0.5],
    ["l2 { embeddings: 1e-6 dense: 1e-5 }", 1e-6, 1e-5],
  ])("as `%s` pulls embeddings by %d and all else by %d", (text, embeddings, dense) => {
    const { model } = trained(text);
    expect(model!.train.l2).toEqual({ embeddings, dense });
    // What is shown means the same.
    const shown = checkText(showModel(model!));
    expect(found(shown)).toEqual([]);
    expect(shown.model!.train.l2).toEqual({ embeddings, dense });
  });

  it.each([
    ["l2: 1e-6 l2 { dense: 1 }", "given-twice: l2"],
    ["l2 { dense: 1 } l2: 1e-6", "given-twice: l2"],
    ["l2 { dense: 1 } l2 { dense: 1 }", "given-twice: l2"],
    ["l2 { dense: -1 }", "out-of-range: -1"],
    ["l2 { tower: 1 }", "unknown-setting: tower"],
    ["l2: high", "wrong-value: high"],
    ["clip { dense: 1 }", "needs-value: clip"],
  ])("as `%s` is an error", (text, error) => {
    expectRefused(trained(text), error);
  });
});

it("average is none, or of a decay between 0 and 1", () => {
  expect(trained("").model!.train.average).toBeNull();
  const { model } = trained("average: ema(0.999)");
  expect(model!.train.average).toEqual({ decay: 0.999 });
  expect(checkText(showModel(model!)).model!.train.average).toEqual({ decay: 0.999 });
  expect(found(trained("average: ema(1)"))).toEqual(["out-of-range: 1"]);
  expect(found(trained("average: ema"))).toEqual(["missing-setting: ema"]);
  expect(found(trained("average: mean(3)"))).toEqual(["wrong-value: mean"]);
});

it("samples of a user stay together in groups of at least one", () => {
  expect(trained("").model!.train.group).toBe(1);
  const { model } = trained("group: 8");
  expect(model!.train.group).toBe(8);
  expect(checkText(showModel(model!)).model!.train.group).toBe(8);
  expect(found(trained("group: 0"))).toEqual(["out-of-range: 0"]);
  expect(found(trained("group: 1.5"))).toEqual(["not-whole: 1.5"]);
});

it("length is all, or a number that is drawn from the fewest to the most", () => {
  expect(trained("").model!.train.length).toBeNull();
  const { model } = trained("length: log_uniform(50, 2k)");
  expect(model!.train.length).toEqual({ min: 50, max: 2000 });
  expect(checkText(showModel(model!)).model!.train.length).toEqual({ min: 50, max: 2000 });
  expect(trained("length: log_uniform(3, 3)").model!.train.length).toEqual({ min: 3, max: 3 });
  expectRefused(trained("length: log_uniform(30, 20)"), "out-of-range: 30");
  expect(found(trained("length: log_uniform(0, 20)"))).toEqual(["out-of-range: 0"]);
  expect(found(trained("length: log_uniform(5)"))).toEqual(["missing-setting: log_uniform(5)"]);
  expect(found(trained("length: 100"))).toEqual(["wrong-value: 100"]);
});

describe("pairs of a label", () => {
  const paired = (pairs: string, train = "") =>
    checkText(`${whole.replace("click: binary", `click: binary(${pairs})`)}train { ${train} }`);

  it("are a share of its loss, none unless said", () => {
    const shareOf = ({ model }: ReturnType<typeof paired>) => model!.towers[0].tasks[0].pairs;
    expect(shareOf(paired("weight: 2"))).toBe(0);
    expect(shareOf(paired("pairs: 0.2"))).toBe(0.2);
    const { model } = paired("pairs: 20%");
    expect(shareOf(checkText(showModel(model!)))).toBe(0.2);
  });

  it("are of a binary label, in batches that are not too large", () => {
    expect(found(paired("pairs: 2"))).toEqual(["out-of-range: 2"]);
    expect(found(paired("pairs: 0.2", "batch: 4096"))).toEqual([]);
    expect(found(paired("pairs: 0.2", "batch: 4097"))).toEqual(["out-of-range: 4097"]);
    expect(found(paired("weight: 1", "batch: 4097"))).toEqual([]);
    const regression = checkText(whole.replace("click: binary", "click: regression(pairs: 0.2)"));
    expect(found(regression)).toEqual(["unknown-setting: pairs"]);
  });
});

describe("a label through another", () => {
  const labels = (text: string) => checkText(whole.replace("click: binary", text));

  it("names a binary label of any tower", () => {
    const { model } = labels("click: binary buy: binary(through: click) again: binary(weight: 2, through: buy)");
    const through = (of: typeof model) => of!.towers[0].tasks.map((task) => task.through);
    expect(through(model)).toEqual([null, "click", "buy"]);
    expect(through(checkText(showModel(model!)).model)).toEqual([null, "click", "buy"]);
  });

  it.each([
    ["click: binary buy: binary(through: clik)", "unknown-name: clik"],
    ["click: regression buy: binary(through: click)", "wrong-kind: click"],
    ["click: binary buy: binary(through: buy)", "where-cycle: buy"],
    ["click: binary(through: buy) buy: binary(through: click)", "where-cycle: buy"],
    ["click: binary(where: buy) buy: binary(through: click)", "where-cycle: buy"],
    ["click: binary buy: binary(through: click, where: click)", "does-not-apply: click"],
    ["click: binary buy: regression(through: click)", "unknown-setting: through"],
  ])("as `%s` is an error", (text, error) => {
    expectRefused(labels(text), error);
  });
});

describe("what biases a label", () => {
  const shown = (text: string, input = "[interest, item]") =>
    checkText(
      `${whole.replace("click: binary", text).replace("[interest, item]", input)}
context { slot: id(vocab: 9, dim: 2) hour: hour(dim: 2) }
candidate { rank: number(scale: none) }`,
    );
  const biasOf = ({ model }: ReturnType<typeof shown>) =>
    model!.towers[0].tasks.map(({ bias }) => bias.map(({ qualified }) => qualified));

  it("is of features of the context or the candidate that the tower does not read", () => {
    const found = shown(
      "click: binary(bias: [context.slot, candidate.rank]) like: binary(bias: context.hour) skip: binary",
    );
    expect(biasOf(found)).toEqual([["context.slot", "candidate.rank"], ["context.hour"], []]);
    expect(biasOf(checkText(showModel(found.model!)))).toEqual(biasOf(found));
    const names = parameters(found.model!).filter(({ name }) => name.includes("shown"));
    expect(names.map(({ name, shape }) => [name, shape])).toEqual([
      ["ranking.click.shown.weight", [3, 1]],
      ["ranking.like.shown.weight", [2, 1]],
    ]);
  });

  it.each([
    ["click: binary(bias: context.slut)", "unknown-name: slut"],
    ["click: binary(bias: item.video_id)", "wrong-kind: item.video_id"],
    ["click: binary(bias: context)", "wrong-kind: context"],
    ["click: binary(bias: watched.ago)", "wrong-kind: watched.ago"],
    ["click: binary(bias: [context.slot, context.slot])", "given-twice: context.slot"],
    ["click: regression(bias: context.slot)", "unknown-setting: bias"],
  ])("as `%s` is an error", (text, error) => {
    expectRefused(shown(text), error);
  });

  it.each(["[interest, item, context]", "[interest, item, context.slot]", "[interest, item] wide: context"])(
    "is not what the tower reads by `%s`",
    (input) => {
      expectRefused(shown("click: binary(bias: context.slot)", input), "given-twice: context.slot");
    },
  );
});
