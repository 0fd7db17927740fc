// A table build killed at random moments: the earlier generation stays whole and usable, the next build cleans up.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { buildTables } from "../../runtime/build-table/build.ts";
import { verifyTables } from "../../runtime/build-table/verify.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import { Generation } from "../../runtime/store/generation.ts";
import { floatRows } from "../../runtime/table/read-rows.ts";
import { rowNumbers } from "../../runtime/table/table-store.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";
import { times } from "../kit/effort.ts";

const kills = times("TWIN_KILLS", 4);
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
  cleanUp();
});

const keys = Array.from({ length: 4000 }, (_, i) => BigInt(i) * 7n);
const root = join(import.meta.dirname, "../..");

/** Every key is found, every row is there, every block is as its checksum says. */
async function whole(dir: string): Promise<number> {
  const generation = await Generation.open(dir);
  const ordinals = generation.index.lookup(parseKeys(keys, "int64", "test"));
  expect(ordinals.every((ordinal, i) => ordinal === i + 1)).toBe(true);
  const table = generation.tables.get("video_keys")!;
  const rows = await floatRows(table, rowNumbers(ordinals));
  expect(rows.every(Number.isFinite)).toBe(true);
  expect(rows.some((value) => value !== 0)).toBe(true);
  generation.close();
  const { sound, lines, generation: number } = await verifyTables(dir);
  expect(sound, lines.join("\n")).toBe(true);
  return number;
}

it(`keeps the earlier generation whole when killed ${kills} times`, { timeout: 120_000 + 20_000 * kills }, async () => {
  const folder = temporary();
  const rows = keys.map((key, i) => `${key},${i % 10},${i % 90},a|b,"[1, 2, ${i}]"`);
  writeFiles(folder, {
    "items.csv": `video,category,duration,topics,cover\n${rows.join("\n")}\n`,
    "data.yaml": 'items: {file: items.csv, key: video}\ncolumns: {item.topics: {split: {column: topics, by: "|"}}}\n',
  });
  const data = join(folder, "data.yaml");
  const binding = parseBinding(
    'items: {file: items.csv, key: video}\ncolumns: {item.topics: {split: {column: topics, by: "|"}}}',
    data,
  );
  const dir = built(videoModel({ precision: "float16" }));
  await buildTables({ dir, binding });
  let highest = await whole(dir);
  const killed: number[] = [];
  for (let i = 0; i < kills; i++) {
    const child = spawn(process.execPath, ["--import", "tsx", "test/kit/build-tables-child.ts", dir, data], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let problems = "";
    child.stderr!.on("data", (text) => {
      problems += text;
    });
    const exited = once(child, "exit");
    // Once it has built one generation it is warm; the moment of death lies anywhere in the builds that follow.
    await Promise.race([once(child.stdout!, "data"), exited]);
    const wait = 3 + Math.random() * 400;
    await new Promise((resolve) => setTimeout(resolve, wait));
    expect(child.exitCode, problems).toBe(null);
    child.kill("SIGKILL");
    await exited;
    running.delete(child);
    killed.push(wait);
    const number = await whole(dir);
    expect(number, `after a kill at ${killed.join()} ms`).toBeGreaterThanOrEqual(highest);
    highest = number;
  }
  const report = await buildTables({ dir, binding });
  expect(report.generation).toBeGreaterThan(highest);
  await whole(dir);
  const left = readdirSync(join(dir, "tables", "generations"));
  expect(left.every((name) => /^\d+$/.test(name))).toBe(true);
  expect(left.length).toBeLessThanOrEqual(2);
});
