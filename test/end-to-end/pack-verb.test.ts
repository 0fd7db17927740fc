// `twin pack`: cut for named items, or for those that a log sees most; and what is said where it cannot be.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BlockReader } from "../../runtime/bytes/block-reader.ts";
import { memorySource } from "../../runtime/bytes/byte-source.ts";
import { keyText } from "../../runtime/encode/keys.ts";
import { readKeyIndex } from "../../runtime/table/key-index-read.ts";
import { readPack } from "../../runtime/table/pack.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, here, refused, root, twin } from "../kit/cli.ts";
import { Database } from "../kit/database.ts";
import { times } from "../kit/effort.ts";
import { type ExampleBuild, exampleBuild } from "../kit/example-build.ts";
import { needs, onSmallDisk } from "../kit/needs.ts";

let example: ExampleBuild;
beforeAll(async () => {
  example = await exampleBuild();
}, 120_000);
afterAll(cleanUp);

it("cuts for named items, and says which are not there", async () => {
  const ids = join(example.folder, "ids.txt");
  const output = join(example.folder, "pack.bin");
  const items = (JSON.parse(readFileSync(example.request, "utf8")).candidates.item as string[]).slice(0, 5);
  writeFileSync(ids, `\uFEFF${[...items, "", "999999", items[0]].join("\r\n")}\n`);
  const { stdout } = await fine(["pack", example.dir, "--items", ids, "-o", output, "--precision", "uint8"]);
  expect(stdout).toMatch(
    /pack\.bin: 5 items of generation 1, .*\n {2}video_keys: \d+ rows, uint8\n {2}not in the generation: 1 of the keys \(999999\)/,
  );
  const pack = await readPack(new Uint8Array(readFileSync(output)), output);
  expect(pack).toMatchObject({ model: "twin", description: { items: 5, number: 1 } });
});

it("cuts for the items that a log's requests see most", async () => {
  const output = join(example.folder, "most.bin");
  const cut = async (coverage: string) =>
    JSON.parse(
      (await fine(["pack", example.dir, "--data", example.data, "--coverage", coverage, "-o", output, "--json"]))
        .stdout,
    );
  const [half, all] = [await cut("50%"), await cut("1")];
  expect(half.coverage).toBeGreaterThanOrEqual(0.5);
  expect(half.coverage).toBeLessThan(0.6);
  expect(half.items).toBeLessThan(all.items / 2);
  expect(all).toMatchObject({ coverage: 1, unknown: 0 });
});

const json = async (...words: readonly string[]) => JSON.parse((await fine(["pack", ...words, "--json"])).stdout);

/** Shares by a plain loop: every event is a request that sees the newest `max` earlier events of its user. */
async function pairsOf(max: number): Promise<Map<string, number>> {
  const source = await Database.open();
  const rows = await source.all(
    `SELECT user_id::VARCHAR AS user, video_id::VARCHAR AS item, "time"::BIGINT AS at FROM '${join(example.folder, "data/events.parquet")}' ORDER BY "time"`,
  );
  source.close();
  const users = new Map<string, { item: string; at: bigint }[]>();
  for (const { user, item, at } of rows as { user: string; item: string; at: bigint }[]) {
    users.set(user, [...(users.get(user) ?? []), { item, at }]);
  }
  const pairs = new Map<string, number>();
  for (const events of users.values()) {
    events.forEach(({ at }) => {
      for (const { item } of events.filter((one) => one.at < at).slice(-max)) {
        pairs.set(item, (pairs.get(item) ?? 0) + 1);
      }
    });
  }
  return pairs;
}

