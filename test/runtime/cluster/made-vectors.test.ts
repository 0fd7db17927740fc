// Clusters by vectors that `twin vectors` made of the same log: they are found beside the items, and none knows a sample's future.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readBinding } from "../../../runtime/data/binding.ts";
import { clusterLog, expectSameVectors, makeVectors, vectorOrigins } from "../../../runtime/data/index.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { begin, clusteredModel, type LogEvent, writeLog } from "../../kit/clustered-log.ts";
import { writeFiles } from "../../kit/data-files.ts";
import { ask } from "../../kit/database.ts";

afterAll(cleanUp);

const events = Array.from({ length: 90 }, (_, i): LogEvent => {
  const item = (i * 7 + (i % 5)) % 11;
  return { user: 1 + (i % 3), item, time: i * 10, progress: (i % 10) / 10, known: 1, click: i % 2 === 0 };
});
const until = begin + 400;
const usual = { every: "100s", seed: 1, vectors: null };

/** A log whose items have no vectors of their own, and some made of what was before `until`. */
async function logWithVectors(more: string): Promise<{ readonly yaml: string; readonly out: string }> {
  const folder = temporary();
  const yaml = writeLog(folder, events);
  const items = readFileSync(join(folder, "items.jsonl"), "utf8").replaceAll("cover", "front");
  writeFiles(folder, { "items.jsonl": items });
  const made = { until: String(until), dim: 2, window: 5, minCount: 1, shift: 1, seed: 1 };
  await makeVectors(readBinding(yaml), join(folder, "made"), made);
  writeFiles(folder, {
    "data.yaml": `${readFileSync(yaml, "utf8")}  item.cover: vector\nvectors: {file: made/vectors.parquet, key: item}\n${more}`,
  });
  return { yaml, out: join(folder, "out") };
}

describe("clusters by vectors of the same log", () => {
  it("are refused where samples lie before the moment until which these were made, and nothing is left", async () => {
    const { yaml, out } = await logWithVectors("");
    await expect(clusterLog(readBinding(yaml), clusteredModel(), out, usual)).rejects.toThrow(
      /data.yaml:\d+:\d+: item.cover: these vectors were made of all that happened before .*, and 40 of 90 samples lie before it/,
    );
    expect(existsSync(out)).toBe(false);
  });

  it("are made where samples begin there, and the items have these vectors", async () => {
    const { yaml, out } = await logWithVectors(`samples_from: ${until}\n`);
    const { counts } = await clusterLog(readBinding(yaml), clusteredModel(), out, usual);
    expect(counts).toMatchObject({ users: 3, samples: 50 });
    expect(counts.virtual).toBeGreaterThan(10);
    const items = await ask(`SELECT item_key AS k, cover FROM read_parquet('${out}/items/items.parquet') ORDER BY k`);
    const vectors = await ask(
      `SELECT item AS k, vector FROM read_parquet('${out}/../made/vectors.parquet') ORDER BY item`,
    );
    const byKey = new Map(vectors.map(({ k, vector }) => [k, vector]));
    expect(vectors.length).toBeGreaterThan(8);
    expect(items.map(({ cover }) => cover)).toEqual(items.map(({ k }) => byKey.get(k) ?? null));

    // What is trained on these clusters is of these vectors, and of no others.
    const { features } = clusteredModel();
    const clustered = readBinding(join(out, "data.yaml"));
    const trained = await vectorOrigins(clustered, features);
    expect(trained).toEqual(await vectorOrigins(readBinding(yaml), features));
    expect(trained).toEqual([{ feature: "item.cover", fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    await expectSameVectors(clustered, features, trained, "run");
    const others = trained.map((one) => ({ ...one, fingerprint: "0".repeat(64) }));
    await expect(expectSameVectors(clustered, features, others, "run")).rejects.toThrow(
      new RegExp(
        `data\\.yaml:\\d+:\\d+: item\\.cover comes from the data of which .seen. holds clusters, .* weights of run were trained on: those have the fingerprint 0{12}, and these have ${trained[0].fingerprint.slice(0, 12)}\\. Name the vectors`,
      ),
    );
    // What the model does not read is nothing to it.
    await expectSameVectors(clustered, [], others, "run");
  });

  it("are made with a warning where nothing says what lies before that moment", async () => {
    const { yaml, out } = await logWithVectors("");
    const text = readFileSync(yaml, "utf8");
    // Vectors of another clock: the log's times are told as if they were steps.
    writeFiles(join(yaml, ".."), { "steps.yaml": text.replace("time: time", "order: time") });
    const made = { until: String(until), dim: 2, window: 5, minCount: 1, shift: 1, seed: 1 };
    await makeVectors(readBinding(join(yaml, "..", "steps.yaml")), join(yaml, "..", "made"), made);
    const notes: string[] = [];
    await clusterLog(readBinding(yaml), clusteredModel(), out, { ...usual, note: (one) => notes.push(one) });
    expect(notes).toEqual([expect.stringContaining(`made until ${until} steps, and the data has seconds`)]);
  });
});
