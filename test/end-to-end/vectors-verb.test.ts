// `twin vectors` as a user runs it, from a log without vectors to a model that searches by them; and stopped by Ctrl-C.
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { parse } from "yaml";
import { random } from "../../contract/random.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused, twin } from "../kit/cli.ts";
import { writeFiles } from "../kit/data-files.ts";
import { patience } from "../kit/effort.ts";

afterAll(cleanUp);
const day = 86400;
const begin = 1_500_000_000;

const model = `model themes

item {
  movie:  vocabulary(max: 100, dim: 2, key: true)
  vector: pretrained(size: 4)
}

history seen {
  of:  item
  max: 20
}

search near {
  from: seen
  by:   cluster(item.vector, groups: 3)
  keep: 5
}

attend interest {
  over: near
  by:   mean
}

tower rating {
  input:  [interest, item]
  hidden: [4]

  predict {
    click: binary
  }
}
`;

function folderOf(users: number, events: number): { folder: string; data: string; args: string[] } {
  const folder = temporary();
  const draw = random(3);
  const lines = Array.from({ length: users * events }, (_, i) => {
    const user = Math.floor(i / events);
    return `${user},${draw.below(6) * 3 + (user % 3)},${begin + (i % events) * day},${draw.below(2)}`;
  });
  const yaml = "events: {file: log.csv, user: user, item: movie, time: at}\ncolumns: {predict.click: click}\n";
  writeFiles(folder, {
    "log.csv": ["user,movie,at,click", ...lines, ""].join("\n"),
    "data.yaml": yaml,
    "themes.twin": model,
  });
  const data = join(folder, "data.yaml");
  const args = ["vectors", "--data", data, "--until", "2017-07-24", "--dim", "4", "-o", join(folder, "it's vectors")];
  return { folder, data, args };
}

it("makes vectors, and says what reads them: data and model so written can be prepared", async () => {
  const { folder, data, args } = folderOf(30, 20);
  const { stdout } = await fine(args);
  expect(stdout).toMatch(/vectors\.parquet: vectors of 18 items, from \d+ pairs in 300 behaviours before 2017-07-24\n/);
  expect(readdirSync(join(folder, "it's vectors")).sort()).toEqual(["vectors.parquet", "vectors.yaml"]);
  const needed = /add to .*:\n((?: {2}.*\n)+)and to the model, in item:\n {2}vector: pretrained\(size: 4\)\n/.exec(
    stdout,
  )![1];
  const written = needed.replaceAll(/^ {2}/gm, "");
  expect(parse(written)).toEqual({
    vectors: { file: "it's vectors/vectors.parquet", key: "item" },
    samples_from: "2017-07-24",
  });
  const check = ["data", "check", data, "--model", join(folder, "themes.twin")];
  appendFileSync(data, written.replace(/^samples_from.*$/m, ""));
  await refused(1, check, [/300 of 600 samples lie before it.*`samples_from: 2017-07-24`/]);
  appendFileSync(data, "samples_from: 2017-07-24\n");
  const { stdout: report, stderr } = await fine(check);
  expect(report).toContain("600 events, 300 with a label");
  expect(stderr).not.toContain("warning: item.vector");
});

