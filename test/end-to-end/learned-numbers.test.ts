// Scales and edges that are learned, from data to serving: a number of 1e5 … 6e6 stops learning and is warned of, and learns when
// it is scaled; what was learned goes with the weights. And `elapsed` whose edges measure what the data does not have.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { numbersOf } from "../../contract/learned-numbers.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { readNumbers } from "../../runtime/train/numbers.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";

afterAll(cleanUp);

const t0 = 1_600_000_000;
const source = (x: string, ago = "[1h, 1d, 7d]"): string => `model small

item {
  item_id: vocabulary(max: 1k, dim: 8, key: true)
}

context {
  x: ${x}
}

history seen {
  of:  item
  max: 50

  cross {
    ago: elapsed(at: ${ago}, dim: 4)
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
  hidden: [16]

  predict {
    click: binary
  }
}

table keys {
  of:        relevance.keys
  precision: float32
  on_miss:   mask
}
`;

let folder: string;
let data: string;
const model = (name: string, x: string, ago?: string): string => {
  const path = join(folder, `${name}.twin`);
  writeFileSync(path, source(x, ago));
  return path;
};

/** Two items in seven are clicked on at a rate of a half, the others at a tenth; x is the item's number times 1e5. */
beforeAll(() => {
  folder = temporary();
  let last = 3;
  const next = (): number => {
    last = (last * 16_807) % 2_147_483_647;
    return last / 2_147_483_647;
  };
  const rows = Array.from({ length: 4000 }, (_, i) => {
    const item = 1 + Math.floor(next() * 59);
    const click = next() < (item % 7 < 2 ? 0.5 : 0.1) ? 1 : 0;
    return `${Math.floor(next() * 100)},${item},${t0 + i * 37},${i},${click},${item * 100_000}`;
  });
  writeFileSync(join(folder, "ev.csv"), `user,item_id,ts,n,click,x\n${rows.join("\n")}\n`);
  data = binding("data", "x", "time: ts");
});

function binding(name: string, x: string, clock: string): string {
  const path = join(folder, `${name}.yaml`);
  const split = clock.startsWith("order")
    ? "{by: time, train: ..3000, validation: ..3500, test: rest}"
    : "{by: time, train: ..1600111000, validation: ..1600130000, test: rest}";
  writeFileSync(
    path,
    `events: {file: ev.csv, user: user, item: item_id, ${clock}}\ncolumns: {predict.click: click, context.x: "${x}"}\nsplit: ${split}\n`,
  );
  return path;
}

async function aucOf(file: string, run: string, from = data, ...more: string[]): Promise<number> {
  const { stdout } = await fine(["train", file, "--data", from, "-o", join(folder, run), "--steps", "40", ...more]);
  return Number(/at the end: click auc ([\d.]+)/.exec(stdout)![1]);
}

const numbersOfBuild = (dir: string) => numbersOf(readManifest(dir).features);

