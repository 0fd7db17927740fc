// The database's connection: the same zone and calendar everywhere, and no way out of the files that it was opened for.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseBinding } from "../../runtime/data/binding.ts";
import { RowWriter } from "../../runtime/data/database/row-writer.ts";
import { fileList, literal, Source, type SourceOptions } from "../../runtime/data/database/source.ts";
import { openRelation } from "../../runtime/data/relation.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";

const folder = temporary();
const path = (name: string): string => join(folder, name);

async function within<T>(options: SourceOptions, job: (source: Source) => Promise<T>): Promise<T> {
  const source = await Source.open(options);
  try {
    return await job(source);
  } finally {
    source.close();
  }
}

afterAll(cleanUp);
beforeAll(() => {
  mkdirSync(path("logs"));
  writeFiles(folder, {
    "a.csv": "x,y\n1,2\n3,4\n",
    "secret.csv": "x,y\n5,6\n",
    "logs/1.csv": "x,y\n1,1\n",
    "logs/2.csv": "x,y\n2,2\n",
  });
});

describe("the connection", () => {
  it("counts time in UTC and years from 1 AD, whatever the machine says", async () => {
    const asked = `SELECT hour(t) AS h, year(t) AS y, CAST(t AS VARCHAR) AS v, CAST(CAST(t AS DATE) AS VARCHAR) AS d,
      epoch(CAST(TIMESTAMP '2020-09-13 12:26:40' AS TIMESTAMPTZ)) AS e FROM (SELECT TIMESTAMPTZ '2020-09-13 20:26:40+00' AS t)`;
    expect(await within({}, (source) => source.all(asked))).toEqual([
      { h: 20n, y: 2020n, v: "2020-09-13 20:26:40+00", d: "2020-09-13", e: 1600000000 },
    ]);
  });

  const out = literal(path("out.csv"));
  const written = literal(path("written.csv"));
  const refusals: [string, string][] = [
    ["reads no other file as text", `SELECT * FROM read_text(${literal(path("secret.csv"))})`],
    ["reads no other file as rows", `SELECT * FROM read_csv(${literal(path("secret.csv"))})`],
    ["reads no other file by its bare name", `SELECT * FROM ${literal(path("secret.csv"))}`],
    ["reads no file of the system", "SELECT * FROM read_text('/etc/passwd')"],
    ["reads no file by way of a folder", `SELECT * FROM read_csv(${literal(`${folder}/logs/../secret.csv`)})`],
    ["looks into no folder", `SELECT * FROM glob(${literal(path("*"))})`],
    ["reads no blob", `SELECT * FROM read_blob(${literal(path("secret.csv"))})`],
    ["fetches nothing", "SELECT * FROM read_csv('https://example.org/a.csv')"],
    ["writes no file", `COPY (SELECT 1) TO ${out}`],
    ["writes over no file that it may read", `COPY (SELECT 1 AS x, 2 AS y) TO ${literal(path("a.csv"))}`],
    ["exports nothing", `EXPORT DATABASE ${literal(path("exported"))}`],
    ["attaches nothing", `ATTACH ${literal(path("other.duckdb"))} AS other`],
    ["installs nothing", "INSTALL httpfs"],
    ["installs nothing by force", "FORCE INSTALL spatial FROM core"],
    ["loads nothing", "LOAD httpfs"],
    ["loads no file of code", `LOAD ${literal(path("evil.duckdb_extension"))}`],
    ["loads nothing by itself: a function", "SELECT st_point(1, 2)"],
    ["loads nothing by itself: a setting", "SET s3_region = 'eu'"],
    ["keeps no secrets", "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')"],
    ["opens nothing again", "SET enable_external_access = true"],
    ["allows nothing more", `SET allowed_paths = [${literal(path("secret.csv"))}]`],
    ["resets nothing", "RESET allowed_directories"],
    ["unlocks nothing", "SET lock_configuration = false"],
    ["has no other zone", "SET TimeZone = 'Asia/Shanghai'"],
    ["profiles to no file", `PRAGMA profiling_output = ${written}`],
  ];
  it.each(refusals)("%s", async (_, sql) => {
    await within({ reads: [path("a.csv"), path("logs/*.csv")], writes: [path("b.parquet")] }, async (source) => {
      await expect(source.all(sql)).rejects.toThrow();
      expect(await source.all(`SELECT sum(y)::INT AS y FROM read_csv(${fileList([path("a.csv")])})`)).toEqual([
        { y: 6 },
      ]);
    });
    expect(readFileSync(path("a.csv"), "utf8")).toBe("x,y\n1,2\n3,4\n");
    expect(readdirSync(folder).sort()).toEqual(["a.csv", "logs", "secret.csv"]);
  });

  it("reads the files that a glob had when the source was opened", async () => {
    const logs = path("logs/*.csv");
    await within({ reads: [logs] }, async (source) => {
      expect(source.files(logs)).toEqual([path("logs/1.csv"), path("logs/2.csv")]);
      const relation = await openRelation(source, logs, "here");
      expect(await source.all(`SELECT sum(x)::INT AS x FROM ${relation.sql()}`)).toEqual([{ x: 3 }]);
      await expect(openRelation(source, path("a.csv"), "here")).rejects.toThrow(/was not among the files/);
    });
  });

  it("reads and writes where it was told to, larger than memory, with a database on the disk", async () => {
    const held = temporary();
    const file = join(held, "b.parquet");
    await within({ writes: [file], database: join(held, "work.duckdb"), memory: "120MB" }, async (source) => {
      await source.all("CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS m FROM range(2000000) r(i) ORDER BY m");
      await source.all("CHECKPOINT");
      for (let twice = 0; twice < 2; twice++) {
        const writer = await RowWriter.create(source, "rows", [["x", "int64"]]);
        writer.add(7n);
        await writer.save(file);
      }
    });
    expect(await ask(`SELECT x FROM '${file}'`)).toEqual([{ x: 7n }]);
    expect(readdirSync(held).filter((name) => name !== "work.duckdb")).toEqual(["b.parquet"]);
  });

  it("does not take a file's name for a glob, a quote or an end of SQL", async () => {
    const odd = temporary();
    const names = [
      "[y].csv",
      "z*.csv",
      "q?.csv",
      `it's "x".csv`,
      "a'); DROP TABLE t; --.csv",
      "ü n\nl.csv",
      "$(x)`y`.csv",
    ];
    writeFiles(odd, Object.fromEntries(names.map((name, i) => [name, `x,y\n${i},0\n`])));
    writeFiles(odd, { "y.csv": "x,y\n100,0\n", "zz.csv": "x,y\n100,0\n", "qq.csv": "x,y\n100,0\n" });
    for (const [i, name] of names.entries()) {
      const file = join(odd, name);
      await within({ reads: [file] }, async (source) => {
        const relation = await openRelation(source, file, "here");
        expect(await source.all(`SELECT x::INT AS x FROM ${relation.sql()}`)).toEqual([{ x: i }]);
      });
    }
    const all = join(odd, "*.csv");
    await within({ reads: [all] }, async (source) => {
      const relation = await openRelation(source, all, "here");
      expect(relation.files.length).toBe(names.length + 3);
      expect(await source.all(`SELECT sum(x)::INT AS x FROM ${relation.sql()}`)).toEqual([{ x: 321 }]);
    });
  });

  it.each(["#part", "#row", "#USER", "#keep0"])("takes no file's column %s for its own", async (column) => {
    const held = temporary();
    const file = join(held, "e.csv");
    writeFiles(held, { "e.csv": `a,"${column}"\n1,2\n` });
    await within({ reads: [file] }, async (source) => {
      await expect(openRelation(source, file, "d.yaml:1:1")).rejects.toThrow(`has a column \`${column}\``);
    });
  });

  it("says that a folder is no file, and that a name with a NUL is none", async () => {
    const held = temporary();
    const file = join(held, "logs.csv");
    mkdirSync(file);
    await within({ reads: [file] }, async (source) => {
      await expect(openRelation(source, file, "d.yaml:1:1")).rejects.toThrow(/logs\.csv is a folder; name its files/);
    });
    await expect(Source.open({ reads: [join(held, "a\0.csv")] })).rejects.toMatchObject({ name: "TwinError" });
  });

  it("follows a link that was named, as any reader does", async () => {
    const held = temporary();
    symlinkSync(path("a.csv"), join(held, "link.csv"));
    symlinkSync(join(held, "nowhere.csv"), join(held, "broken.csv"));
    await within({ reads: [join(held, "link.csv"), join(held, "broken.csv")] }, async (source) => {
      const relation = await openRelation(source, join(held, "link.csv"), "here");
      expect(await source.all(`SELECT sum(x)::INT AS x FROM ${relation.sql()}`)).toEqual([{ x: 4 }]);
      await expect(openRelation(source, join(held, "broken.csv"), "here")).rejects.toThrow(/there is no file/);
    });
  });

  it.each([
    ["s3://bucket/a.parquet", /data\.yaml:1:10: s3:\/\/bucket\/a\.parquet is an address, and nothing is fetched/],
    ["HTTPS://example.org/a.csv", /is an address, and nothing is fetched from elsewhere; download it/],
    ["hf://datasets/x/a.parquet", /is an address/],
    ["file:///etc/a.csv", /name its path instead/],
  ])("reads no address: %s", (file, message) => {
    const text = `events: {file: "${file}", user: u, item: i, time: t}`;
    expect(() => parseBinding(text, "data.yaml")).toThrow(message);
    expect(existsSync("s3:")).toBe(false);
  });
});