it("says what share of the log its tables answer for, where their own coverage keeps them from what was asked", async () => {
  const output = join(example.folder, "limited.bin");
  const words = ["pack", example.dir, "--data", example.data, "--coverage", "100%", "-o", output];
  const [cut, table] = await json(...words.slice(1)).then((all) => [all, all.tables[0]]);
  expect(cut).toMatchObject({ coverage: 1, unknown: 0 });
  expect(table.lacks).toBe(cut.items + 1 - table.rows);
  expect(table.lacks).toBeGreaterThan(0);
  // As the table build counted it, and as a loop does.
  const generation = JSON.parse(readFileSync(join(example.dir, "tables/generations/1/generation.json"), "utf8"));
  expect(table.coverage).toBeCloseTo(generation.tables.video_keys.coverage_reached, 12);
  const half = await json(example.dir, "--data", example.data, "--coverage", "50%", "-o", output);
  const pairs = [...(await pairsOf(10_000)).values()].sort((a, b) => b - a);
  const sum = (of: readonly number[]) => of.reduce((all, one) => all + one, 0);
  expect(half.coverage).toBeCloseTo(sum(pairs.slice(0, half.items)) / sum(pairs), 12);
  expect(half.tables[0]).toMatchObject({ lacks: 0, coverage: half.coverage });
  const { stdout, stderr } = await fine(words);
  expect(stdout).toMatch(
    /limited\.bin: \d+ items of generation 1, .*, 100\.00 % of the log's behaviours\n {2}video_keys: \d+ rows, float16, found by 9[78]\.\d\d % of the log's behaviours; none of \d+ of the items: the table's own `coverage: 97%` leaves them out/,
  );
  expect(stderr).toMatch(
    /^warning: table video_keys has rows of \d+ of the pack's \d+ items: .*9[78]\.\d\d % of the log's behaviours find one, and 100% were asked for; of the others `on_miss: mask` decides/m,
  );
  expect((await fine([...words.slice(0, 4), "--coverage", "90%", "-o", output])).stderr).toBe("");
  const ids = join(example.folder, "all.txt");
  writeFileSync(ids, `${[...(await pairsOf(10_000)).keys()].join("\n")}\n`);
  const list = await fine(["pack", example.dir, "--items", ids, "-o", output]);
  expect(list.stdout).toMatch(
    /video_keys: \d+ rows, float16; none of \d+ of the items: the table's own `coverage: 97%`/,
  );
  expect(list.stderr).toBe("");
}, 120_000);

it("counts what is not in the generation, and warns before it writes", async () => {
  const few = join(example.folder, "few");
  const data = join(example.folder, "few-data");
  const output = join(example.folder, "few.bin");
  cpSync(example.dir, few, { recursive: true });
  await fine(["example", data, "--users", "20", "--items", "100", "--behaviours", "60"]);
  await fine(["table", "build", few, "--data", join(data, "data.yaml")]);
  const words = ["pack", few, "--data", example.data, "-o", output];
  const { stdout, stderr } = await fine(words);
  expect(stdout).toMatch(/not in the generation: \d+ of the keys/);
  expect(stderr).toMatch(
    /^warning: the pack's items make up \d+\.\d\d % of the log's behaviours, and 95% were asked for: \d+ of the items .* are not in generation 2; build the tables again with this data: twin table build .*few --data /m,
  );
  const { coverage, items, unknown } = await json(...words.slice(1));
  const pairs = await pairsOf(10_000);
  const held = new Set((await keysOf(output)).map(String));
  expect(held.size).toBe(items);
  const sum = (of: Iterable<number>) => [...of].reduce((all, one) => all + one, 0);
  const mine = [...pairs].flatMap(([item, count]) => (held.has(item) ? [count] : []));
  expect(coverage).toBeCloseTo(sum(mine) / sum(pairs.values()), 12);
  expect(coverage).toBeLessThan(0.95);
  expect(unknown).toBeGreaterThan(0);
  // Where it cannot be written, the warning has been said all the same.
  const blocked = await here([...words.slice(0, -1), few]);
  expect(blocked.code).toBe(1);
  expect(blocked.stderr).toMatch(
    /^warning: the pack's items[\s\S]*\nerror: cannot write .*few: it is a folder, and a file is due/m,
  );
}, 120_000);

/** The keys that a pack holds. */
async function keysOf(path: string): Promise<bigint[]> {
  const { description, files } = await readPack(new Uint8Array(readFileSync(path)), path);
  const bytes = memorySource(path, files.get(description.index) ?? new Uint8Array());
  const index = await readKeyIndex(await BlockReader.over(bytes, "index"));
  const keys = index.allKeys();
  return Array.from({ length: keys.length }, (_, i) => BigInt(keyText(keys, i)));
}

