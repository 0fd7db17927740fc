// The machine's time zone, language and calendar change nothing: the same files say the same in every command.
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { type Outcome, twin } from "../kit/cli.ts";
import { writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";
import { long } from "../kit/effort.ts";

/** One east, one west with summer time, one with half an hour of it, and one whose calendar counts other years. */
const machines = [
  { TZ: "UTC", LC_ALL: "C" },
  { TZ: "Australia/Lord_Howe", LC_ALL: "th_TH.UTF-8" },
  { TZ: "America/New_York", LC_ALL: "en_US.UTF-8" },
  ...(long ? [{ TZ: "Asia/Shanghai", LC_ALL: "zh_CN.UTF-8" }] : []),
];
/** Those that go the whole way, which takes each of them a dozen processes. */
const thorough = long ? machines : machines.slice(0, 2);

const model = `model small

item {
  item_id: vocabulary(max: 1k, dim: 8, key: true)
}

context {
  hour:  id(vocab: 24, dim: 4)
  day:   vocabulary(max: 100, min_count: 1, dim: 4)
  since: number(scale: none)
}

history seen {
  of:  item
  max: 50

  cross {
    ago: elapsed(at: [1h, 1d, 7d], dim: 4)
  }
}

metric relevance {
  query: item
  keys:  seen.item
  bias:  seen.cross
  heads: 2
  dim:   4
}

search nearest {
  from: seen
  by:   relevance
  keep: 8
}

attend interest {
  over: nearest
  by:   relevance
}

tower ranking {
  input:  [interest, item, context]
  hidden: [8]

  predict {
    click: binary
  }
}

table keys {
  of:        relevance.keys
  precision: float32
}

train {
  embeddings: adagrad(rate: 0.05)
  dense:      adam(rate: 1e-3)
  batch:      64
  epochs:     1
}
`;

const yaml = (file: string): string => `events: {file: ${file}, user: user, item: item_id, time: ts}
history: {seen: {where: "year(ts) = 2020 AND hour(ts) <> 13"}}
columns:
  predict.click: click
  context.hour: hour(ts)
  context.day: CAST(CAST(ts AS DATE) AS VARCHAR)
  context.since: ts
split: {by: time, train: "..2020-09-14T00:00:00", validation: "..2020-09-14T06:00", test: rest}
`;

let folder: string;

beforeAll(async () => {
  folder = temporary();
  const hours = "FROM range(24) r(i)";
  const facts = "(i % 2)::BIGINT AS user, (i % 5)::BIGINT AS item_id, (i % 3 = 0)::INT AS click";
  const start = "TIMESTAMP '2020-09-13 12:26:40' + INTERVAL (i) HOUR";
  await ask(
    `COPY (SELECT ${facts}, (${start}) AT TIME ZONE 'UTC' AS ts ${hours}) TO '${join(folder, "zoned.parquet")}'`,
  );
  mkdirSync(join(folder, "mixed"));
  await ask(`COPY (SELECT ${facts}, ${start} AS ts ${hours} WHERE i < 12) TO '${join(folder, "mixed/a.parquet")}'`);
  await ask(
    `COPY (SELECT ${facts}, (${start}) AT TIME ZONE 'UTC' AS ts ${hours} WHERE i >= 12) TO '${join(folder, "mixed/b.parquet")}'`,
  );
  await ask(
    `COPY (SELECT ${facts}, strftime(${start}, '%Y-%m-%dT%H:%M:%SZ') AS ts ${hours}) TO '${join(folder, "z.csv")}'`,
  );
  await ask(
    `COPY (SELECT ${facts}, strftime(${start}, '%Y-%m-%d %H:%M:%S') AS ts ${hours}) TO '${join(folder, "naive.csv")}'`,
  );
  await ask(
    `COPY (SELECT ${facts}, strftime(${start}, '%Y-%m-%dT%H:%M:%S+00:00') AS ts ${hours}) TO '${join(folder, "lines.jsonl")}' (FORMAT json)`,
  );
  writeFiles(folder, {
    "model.twin": model,
    "zoned.yaml": yaml("zoned.parquet"),
    "mixed.yaml": yaml('"mixed/*.parquet"'),
    "z.yaml": yaml("z.csv"),
    "naive.yaml": yaml("naive.csv"),
    "lines.yaml": yaml("lines.jsonl"),
  });
});
afterAll(cleanUp);

/** What a command says on each machine; the first one's, when all say the same. */
async function same(
  args: (machine: number) => readonly string[],
  hide: (text: string) => string = (text) => text,
  on = machines,
) {
  const outcomes: Outcome[] = [];
  for (const [i, env] of on.entries()) {
    outcomes.push(await twin(args(i), { cwd: folder, env }));
  }
  const [first, ...others] = outcomes.map(({ code, stdout }) => ({ code, stdout: hide(stdout) }));
  expect(first!.code, outcomes[0]!.stderr).toBe(0);
  for (const other of others) {
    expect(other).toEqual(first);
  }
  return first!.stdout;
}

/** Every file of a folder with its bytes. */
function contents(dir: string): Record<string, string> {
  const names = (readdirSync(dir, { recursive: true }) as string[]).filter((name) =>
    statSync(join(dir, name)).isFile(),
  );
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(dir, name), "base64")]));
}

