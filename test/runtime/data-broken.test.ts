// Files broken in all the ways that a library has words for: what a user reads names the file, and a way out, in ours.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataModel } from "../../cli/data-model.ts";
import { compile } from "../../compiler/index.ts";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { prepareDataset } from "../../runtime/data/prepare/index.ts";
import { openRelation } from "../../runtime/data/relation.ts";
import { resolve } from "../../runtime/data/resolve.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { shopModel } from "../kit/data-files.ts";
import { Database } from "../kit/database.ts";
import { lines } from "../kit/read-types.ts";

afterAll(cleanUp);

let folder: string;
let good: Buffer;
let zst: Buffer;
/** xxHash64 of what is compressed in it. */
let held: bigint;
let model: ReturnType<typeof dataModel>;

const csv = `u,sku,ts,bought,recall\n${lines(20_000, (i) => `${i % 90},${i % 40},${1_600_000_000 + i},${i % 3 === 0},0.${(i * 7919) % 1000}`)}\n`;
const json = lines(
  5000,
  (i) => `{"u":${i % 90},"sku":${i % 40},"ts":${1_600_000_000 + i},"bought":${i % 3 === 0},"recall":0.5}`,
);
const zipped = gzipSync(csv);

beforeAll(async () => {
  folder = temporary();
  const checked = compile("shop.twin", {
    version: "1.0.0",
    resolve: () => shopModel("hashed(buckets: 50, dim: 4, key: true)"),
  }).model;
  expect(checked).not.toBeNull();
  model = dataModel(checked!);
  const database = await Database.open();
  try {
    const log = `(SELECT (range % 90)::BIGINT AS u, (range % 40)::BIGINT AS sku, 1600000000 + range AS ts, range % 3 = 0 AS bought, 0.5::DOUBLE + (hash(range) % 100)::DOUBLE AS recall FROM range(20000))`;
    await database.all(`COPY ${log} TO '${folder}/good.parquet' (FORMAT parquet)`);
    await database.all(`COPY ${log} TO '${folder}/good.csv.zst' (FORMAT csv, COMPRESSION zstd)`);
    await database.all(`COPY ${log} TO '${folder}/plain.csv' (FORMAT csv)`);
  } finally {
    database.close();
  }
  good = readFileSync(join(folder, "good.parquet"));
  zst = readFileSync(join(folder, "good.csv.zst"));
  held = (await hasher()).bytes(readFileSync(join(folder, "plain.csv")));
});

/** The same frame with the checksum that `zstd` writes: the low half of xxHash64 of what it holds. */
const checked = (): Buffer => {
  const sealed = Buffer.alloc(zst.length + 4);
  zst.copy(sealed);
  sealed[4] |= 4;
  sealed.writeUInt32LE(Number(held & 0xffffffffn), zst.length);
  return sealed;
};

const changed = (bytes: Buffer, from: number, to: number, by = 0x5a): Buffer => {
  const copy = Buffer.from(bytes);
  for (let at = from; at < to; at++) {
    copy[at] ^= by;
  }
  return copy;
};
const magic = (bytes: Buffer, text: string): Buffer => {
  const copy = Buffer.from(bytes);
  copy.write(text, 0, "latin1");
  copy.write(text, copy.length - 4, "latin1");
  return copy;
};

/** What one is told who prepares the file. */
async function told(name: string, content: string | Uint8Array | null): Promise<string> {
  if (content !== null) {
    writeFileSync(join(folder, name), content);
  }
  const yaml = `events: {file: "${name}", user: u, item: sku, time: ts}\ncolumns: {predict.buy: bought, candidate.recall: recall}\n`;
  try {
    const binding = parseBinding(yaml, join(folder, "data.yaml"));
    await prepareDataset(binding, model, join(temporary(), "cache"), { vocabularies: new Map() });
  } catch (error) {
    expect(error).toBeInstanceOf(TwinError);
    return (error as Error).message;
  }
  return "";
}

