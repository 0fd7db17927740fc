// Checkpoints and run folders: whole or not at all, the one before where the newest is damaged, no second process.
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { hasher } from "../../contract/hash.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import { type CheckpointMeta, writeCheckpoint, writeWeights } from "../../runtime/learn/checkpoint.ts";
import { contractDifferences, contractFingerprint } from "../../runtime/learn/contract.ts";
import { TrainState } from "../../runtime/learn/state.ts";
import {
  checkpointFile,
  nextCheckpoint,
  nextWeights,
  openCheckpoint,
  previousFile,
} from "../../runtime/train/checkpoint.ts";
import { openEarlierRun } from "../../runtime/train/earlier-run.ts";
import {
  createRun,
  expectFolder,
  holdRun,
  type RunRecord,
  readRun,
  updateRun,
} from "../../runtime/train/run-folder.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { startState, topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

const { model, plan, manifest } = topicModel(topicSource("", 5000));
const hash = await hasher();
const quiet = (): void => undefined;
const meta = (step: number): CheckpointMeta => ({
  model: "topics",
  step,
  epoch: 1,
  seed: 1,
  spec: "s",
  data: "d",
  stop: { best: 0.5, bestStep: 2, waited: 1 },
  evaluated: step,
});

function someState(): TrainState {
  const state = startState(model, plan.spec);
  for (const { data } of state.optimiser()) {
    data.set(data.map((_, i) => i % 7));
  }
  return state;
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] ^= 1;
  return copy;
}

let dir: string;
beforeEach(() => {
  dir = temporary();
});

describe("a checkpoint", () => {
  it("gives back every parameter, every state of an optimiser, and where the run stood", async () => {
    const state = someState();
    await writeCheckpoint(nextCheckpoint(dir), state, meta(7), hash);
    const found = openCheckpoint(dir, hash, quiet)!;
    const again = new TrainState(plan.spec, (name) => found.file.read(name));
    again.restore((name) => found.file.read(name));
    expect(again.parameters()).toEqual(state.parameters());
    expect(again.optimiser()).toEqual(state.optimiser());
    expect(found.meta).toEqual(meta(7));
    found.file.close();
  });

  it("that is damaged gives way to the one before, and says so", async () => {
    await writeCheckpoint(nextCheckpoint(dir), someState(), meta(1), hash);
    await writeCheckpoint(nextCheckpoint(dir), someState(), meta(2), hash);
    truncateSync(join(dir, checkpointFile), 1000);
    const said: string[] = [];
    const found = openCheckpoint(dir, hash, (message) => said.push(message))!;
    expect(found.meta.step).toBe(1);
    expect(said.join()).toMatch(
      /no sound safetensors file|not a sound safetensors file.*The checkpoint before it is used: step 1/,
    );
    found.file.close();
  });

  it("with one flipped bit, wherever it lies, gives way to the one before; alone, it is refused with the way out", async () => {
    await writeCheckpoint(nextCheckpoint(dir), someState(), meta(1), hash);
    await writeCheckpoint(nextCheckpoint(dir), someState(), meta(2), hash);
    const path = join(dir, checkpointFile);
    const whole = readFileSync(path);
    const step = whole.indexOf('"step":"2"') + '"step":"'.length;
    for (const at of [step, whole.length >> 1, whole.length - 1]) {
      writeFileSync(path, flipped(whole, at));
      const said: string[] = [];
      const found = openCheckpoint(dir, hash, (message) => said.push(message))!;
      expect(found.meta.step).toBe(1);
      expect(said.join()).toContain(`${path} is damaged: its checksum does not fit its bytes`);
      found.file.close();
    }
    rmSync(join(dir, previousFile));
    expect(() => openCheckpoint(dir, hash, quiet)).toThrow(
      /checkpoint\.safetensors is damaged: .*an earlier checkpoint .*--from.* or from nothing/,
    );
  });

  it("is there, too, where a kill came between its two renames", async () => {
    await writeCheckpoint(nextCheckpoint(dir), someState(), meta(1), hash);
    renameSync(join(dir, checkpointFile), join(dir, previousFile));
    const found = openCheckpoint(dir, hash, quiet)!;
    expect(found.meta.step).toBe(1);
    found.file.close();
  });

  it("is refused where none is sound, and null where none was written", async () => {
    expect(openCheckpoint(dir, hash, quiet)).toBeNull();
    writeFileSync(join(dir, checkpointFile), "no tensors");
    expect(() => openCheckpoint(dir, hash, quiet)).toThrow(/checkpoint.safetensors is not a sound safetensors file/);
    rmSync(join(dir, checkpointFile));
    await writeWeights(nextWeights(dir), someState(), "topics", 3, hash);
    renameSync(join(dir, "weights.safetensors"), join(dir, checkpointFile));
    expect(() => openCheckpoint(dir, hash, quiet)).toThrow(/is no checkpoint of a training run/);
  });

  it("is never written with a parameter that is no finite number", async () => {
    await writeCheckpoint(nextCheckpoint(dir), someState(), meta(1), hash);
    const before = readFileSync(join(dir, checkpointFile));
    const state = someState();
    state.tables.get("item.video.table")!.values[9] = Number.NaN;
    await expect(writeCheckpoint(nextCheckpoint(dir), state, meta(2), hash)).rejects.toThrow(
      /after step 2 the parameter item.video.table/,
    );
    expect(readFileSync(join(dir, checkpointFile)).equals(before)).toBe(true);
  });
});

