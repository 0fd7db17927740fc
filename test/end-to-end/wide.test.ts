// A tower of wide terms alone, from data to scores: it learns, is served with the numbers of its batches, and goes on warm.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, here } from "../kit/cli.ts";
import { Database } from "../kit/database.ts";

afterAll(cleanUp);

const source = (wide: string, max: number) => `model flat

item {
  song: id(vocab: 60, dim: 2, key: true)
  mood: vocabulary(max: ${max}, dim: 2)
}

user {
  city: hashed(buckets: 40, hashes: 2, dim: 2)
}

history heard {
  of:  item
  max: 20

  cross {
    liked: flag(dim: 2)
  }

  stats {
    seen: met(on: item.mood)
    rate: rate(on: item.mood, of: heard.liked)
  }
}

tower ranking {
  wide: [${wide}]

  predict {
    like: binary
    skip: binary
  }
}

train {
  embeddings: adam(rate: 0.02)
  dense:      adam(rate: 0.02)
  batch:      64
  epochs:     4
}
`;
const terms = "item.mood, user.city, heard.stats";

let folder: string;
const path = (name: string): string => join(folder, name);

/** Some moods are liked, whoever hears them; some cities like anything. */
beforeAll(() => {
  folder = temporary();
  let last = 5;
  const draw = (below: number) => {
    last = (last * 48271) % 2147483647;
    return last % below;
  };
  const lines = ["user,song,mood,city,time,liked"];
  for (let row = 0; row < 4000; row++) {
    const [user, song] = [draw(50), draw(60)];
    const odds = 50 + (song % 5 === 0 ? 35 : -15) + (user % 3 === 0 ? 10 : -10);
    lines.push(
      [user, song, `mood ${song % 5}`, `city ${user % 6}`, 1_700_000_000 + row * 60, Number(draw(100) < odds)].join(
        ",",
      ),
    );
  }
  writeFileSync(path("events.csv"), `${lines.join("\n")}\n`);
  writeFileSync(
    path("data.yaml"),
    `events: {file: events.csv, user: user, item: song, time: time}
columns: {item.mood: mood, user.city: city, heard.liked: liked, predict.like: liked, predict.skip: "liked = 0"}
split: {by: share, train: 0.8, validation: 0.1}
`,
  );
  writeFileSync(path("model.twin"), source(terms, 20));
});

describe("a tower of wide terms alone", () => {
  it("learns what there is, and is served with the numbers of its batches", async () => {
    await fine(["train", path("model.twin"), "--data", path("data.yaml"), "-o", path("run")]);
    await fine(["build", path("model.twin"), "-o", path("build"), "--weights", path("run/weights.safetensors")]);
    await fine(["table", "build", path("build"), "--data", path("data.yaml")]);
    for (const [file, more] of [
      ["batched.parquet", []],
      ["served.parquet", ["--serving"]],
    ] as const) {
      await fine(["score", path("build"), "--data", path("data.yaml"), "-o", path(file), ...more]);
    }
    const database = await Database.open();
    try {
      const sql = (name: string) => `read_parquet('${path(name)}')`;
      const [{ n, far, apart }] = await database.all(
        `SELECT count(*)::INTEGER AS n, max(greatest(abs(a."like.logit" - b."like.logit"), abs(a."skip.logit" - b."skip.logit"))) AS far, stddev(a."like.logit") AS apart FROM ${sql("batched.parquet")} a JOIN ${sql("served.parquet")} b USING ("row")`,
      );
      expect(n).toBe(4000);
      expect(far).toBeLessThanOrEqual(1e-5);
      expect(apart).toBeGreaterThan(0.5);
    } finally {
      database.close();
    }
    const { stdout } = await fine(["evaluate", path("build"), "--data", path("data.yaml"), "--json"]);
    const auc = /"auc":\s*(0\.\d+)/.exec(stdout)?.[1];
    expect(Number(auc)).toBeGreaterThan(0.68);
    expect((await fine(["evaluate", "--self-test", path("build")])).stdout).toMatch(/passed|equals/);
  }, 120_000);

  it("goes on warm where the model has grown, and says so", async () => {
    writeFileSync(path("grown.twin"), source(`item.song, ${terms}`, 30));
    const args = ["train", path("grown.twin"), "--data", path("data.yaml"), "-o", path("warm"), "--from", path("run")];
    const { stdout, stderr } = await fine([...args, "--steps", "4"]);
    const said = stdout + stderr;
    expect(said).toContain("reshaped: ranking.wide.item.mood.table: 5 rows kept");
    expect(said).toContain("new: ranking.wide.item.song.table: the earlier run has none");
    const { code, stdout: differ } = await here(["diff", path("build"), path("grown.twin")]);
    expect(code).toBe(1);
    expect(differ).toContain("ranking.wide.item.song.table");
  }, 120_000);
});