it("says what is wrong with how it was asked", async () => {
  const output = join(example.folder, "none.bin");
  const failing = async (words: readonly string[], code: number) => {
    const result = await here(["pack", example.dir, "-o", output, ...words]);
    expect(result.code).toBe(code);
    return result.stderr;
  };
  expect(await failing([], 2)).toMatch(/say which items: --items ids\.txt/);
  expect(await failing(["--items", "a", "--coverage", "9%"], 2)).toMatch(/--coverage is a share of a log's behaviours/);
  expect(await failing(["--data", example.data, "--coverage", "140%"], 2)).toMatch(/a share is due, such as 95%/);
  const empty = join(example.folder, "empty.txt");
  writeFileSync(empty, "\n");
  expect(await failing(["--items", empty], 1)).toMatch(/empty\.txt names no items; write a key a line/);
  writeFileSync(empty, "1\r\n\n\n2\ntwo\n03\n");
  expect(await failing(["--items", empty], 1)).toMatch(
    /empty\.txt, line 5: the key is "two": integer keys are written/,
  );
  writeFileSync(empty, "1\n99999999999999999999\n");
  expect(await failing(["--items", empty], 1)).toMatch(
    /empty\.txt, line 2: the key is .* does not fit into a signed 64-bit/,
  );
  writeFileSync(empty, "1\n1.0\n");
  expect(await failing(["--items", empty], 1)).toMatch(/empty\.txt, line 2: the key is "1\.0"/);
  expect(await failing(["--items", empty, "-o", empty], 2)).toMatch(
    /-o .*empty\.txt is the file .*empty\.txt that is read/,
  );
  expect(await failing(["--data", example.data, "-o", join(example.folder, "data/events.parquet")], 2)).toMatch(
    /events\.parquet that is read; name another one/,
  );
  expect(existsSync(output)).toBe(false);
});

describe("the file", () => {
  const cut = (output: string, ...words: string[]) => [
    "pack",
    example.dir,
    "--data",
    example.data,
    "-o",
    output,
    ...words,
  ];
  const whole = async (output: string) =>
    (await readPack(new Uint8Array(readFileSync(output)), output)).description.items;

  it("is written into a folder that is made where there is none", async () => {
    const output = join(example.folder, "a/new folder/pack.bin");
    await fine(cut(output));
    expect(await whole(output)).toBeGreaterThan(100);
    expect(readdirSync(dirname(output))).toEqual(["pack.bin"]);
    await refused(1, cut(join(output, "below/pack.bin")), [/cannot write .*: .*a part of the path is a file/]);
  });

  it("is the earlier one where the new one has no room", async () => {
    const output = join(example.folder, "room/pack.bin");
    await fine(cut(output, "--coverage", "20%"));
    const before = readFileSync(output);
    for (const kibibytes of [0, 8]) {
      await refused(
        1,
        cut(output),
        [/cannot write .*pack\.bin: the file would be larger than this system allows/],
        null,
        { first: `ulimit -f ${kibibytes}` },
      );
    }
    expect(readFileSync(output)).toEqual(before);
    expect(readdirSync(dirname(output))).toEqual(["pack.bin"]);
  });

  it("is not half-written where the disk is full", needs("mount"), () => {
    const folder = temporary();
    const words = cut(join(folder, "pack.bin")).join(" ");
    const fill = `head -c 290000 /dev/zero > ${folder}/other`;
    const { stdout, stderr } = onSmallDisk(
      folder,
      `${fill}; node ${join(root, "cli/twin.mjs")} ${words}; echo "exit $?"; ls -A ${folder}`,
    );
    expect(stderr).toMatch(/cannot write .*pack\.bin: the disk is full/);
    expect(stdout).toBe("exit 1\nother\n");
  });

  it("is whole whenever its writer is killed or stopped, and the next one cleans up", {
    timeout: 240_000,
  }, async () => {
    const output = join(example.folder, "killed/pack.bin");
    const start = performance.now();
    await fine(cut(output, "--coverage", "20%"), {});
    const lasts = performance.now() - start;
    const sizes = [await whole(output)];
    const other = cut(output, "--coverage", "99%");
    const ends: unknown[] = [];
    for (let i = 0; i < times("TWIN_KILLS", 3); i++) {
      const wait = lasts * (0.4 + 0.7 * Math.random());
      const kind = i % 2 === 0 ? "SIGKILL" : "SIGTERM";
      const { code, signal } = await twin(other, { started: (child) => setTimeout(() => child.kill(kind), wait) });
      ends.push(signal ?? code);
      sizes.push(await whole(output));
      if (kind === "SIGTERM" && signal === null) {
        expect([0, 143]).toContain(code);
      }
    }
    const [small] = sizes;
    await fine(other);
    const large = await whole(output);
    expect(large).toBeGreaterThan(small);
    expect(
      sizes.every((size) => size === small || size === large),
      `${sizes} ${ends}`,
    ).toBe(true);
    writeFileSync(join(dirname(output), ".pack.bin.4194305-0.partial"), "half");
    await fine(other);
    expect(readdirSync(dirname(output))).toEqual(["pack.bin"]);
  });

  it("is that of one of two writers, whole", { timeout: 120_000 }, async () => {
    const output = join(example.folder, "two/pack.bin");
    const shares = ["30%", "90%"];
    const outcomes = await Promise.all(shares.map((share) => twin([...cut(output, "--coverage", share), "--json"])));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    const items = outcomes.map(({ stdout }) => JSON.parse(stdout).items);
    expect(items).toContain(await whole(output));
    expect(readdirSync(dirname(output))).toEqual(["pack.bin"]);
  });
});
