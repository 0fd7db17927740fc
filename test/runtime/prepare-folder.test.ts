// The folder of prepared data: found again, made anew, resumed after a stop, and never half-written.
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it } from "vitest";
import { readDatasetSpec, writeDatasetSpec } from "../../runtime/data/prepare/dataset-file.ts";
import { attachDataset, openDataset } from "../../runtime/data/prepare/open.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import type { Progress } from "../../runtime/host/progress.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel } from "../kit/data-files.ts";
import { contents } from "../kit/example-build.ts";
import { type LogEvent, logBinding, prepared, t0 } from "../kit/prepared.ts";
import { bothBindings } from "../kit/sample-files.ts";

afterAll(cleanUp);
const manifest = readManifest(built(videoModel({ max: 5 })));
const events: LogEvent[] = Array.from({ length: 300 }, (_, i) => ({
  user: i % 40,
  video: 1 + (i % 9),
  time: t0 + i,
  session: i % 3,
  kept: true,
  click: i % 3 === 0,
}));
const labels = "columns: {predict.click: click}";
const log = (more = "") => logBinding(events, "{exclude_same: session}", `${labels}\n${more}`);

describe("a folder of prepared data", () => {
  it("is found again where nothing changed, and made anew with a sentence where something did", async () => {
    const binding = log();
    const first = await prepared(binding, manifest);
    expect(existsSync(join(first.folder, ".work"))).toBe(false);
    const before = contents(first.folder);
    const notes: string[] = [];
    const note = (text: string) => notes.push(text);
    const again = await prepared(binding, manifest, { note }, first.folder);
    expect([again.reused, again.fingerprint, notes]).toEqual([true, first.fingerprint, []]);
    expect(contents(first.folder)).toEqual(before);

    const edges = structuredClone(manifest);
    const ago = edges.features.find(({ name }) => name === "item.duration")!.encoder as unknown as { edges: number[] };
    ago.edges[0] = 11;
    const changed = await prepared(binding, edges, { note }, first.folder);
    expect(changed.reused).toBe(false);
    expect(notes.join()).toMatch(/was prepared from other data, another binding or other encoders.*made anew/);
    expect(changed.fingerprint).not.toBe(first.fingerprint);

    writeFileSync(join(binding.folder, "users.csv"), "user,age\n1,60\n");
    const later = await prepared(binding, edges, { note }, first.folder);
    expect(later.reused).toBe(false);
  });

  it("is replaced by whoever made it only: what others prepared stays, and is used where it fits", async () => {
    const binding = log();
    for (const owner of ["prepare", "run", "shared", "evaluate", "score"] as const) {
      const first = await prepared(binding, manifest, { owner });
      const before = contents(first.folder);
      for (const asking of ["prepare", "run", "shared", "evaluate", "score"] as const) {
        const same = await prepared(binding, manifest, { owner: asking }, first.folder);
        expect(same.reused, `${asking} finds what ${owner} made`).toBe(true);
        if (asking === owner && owner !== "shared") {
          continue;
        }
        const other = prepared(binding, manifest, { owner: asking, samples: "all" }, first.folder);
        await expect(other).rejects.toThrow(/does not replace it\. Name another folder with (--cache|-o), or remove/);
        expect(contents(first.folder), `${asking} leaves what ${owner} made`).toEqual(before);
      }
      if (owner !== "shared") {
        const again = await prepared(binding, manifest, { owner, samples: "all" }, first.folder);
        expect(again.reused).toBe(false);
      }
    }
  });

  it("that another has begun is not begun anew for other data", async () => {
    const binding = log();
    const folder = join(temporary(), "cache");
    const stop = new AbortController();
    const onProgress = ({ task }: Progress) => task === "items" && stop.abort();
    const begun = prepared(binding, manifest, { owner: "run", signal: stop.signal, onProgress, every: 10 }, folder);
    await expect(begun).rejects.toThrow(/stopped/);
    const scored = prepared(binding, manifest, { owner: "score", samples: "all" }, folder);
    await expect(scored).rejects.toThrow(/holds what `twin train` prepared, and is not ready/);
    const whole = await prepared(binding, manifest, { owner: "run" }, folder);
    expect(whole.fingerprint).toBe((await prepared(binding, manifest)).fingerprint);
  });

  it("may have sections of later versions, and is refused by the name of one that it cannot be read without", async () => {
    const { folder } = await prepared(log(), manifest);
    const spec = readDatasetSpec(folder);
    const section = (required: boolean) => ({ extensions: { parts: { required, content: { n: 1 } } } });
    writeDatasetSpec(folder, { ...spec, ...section(false) });
    const dataset = await openDataset(folder);
    expect(dataset.spec.extensions).toEqual(section(false).extensions);
    await dataset.close();
    writeDatasetSpec(folder, { ...spec, ...section(true) });
    await expect(openDataset(folder)).rejects.toThrow(/dataset\.yaml: it has the section "parts", which this version/);
  });

  const split = "split: {by: share, train: 60%, validation: 20%, test: rest}";
  const samples = async () =>
    (await bothBindings(events, { form: "separated", newest: "last", padding: 1 }, { more: split })).samples;
  it.each([
    ["a log", async () => log(split)],
    ["samples with their lists", samples],
  ])("of %s goes on where it was stopped, and ends with the same bytes", async (_, bound) => {
    const binding = await bound();
    const whole = await prepared(binding, manifest);
    const folder = join(temporary(), "cache");
    // Three times among the rows: each begins within the rows, and the lists, of a user.
    for (const task of ["events sorted", "items", "events", "events", "events"]) {
      const stop = new AbortController();
      const onProgress = (progress: Progress) => {
        if (progress.task === task) {
          stop.abort();
        }
      };
      await prepared(binding, manifest, { signal: stop.signal, onProgress, every: 10 }, folder).catch((error) =>
        expect(String(error)).toMatch(/stopped/),
      );
      if (!existsSync(join(folder, "dataset.yaml"))) {
        await expect(openDataset(folder)).rejects.toThrow(/is no prepared data set: it has no dataset\.yaml/);
        // What a kill leaves behind the last point of return is cut off.
        for (const column of [...contents(folder).keys()].filter((name) =>
          /^(training|history)\b.*\.bin$/.test(name),
        )) {
          writeFileSync(join(folder, column), Buffer.concat([readFileSync(join(folder, column)), Buffer.from("torn")]));
        }
      }
    }
    const resumed = await prepared(binding, manifest, {}, folder);
    expect(resumed.fingerprint).toBe(whole.fingerprint);
    const bytes = (root: string) => [...contents(root)].filter(([name]) => name.endsWith(".bin"));
    expect(bytes(folder)).toEqual(bytes(whole.folder));
    expect(resumed.report).toEqual(whole.report);
  });

  it("is refused where other files lie, and where a column has another size", async () => {
    const foreign = temporary();
    writeFileSync(join(foreign, "notes.txt"), "mine");
    await expect(prepared(log(), manifest, {}, foreign)).rejects.toThrow(/holds files that are no prepared data/);
    expect(readFileSync(join(foreign, "notes.txt"), "utf8")).toBe("mine");
    const { folder } = await prepared(log(), manifest);
    truncateSync(join(folder, "training/time.bin"), 8);
    await expect(openDataset(folder)).rejects.toThrow(
      /training\/time\.bin has 8 bytes, and \d+ are due: it is damaged/,
    );
    mkdirSync(join(foreign, "empty"));
    await expect(openDataset(join(foreign, "empty"))).rejects.toThrow(
      /written last; where a preparation was stopped, the same command goes on/,
    );
  });

  it("is read over the same memory by another thread", async () => {
    const { folder } = await prepared(log(), manifest);
    const dataset = await openDataset(folder);
    const image = dataset.image();
    const worker = new Worker(
      `require("node:worker_threads").parentPort.once("message", (image) => {
        const times = image.columns["training/time.bin"].memory;
        require("node:worker_threads").parentPort.postMessage(new Float64Array(times)[0]);
      });`,
      { eval: true },
    );
    const seen = await new Promise((resolve) => {
      worker.once("message", resolve);
      worker.postMessage(image);
    });
    await worker.terminate();
    const batch = (await attachDataset(image)).batch("training", Uint32Array.of(0), {});
    expect(batch.time[0]).toBe(seen);
    expect(() => dataset.batch("training", Uint32Array.of(1e6), {})).toThrow(/has 300 samples, and number 1000000/);
  });
});

describe("weights of samples", () => {
  it("are a column or an expression", async () => {
    const { folder } = await prepared(log('weight: "1 + hour"'), manifest);
    const dataset = await openDataset(folder);
    const batch = dataset.batch(
      "training",
      Uint32Array.from({ length: 9 }, (_, i) => i),
      {},
    );
    expect([...batch.weight]).toEqual(Array.from(batch.row, (row) => 1 + (row % 3)));
  });

  it("below zero are refused with their row", async () => {
    await expect(prepared(log('weight: "hour - 1"'), manifest)).rejects.toThrow(
      /events\.csv, row 1, column `hour - 1`: -1\.0 is no weight of a sample/,
    );
  });
});
