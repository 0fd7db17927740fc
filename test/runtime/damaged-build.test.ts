// Any flipped bit in a build folder: never another answer, always an error that names the file; and `verifyBuild` finds it.
import { cpSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TwinError } from "../../contract/error.ts";
import { verifyBuild } from "../../runtime/build-table/index.ts";
import { type LoadOptions, load, parseRequest } from "../../runtime/index.ts";
import { jobsOf } from "../../runtime/serve/weights-check.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { long, patience, seed, times } from "../kit/effort.ts";
import { builtRanked, numbers, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

/** Flips of each file. */
const flips = times("TWIN_FLIPS", 1);
const next = numbers(seed(5));

async function answer(dir: string, options: LoadOptions = {}): Promise<string> {
  const twin = await load(dir, options);
  try {
    const prepared = await twin.prepare(someUser(30));
    const { scores, logits, kept, misses } = await prepared.rank(someCandidates(5));
    return JSON.stringify([scores.click, scores.like, logits.click, kept?.positions, misses]);
  } finally {
    await twin.close();
  }
}

async function found(dir: string): Promise<string> {
  try {
    const report = await verifyBuild(dir, {});
    return report.sound ? "" : report.lines.filter((line) => /^(damaged|refused)/.test(line)).join("\n");
  } catch (error) {
    expect(error).toBeInstanceOf(TwinError);
    return (error as Error).message;
  }
}

const filesOf = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(dir, name)).isFile())
    .sort();

describe.each(["none", "all"] as const)("a build with outside: %s", (outside) => {
  it("never answers otherwise for a flipped bit, and says which file it is", {
    timeout: patience(600_000),
  }, async () => {
    const dir = await builtRanked(rankSource(), {}, { outside });
    const right = await answer(dir);
    expect(await found(dir)).toBe("");
    const needed = /^(manifest\.yaml|weights|search|rank\.|request\.|tables\/(current|gen))/;
    // Of the second build what the first has not, or has otherwise: damage costs each file a dozen sessions.
    const chosen = (name: string) => long || outside === "none" || /^(manifest|weights|search|outside)/.test(name);
    for (const [i, name] of filesOf(dir).filter(chosen).entries()) {
      const path = join(dir, name);
      const sound = readFileSync(path);
      const ends = [0, sound.length - 1];
      const places = [
        // One of them, in turn: every damage opens all sessions twice.
        ...(long ? ends : [ends[i % 2]]),
        ...Array.from({ length: flips }, () => Math.floor(next() * sound.length)),
      ];
      const damages: [string, () => void][] = places.map((place) => {
        const bit = 1 << Math.floor(next() * 8);
        const bytes = Buffer.from(sound);
        bytes[place] ^= bit;
        return [`${name} byte ${place} bit ${bit}`, () => writeFileSync(path, bytes)];
      });
      damages.push([`${name} cut short`, () => truncateSync(path, sound.length - 1)]);
      for (const [what, damage] of damages) {
        damage();
        const said = await answer(dir).catch((error: unknown) => {
          expect(error, what).toBeInstanceOf(TwinError);
          return error as Error;
        });
        if (said instanceof Error) {
          expect(said.message, what).toContain(name);
        } else {
          expect(said, what).toBe(right);
          // What ranking does not read may be damaged: nothing of it can be in an answer.
          expect(needed.test(name), `${what} is read`).toBe(false);
        }
        expect(await found(dir), what).toContain(name);
        writeFileSync(path, sound);
      }
    }
    expect(await answer(dir)).toBe(right);
  });
});