/** Words that only the database's own messages have. */
const foreign =
  /\b(Binder|Parser|Catalog|Invalid|IO|Conversion|Internal|Serialization|Permission|HTTP)( Input)?( Error|Exception)|LINE \d+:|\bread_(csv|parquet|json|text)\b|\bSELECT\b|Possible Solution|_detect|ignore_errors|TProtocol|don't know what type|INSTALL|encryption_config|magic bytes|sample_size/;

type Case = readonly [string, string, () => string | Uint8Array, RegExp];

const parquet: readonly Case[] = [
  ["cut off", "a.parquet", () => good.subarray(0, good.length / 2), /a\.parquet is cut off: .*Copy or write it anew/],
  [
    "without its beginning",
    "b.parquet",
    () => good.subarray(20),
    /b\.parquet is no Parquet file: it does not begin as one/,
  ],
  ["empty", "c.parquet", () => "", /c\.parquet is empty/],
  ["of four bytes", "d.parquet", () => "PAR1", /d\.parquet is cut off/],
  [
    "with damaged values",
    "e.parquet",
    () => changed(good, 60, 400),
    /e\.parquet(, column `\w+`: its bytes are damaged| is damaged)/,
  ],
  [
    "with a damaged end",
    "f.parquet",
    () => changed(good, good.length - 80, good.length - 12),
    /f\.parquet is damaged: its end/,
  ],
  [
    "with a length of its end beyond it",
    "g.parquet",
    () => changed(good, good.length - 6, good.length - 5),
    /g\.parquet is damaged: its end says a length/,
  ],
  ["encrypted", "h.parquet", () => magic(good, "PARE"), /h\.parquet is encrypted, which is not read: write it without/],
  [
    "that is CSV",
    "i.parquet",
    () => csv,
    /i\.parquet is no Parquet file: it looks like text: name it \.csv .*`format: csv`/,
  ],
  ["that is compressed", "j.parquet", () => zipped, /j\.parquet is no Parquet file: compressed with gzip/],
];

