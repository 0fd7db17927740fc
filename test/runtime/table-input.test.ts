// `--table-input`: graphs over stored rows give what the host's decoding gives, and where they do not run the host decodes.

import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fails, parity } from "../../runtime/evaluate/parity.ts";
import { selfTest, selfTestText } from "../../runtime/evaluate/self-test.ts";
import { load, type Ranking, type Twin, TwinError } from "../../runtime/index.ts";
import { prepareSide } from "../../runtime/request/prepare.ts";
import { openArtefacts } from "../../runtime/serve/artefacts.ts";
import { LocalTwin } from "../../runtime/serve/twin.ts";
import { type Feeds, Sessions, tensorOf } from "../../runtime/session/session.ts";
import { nodeSessions } from "../../runtime/session/session-node.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

type Stored = "float16" | "uint8";
const both: readonly Stored[] = ["float16", "uint8"];
const threads = { threads: 1 };
/** Two parts with heads of their own: keys and values in one row. */
const source = (type: Stored, more = "") =>
  rankSource(`precision: ${type} ${more}`).replace("of: relevance.keys", "of: [relevance.keys, interest.values]");

function close(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) {
    expect(Math.abs(found[i] - expected[i])).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(expected[i])));
  }
}

const rank = async (twin: Twin, length: number): Promise<Ranking> =>
  (await twin.prepare(someUser(length))).rank(someCandidates(9));

/** Both builds answer alike, whatever the length of the history. */
async function alike(plain: Twin, variant: Twin, lengths = [0, 3, 40]): Promise<void> {
  for (const length of lengths) {
    const [expected, found] = [await rank(plain, length), await rank(variant, length)];
    expect([...found.kept!.positions]).toEqual([...expected.kept!.positions]);
    close(found.logits.click, expected.logits.click);
    close(found.scores.like, expected.scores.like);
    expect(found.tables).toMatchObject(expected.tables.map(({ found, missed }) => ({ found, missed })));
  }
}

