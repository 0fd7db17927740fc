// Random rows by key from each store beside what it stands on, by turns: memory, a file beside bare preads, a Redis beside
// MGETs over a bare socket, and a cache in front of both at nine hits in ten. Redis runs on the same machine.
//   npx tsx bench/stores.ts [--rows 2000000] [--keys 10000] [--rounds 15] [--buckets 256] [--folder DIR] [--no-redis]
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { headerBytes } from "../contract/block-format.ts";
import { hasher } from "../contract/hash.ts";
import { random } from "../contract/random.ts";
import { type KeyColumn, parseKeys } from "../runtime/encode/keys.ts";
import { allot, finish, openRedis, type RedisLink, RedisRows, writeRows } from "../runtime/redis/index.ts";
import { chunk as chunkKeys } from "../runtime/redis/redis-rows.ts";
import { namesByBucket, type Space } from "../runtime/redis/space.ts";
import { newFile } from "../runtime/store/block-sink.ts";
import { openKeyIndex } from "../runtime/store/key-index-file.ts";
import { TableFile } from "../runtime/store/table-file.ts";
import { writeKeyIndex } from "../runtime/table/key-index-build.ts";
import { LayeredRows } from "../runtime/table/layered-rows.ts";
import { locator } from "../runtime/table/locate.ts";
import { rowNumbers, type TableStore } from "../runtime/table/table-store.ts";
import { TableWriter } from "../runtime/table/table-writer.ts";
import { type RedisServer, startRedis } from "../test/kit/redis.ts";
import { byTurns, type Contender, median, milliseconds, table, timed } from "./measure.ts";
import { BareRedis, type Chunk } from "./stores/bare-redis.ts";

const { values: given } = parseArgs({
  options: {
    rows: { type: "string", default: "2000000" },
    keys: { type: "string", default: "10000" },
    rounds: { type: "string", default: "15" },
    buckets: { type: "string", default: "256" },
    folder: { type: "string" },
    "no-redis": { type: "boolean", default: false },
  },
});
const [rows, count, rounds, buckets] = [given.rows, given.keys, given.rounds, given.buckets].map(Number);
const width = 32;
const rowBytes = 4 * width;
const folder = given.folder ?? mkdtempSync(join(tmpdir(), "twin-stores-"));
const hash = await hasher();

/** Key of row n: sparse 64-bit integers, as ids are. */
const keyOf = (row: number): bigint => BigInt(row) * 1_000_003n + 7n;
const { below } = random(1);
/**
 * Sets of rows that are asked for, one after the other; nine in ten are of the first tenth, and the others new to a cache:
 * there are as many sets as readings.
 */
const sets = Array.from({ length: 256 }, () =>
  Int32Array.from({ length: count }, (_, i) => 1 + (i % 10 === 0 ? below(rows) : below(Math.floor(rows / 10)))),
);
const keysOf = (numbers: Int32Array): KeyColumn =>
  parseKeys(
    BigInt64Array.from(numbers, (row) => keyOf(row)),
    "int64",
    "keys",
  );
const keys = sets.map(keysOf);
const into = new Uint8Array(count * rowBytes);
const piece = [{ from: 0, bytes: rowBytes, into }];
let turn = 0;
const next = (): number => turn++ % sets.length;

/** Reads by keys, as a request does, and holds what came against the row's number. */
const byKey = (name: string, store: TableStore): Contender => ({
  name,
  async run() {
    const set = next();
    // As of a new request: no store has looked for them before.
    const hits = await store.read({ ...keys[set] }, piece);
    if (hits.includes(0) || new Float32Array(into.buffer, 0, 1)[0] !== sets[set][0] % 65_536) {
      throw new Error(`${name} reads wrong rows`);
    }
  },
});

async function files(): Promise<{ path: string; inFile: TableFile; inMemory: TableFile }> {
  const path = join(folder, "rows.table");
  const writer = await TableWriter.create(newFile(path), { precision: "float32", width, heads: [width] });
  for (let from = 1; from <= rows; from += 65_536) {
    const some = Math.min(65_536, rows + 1 - from);
    await writer.write(Float32Array.from({ length: some * width }, (_, i) => (from + Math.floor(i / width)) % 65_536));
  }
  await writer.finish();
  const index = join(folder, "keys.index");
  await writeKeyIndex(newFile(index), keysOf(Int32Array.from({ length: rows }, (_, i) => i + 1)));
  const locate = locator(await openKeyIndex(index));
  return {
    path,
    inFile: await TableFile.open(path, { memoryLimit: 0, locate }),
    inMemory: await TableFile.open(path, { locate }),
  };
}

