// A shard of more events than a database gives at once: every behaviour before a sample is there once, of every user.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readBinding } from "../../../runtime/data/binding.ts";
import { clusterLog } from "../../../runtime/data/index.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { clusteredModel } from "../../kit/clustered-log.ts";
import { writeFiles } from "../../kit/data-files.ts";
import { ask } from "../../kit/database.ts";
import { patience } from "../../kit/effort.ts";

afterAll(cleanUp);

/** Users with so many behaviours each; the last is a sample. Shards up to `most` were seen whole, and larger ones were not, where another statement ran meanwhile. */
const [users, each] = [2000, 70];
const most = 131_072;

it(
  "reads a shard whole",
  async () => {
    const folder = temporary();
    const log = `SELECT i // ${each} AS "user", (hash(i) % 40)::INTEGER AS id, 1600000000 + i % ${each} AS "time", (i % 10) / 10.0 AS progress, i % 2 = 0 AS liked, 3 AS hour, CASE WHEN i % ${each} = ${each - 1} THEN 1 END AS click FROM range(${users * each}) r(i)`;
    const items = `SELECT i::INTEGER AS id, 1 AS shop, 2.5 AS price, 't' AS topics, [sin(i), cos(3 * i)]::FLOAT[] AS cover FROM range(40) r(i)`;
    writeFiles(folder, {
      "data.yaml": `events: {file: events.parquet, user: user, item: id, time: time}
items: {file: items.parquet, key: id}
columns:
  recent.liked: liked
  item.topics: {split: {column: topics, by: "|"}}
  context.part: hour
  predict.click: click
`,
    });
    await ask(`COPY (${log}) TO '${folder}/events.parquet'`);
    await ask(`COPY (${items}) TO '${folder}/items.parquet'`);
    const out = join(folder, "out");
    const settings = { every: "40s", seed: 1, vectors: null, shard: 1_000_000 };
    const model = clusteredModel("kmeans(on: item.cover, size: 20)");
    const { counts } = await clusterLog(readBinding(join(folder, "data.yaml")), model, out, settings);
    expect(users * each).toBeGreaterThan(most);
    expect(counts).toMatchObject({ users, samples: users });
    const [found] = await ask(
      `SELECT count(DISTINCT "user")::INTEGER AS users, count(*)::INTEGER AS samples, min(n)::INTEGER AS least, max(n)::INTEGER AS most, max(abs(t - ${((each - 2) * (each - 1)) / 2})) < 0.01 AS once FROM (SELECT "user", list_sum("seen.size") AS n, list_sum([p[1] * (p[2] - 1600000000) FOR p IN list_zip("seen.size", "seen.time")]) AS t FROM read_parquet('${out}/samples/*.parquet'))`,
    );
    expect(found).toEqual({ users, samples: users, least: each - 1, most: each - 1, once: true });
    expect(readdirSync(join(out, "users"))).toEqual(["00000.jsonl"]);
    const records = readFileSync(join(out, "users", "00000.jsonl"), "utf8")
      .trimEnd()
      .split("\n");
    const sizes = records.map((line) => {
      const { size }: { size: number[] } = JSON.parse(line).history.seen;
      return size.reduce((sum, one) => sum + one, 0);
    });
    expect([sizes.length, Math.min(...sizes), Math.max(...sizes)]).toEqual([users, each, each]);
  },
  patience(120_000),
);
