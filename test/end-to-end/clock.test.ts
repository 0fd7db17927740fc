// `hour` and `weekday` from data to scores: what is learned by the sample's time is ranked by the request's, and data without a clock
// is refused.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { Database } from "../kit/database.ts";

afterAll(cleanUp);

/** 2024-01-01T00:00:00Z, a Monday. */
const t0 = 1_704_067_200;
const source = (context: string) => `model canteen

item {
  dish: id(vocab: 20, dim: 4, key: true)
}

context {
  ${context}
}

tower ranking {
  input:  [item, context]
  hidden: [16]

  predict {
    order: binary
  }
}

train {
  embeddings: adam(rate: 0.02)
  dense:      adam(rate: 0.01)
  batch:      64
  epochs:     8
}
`;
const clocks = 'local: hour(zone: "Asia/Kathmandu", dim: 4)\n  day: weekday(zone: "Asia/Kathmandu", dim: 4)';

let folder: string;
const path = (name: string): string => join(folder, name);
const binding = (name: string, events: string, more = ""): string => {
  writeFileSync(
    path(name),
    `${events}\ncolumns: {predict.order: bought${more}}\nsplit: {by: share, train: 0.8, validation: 0.1}\n`,
  );
  return path(name);
};
const log = (clock: string) => `events: {file: events.csv, user: user, item: dish, ${clock}}`;
let data: string;

/** Orders come on working days from 9 to 16 in Kathmandu, whatever the dish. */
beforeAll(() => {
  folder = temporary();
  const lines = ["user,dish,time,n,bought"];
  let last = 5;
  const draw = (below: number) => {
    last = (last * 48271) % 2147483647;
    return last % below;
  };
  for (let row = 0; row < 4000; row++) {
    const time = t0 + Math.floor((row * 100 * 86_400) / 4000) + draw(3600);
    const there = new Date((time + 20_700) * 1000);
    const open = there.getUTCDay() % 6 !== 0 && there.getUTCHours() >= 9 && there.getUTCHours() < 17;
    lines.push([draw(50), draw(20), time, row, Number(draw(100) < (open ? 90 : 10))].join(","));
  }
  writeFileSync(path("events.csv"), `${lines.join("\n")}\n`);
  data = binding("data.yaml", log("time: time"));
  writeFileSync(path("model.twin"), source(clocks));
});

/** Rows of two files of scores, which are the same to 1e-5: how many there are. */
async function alike(a: string, b: string): Promise<number> {
  const database = await Database.open();
  try {
    const [{ n, far }] = await database.all(
      `SELECT count(*)::INTEGER AS n, max(abs(a."order.logit" - b."order.logit")) AS far FROM read_parquet('${path(a)}') a JOIN read_parquet('${path(b)}') b USING ("row")`,
    );
    expect(far).toBeLessThanOrEqual(1e-5);
    return Number(n);
  } finally {
    database.close();
  }
}

describe("hours and weekdays", () => {
  it("are learned of the samples' times and ranked by the request's", async () => {
    await fine(["data", "check", data, "--model", path("model.twin")]);
    await fine(["train", path("model.twin"), "--data", data, "-o", path("run")]);
    const weights = path("run/weights.safetensors");
    await fine(["build", path("model.twin"), "-o", path("build"), "--weights", weights]);
    // Rows of the data set, as prepared and as requests are: the same, and by far better than chance.
    for (const [file, more] of [
      ["batched.parquet", []],
      ["served.parquet", ["--serving"]],
    ] as const) {
      await fine(["score", path("build"), "--data", data, "-o", path(file), ...more]);
    }
    expect(await alike("batched.parquet", "served.parquet")).toBe(4000);
    const orders = async (time: string): Promise<number> => {
      writeFileSync(path("request.json"), JSON.stringify({ time, candidates: { item: [1] } }));
      const ranked = await fine(["rank", path("build"), "--request", path("request.json"), "--json"]);
      return (JSON.parse(ranked.stdout) as { scores: { order: number[] } }).scores.order[0];
    };
    // Thursday noon there; the same day at 20:00, and Saturday noon.
    expect(await orders("2024-04-04T06:15:00Z")).toBeGreaterThan(0.6);
    expect(await orders("2024-04-04T14:15:00Z")).toBeLessThan(0.3);
    expect(await orders("2024-04-06T06:15:00Z")).toBeLessThan(0.3);
    await fine(["types", path("build"), "-o", path("twin.d.ts")]);
    expect(readFileSync(path("twin.d.ts"), "utf8")).not.toMatch(/local|\bday\b/);
  }, 120_000);

  it("are refused where the data has an order and no clock, and as columns", async () => {
    const ordered = binding("ordered.yaml", log("order: n"));
    const named = binding("named.yaml", log("time: time"), ", context.local: n");
    for (const [file, said] of [
      [
        ordered,
        /ordered\.yaml:1:\d+: the model reads `context\.local`, `context\.day` off the clock, and the events have an order/,
      ],
      [named, /named\.yaml:2:\d+: context\.local is computed from the request's time: leave it out/],
    ] as const) {
      for (const args of [
        ["data", "check", file, "--model", path("model.twin")],
        ["train", path("model.twin"), "--data", file, "-o", `${file}.never`],
      ]) {
        await refused(1, args, [said]);
      }
    }
  });

  it("of data with an order are no times of a request, where a model reads none", async () => {
    const ordered = binding("steps.yaml", log("order: n"));
    const history =
      "history seen {\n  of: item\n  max: 5\n}\n\nattend interest {\n  over: seen\n  by: mean\n}\n\ntower";
    const timeless = source("n: bucketed(at: [1000, 2000], dim: 2)")
      .replace("tower", history)
      .replace("[item", "[item, interest");
    writeFileSync(path("timeless.twin"), timeless);
    const weights = path("steps/weights.safetensors");
    await fine(["train", path("timeless.twin"), "--data", ordered, "-o", path("steps"), "--steps", "2"]);
    await fine(["build", path("timeless.twin"), "-o", path("timeless"), "--weights", weights]);
    for (const [file, more] of [
      ["stepped.parquet", []],
      ["timeless.parquet", ["--serving"]],
    ] as const) {
      await fine(["score", path("timeless"), "--data", ordered, "-o", path(file), ...more]);
    }
    expect(await alike("stepped.parquet", "timeless.parquet")).toBe(4000);
  });

  it("of samples without times are refused", async () => {
    writeFileSync(path("samples.csv"), "dish,past,bought\n1,2|3,1\n2,3,0\n");
    writeFileSync(
      path("samples.yaml"),
      "samples: {file: samples.csv, item: dish, histories: {}}\ncolumns: {predict.order: bought}\n",
    );
    await refused(
      1,
      ["data", "check", path("samples.yaml"), "--model", path("model.twin")],
      [
        /the model reads `context\.local`, `context\.day` off the clock, and the samples have no times: add `time: column`/,
      ],
    );
  });
});
