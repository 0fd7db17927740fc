// What a step computes on ONNX Runtime is what the reference interpreter computes in float64: the loss of the first step.
import { afterAll, expect, it } from "vitest";
import { initialValues, parameters } from "../../compiler/index.ts";
import { evaluate } from "../../compiler/ir/evaluate.ts";
import { trainGraphs } from "../../compiler/train/graphs.ts";
import { localFeeder } from "../../runtime/learn/feeder.ts";
import { type GraphRole, TrainGraphs } from "../../runtime/learn/graphs.ts";
import { labelWeights } from "../../runtime/learn/label-weights.ts";
import { Scorer, scorePart } from "../../runtime/learn/score.ts";
import { Stepper } from "../../runtime/learn/step.ts";
import { type Feeds, type Tensor, tensorOf } from "../../runtime/session/session.ts";
import { folderGraphs, opensIn } from "../../runtime/train/graphs.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { startState, topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

/** Keeps what each graph was fed, and gave. */
class Recording extends TrainGraphs {
  readonly fed = new Map<GraphRole, { feeds: Feeds; outputs: Readonly<Record<string, Tensor>> }>();
  override async run(role: GraphRole, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const fed = copied(feeds);
    const outputs = await super.run(role, feeds);
    this.fed.set(role, { feeds: fed, outputs: copied(outputs) });
    return outputs;
  }
}

/** A step uses its buffers again, and gives its outputs' memory back. */
const copied = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, tensorOf(one.data.slice(), one.shape)]));

it.each([
  ["packs", topicSource()],
  ["rows of a large table", topicSource("", 5000)],
  ["pairs of users", topicSource().replace("click: binary", "click: binary(pairs: 0.4)")],
  ["dropout and masked ids", topicSource("", 5000).replace("hidden: [32, 16]", "hidden: [32, 16]\n  dropout: 0.2")],
])("%s", async (_, source) => {
  const { model, dir, plan, dataset } = topicModel(source);
  const graphs = new Recording(plan.spec, 1, opensIn(dir));
  try {
    const feeder = localFeeder(dataset, plan, 1);
    const state = startState(model, plan.spec);
    const loss = await new Stepper(plan, state, graphs).learn(await feeder.step(1), 1);
    const reference = trainGraphs(model).graphs;
    for (const role of ["search", "step", "update"] as const) {
      const { feeds, outputs } = graphs.fed.get(role)!;
      const plain = Object.entries(feeds).map(([name, { data, shape }]) => [
        name,
        { shape, data: Float64Array.from(data as Float32Array) },
      ]);
      const due = evaluate(reference.get(role)!, Object.fromEntries(plain), () => {
        throw new Error("a training graph has no parameters");
      });
      for (const [name, { data, shape }] of Object.entries(due)) {
        const got = outputs[name];
        expect(got.shape, `${role} ${name}`).toEqual(shape);
        if (role === "search") {
          continue;
        }
        let worst = 0;
        Array.from(data).forEach((value, i) => {
          worst = Math.max(worst, Math.abs(got.data[i] - value) / Math.max(1, Math.abs(value)));
        });
        // AdaGrad and Adam divide by the root of what may be next to nothing: their first step is ±rate wherever the sign is sure.
        expect(worst, `${role} ${name}`).toBeLessThan(role === "update" ? 2e-2 : 1e-4);
      }
      if (role === "step") {
        expect(Math.abs(loss - due.loss.data[0])).toBeLessThan(1e-5);
      }
    }
  } finally {
    await graphs.close();
  }
});

it.each([0, 0.4])("scoring a part gives the logits whose loss a step would see, %d of it of pairs", async (pairs) => {
  const source = topicSource("", 5000).replace("click: binary", `click: binary(pairs: ${pairs})`);
  const { model, dir, plan: masking, dataset } = topicModel(source);
  const plan = { ...masking, spec: { ...masking.spec, unknown: [] } };
  const graphs = folderGraphs(dir, plan.spec, 1);
  try {
    const feeder = localFeeder(dataset, plan, 1);
    const state = startState(model, plan.spec);
    const batch = await feeder.step(1);
    const scored = [];
    const scorer = new Scorer(plan, state, graphs);
    const samples = Uint32Array.from(batch.samples);
    for await (const part of scorePart(scorer, feeder, "training", { batch: 20, oracle: true, samples })) {
      scored.push(part);
    }
    expect(scored.map(({ rows }) => rows)).toEqual([20, 20, 20, 4].slice(0, scored.length));
    const logits = scored.flatMap(({ logit }) => [...logit.click]);
    const labels = scored.flatMap(({ labels: { click } }) => [...click]);
    const mean =
      logits.reduce((sum, z, i) => sum + Math.max(z, 0) - z * labels[i] + Math.log1p(Math.exp(-Math.abs(z))), 0) /
      logits.length;
    const apart: number[] = [];
    for (const [i, user] of batch.user.entries()) {
      for (const [j, other] of batch.user.entries()) {
        if (user === other && labels[i] === 1 && labels[j] === 0) {
          apart.push(Math.log1p(Math.exp(logits[j] - logits[i])));
        }
      }
    }
    expect(apart.length).toBeGreaterThan(5);
    const between = apart.reduce((sum, one) => sum + one, 0) / apart.length;
    const loss = await new Stepper(plan, state, graphs).learn(batch, 1);
    expect((1 - pairs) * mean + pairs * between).toBeCloseTo(loss, 5);
    for (const { probability, logit, searches, rows, historyLength } of scored) {
      probability.click.forEach((value, i) => {
        expect(value).toBeCloseTo(1 / (1 + Math.exp(-logit.click[i])), 5);
      });
      const { kept, keep, lists, scores } = searches.nearest;
      expect(kept.length).toBe(rows * keep * lists);
      expect(scores!.values.length).toBe(scores!.heads * rows * scores!.history);
      expect(scores!.history).toBeGreaterThanOrEqual(Math.max(...historyLength.watched));
    }
  } finally {
    await graphs.close();
  }
});

