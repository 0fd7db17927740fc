// Items of an event log, where no items file is named: each once, with the newest that the log says of it.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { type KeyType, openItems } from "../../runtime/data/items.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";

const folder = temporary();
afterAll(cleanUp);
const features = readManifest(built(videoModel())).features.filter((feature) => feature.group === "item");

async function read(log: string, keyType: KeyType = "int64", columns = "") {
  writeFiles(folder, { "log.csv": log });
  const topics = 'item.topics: {split: {column: topics, by: "|"}}';
  const binding = parseBinding(
    `events: {file: log.csv, user: who, item: video, time: at}\ncolumns: {${[topics, columns].filter(Boolean).join(", ")}}`,
    join(folder, "data.yaml"),
  );
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const items = await openItems(source, binding, features, keyType);
    const total = await items.check();
    const rows: Record<string, unknown>[] = [];
    for await (const { keys, columns: held } of items.chunks(2048)) {
      for (let i = 0; i < keys.length; i++) {
        rows.push({ key: keys[i], ...Object.fromEntries(Object.entries(held).map(([name, all]) => [name, all[i]])) });
      }
    }
    const numbered = await source.all(`SELECT video, "#row" FROM (${items.relation.numbered}) ORDER BY "#row"`);
    return { total, rows, numbered };
  } finally {
    source.close();
  }
}

const heading = "who,at,video,category,duration,topics,cover";
const logged = (...lines: string[]) => [heading, ...lines, ""].join("\n");

describe("items of the events", () => {
  it("are read once each, by key, with the newest value that is there", async () => {
    const { total, rows, numbered } = await read(
      logged(
        'u1,1500000300,9007199254740993,3,12.5,a|b,"[1, 2, 3]"',
        "u2,1500000900,9007199254740993,,70,,",
        "u1,1500000100,9007199254740993,1,5,x,",
        "u1,1500000200,-4,,,c,",
        "u3,1500000200,-4,2,,,",
        "u3,1500000200,-4,5,,,",
        "u3,1500000200,,9,,,",
      ),
    );
    expect(total).toBe(2);
    expect(rows.map(({ key }) => key)).toEqual([-4n, 9007199254740993n]);
    // Of two events at one time the later in the file is the newer; a gap takes nothing away.
    expect(rows.map((row) => Number(row["item.category"]))).toEqual([5, 3]);
    expect(rows.map((row) => row["item.duration"])).toEqual([null, 70]);
    expect(rows.map((row) => row["item.topics"])).toEqual([["c"], ["a", "b"]]);
    expect(numbered.map((row) => [row.video, Number(row["#row"])])).toEqual([
      [-4n, 0],
      [9007199254740993n, 1],
    ]);
  });

  it("are the same many times over, and keep the zeros of text keys", async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => {
      return `u${i % 7},${1_500_000_000 + ((i * 7919) % 5000)},0${(i * 31) % 4999},${i % 100},${i},t${i % 3},`;
    });
    const first = await read(logged(...lines), "string");
    expect(first.total).toBe(4999);
    expect(first.rows.map(({ key }) => key)).toEqual(first.rows.map(({ key }) => key as string).toSorted());
    expect((await read(logged(...lines), "string")).rows).toEqual(first.rows);
    const newest = new Map<string, { at: number; row: number }>();
    lines.forEach((line, row) => {
      const [, at, key] = line.split(",");
      if ((newest.get(key)?.at ?? 0) <= Number(at)) {
        newest.set(key, { at: Number(at), row });
      }
    });
    for (const row of first.rows) {
      expect(row["item.duration"]).toBe(newest.get(row.key as string)!.row);
    }
  });

  it("name the event whose value does not fit, and what a column could be", async () => {
    const wrong = logged("u1,1500000300,1,3,12.5,,", "u1,1500000400,2,3,long,,");
    await expect(read(wrong)).rejects.toThrow(/log\.csv, row 2, column `duration`: this value does not fit/);
    const without = "who,at,video,categry,duration,topics,cover\nu1,1500000300,1,3,12.5,,\n";
    await expect(read(without)).rejects.toThrow(
      /log\.csv \(its items, as no items file is named\) has no column `category`; did you mean `categry`\?/,
    );
    await expect(read(logged("u1,1500000300,,3,12.5,,"))).rejects.toThrow(/log\.csv .* holds no items/);
  });
});