describe("on every machine", () => {
  it.each(["zoned", "mixed", "z", "naive", "lines"])("the log %s has the same parts, hours and days", async (name) => {
    // Each machine is a process: of the kinds of times each is read on two, those in the zone of the machine on all.
    const on = name === "zoned" || name === "naive" ? machines : thorough;
    const check = ["data", "check", `${name}.yaml`, "--model", "model.twin", "--json"];
    const report = JSON.parse(await same(() => check, undefined, on)) as {
      parts: { events: number }[];
      clock: unknown;
      features: { feature: string; missing: number }[];
    };
    expect(report.parts.map(({ events }) => events)).toEqual([12, 6, 6]);
    expect(report.clock).toEqual({ unit: "seconds", first: 1600000000, last: 1600000000 + 23 * 3600 });
  });

  it("prepared data are the same bytes, trained and scored to the same numbers, and so is what is printed", async () => {
    const hide = (text: string): string =>
      text.replaceAll(/out\d/g, "out").replaceAll(/\d[\d.,]* (m?s|rows\/s|a second)\b/g, "…");
    await same(
      (i) => ["data", "prepare", "zoned.yaml", "--model", "model.twin", "-o", `out${i}/cache`],
      hide,
      thorough,
    );
    const [first, ...others] = thorough.map((_, i) => contents(join(folder, `out${i}/cache`)));
    expect(Object.keys(first!).length).toBeGreaterThan(5);
    for (const other of others) {
      expect(other).toEqual(first);
    }
    for (const i of thorough.keys()) {
      const run = (...args: string[]) => twin(args, { cwd: folder, env: machines[i] });
      const trained = await run("train", "model.twin", "--data", "zoned.yaml", "-o", `out${i}/run`);
      expect(trained.code, trained.stderr).toBe(0);
      const weights = ["--weights", `out${i}/run/weights.safetensors`];
      expect((await run("build", "model.twin", ...weights, "--data", "zoned.yaml", "-o", `out${i}/build`)).code).toBe(
        0,
      );
      const scored = await run("score", `out${i}/build`, "--data", "zoned.yaml", "-o", `out${i}/scores.parquet`);
      expect(scored.code, scored.stderr).toBe(0);
    }
    const scores = await Promise.all(
      thorough.map((_, i) => ask(`SELECT * FROM '${join(folder, `out${i}/scores.parquet`)}'`)),
    );
    expect(scores[0]!.length).toBe(24);
    for (const other of scores) {
      expect(other).toEqual(scores[0]);
    }
    await same(
      (i) => ["evaluate", `out${i}/build`, "--data", "zoned.yaml", "--part", "test", "--json"],
      hide,
      thorough,
    );
  }, 240_000);

  it("a first draft is the same", async () => {
    await same(
      (i) => ["init", `draft${i}`, "--from", "naive.csv"],
      (text) => text.replaceAll(/draft\d/g, "draft"),
    );
    const [first, ...others] = machines.map((_, i) => contents(join(folder, `draft${i}`)));
    for (const other of others) {
      expect(other).toEqual(first);
    }
  });
});