describe("the weights", () => {
  it("hold the model's parameters by name, and their step", async () => {
    await writeWeights(nextWeights(dir), someState(), "topics", 42, hash);
    const file = openTensors(join(dir, "weights.safetensors"));
    expect(file.metadata).toMatchObject({ step: "42", untrained: "false" });
    // As docs/artefacts.md says: of the whole file, in which the checksum's digits stand as zeros.
    const [, digits] = file.metadata.checksum.split(":");
    const zeros = readFileSync(file.path, "latin1").replace(digits, "0".repeat(16));
    expect(hash.bytes(Buffer.from(zeros, "latin1")).toString(16).padStart(16, "0")).toBe(digits);
    expect(file.entries.get("item.video.table")?.shape).toEqual([5001, 8]);
    expect(file.entries.get("relevance.query")?.shape).toEqual([2, 23, 8]);
    file.close();
  });
});

describe("an earlier run", () => {
  it("is refused where a bit of its weights has flipped; a build by its manifest", async () => {
    const build = built(topicSource("", 5000));
    (await openEarlierRun(build)).weights.close();
    const path = join(build, "weights.safetensors");
    const whole = readFileSync(path);
    writeFileSync(path, flipped(whole, whole.length - 1));
    await expect(openEarlierRun(build)).rejects.toThrow(
      /weights\.safetensors is damaged, or not the file of its build.*without --from/,
    );
    await writeWeights(nextWeights(build), someState(), "topics", 42, hash);
    (await openEarlierRun(build)).weights.close();
    const written = readFileSync(path);
    writeFileSync(path, flipped(written, written.length - 1));
    await expect(openEarlierRun(build)).rejects.toThrow(/weights\.safetensors is damaged: its checksum/);
  });
});

describe("the contract of a checkpoint", () => {
  it("does not depend on the order of keys, nor on how long the run is", () => {
    const shuffled = JSON.parse(JSON.stringify(manifest), (_key, value) =>
      value && typeof value === "object" && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    );
    expect(contractFingerprint(shuffled)).toBe(contractFingerprint(manifest));
    const longer = { ...manifest, train: { ...manifest.train, epochs: 9, stop: { after: 3, on: "auc" as const } } };
    expect(contractFingerprint(longer)).toBe(contractFingerprint(manifest));
    expect(contractDifferences(longer, shuffled)).toEqual([]);
  });

  it("names what differs", () => {
    const other = topicModel(
      topicSource("", 5000).replace("batch:      64", "batch:      32").replace("[18, 35]", "[18, 40]"),
    );
    expect(contractFingerprint(other.manifest)).not.toBe(contractFingerprint(manifest));
    const differences = contractDifferences(manifest, other.manifest);
    expect(differences).toContain("train.batch: 64 is 32 now");
    expect(differences.join()).toMatch(/features\.user\.age\.encoder\.edges\.1: 35 is 40 now/);
  });
});

describe("the folder of a run", () => {
  const record: RunRecord = {
    format: 2,
    model: "topics",
    source: "topics.twin",
    data: "data.yaml",
    cache: "cache",
    started: "2026-01-01T00:00:00Z",
    versions: { twin: "1" },
    seed: 1,
    threads: 2,
    batch: 64,
    epochs: 2,
    steps: null,
    evaluate_every: null,
    from: null,
    fingerprints: { spec: "s", data: null },
    samples: null,
    files: null,
  };

  it("is made whole, and then refused to a new run", () => {
    const folder = join(dir, "run");
    expect(() => expectFolder(folder, true)).toThrow(/no run in .* to go on with: leave out --resume/);
    expectFolder(folder, false);
    createRun(folder, record, [{ path: "model/a/topics.twin", content: "model topics" }]);
    expect(readFileSync(join(folder, "model/a/topics.twin"), "utf8")).toBe("model topics");
    const files = [{ path: "model/a/topics.twin", bytes: 12, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }];
    expect(readRun(folder)).toEqual({ ...record, files });
    const known = readRun(folder);
    const section = (required: boolean) => ({ extensions: { kernel: { required, content: null } } });
    updateRun(folder, { ...known, ...section(false) });
    expect(readRun(folder)).toEqual({ ...known, ...section(false) });
    updateRun(folder, { ...known, ...section(true) });
    expect(() => readRun(folder)).toThrow(/run\.yaml: it has the section "kernel", which this version/);
    updateRun(folder, known);
    expectFolder(folder, true);
    expect(() => expectFolder(folder, false)).toThrow(/holds a run already: go on with it by --resume/);
  });

  it("is refused where it holds other files, or is a file", () => {
    writeFileSync(join(dir, "notes.txt"), "mine");
    expect(() => expectFolder(dir, false)).toThrow(/holds files that are no training run/);
    expect(() => expectFolder(join(dir, "notes.txt"), false)).toThrow(/is a file/);
    expect(() => readRun(dir)).toThrow(/is no training run/);
  });

  it("belongs to one process at a time; what a killed one left does not count", () => {
    writeFileSync(join(dir, ".lock"), String(process.ppid));
    expect(() => holdRun(dir)).toThrow(new RegExp(`process ${process.ppid} trains in`));
    writeFileSync(join(dir, ".lock"), "999999999");
    const release = holdRun(dir);
    release();
    expect(() => readFileSync(join(dir, ".lock"))).toThrow();
  });
});