describe("a number of 1e5 … 6e6", () => {
  it("is warned of by `data check`, with its range and the way out, and stops learning", async () => {
    const plain = model("plain", "number");
    const { stderr } = await fine(["data", "check", data, "--model", plain]);
    expect(stderr).toMatch(
      /warning: context\.x enters the model as numbers from 100,000 to 5,900,000 \(mean 3,\d+,000, deviation 1,\d+,000\).*`number\(scale: standard\)`, or `bucketed\(at: quantiles\(20\)/,
    );
    expect(await aucOf(plain, "plain")).toBeLessThan(0.55);
  });

  it("learns with `scale: standard` what it learns when it is divided by 6e6, and is not warned of", async () => {
    const standard = model("standard", "number(scale: standard)");
    const { stderr } = await fine(["data", "check", data, "--model", standard]);
    expect(stderr).not.toContain("enters the model");
    const divided = await aucOf(model("plain", "number"), "divided", binding("divided", "x / 6e6", "time: ts"));
    const scaled = await aucOf(standard, "standard");
    expect(divided).toBeGreaterThan(0.7);
    expect(scaled).toBeGreaterThan(divided - 0.01);
  }, 60_000);

  it("learns in buckets of quantiles, too", async () => {
    const buckets = model("buckets", "bucketed(at: quantiles(20), dim: 4)");
    expect(await aucOf(buckets, "buckets")).toBeGreaterThan(0.7);
  }, 60_000);
});

describe("what was learned", () => {
  it("goes with the weights: into a build, a run that goes on, a run that starts from it", async () => {
    const file = model("both", "number(scale: standard)");
    const run = join(folder, "both");
    await aucOf(file, "both", data, "--steps", "6");
    const learned = readNumbers(run);
    expect([...learned.keys()]).toEqual(["context.x"]);

    const build = join(folder, "both-build");
    await fine(["build", file, "--weights", join(run, "weights.safetensors"), "-o", build]);
    expect(numbersOfBuild(build)).toEqual(learned);
    expect((await fine(["diff", build, file])).stdout).not.toContain("context.x");

    // Other data: nothing is learned again.
    const doubled = binding("doubled", "x * 2", "time: ts");
    const from = join(folder, "from");
    const { stderr } = await fine(["train", file, "--data", doubled, "-o", from, "--from", run, "--steps", "3"]);
    expect(stderr).toContain(`the scales and edges of ${run} are kept (context.x)`);
    expect(readNumbers(from)).toEqual(learned);
    await fine(["train", file, "--data", doubled, "-o", from, "--resume", "--steps", "6"]);
    expect(readNumbers(from)).toEqual(learned);
    const again = join(folder, "again");
    await fine(["train", file, "--data", doubled, "-o", again, "--steps", "3"]);
    expect(readNumbers(again)).not.toEqual(learned);
  }, 120_000);

  it("is asked for where weights lie alone, learned from data that is named, or taken from the model", async () => {
    const file = model("both", "number(scale: standard)");
    const alone = join(folder, "alone");
    mkdirSync(alone);
    copyFileSync(join(folder, "both/weights.safetensors"), join(alone, "weights.safetensors"));
    mkdirSync(join(alone, "vocabularies"));
    const words = "vocabularies/item.item_id.jsonl";
    copyFileSync(join(folder, "both", words), join(alone, words));
    const weights = ["--weights", join(alone, "weights.safetensors")];
    await refused(
      1,
      ["build", file, ...weights, "-o", join(folder, "lone")],
      [
        /scales, edges or base rates were learned with the weights, and were not given:\n +context\.x \(scale\)\n/,
        "number(scale: standard, mean: …, deviation: …)",
      ],
    );
    const build = join(folder, "lone-data");
    await fine(["build", file, ...weights, "--data", data, "-o", build]);
    expect(numbersOfBuild(build)).toEqual(readNumbers(join(folder, "both")));
    const given = model("given", "number(scale: standard, mean: 3e6, deviation: 1.5e6)");
    await fine(["build", given, ...weights, "-o", join(folder, "lone-given")]);
    expect(numbersOfBuild(join(folder, "lone-given")).get("context.x")).toEqual({
      kind: "scale",
      mean: 3e6,
      deviation: 1.5e6,
    });
  }, 60_000);

  it("is lacking in a build without data, which says so", async () => {
    const build = join(folder, "untrained");
    const file = model("buckets", "bucketed(at: quantiles(20), dim: 4)");
    // The folder it is called in has edges of its own, which nobody named.
    const { stdout } = await fine(["build", file, "-o", build], { cwd: join(folder, "buckets") });
    expect(stdout).toContain("plan: context.x has no edges: all of its values are one");
    expect(numbersOfBuild(build)).toEqual(new Map());
    await fine(["evaluate", build, "--self-test", "--requests", "3"]);
    const learned = join(folder, "learned");
    expect((await fine(["build", file, "--data", data, "-o", learned])).stderr).toMatch(
      /edges of context\.x: 19, from/,
    );
    expect(numbersOfBuild(learned).get("context.x")).toMatchObject({ kind: "edges", quantiles: 20 });
  }, 60_000);

  it("is the same in every byte when it is learned again", async () => {
    const file = model("buckets", "bucketed(at: quantiles(20), dim: 4)");
    for (const name of ["first", "second"]) {
      await fine(["data", "prepare", data, "--model", file, "-o", join(folder, name)]);
    }
    const [a, b] = ["first", "second"].map((name) => readFileSync(join(folder, name, "dataset.yaml"), "utf8"));
    expect(b).toBe(a);
  });
});

describe("edges of `elapsed`", () => {
  it("that are durations are an error where the data has an order", async () => {
    const file = model("durations", "number(scale: standard)", "log(1min, 365d, 16)");
    const ordered = binding("ordered", "x", "order: n");
    for (const args of [
      ["data", "check", ordered, "--model", file],
      ["data", "prepare", ordered, "--model", file, "-o", join(folder, "never")],
      ["train", file, "--data", ordered, "-o", join(folder, "never-run")],
    ]) {
      await refused(1, args, [
        /ordered\.yaml:\d+:\d+: the events have an order and no clock/,
        /the edges of `seen\.ago` are durations.*elapsed\(at: log\(1, 10k, 16\)\)/,
      ]);
    }
    const steps = model("steps", "number(scale: standard)", "log(1, 10k, 16)");
    await fine(["data", "check", ordered, "--model", steps]);
  });

  it("without a unit are an error where the data has a clock, for a build as well", async () => {
    const file = model("steps", "number(scale: standard)", "log(1, 10k, 16)");
    const build = join(folder, "steps-build");
    await fine(["build", file, "--data", binding("ordered", "x", "order: n"), "-o", build]);
    for (const args of [
      ["data", "check", data, "--model", file],
      ["train", file, "--data", data, "-o", join(folder, "never-run")],
      ["evaluate", build, "--data", data],
      ["score", build, "--data", data, "-o", join(folder, "scores.csv")],
    ]) {
      await refused(1, args, [
        /data\.yaml:\d+:\d+: the events have a clock/,
        /the edges of `seen\.ago` have no unit.*elapsed\(at: log\(1min, 365d, 16\)\)/,
      ]);
    }
  }, 60_000);
});
