// Every optimiser over several steps of a model, against a plain reference in float64 and through ONNX Runtime.
import { describe, expect, it } from "vitest";
import type { Model, Optimiser, Train } from "../../../compiler/model/model.ts";
import { type Training, trainGraphs } from "../../../compiler/train/graphs.ts";
import type { TrainPort } from "../../../contract/training-spec.ts";
import { modelOf } from "../../kit/any-model.ts";
import type { Feeds } from "../../kit/any-request.ts";
import { difference } from "../../kit/difference.ts";
import { outputsApart, randomParameters } from "../../kit/reference.ts";
import { batchOf, keptByAll, trainFeeds } from "../../kit/train-feeds.ts";
import { interpreted, native, stepOnce } from "../../kit/train-step.ts";

const source = `model stepped
item { video: id(vocab: 60, dim: 4, key: true) topics: tags(vocab: 9, max: 2, dim: 3) }
user { age: bucketed(at: [18, 35], dim: 2) }
history watched { of: item max: 20 cross { ago: bucketed(at: [1, 2, 3], dim: 2) } }
metric relevance { query: item keys: watched.item bias: watched.cross heads: 2 dim: 2 }
search nearest { from: watched by: relevance keep: 3 }
attend interest { over: nearest by: relevance }
tower ranking { input: [interest, item, user] hidden: [5] activation: gelu predict { click: binary(weight: 0.5) } }
train {}`;

// Constants that float32 holds exactly, as the graphs do.
const optimisers: Readonly<Record<string, Optimiser>> = {
  adam: { kind: "adam", rate: 0.03, beta1: 0.75, beta2: 0.9375, epsilon: 2 ** -20 },
  adagrad: { kind: "adagrad", rate: 0.05, epsilon: 2 ** -26 },
  rowwise_adagrad: { kind: "rowwise_adagrad", rate: 0.05, epsilon: 2 ** -26 },
  sgd: { kind: "sgd", rate: 0.1 },
};

const steps = 4;
const wholeRows = 30;

/** The features and labels of one step; parameters and state are fed by name. */
function stepFeeds(model: Model, { spec }: Training, step: number): Feeds {
  const read = randomParameters(model, 11);
  const rows = [1, 2, 3, 4, 5].map((row) => ({ history: 6, valid: row + 1, seed: step * 1000 + row }));
  const batch = batchOf(model, rows);
  const parts = { model, spec, batch, read, kept: keptByAll(model, batch, read), seed: step };
  const feeds = trainFeeds({ file: "", inputs: portsOf(spec), outputs: [] }, parts);
  for (const { name, source } of portsOf(spec)) {
    if (source.kind === "rate") {
      feeds[name] = { shape: [], data: [spec.rates[source.of]] };
    }
    if (source.kind === "correction") {
      feeds[name] = { shape: [], data: [1 - source.beta ** step] };
    }
    if (source.kind.endsWith("-state")) {
      feeds[name] = { ...feeds[name], data: new Float64Array(feeds[name].data.length) };
    }
  }
  return feeds;
}

function portsOf({ graphs }: Training["spec"]): TrainPort[] {
  const all = [...graphs.step.inputs, ...(graphs.update?.inputs ?? [])].filter(
    ({ source }) => source.kind !== "carried",
  );
  return [...new Map(all.map((port) => [port.name, port])).values()];
}

/** One parameter with its state, stepped the plain way, row by row. */
interface Plain {
  readonly value: number[];
  readonly state: number[][];
}

interface Setting {
  readonly optimiser: Optimiser;
  readonly step: number;
  /** Columns of a row. */
  readonly width: number;
  readonly lazy: boolean;
  readonly l2: number;
}

