// A log as events, and the same log as samples that bring their histories, through the command line: weights, figures and
// scores are the same.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine } from "../kit/cli.ts";
import { videoModel } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";
import { t0 } from "../kit/prepared.ts";
import { bothBindings } from "../kit/sample-files.ts";

afterAll(cleanUp);

/** Each of 12 users meets 14 videos; what it clicks goes by the video's and the user's numbers. */
const events = Array.from({ length: 168 }, (_, i) => {
  const [user, turn] = [i % 12, Math.floor(i / 12)];
  const video = 1 + ((user * 5 + turn * 3 + (turn >> 2)) % 8);
  return { user, video, time: t0 + turn * 5000 + user, session: null, kept: true, click: (user + video) % 3 === 0 };
});

let model: string;
let log: string;
let samples: string;
const folder = temporary();

beforeAll(async () => {
  const split = "split: {by: share, train: 60%, validation: 20%, test: rest}";
  const both = await bothBindings(events, { form: "separated", newest: "last" }, { more: split });
  [log, samples] = [both.log.path, both.samples.path];
  model = join(folder, "small.twin");
  const source = videoModel({ max: 6 }).replace(
    "table video_keys",
    "train {\n  batch: 16\n  epochs: 3\n}\n\ntable video_keys",
  );
  writeFileSync(
    model,
    source.replace(/hashed\(buckets: 50, dim: 4, key: true\)/, "vocabulary(max: 20, dim: 4, key: true)"),
  );
});

async function all(data: string, name: string) {
  const run = join(folder, name);
  mkdirSync(run);
  const path = (file: string): string => join(run, file);
  const trained = path("run");
  await fine(["train", model, "--data", data, "-o", trained, "--threads", "1"]);
  const weights = join(trained, "weights.safetensors");
  await fine(["build", model, "--weights", weights, "-o", path("build")]);
  await fine(["table", "build", path("build"), "--data", data]);
  const read = ["--data", data];
  const figures = [];
  for (const way of [[], ["--serving"]]) {
    const { stdout } = await fine(["evaluate", path("build"), ...read, ...way, "--json"]);
    figures.push({ ...JSON.parse(stdout), data: "" });
  }
  const scores = [];
  for (const way of [[], ["--serving"]]) {
    const file = path(`scores${way.length}.parquet`);
    await fine(["score", path("build"), ...read, ...way, "-o", file]);
    scores.push(await ask(`SELECT * FROM '${file}' ORDER BY row`));
  }
  const vocabulary = readFileSync(join(trained, "vocabularies/item.video.jsonl"), "utf8");
  return { weights: readFileSync(weights).toString("base64"), figures, scores, vocabulary };
}

it("learn the same weights and vocabularies, and have the same figures and scores", { timeout: 300_000 }, async () => {
  const due = await all(log, "log");
  const found = await all(samples, "samples");
  expect(found.vocabulary).toBe(due.vocabulary);
  expect(found.weights).toBe(due.weights);
  expect(found.figures).toEqual(due.figures);
  expect(found.scores).toEqual(due.scores);
  expect(due.scores[0]).toHaveLength(events.length);
});