describe.each(both)("graphs over %s rows", (type) => {
  const build = (more = "", settings = {}, options = {}) =>
    builtRanked(source(type, more), settings, { tableInput: type, ...options });
  /** Both builds without more, for tests that change nothing in them; and a copy for those that do. */
  let plainDir: string;
  let storedDir: string;
  beforeAll(async () => {
    [plainDir, storedDir] = [await builtRanked(source(type)), await build()];
  });
  const copy = () => {
    const dir = join(temporary(), "build");
    cpSync(storedDir, dir, { recursive: true });
    return dir;
  };

  it("keep the same behaviours and give the same scores as rows that the host decodes", async () => {
    const plain = await load(plainDir, threads);
    const twin = await LocalTwin.open(storedDir, threads);
    await alike(plain, twin);
    expect(twin.engine.sessions.opened()).toEqual([`request.${type}`]);
    expect(twin.warnings).toEqual([]);
    const explain = async (by: Twin) => (await by.prepare(someUser(40))).explain(someCandidates(3));
    const [expected, found] = [await explain(plain), await explain(twin)];
    found.forEach(({ attends }, n) => {
      attends.forEach(({ behaviours }, a) => {
        expect(behaviours.map(({ key }) => key)).toEqual(expected[n].attends[a].behaviours.map(({ key }) => key));
        close(
          behaviours.map(({ weight }) => weight),
          expected[n].attends[a].behaviours.map(({ weight }) => weight),
        );
      });
    });
    expect(twin.engine.sessions.opened()).toContain(`explain.${type}`);
    await Promise.all([plain.close(), twin.close()]);
  });

  it("take the whole table as it lies in memory, and copies where it stays in its file", async () => {
    const twin = await LocalTwin.open(storedDir, threads);
    const [first, second] = [
      await prepareSide(twin.engine, someUser(40)),
      await prepareSide(twin.engine, someUser(9, 3)),
    ];
    const stored = first.tables.get("video_keys")!.stored!;
    expect(stored.rows).toMatchObject({ dtype: type, shape: [301, 16] });
    expect(stored.rows.data.buffer).toBe(second.tables.get("video_keys")!.stored!.rows.data.buffer);
    expect(stored.scale?.shape ?? null).toEqual(type === "uint8" ? [301, 8] : null);
    const inFile = await LocalTwin.open(storedDir, { ...threads, memory: { table: 16 } });
    const side = await prepareSide(inFile.engine, someUser(40));
    expect(side.tables.get("video_keys")!.stored!.rows.shape).toEqual([41, 16]);
    await alike(twin, inFile);
    expect(inFile.engine.sessions.opened()).toEqual([`request.${type}`]);
    await Promise.all([twin.close(), inFile.close()]);
  });

  it("serve in worker threads, over their shared memory", async () => {
    const [one, many] = [await load(storedDir, threads), await load(storedDir, { ...threads, workers: 1 })];
    await alike(one, many, [3, 40]);
    await Promise.all([one.close(), many.close()]);
  });

  it("serve search and rank one after the other where embeddings are outside", async () => {
    const plain = await load(plainDir, threads);
    const twin = await LocalTwin.open(await build("", {}, { outside: "all" }), threads);
    await alike(plain, twin);
    expect(twin.engine.sessions.opened()).toEqual([`search.${type}`, `rank.${type}`]);
    await Promise.all([plain.close(), twin.close()]);
  });

  it.each(["mask", "zero"])("know what the table misses, under `%s`", async (policy) => {
    const settings = { covered: 150 };
    const plain = await load(await builtRanked(source(type, `on_miss: ${policy}`), settings), threads);
    const twin = await LocalTwin.open(await build(`on_miss: ${policy}`, settings), threads);
    await alike(plain, twin);
    expect(twin.engine.sessions.opened()).toEqual([`request.${type}`]);
    await Promise.all([plain.close(), twin.close()]);
  });

  it("leave a request to the float32 graphs where missing rows are projected in it", async () => {
    const twin = await LocalTwin.open(await build("on_miss: compute", { covered: 150 }), threads);
    const found = await rank(twin, 40);
    expect(found.tables[0].computed).toBeGreaterThan(0);
    expect(twin.engine.sessions.opened()).toEqual(["projector", "request"]);
    await twin.close();
  });

  it("give way to the host's decoding where they do not run, and that is said once", async () => {
    const plain = await load(plainDir, threads);
    const dir = copy();
    const twin = await LocalTwin.open(dir, threads);
    // As on a device that lacks the type: the file is sound to the manifest, and no session comes of it.
    writeFileSync(join(dir, `request.${type}.onnx`), readFileSync(join(dir, "manifest.yaml")));
    await alike(plain, twin);
    expect(twin.engine.sessions.opened()).toEqual(["request"]);
    expect(twin.warnings).toEqual([expect.stringMatching(`^graph request.${type} does not run here .*decoded before`)]);
    await Promise.all([plain.close(), twin.close()]);
  });

  it("are compared with their graphs by the self-test, which finds a wrong one", async () => {
    const report = await selfTest(storedDir, { requests: 2, history: 30, candidates: 3 });
    expect(report.passed).toBe(true);
    for (const graph of ["search", "rank", "request", "explain"]) {
      expect(selfTestText(report)).toMatch(new RegExp(`${graph} \\(${type}\\): \\d`));
    }
    const artefacts = await openArtefacts(storedDir, () => undefined);
    const open = nodeSessions(artefacts, { providers: ["cpu"], threads: 1, warn: () => undefined });
    const wrong = new Sessions(async (name) => {
      const session = await open(name);
      if (name !== `rank.${type}`) {
        return session;
      }
      const run = async (feeds: Feeds) => {
        const { click, ...others } = await session.run(feeds);
        return {
          ...others,
          click: tensorOf(
            click.data.map((value) => value + 1e-3),
            click.shape,
          ),
        };
      };
      return { ...session, run, close: () => session.close() };
    });
    const bad = (await parity(artefacts, wrong)).filter(fails);
    expect(new Set(bad.map(({ place, output }) => `${place.split(".")[0]} ${output}`))).toEqual(
      new Set([`rank (${type}) click`]),
    );
    await wrong.close();
  });

  it("are files of the build like any other", async () => {
    const dir = copy();
    truncateSync(join(dir, `search.${type}.onnx`), 100);
    const error = await load(dir, threads).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TwinError);
    expect((error as Error).message).toMatch(`search.${type}.onnx has 100 bytes`);
  });
});

it.each(both)(
  "%s rows serve on a WebGPU device, stored or decoded",
  { ...needs("webgpu"), timeout: 120_000 },
  async (type) => {
    const dir = await builtRanked(source(type), {}, { tableInput: type });
    const [cpu, gpu] = [await load(dir, threads), await LocalTwin.open(dir, { ...threads, providers: ["webgpu"] })];
    await alike(cpu, gpu);
    const half = gpu.warnings.some((message) => /request.float16 does not run here .*f16/.test(message));
    expect(gpu.warnings).toHaveLength(half ? 1 : 0);
    expect(gpu.engine.sessions.opened()).toEqual([half ? "request" : `request.${type}`]);
    await Promise.all([cpu.close(), gpu.close()]);
  },
);