function plainStep({ value, state }: Plain, gradient: readonly number[], setting: Setting): Plain {
  const { optimiser: o, step, width, lazy, l2 } = setting;
  const next = { value: [...value], state: state.map((one) => [...one]) };
  for (let start = 0; start < value.length; start += width) {
    const places = Array.from({ length: width }, (_, column) => start + column);
    if (lazy && places.every((i) => gradient[i] === 0)) {
      continue;
    }
    const g = new Map(places.map((i) => [i, gradient[i] + l2 * value[i]]));
    const mean = places.reduce((sum, i) => sum + g.get(i)! ** 2, 0) / width;
    for (const i of places) {
      if (o.kind === "sgd") {
        next.value[i] -= o.rate * g.get(i)!;
      } else if (o.kind === "adam") {
        const m = o.beta1 * state[0][i] + (1 - o.beta1) * g.get(i)!;
        const v = o.beta2 * state[1][i] + (1 - o.beta2) * g.get(i)! ** 2;
        next.state[0][i] = m;
        next.state[1][i] = v;
        next.value[i] -= (o.rate * (m / (1 - o.beta1 ** step))) / (Math.sqrt(v / (1 - o.beta2 ** step)) + o.epsilon);
      } else {
        const s = state[0][i] + (o.kind === "adagrad" ? g.get(i)! ** 2 : mean);
        next.state[0][i] = s;
        next.value[i] -= (o.rate * g.get(i)!) / (Math.sqrt(s) + o.epsilon);
      }
    }
  }
  return next;
}

/** Runs some steps and compares each with the reference; the gradients are those of a plain descent at rate 1. */
async function compare(optimiser: Optimiser, dense: Optimiser, clip: number | null, l2: Train["l2"]): Promise<void> {
  const given = modelOf(source);
  const train = { ...given.train, embeddings: optimiser, dense, clip, l2 };
  const model = { ...given, train };
  const training = trainGraphs(model, { wholeRows });
  const plain = { kind: "sgd", rate: 1 } as const;
  const raw = trainGraphs(
    { ...given, train: { ...train, dense: plain, embeddings: plain, clip: null, l2: none } },
    { wholeRows },
  );
  const { packs, tables } = training.spec;
  let held: Feeds = {};
  for (let step = 1; step <= steps; step++) {
    const feeds = { ...stepFeeds(model, training, step), ...held };
    const ones = Object.fromEntries(
      portsOf(raw.spec).flatMap(({ name, source }) =>
        source.kind === "rate" ? [[name, { shape: [], data: [1] }]] : [],
      ),
    );
    const after = await stepOnce(raw, { ...feeds, ...ones }, interpreted);
    const gradientOf = (name: string) => Array.from(feeds[name].data, (x, i) => x - after[`${name}.out`].data[i]);
    const names = [...packs.map(({ name }) => name as string), ...tables.map(({ parameter }) => parameter)];
    const norm = Math.sqrt(names.flatMap(gradientOf).reduce((sum, x) => sum + x * x, 0));
    const scale = clip === null ? 1 : Math.min(1, clip / (norm + 1e-6));
    if (clip !== null) {
      expect(scale).toBeLessThan(1);
    }
    const wanted: Feeds = {};
    const compareWith = (
      name: string,
      states: readonly string[],
      pieces: readonly { start: number; end: number; setting: Setting }[],
    ) => {
      const data = [name, ...states].map((one) => Array.from(feeds[one].data));
      for (const { start, end, setting } of pieces) {
        const own = data.map((numbers) => numbers.slice(start, end));
        const next = plainStep(
          { value: own[0], state: own.slice(1) },
          gradientOf(name)
            .slice(start, end)
            .map((x) => x * scale),
          setting,
        );
        [next.value, ...next.state].forEach((numbers, index) => {
          data[index].splice(start, end - start, ...numbers);
        });
      }
      [name, ...states].forEach((one, index) => {
        wanted[one] = { shape: feeds[one].shape, data: data[index] };
      });
    };
    for (const pack of packs) {
      const lazy = pack.name === "small";
      const setting = { optimiser: lazy ? optimiser : dense, step, lazy, l2: lazy ? l2.embeddings : l2.dense };
      compareWith(
        pack.name,
        pack.slots.map((slot) => `${pack.name}.${slot}`),
        pack.parameters.map(({ shape, offset }) => ({
          start: offset,
          end: offset + shape.reduce((product, dim) => product * dim, 1),
          setting: { ...setting, width: shape.length < 2 ? 1 : shape[shape.length - 1] },
        })),
      );
    }
    const outputs = await stepOnce(training, feeds, interpreted);
    for (const { parameter, dim, rows, state } of tables) {
      const width = Math.max(1, state / (optimiser.kind === "adam" ? 2 : 1));
      const columns = (from: number, wide: number) =>
        Array.from(
          { length: rows * dim },
          (_, i) => feeds[`${parameter}.state`].data[Math.floor(i / dim) * state + from + (wide === 1 ? 0 : i % dim)],
        );
      const states =
        state === 0 ? [] : Array.from({ length: state / width }, (_, slot) => columns(slot * width, width));
      const next = plainStep(
        { value: Array.from(feeds[parameter].data), state: states },
        gradientOf(parameter).map((x) => x * scale),
        { optimiser, step, width: dim, lazy: true, l2: l2.embeddings },
      );
      wanted[parameter] = { shape: [rows, dim], data: next.value };
      if (state === 0) {
        continue;
      }
      const side = Array.from({ length: rows * state }, (_, i) => {
        const [row, column] = [Math.floor(i / state), i % state];
        return next.state[Math.floor(column / width)][row * dim + (width === 1 ? 0 : column % width)];
      });
      wanted[`${parameter}.state`] = { shape: [rows, state], data: side };
    }
    const compared = Object.fromEntries(Object.keys(wanted).map((name) => [name, outputs[`${name}.out`]]));
    expect(outputsApart(compared, wanted)).toBeNull();
    const run = await stepOnce(training, feeds, native());
    for (const [name, tensor] of Object.entries(wanted)) {
      expect(difference(run[`${name}.out`], tensor), name).toBeNull();
    }
    held = wanted;
  }
}