const texts: readonly Case[] = [
  [
    "Parquet called .csv",
    "a.csv",
    () => good,
    /a\.csv is a Parquet file: name it \.parquet, or write `format: parquet`/,
  ],
  ["JSON called .csv", "b.csv", () => json, /b\.csv looks like JSON/],
  ["empty", "c.csv", () => "", /c\.csv is empty/],
  [
    "with a separator that nobody knows",
    "d.csv",
    () => csv.replaceAll(",", "~"),
    /has no column `u`.*its only column is .*say the `separator`.*`separator: "~"`/,
  ],
  ["with a longer line", "e.csv", () => `${csv}1,2,3,true,0,9\n`, /e\.csv, line 20002: it has 6 fields, and 5 are due/],
  ["with a shorter line", "f.csv", () => `${csv}1,2,3\n`, /f\.csv, line 20002: it has 3 fields, and 5 are due/],
  ["with an open quote", "g.csv", () => `${csv}1,"2,3,true,0\n`, /g\.csv, line 20002: a quotation mark is not closed/],
  [
    "with a text as time",
    "h.csv",
    () => `${csv}1,2,never,true,0\n`,
    /h\.csv, row 20001, column `ts`: this is no number, .* as 20000 of 20001 rows have/,
  ],
  [
    "gzip, cut off",
    "i.csv.gz",
    () => zipped.subarray(0, zipped.length / 2),
    /i\.csv\.gz is cut off: copy or compress it anew/,
  ],
  ["gzip, with other bytes", "j.csv.gz", () => changed(zipped, 3000, 3100), /j\.csv\.gz is (damaged|cut off)/],
  [
    "gzip, with another checksum",
    "k.csv.gz",
    () => changed(zipped, zipped.length - 7, zipped.length - 6),
    /k\.csv\.gz is damaged/,
  ],
  ["that is no gzip", "l.csv.gz", () => csv, /l\.csv\.gz is not compressed with gzip: name it without \.gz/],
  ["gzip without the ending", "m.csv", () => zipped, /m\.csv is compressed with gzip: name it with \.gz/],
  ["zstd, cut off", "n.csv.zst", () => zst.subarray(0, zst.length / 2), /n\.csv\.zst is cut off or damaged/],
  ["zstd, cut off by a byte", "o.csv.zst", () => zst.subarray(0, zst.length - 1), /o\.csv\.zst is cut off or damaged/],
  ["zstd, with another byte", "r.csv.zst", () => changed(checked(), 3000, 3001), /r\.csv\.zst is damaged: .*`zstd -t`/],
  [
    "zstd, with another checksum",
    "s.csv.zst",
    () => changed(checked(), zst.length + 1, zst.length + 2),
    /s\.csv\.zst is damaged/,
  ],
  ["that is no zstd", "p.csv.zst", () => csv, /p\.csv\.zst is not compressed with zstd/],
  [
    "a zip archive",
    "q.csv",
    () => "PK\x03\x04 and more",
    /q\.csv is a zip archive, which is not read: unpack it first/,
  ],
  ["HDF5", "r.dat", () => Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), /r\.dat is an HDF5 file.*Parquet/],
  ["a pickle", "s.txt", () => Buffer.from([0x80, 4, 0x95, 1]), /s\.txt is a Python pickle.*Parquet/],
  [
    "bytes of another encoding",
    "t.csv",
    () => Buffer.from(csv.replace("0.0", "é"), "latin1"),
    /t\.csv, line \d+: its bytes are no text in UTF-8.*iconv -f/,
  ],
  [
    "JSON lines with a broken one",
    "a.jsonl",
    () => `${json}\n{"u":1,"sku":\n{"u":2}\n`,
    /a\.jsonl, line 500[12], byte \d+: this is no JSON/,
  ],
  ["JSON lines, cut off", "b.jsonl", () => json.slice(0, -20), /b\.jsonl, line 5000, byte \d+: this is no JSON/],
  [
    "a JSON array, cut off",
    "c.json",
    () => `[${json.replaceAll("\n", ",\n")}`,
    /c\.json, record \d+, byte \d+: this is no JSON/,
  ],
  ["JSON of numbers", "d.jsonl", () => "1\n2\n", /d\.jsonl, record 1: 1 has no keys/],
  [
    "JSON with other bytes",
    "e.jsonl",
    () => Buffer.from(json.replace('"u":89', '"u":"\xe9"'), "latin1"),
    /e\.jsonl, line 90: its bytes are no text in UTF-8.*iconv -f/,
  ],
  ["empty JSON", "f.jsonl", () => "", /f\.jsonl is empty/],
];

describe.each<readonly [string, readonly Case[]]>([
  ["Parquet", parquet],
  ["text", texts],
])("%s", (_, cases) => {
  it.each(cases)("%s", async (_what, name, content, message) => {
    const said = await told(name, content());
    expect(said).toMatch(message);
    expect(said).not.toMatch(foreign);
  });
});

it("a folder", async () => {
  mkdirSync(join(folder, "part"));
  writeFileSync(join(folder, "part", "x.csv.gz"), zipped);
  expect(await told("part", null)).toMatch(/part is a folder; name its files, such as .*part\/\*\.csv\.gz/);
});

it("an ending that nobody knows", async () => {
  expect(await told("x.xyz", csv)).toMatch(/no ending that says its format.*`format: csv`/);
});

it("files of other headings, and of an array beside lines", async () => {
  mkdirSync(join(folder, "several"));
  writeFileSync(join(folder, "several", "1.csv"), csv);
  writeFileSync(join(folder, "several", "2.csv"), csv.replace("sku", "item"));
  expect(await told("several/*.csv", null)).toMatch(/2\.csv has no column `sku`, and other files/);
  writeFileSync(join(folder, "several", "1.json"), json);
  writeFileSync(join(folder, "several", "2.json"), `[${json.replaceAll("\n", ",")}]`);
  expect(await told("several/*.json", null)).toMatch(/2\.json holds an array, and .*1\.json a record in each line/);
});