it("of a label that comes through another is of the product of both probabilities, over all rows", async () => {
  const labels = "click: binary like: binary(through: click) share: binary(weight: 3, through: like)";
  const { model, dir, plan: masking, dataset } = topicModel(topicSource().replace("click: binary", labels));
  const plan = { ...masking, spec: { ...masking.spec, unknown: [] } };
  const graphs = folderGraphs(dir, plan.spec, 1);
  try {
    const state = startState(model, plan.spec);
    const assembled = await localFeeder(dataset, plan, 1).step(1);
    // Labels of our own: later ones only behind earlier ones.
    const { rows } = assembled;
    const own = {
      click: Float32Array.from({ length: rows }, (_, i) => Number(i % 2 === 0)),
      like: Float32Array.from({ length: rows }, (_, i) => Number(i % 4 === 0)),
      share: Float32Array.from({ length: rows }, (_, i) => Number(i % 12 === 0)),
    };
    const batch = { ...assembled, labels: own, labelWeights: labelWeights(plan.spec.tasks, own, assembled.weight) };
    const { probability } = await new Scorer(plan, state, graphs).score(batch, false);
    const cross = (label: Float32Array, p: (row: number) => number): number =>
      label.reduce((sum, y, i) => sum - (y === 1 ? Math.log(p(i)) : Math.log1p(-p(i))), 0) / rows;
    const { click, like, share } = probability;
    const due =
      cross(own.click, (i) => click[i]) +
      cross(own.like, (i) => click[i] * like[i]) +
      3 * cross(own.share, (i) => click[i] * like[i] * share[i]);
    expect(await new Stepper(plan, state, graphs).learn(batch, 1)).toBeCloseTo(due, 5);
  } finally {
    await graphs.close();
  }
});

it("of a label that is biased is of its log-odds and a layer over what biases it, which scores leave out", async () => {
  const source = topicSource()
    .replace("candidate {", "context {\n  slot: id(vocab: 9, dim: 3)\n}\n\ncandidate {\n  rank: number(scale: none)")
    .replace("user, candidate]", "user, candidate.price]");
  const labels = `click: binary(bias: [context.slot, candidate.rank])
    like: binary(weight: 2, through: click, bias: context.slot)`;
  const { model, manifest, dir, plan: masking, dataset } = topicModel(source.replace("click: binary", labels));
  expect(manifest.features.filter(({ training }) => training).map(({ name }) => name)).toEqual([
    "context.slot",
    "candidate.rank",
  ]);
  const plan = { ...masking, spec: { ...masking.spec, unknown: [] } };
  const served = [...(plan.spec.graphs.search?.inputs ?? []), ...plan.spec.graphs.score.inputs];
  expect(served.filter(({ name }) => /slot|rank/.test(name))).toEqual([]);
  const graphs = folderGraphs(dir, plan.spec, 1);
  try {
    const batch = await localFeeder(dataset, plan, 1).step(1);
    const { rows, labels: truth, single } = batch;
    const { logit } = await new Scorer(plan, startState(model, plan.spec), graphs).score(batch, false);
    const start = initialValues(parameters(model), 1);
    const [table, click, like] = ["context.slot.table", "ranking.click.shown.weight", "ranking.like.shown.weight"].map(
      (name) => start.read(name),
    );
    const slot = (row: number, weight: Float32Array) =>
      [0, 1, 2].reduce((sum, i) => sum + table[3 * single["context.slot"][row] + i] * weight[i], 0);
    const odds = (row: number) => [
      logit.click[row] + slot(row, click) + single["candidate.rank"][row] * click[3],
      logit.like[row] + slot(row, like),
    ];
    const p = (z: number) => 1 / (1 + Math.exp(-z));
    let [due, plain] = [0, 0];
    for (let row = 0; row < rows; row++) {
      const cross = (y: number, p: number) => -(y === 1 ? Math.log(p) : Math.log1p(-p)) / rows;
      const both = ([first, second]: readonly number[]) =>
        cross(truth.click[row], p(first)) + 2 * cross(truth.like[row], p(first) * p(second));
      due += both(odds(row));
      plain += both([logit.click[row], logit.like[row]]);
    }
    expect(Math.abs(due - plain)).toBeGreaterThan(1e-3);
    const state = startState(model, plan.spec);
    expect(await new Stepper(plan, state, graphs).learn(batch, 1)).toBeCloseTo(due, 5);
  } finally {
    await graphs.close();
  }
});