const none: Train["l2"] = { embeddings: 0, dense: 0 } as const;

describe("optimisers", () => {
  it.each(Object.entries(optimisers))("%s steps as the reference does", async (_, optimiser) => {
    await compare(optimiser, optimiser, null, none);
  });

  it.each(Object.entries(optimisers))("%s with clipping and L2 steps as the reference does", async (_, optimiser) => {
    await compare(optimiser, optimisers.adam, 2 ** -7, { embeddings: 0.125, dense: 0 });
  });

  it.each(Object.entries(optimisers))("%s of all but embeddings, with L2 of its own", async (_, optimiser) => {
    await compare(optimisers.adam, optimiser, 2 ** -7, { embeddings: 0, dense: 0.25 });
  });

  it("leave rows alone that the batch does not touch", async () => {
    const given = modelOf(source);
    const model = {
      ...given,
      train: { ...given.train, embeddings: optimisers.adam, l2: { embeddings: 0.1, dense: 0.1 } },
    };
    const training = trainGraphs(model, { wholeRows });
    const feeds = stepFeeds(model, training, 1);
    const name = "item.video.table";
    feeds[`${name}.state`] = {
      ...feeds[`${name}.state`],
      data: Array.from(feeds[`${name}.state`].data, (_, i) => 0.01 * (i % 7)),
    };
    const outputs = await stepOnce(training, feeds, native());
    const seen = new Set(Array.from(feeds["item.video"].data));
    const rows = [...Array(60).keys()].filter((row) => !seen.has(row));
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      for (const [one, width] of [
        [name, 4],
        [`${name}.state`, 8],
      ] as const) {
        const before = Float32Array.from(feeds[one].data).slice(row * width, (row + 1) * width);
        expect(Float32Array.from(outputs[`${one}.out`].data).slice(row * width, (row + 1) * width)).toEqual(before);
      }
    }
  });
});