it.each([
  ["other bytes", () => changed(checked(), 3000, 3001), /2\.csv\.zst is damaged: .*`zstd -t`/],
  ["another checksum", () => changed(checked(), zst.length + 1, zst.length + 2), /2\.csv\.zst is damaged/],
  ["its end missing", () => zst.subarray(0, zst.length - 100), /2\.csv\.zst is cut off or damaged/],
])("one of several files in zstd with %s", async (_, content, message) => {
  mkdirSync(join(folder, "zst"), { recursive: true });
  for (const [i, bytes] of [checked(), zst, content(), checked()].entries()) {
    writeFileSync(join(folder, "zst", `${i}.csv.zst`), bytes);
  }
  const said = await told("zst/*.csv.zst", null);
  expect(said).toMatch(message);
  expect(said).not.toMatch(foreign);
});

it("one of several files in gzip that is damaged", async () => {
  mkdirSync(join(folder, "gz"), { recursive: true });
  for (const [i, bytes] of [zipped, zipped, changed(zipped, zipped.length - 8, zipped.length - 7)].entries()) {
    writeFileSync(join(folder, "gz", `${i}.csv.gz`), bytes);
  }
  expect(await told("gz/*.csv.gz", null)).toMatch(/2\.csv\.gz is damaged/);
});

it("a list and a number in one column", async () => {
  mkdirSync(join(folder, "types"));
  const database = await Database.open();
  try {
    await database.all(
      `COPY (SELECT 1 AS u, 1 AS sku, 1600000000 AS ts, true AS bought, 0.5 AS recall) TO '${folder}/types/1.parquet' (FORMAT parquet)`,
    );
    await database.all(
      `COPY (SELECT 1 AS u, [1] AS sku, 1600000000 AS ts, true AS bought, 0.5 AS recall) TO '${folder}/types/2.parquet' (FORMAT parquet)`,
    );
  } finally {
    database.close();
  }
  const said = await told("types/*.parquet", null);
  expect(said).toMatch(/column `sku` of .* holds INTEGER in one file and INTEGER\[\] in another/);
  expect(said).not.toMatch(foreign);
});

it.each([
  ["3|7", /in \S*tags\.csv, row 1 it is "3\|7"; split it: `item\.topics: \{split: \{column: topics, by: "\|"\}\}`/],
  ["3 7", /by: " "\}\}`/],
  ["[3;7]", /read it as a list: `item\.topics: "CAST\(topics AS VARCHAR\[\]\)"`/],
])("a text %s for tags", async (value, message) => {
  writeFileSync(join(folder, "tags.csv"), `k,topics\n1,${value}\n2,x\n`);
  const source = await Source.open({ reads: [join(folder, "tags.csv")] });
  try {
    const relation = await openRelation(source, join(folder, "tags.csv"), "here");
    const bound = parseBinding("items: {file: tags.csv, key: k}", join(folder, "data.yaml"));
    const wanted = { name: "item.topics", defaults: ["topics"], use: "tags" } as const;
    await expect(resolve(source, relation, bound, wanted)).rejects.toThrow(message);
  } finally {
    source.close();
  }
});

it("a file that may not be read", () => {
  const file = join(folder, "secret.csv");
  writeFileSync(file, csv);
  chmodSync(file, 0o000);
  chmodSync(folder, 0o755);
  const code = `import { expectText } from ${JSON.stringify(new URL("../../runtime/data/files/file-kind.ts", import.meta.url).pathname)};
    if (process.getuid?.() === 0) { process.setgid(65534); process.setuid(65534); }
    try { expectText(${JSON.stringify(file)}, "csv", "secret.csv"); } catch (error) { console.log(error.name, error.message); }`;
  const { stdout } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], {
    encoding: "utf8",
  });
  chmodSync(file, 0o644);
  expect(stdout).toMatch(/TwinError cannot read .*: permission denied\. Change its permissions/);
});
