// A log whose better items stood further down in their lists: a model ranks them by the place, unless that is said to bias it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { Database } from "../kit/database.ts";

afterAll(cleanUp);

const source = (click: string) => `model shown

item {
  song: id(vocab: 60, dim: 2, key: true)
  mood: vocabulary(max: 10, dim: 2)
}

context {
  rank: id(vocab: 10, dim: 2)
}

history heard {
  of:  item
  max: 4
}

tower ranking {
  wide: [item.mood]

  predict {
    click: ${click}
  }
}

train {
  embeddings: adam(rate: 0.05)
  dense:      adam(rate: 0.05)
  batch:      64
  epochs:     4
}
`;

const moods = 5;
let folder: string;
const path = (name: string): string => join(folder, name);

/** Mood m is clicked by odds e^(3 + 0.8 m − 1.2 place), and stands at m … m + 4. */
beforeAll(() => {
  folder = temporary();
  let last = 5;
  const draw = (below: number) => {
    last = (last * 48271) % 2147483647;
    return last % below;
  };
  const lines = ["user,song,mood,place,time,clicked"];
  for (let row = 0; row < 8000; row++) {
    const [user, song] = [draw(50), draw(60)];
    const mood = song % moods;
    const place = mood + draw(5);
    const clicked = draw(10_000) < 10_000 / (1 + Math.exp(1.2 * place - 0.8 * mood - 3));
    lines.push([user, song, `mood ${mood}`, place, 1_700_000_000 + row * 60, Number(clicked)].join(","));
  }
  writeFileSync(path("events.csv"), `${lines.join("\n")}\n`);
  writeFileSync(
    path("data.yaml"),
    `events: {file: events.csv, user: user, item: song, time: time}
columns: {item.mood: mood, context.rank: place, predict.click: clicked}
split: {by: share, train: 0.8, validation: 0.1}
`,
  );
});

/** Mean logit of each mood, by a model of its own. */
async function logits(name: string, click: string, ...more: string[]): Promise<number[]> {
  writeFileSync(path(`${name}.twin`), source(click));
  const data = ["--data", path("data.yaml")];
  await fine(["train", path(`${name}.twin`), ...data, "-o", path(`${name}.run`)]);
  await fine(["build", path(`${name}.twin`), "-o", path(name), "--weights", path(`${name}.run/weights.safetensors`)]);
  await fine(["table", "build", path(name), ...data]);
  await fine(["score", path(name), ...data, "-o", path(`${name}.parquet`), ...more]);
  const database = await Database.open();
  try {
    const rows = await database.all(
      `SELECT item % ${moods} AS mood, avg("click.logit") AS logit FROM read_parquet('${path(`${name}.parquet`)}') GROUP BY mood ORDER BY mood`,
    );
    return rows.map(({ logit }) => Number(logit));
  } finally {
    database.close();
  }
}

it("is learned beside what is served, which ranks by what would be clicked at one place", async () => {
  const told = await logits("told", "binary(bias: context.rank)");
  const served = await logits("served", "binary(bias: context.rank)", "--serving");
  const untold = await logits("untold", "binary");
  const order = (values: readonly number[]) => [...values.keys()].sort((a, b) => values[a] - values[b]);
  expect(order(told)).toEqual([0, 1, 2, 3, 4]);
  expect(order(untold)).toEqual([4, 3, 2, 1, 0]);
  told.forEach((logit, mood) => {
    expect(Math.abs(logit - served[mood])).toBeLessThan(1e-5);
  });
  // The log was drawn with 0.8 a mood.
  expect((told[4] - told[0]) / 4).toBeGreaterThan(0.4);
  expect((told[4] - told[0]) / 4).toBeLessThan(1.1);
}, 180_000);

it("need not be in data that are scored as requests: none has it", async () => {
  const [, ...rows] = readFileSync(path("events.csv"), "utf8").trim().split("\n");
  const without = rows.map((row) => row.split(",").filter((_, column) => column !== 3));
  writeFileSync(path("placeless.csv"), `user,song,mood,time,clicked\n${without.join("\n")}\n`);
  const text = readFileSync(path("data.yaml"), "utf8").replace("events.csv", "placeless.csv");
  writeFileSync(path("placeless.yaml"), text);
  // Its name may stand in data.yaml, or not.
  writeFileSync(path("unnamed.yaml"), text.replace("context.rank: place, ", ""));
  for (const data of ["placeless.yaml", "unnamed.yaml"]) {
    const scored = ["score", path("told"), "--data", path(data), "-o", path(`${data}.parquet`)];
    await fine([...scored, "--serving"]);
    // The training's own graph scores in batches, and has it.
    await refused(1, scored, [/place|rank/]);
  }
}, 60_000);
