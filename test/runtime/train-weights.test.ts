// What a run has learned so far, as weights: those that it would export, whatever its folder holds and whoever writes there.
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasher } from "../../contract/hash.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import { type CheckpointMeta, writeCheckpoint, writeWeights } from "../../runtime/learn/checkpoint.ts";
import { contractFingerprint } from "../../runtime/learn/contract.ts";
import type { TrainState } from "../../runtime/learn/state.ts";
import { checkpointFile, nextCheckpoint, nextWeights, previousFile } from "../../runtime/train/checkpoint.ts";
import { createRun, type RunRecord } from "../../runtime/train/run-folder.ts";
import { newestWeights, type RunWeights } from "../../runtime/train/run-weights.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { startState, topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

const hash = await hasher();
const averaged = topicModel(topicSource("average: ema(0.9)\n", 5000));
const plain = topicModel(topicSource());

const record: RunRecord = {
  ...{ format: 2, model: "topics", source: "topics.twin", data: "data.yaml", cache: "cache" },
  ...{ started: "2026-01-01T00:00:00Z", versions: { twin: "1" }, seed: 1, threads: 2, batch: 64 },
  ...{ epochs: 2, steps: null, evaluate_every: null, from: null, fingerprints: { spec: "s", data: null } },
  ...{ samples: { training: 6400, validation: 100, test: 0 }, files: null },
};

/** A run of `model`, with nothing learned yet. */
function someRun({ manifest }: typeof plain) {
  const dir = join(temporary(), "run");
  createRun(dir, record, [{ path: "model/topics.twin", content: "model topics" }]);
  const meta = (step: number, stop: CheckpointMeta["stop"]): CheckpointMeta => ({
    ...{ model: "topics", step, epoch: 1, seed: 1, spec: contractFingerprint(manifest), data: "d" },
    ...{ stop, evaluated: step },
  });
  const save = (state: TrainState, step: number, stop: CheckpointMeta["stop"] = none) =>
    writeCheckpoint(nextCheckpoint(dir), state, meta(step, stop), hash);
  const warnings: string[] = [];
  const newest = () => newestWeights(dir, manifest, hash, (message) => warnings.push(message));
  return { dir, save, newest, warnings };
}

const none = { best: null, bestStep: 0, waited: 0 };

/** Every number changed, so that no two parameters are alike, nor a parameter and its average. */
function someState({ model, plan }: typeof plain, by: number): TrainState {
  const state = startState(model, plan.spec, by);
  for (const { data } of [...state.parameters(), ...state.optimiser()]) {
    data.forEach((value, i) => {
      data[i] = value + by + i / 1000;
    });
  }
  return state;
}

/** As a build reads them. */
const read = (weights: RunWeights): Record<string, number[]> =>
  Object.fromEntries(
    [...weights.tensors.keys()].map((name) => {
      const whole = Buffer.concat([...weights.chunks(name)]);
      const values = weights.read(name);
      expect(Buffer.from(values.buffer, values.byteOffset, values.byteLength)).toEqual(whole);
      return [name, [...values]];
    }),
  );

const exported = (state: TrainState): Record<string, number[]> =>
  Object.fromEntries(state.exported().map(({ name, data }) => [name, [...data]]));

describe("the weights of a run", () => {
  it.each([
    ["without an average", plain],
    ["with one", averaged],
  ])("are what it would export of its newest checkpoint, %s", async (_, of) => {
    const { dir, save, newest } = someRun(of);
    const states = [someState(of, 1), someState(of, 2)];
    await save(states[0], 100);
    await save(states[1], 200);
    const weights = await newest();
    expect(weights).toMatchObject({ step: 200, path: join(dir, checkpointFile) });
    expect(weights.checksum).toMatch(/^xxh64:[0-9a-f]{16}$/);
    // A trainer goes on meanwhile: twice, so that neither file has its name any more.
    await save(states[0], 300);
    await save(states[0], 400);
    expect(read(weights)).toEqual(exported(states[1]));
    weights.close();
    await writeWeights(nextWeights(dir), states[1], "topics", 200, hash);
    const file = openTensors(join(dir, "weights.safetensors"));
    expect([...weights.tensors].map(([name, { shape }]) => [name, shape])).toEqual(
      [...file.entries].map(([name, { shape }]) => [name, shape]),
    );
    file.close();
  });

  it("are those of the checkpoint before where the newest is damaged, and none where both are", async () => {
    const { dir, save, newest, warnings } = someRun(plain);
    const states = [someState(plain, 1), someState(plain, 2)];
    await save(states[0], 100);
    await save(states[1], 200);
    const path = join(dir, checkpointFile);
    const bytes = readFileSync(path);
    bytes[bytes.length - 9] ^= 1;
    writeFileSync(path, bytes);
    const weights = await newest();
    expect(weights.step).toBe(100);
    expect(read(weights)).toEqual(exported(states[0]));
    weights.close();
    expect(warnings).toEqual([expect.stringMatching(/is damaged.*The checkpoint before it is used: step 100/)]);
    truncateSync(join(dir, previousFile), 300);
    await expect(newest()).rejects.toThrow(/checkpoint\.safetensors is damaged/);
  });

  it("are found between the two renames of a trainer", async () => {
    const { dir, save, newest, warnings } = someRun(plain);
    await save(someState(plain, 1), 100);
    renameSync(join(dir, checkpointFile), join(dir, previousFile));
    const weights = await newest();
    expect(weights.step).toBe(100);
    weights.close();
    expect(warnings).toEqual([]);
  });

  it("are the best of a run that is over, and the newest of one that goes on", async () => {
    const of = topicModel(topicSource("stop: stop(after: 2)\n"));
    const { dir, save, newest } = someRun(of);
    const states = [someState(of, 1), someState(of, 2)];
    await writeWeights(nextWeights(dir), states[0], "topics", 100, hash);
    const best = (waited: number) => ({ best: 0.7, bestStep: 100, waited });
    await save(states[1], 150, best(1));
    const going = await newest();
    expect([going.step, read(going)]).toEqual([150, exported(states[1])]);
    going.close();
    for (const [step, waited] of [
      [180, 2],
      [200, 1],
    ]) {
      await save(states[1], step, best(waited));
      const over = await newest();
      expect([over.step, read(over)]).toEqual([100, exported(states[0])]);
      over.close();
    }
    // Of an earlier end, or away: what the checkpoint has.
    await writeWeights(nextWeights(dir), states[0], "topics", 50, hash);
    const other = await newest();
    expect(other.step).toBe(200);
    other.close();
    rmSync(join(dir, "weights.safetensors"));
    const alone = await newest();
    expect(alone.step).toBe(200);
    alone.close();
  });

  it("are refused of what is no run, has learned nothing yet, was changed, or is of another model", async () => {
    const { dir, save, newest } = someRun(plain);
    await expect(newest()).rejects.toThrow(/has no checkpoint yet/);
    await expect(newestWeights(temporary(), plain.manifest, hash, () => undefined)).rejects.toThrow(
      /is no training run: it has no run\.yaml/,
    );
    await save(someState(plain, 1), 100);
    await expect(newestWeights(dir, averaged.manifest, hash, () => undefined)).rejects.toThrow(
      /was made by another model/,
    );
    writeFileSync(join(dir, "model/topics.twin"), "model others");
    await expect(newest()).rejects.toThrow(/topics\.twin is damaged, or was changed/);
  });
});