describe("weights", () => {
  const flipped = async (outside: "none" | "all" = "none") => {
    const dir = await builtRanked(rankSource(), {}, { outside });
    const path = join(dir, "weights.safetensors");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] ^= 0x40;
    writeFileSync(path, bytes);
    return dir;
  };

  it("that are damaged let no answer leave, in threads neither, unless only sizes are asked for", async () => {
    const dir = await flipped();
    const named = /weights\.safetensors is damaged: bytes 0 to \d+ \(block 0\).*twin build FILE -o DIR/;
    const twin = await load(dir).catch((error: unknown) => error as Error);
    if (twin instanceof Error) {
      expect(twin.message).toMatch(named);
    } else {
      await expect(twin.prepare(someUser(9)).then((one) => one.rank(someCandidates(2)))).rejects.toThrow(named);
    }
    const quick = await load(dir, { verify: "sizes" });
    expect(quick.status().weights).toEqual({ by: "sizes", state: "unchecked", because: "" });
    await (await quick.prepare(someUser(9))).rank(someCandidates(2));
    await quick.close();
    await expect(load(dir, { verify: "all" as "sizes" })).rejects.toThrow(/verify is "all"; bring "blocks".*"sizes"/);
  });

  it("above 32 MiB are checked in threads of their own, and behind one worker", { timeout: 60_000 }, async () => {
    const source = rankSource().replace(
      "author: hashed(buckets: 20, hashes: 2, dim: 4)",
      "author: hashed(buckets: 600000, dim: 16)",
    );
    const dir = await builtRanked(source);
    const path = join(dir, "weights.safetensors");
    expect(statSync(path).size).toBeGreaterThan(32 * 1024 * 1024);
    const right = await answer(dir);
    expect(await answer(dir, { workers: 1 })).toBe(right);
    const bytes = readFileSync(path);
    bytes[30 * 1024 * 1024 + 5] ^= 1;
    writeFileSync(path, bytes);
    const named = /weights\.safetensors is damaged: bytes 31457280 to 32505855 \(block 30\)/;
    await expect(answer(dir)).rejects.toThrow(named);
    await expect(answer(dir, { workers: 1 })).rejects.toThrow(named);
    await expect(answer(dir, { verify: "sizes" })).resolves.toBeTypeOf("string");
  });

  it("are shared out to threads whole, no byte twice", () => {
    const MiB = 1024 * 1024;
    const listed = { bytes: 5000 * MiB, sha256: "", blocks: "" };
    for (const ranges of [
      [[0, 5000 * MiB]],
      [
        [0, 7],
        [900 * MiB + 3, 1700 * MiB + 1],
        [2000 * MiB, 5000 * MiB],
      ],
      [
        [3, 40 * MiB],
        [41 * MiB, 41 * MiB + 1],
      ],
    ] as [number, number][][]) {
      const { jobs, threads } = jobsOf({ path: "w", listed, ranges }, 4);
      expect(threads).toBe(true);
      const parts = jobs.flatMap((job) => job.ranges).sort(([a], [b]) => a - b);
      const joined: [number, number][] = [];
      for (const [from, to] of parts) {
        const last = joined.at(-1);
        if (last?.[1] === from && !ranges.some(([start]) => start === from)) {
          last[1] = to;
        } else {
          joined.push([from, to]);
        }
      }
      expect(joined).toEqual(ranges);
    }
    expect(jobsOf({ path: "w", listed, ranges: [[0, 5000 * MiB]] }, 4).jobs).toHaveLength(4);
    expect(jobsOf({ path: "w", listed, ranges: [[0, 32 * MiB]] }, 4)).toMatchObject({ threads: false });
  });

  it("that are sound are said to be", async () => {
    const twin = await load(await builtRanked());
    await (await twin.prepare(someUser(9))).rank(someCandidates(2));
    expect(twin.status().weights).toEqual({ by: "blocks", state: "sound", because: "" });
    await twin.close();
  });

  it("of another build of the same size are refused", async () => {
    const dir = await builtRanked();
    cpSync(join(built(rankSource(), { seed: 9 }), "weights.safetensors"), join(dir, "weights.safetensors"));
    await expect(answer(dir)).rejects.toThrow(/weights\.safetensors is damaged/);
  });
});

it("a table of another generation of the same size is refused", async () => {
  const dir = await builtRanked();
  const other = await builtRanked(rankSource(), {}, { seed: 9 });
  const table = "tables/generations/1/video_keys.table";
  cpSync(join(other, table), join(dir, table));
  await expect(answer(dir)).rejects.toThrow(/video_keys\.table is not the file that this generation was written with/);
});

describe("a build of version 0.1.0", () => {
  const kept = join(import.meta.dirname, "../compat/0.1.0");

  it("answers as that version did, its weights checked whole", async () => {
    const twin = await load(join(kept, "model"));
    const { prepare, rank } = parseRequest(readFileSync(join(kept, "request.json"), "utf8"), "request");
    const { scores } = await (await twin.prepare(prepare)).rank(rank);
    const due = JSON.parse(readFileSync(join(kept, "rank.json"), "utf8"));
    due.scores.click.forEach((score: number, i: number) => {
      expect(Math.abs(scores.click[i] - score)).toBeLessThan(1e-6);
    });
    expect(twin.status().weights).toEqual({ by: "sha256", state: "sound", because: "" });
    await twin.close();
    expect((await verifyBuild(join(kept, "model"), {})).sound).toBe(true);
  });

  it("is refused where its weights are damaged", async () => {
    const dir = join(temporary(), "model");
    cpSync(join(kept, "model"), dir, { recursive: true });
    const path = join(dir, "weights.safetensors");
    const bytes = readFileSync(path);
    bytes[bytes.length - 5] ^= 1;
    writeFileSync(path, bytes);
    const twin = await load(dir);
    const { prepare, rank } = parseRequest(readFileSync(join(kept, "request.json"), "utf8"), "request");
    await expect(twin.prepare(prepare).then((one) => one.rank(rank))).rejects.toThrow(
      /weights\.safetensors is damaged/,
    );
    expect(twin.status().weights.state).toBe("damaged");
    await twin.close();
  });
});