/** Hash slot of a name in a cluster: CRC16 of what stands in braces, modulo 16,384. */
function slotOf(name: string): number {
  let crc = 0;
  for (const byte of Buffer.from(/\{(.+?)\}/.exec(name)?.[1] ?? name)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
    }
  }
  return crc % 16_384;
}

async function published(link: RedisLink, source: TableFile): Promise<{ redis: RedisRows; space: Space }> {
  const plan = {
    rows: "table bench",
    fingerprint: "0123456789abcdef",
    layout: "float32 32",
    buckets,
    rowBytes,
    count: rows,
  };
  const space = await allot(link, plan);
  const start = performance.now();
  for (let from = 1; from <= rows; from += 16_384) {
    const numbers = Int32Array.from({ length: Math.min(16_384, rows + 1 - from) }, (_, i) => from + i);
    const bytes = new Uint8Array(numbers.length * rowBytes);
    await source.read(rowNumbers(numbers), [{ from: 0, bytes: rowBytes, into: bytes }]);
    await writeRows(link, space, keysOf(numbers), bytes, hash);
  }
  await finish(link, space);
  console.log(`published ${rows.toLocaleString("en-GB")} rows in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return { redis: new RedisRows(link, { ...plan, ...space }, new Uint8Array(rowBytes), hash), space };
}

/** Milliseconds that the server spent on commands since the last time it was asked. */
function serverTime(server: RedisServer): () => number {
  let before = 0;
  return () => {
    const usec = Number(/cmdstat_mget:.*?usec=(\d+)/.exec(server.cli("info", "commandstats"))?.[1] ?? 0);
    const spent = (usec - before) / 1000;
    before = usec;
    return spent;
  };
}

/** Rows of the table that fit in the cache: enough for the first tenth and for what passes through. */
const slots = Math.floor(rows / 5);
const layered = async (store: TableStore, type: "int64" | "row"): Promise<LayeredRows> => {
  const cache = new LayeredRows(store, type, slots);
  // Three times round, so that the hot ones have gone on from the small queue.
  for (let round = 0; round < 3; round++) {
    for (let from = 1; from <= rows / 10; from += count) {
      const some = Int32Array.from({ length: Math.min(count, rows / 10 - from + 1) }, (_, i) => from + i);
      await cache.read(keysOf(some), [{ from: 0, bytes: rowBytes, into: new Uint8Array(some.length * rowBytes) }]);
    }
  }
  return cache;
};

/**
 * Times by turns, each contender beside the first: by the clock, and by this process's processor time, which others on the
 * machine disturb less (a server's own is not in it).
 */
async function beside(names: readonly string[], contenders: readonly Contender[]): Promise<void> {
  const processor = contenders.map((): number[] => []);
  const timings = await byTurns(
    contenders.map(({ name, run }, i) => ({
      name,
      async run() {
        const start = process.cpuUsage();
        await run();
        const { user, system } = process.cpuUsage(start);
        processor[i].push((user + system) / 1000);
      },
    })),
    rounds,
  );
  const spent = processor.map(median);
  const ratio = (own: number, first: number, i: number) => (i === 0 ? "" : (own / first).toFixed(2));
  console.log(
    table([
      ["ms: median (least–most)", "clock", "÷ first", "processor", "÷ first"],
      ...timings.map((one, i) => [
        names[i],
        timed(one),
        ratio(one.median, timings[0].median, i),
        milliseconds(spent[i]),
        ratio(spent[i], spent[0], i),
      ]),
    ]),
  );
}

function spread(): void {
  const asked = sets[0];
  const lines = [64, 256, 1024].map((some) => {
    const space = { prefix: "twin:01234567", generation: 1, buckets: some };
    const { groups } = namesByBucket(space, keysOf(asked), hash);
    const commands = groups.reduce((sum, { names }) => sum + Math.ceil(names.length / chunkKeys), 0);
    const nodes = [0, 0, 0];
    for (const { names } of groups) {
      nodes[Math.floor((3 * slotOf(names[0])) / 16_384)] += names.length;
    }
    const mean = nodes.reduce((sum, one) => sum + one, 0) / 3;
    const off = nodes.map((one) => `${one >= mean ? "+" : "−"}${Math.abs(100 * (one / mean - 1)).toFixed(1)} %`);
    return [String(some), String(commands), (count / commands).toFixed(1), off.join(", ")];
  });
  console.log(table([["buckets", "commands", "keys a command", "three primaries, off the mean"], ...lines]));
}

let server: RedisServer | null = null;
const closing: (() => void)[] = [];
try {
  console.log(
    `${count.toLocaleString("en-GB")} random rows of ${rowBytes} bytes of ${rows.toLocaleString("en-GB")}, ${rounds} rounds of 3; ${cpus().length} × ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}`,
  );
  const { path, inFile, inMemory } = await files();
  const file = openSync(path, "r");
  const bare = Buffer.alloc(count * rowBytes);
  const numbered = sets.map((set) => rowNumbers(set));
  const preads: Contender = {
    name: "bare preads",
    async run() {
      const set = sets[next()];
      for (let i = 0; i < count; i++) {
        readSync(file, bare, i * rowBytes, rowBytes, headerBytes + set[i] * rowBytes);
      }
    },
  };
  const byNumber: Contender = { name: "file", run: () => inFile.read(numbered[next()], piece) };
  await beside(
    ["bare loop of pread, positions known", "file, by row number", "file, by key"],
    [preads, byNumber, byKey("file by key", inFile)],
  );
  closeSync(file);

  const overFile = await layered(inFile, "row");
  const cached: [string, LayeredRows][] = [["a file", overFile]];
  const contenders = [
    byKey("memory", inMemory),
    byKey("layered over memory", await layered(inMemory, "row")),
    byKey("layered over file", overFile),
  ];
  const names = ["memory, by key", "layered over memory (the layer alone)", "layered over a file"];
  if (!given["no-redis"]) {
    server = await startRedis();
    const link = await openRedis(server.address, { command: 60_000 });
    closing.push(() => link.close());
    const { redis, space } = await published(link, inFile);
    console.log(`Redis holds them in ${/used_memory_human:(\S+)/.exec(server.cli("info", "memory"))?.[1]}`);
    const socket = await BareRedis.open(server.port);
    const chunks = keys.slice(0, 16).map((column) => chunksOf(column, space));
    const both: Contender[] = [
      { name: "bare socket", run: () => socket.read(chunks[next() % 16], bare, rowBytes) },
      byKey("Redis", redis),
    ];
    const labels = ["MGETs over a bare socket, parsed by hand", "Redis, by key"];
    await beside(labels, both);
    const spent = serverTime(server);
    for (const [i, { run }] of both.entries()) {
      spent();
      for (let read = 0; read < 20; read++) {
        await run();
      }
      console.log(`  ${labels[i]}: of it ${(spent() / 20).toFixed(2)} ms in the server`);
    }
    socket.close();
    const overRedis = await layered(redis, "int64");
    cached.push(["a Redis", overRedis]);
    contenders.push(byKey("layered over Redis", overRedis));
    names.push("layered over a Redis");
  }
  const filled = cached.map(([, cache]) => cache.status());
  await beside(names, contenders);
  cached.forEach(([name, cache], i) => {
    const { hits, misses, rows: kept, bytes } = cache.status();
    const [hit, missed] = [hits - filled[i].hits, misses - filled[i].misses];
    console.log(
      `  over ${name}: ${kept.toLocaleString("en-GB")} rows in ${(bytes / 2 ** 20).toFixed(0)} MiB, ${((100 * hit) / (hit + missed)).toFixed(1)} % hits`,
    );
  });
  spread();
} finally {
  for (const close of closing) {
    close();
  }
  await server?.close();
  if (given.folder === undefined) {
    rmSync(folder, { recursive: true, force: true });
  }
}

function chunksOf(column: KeyColumn, space: Space): Chunk[] {
  const { groups, distinct } = namesByBucket(space, column, hash);
  const first = new Int32Array(distinct.length).fill(-1);
  distinct.forEach((one, i) => {
    first[one] = first[one] < 0 ? i : first[one];
  });
  return groups.flatMap(({ names, places }) =>
    Array.from({ length: Math.ceil(names.length / chunkKeys) }, (_, i) => ({
      names: names.slice(i * chunkKeys, (i + 1) * chunkKeys),
      places: places.slice(i * chunkKeys, (i + 1) * chunkKeys).map((place) => first[place]),
    })),
  );
}