it(
  "ties weights to the vectors that they were trained on: whoever reads others beside them is refused",
  async () => {
    const { folder, data, args } = folderOf(30, 20);
    const at = (...names: string[]) => join(folder, ...names);
    await fine(args);
    appendFileSync(data, `vectors: {file: "it's vectors/vectors.parquet", key: item}\nsamples_from: 2017-07-24\n`);
    await fine(["train", at("themes.twin"), "--data", data, "-o", at("run"), "--steps", "2"]);
    const weights = ["--weights", at("run", "weights.safetensors")];
    await fine(["build", at("themes.twin"), ...weights, "--data", data, "-o", at("build")]);
    await fine(["table", "build", at("build"), "--data", data]);
    const { vectors } = parse(readFileSync(at("build", "manifest.yaml"), "utf8")).extensions;
    expect(vectors).toEqual({
      required: false,
      content: [{ feature: "item.vector", fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
    const readers = (of: string): [string, string[]][] => [
      [at("build"), ["evaluate", at("build"), "--data", of]],
      [at("build"), ["score", at("build"), "--data", of, "-o", at("scores.parquet")]],
      ["themes", ["score", at("build"), "--data", of, "-o", at("scores.parquet"), "--serving"]],
      ["themes", ["evaluate", at("build"), "--data", of, "--serving", "--users", "3"]],
      [at("build"), ["table", "build", at("build"), "--data", of]],
      [at("build"), ["table", "upsert", at("build"), "--items", at("more.csv"), "--data", of]],
      [at("run"), ["train", at("themes.twin"), "--data", of, "-o", at("next"), "--steps", "1", "--from", at("run")]],
      [at("run"), ["build", at("themes.twin"), ...weights, "--data", of, "-o", at("build")]],
    ];
    writeFileSync(at("more.csv"), "movie\n99\n");
    await fine(["table", "upsert", at("build"), "--items", at("more.csv"), "--data", data]);
    const first = readFileSync(at("it's vectors", "vectors.parquet"));
    // Other vectors in the same file: by another seed the same pairs give other numbers.
    await fine([...args, "--seed", "5"]);
    for (const [home, command] of readers(data)) {
      const { code, stderr } = await twin(command);
      expect(code, command.join(" ")).toBe(1);
      expect(stderr).toMatch(
        /data\.yaml:3:11: item\.vector comes from .*it's vectors\/vectors\.parquet, whose vectors/,
      );
      expect(stderr).toContain(`those that the weights of ${home} were trained on: those have the fingerprint`);
      expect(stderr).toContain(`fingerprint ${vectors.content[0].fingerprint.slice(0, 12)}, and these have `);
    }
    expect(existsSync(at("next"))).toBe(false);
    await refused(
      1,
      ["train", at("themes.twin"), "--data", data, "-o", at("run"), "--resume", "--steps", "4"],
      [/data\.yaml:3:11: item\.vector comes from/],
    );
    // A file that says nothing of how it was made is not taken for these.
    writeFileSync(at("plain.csv"), 'item,vector\n0,"[1, 0, 0, 0]"\n');
    writeFileSync(at("plain.yaml"), readFileSync(data, "utf8").replace(/file: "it's.*parquet"/, "file: plain.csv"));
    await refused(1, ["evaluate", at("build"), "--data", at("plain.yaml")], ["nothing says how these were made"]);
    // Items that other vectors are stored with are no items of a build of these.
    const table = ["table", "build", at("other"), "--data", data];
    await fine(["build", at("themes.twin"), "--data", data, "-o", at("other")]);
    await fine(table);
    for (const one of ["current", "generations"]) {
      cpSync(at("other", "tables", one), at("build", "tables", one), { recursive: true });
    }
    await refused(1, ["table", "build", at("build"), "--from-store"], ["item features or their encoders have changed"]);
    writeFileSync(at("it's vectors", "vectors.parquet"), first);
    await fine(["table", "build", at("build"), "--data", data]);
    for (const [, command] of [readers(data)[0], readers(data)[2], readers(data)[5]]) {
      await fine(command);
    }
  },
  patience(120_000),
);

it("prints the same as JSON", async () => {
  const { args } = folderOf(9, 20);
  const { stdout } = await fine([...args, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ items: 9, record: { dim: 4, window: 10, clock: "seconds" }, rank: 4 });
});

it("is stopped by Ctrl-C, and leaves nothing", async () => {
  const { folder, args } = folderOf(300, 1000);
  const stopped = await twin([...args.slice(0, -4), "--dim", "60", "--window", "300", ...args.slice(-2)], {
    started: (child) => {
      child.stderr?.on("data", (text) => {
        if (String(text).includes("events read")) {
          child.kill("SIGINT");
        }
      });
    },
  });
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toContain("stopped: nothing was written");
  expect(existsSync(join(folder, "it's vectors"))).toBe(false);
});

it("says what is wrong with what it is asked", async () => {
  const { args } = folderOf(3, 5);
  await refused(2, [...args, "--dim", "0"], ["a whole number from 1 on is due"]);
  await refused(1, args.with(4, "yesterday"), ["--until: `yesterday` is no date"]);
  await refused(1, args.with(4, "2017-01-01"), ["--until 2017-01-01: no behaviour lies before it"]);
});
