// `twin cluster` killed at random moments, and on a disk that is full: nothing half-written is taken for whole, and the same
// command then makes what it would have made.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused, root, twin } from "../kit/cli.ts";
import { patience, times } from "../kit/effort.ts";
import { contents } from "../kit/example-build.ts";
import { withFlip } from "../kit/flip.ts";
import { needs, onSmallDisk } from "../kit/needs.ts";

const kills = times("TWIN_KILLS", 2);
const folder = temporary();
afterAll(cleanUp);

const at = (...names: readonly string[]): string => join(folder, ...names);
const words = (out: string) => [
  "cluster",
  at("model.twin"),
  "--data",
  at("ex", "data.yaml"),
  "-o",
  out,
  "--every",
  "5d",
];
let whole: ReadonlyMap<string, unknown>;
let lasts = 0;

beforeAll(async () => {
  await fine(["example", at("ex"), "--users", "20", "--items", "80", "--behaviours", "150"]);
  const text = readFileSync(join(root, "models/twin_v2.twin"), "utf8")
    .replace(/^import .*\n/m, readFileSync(join(root, "models/features.twin"), "utf8"))
    .replace("max:     100k", "max:     400");
  writeFileSync(at("model.twin"), text);
  const start = performance.now();
  await fine(words(at("whole")));
  lasts = performance.now() - start;
  whole = contents(at("whole"));
}, patience(120_000));

/** As it would have been without any fault. */
function expectWhole(out: string): void {
  const found = contents(out);
  expect([...found.keys()]).toEqual([...whole.keys()]);
  for (const [name, content] of whole) {
    expect(found.get(name), name).toEqual(content);
  }
}

it(
  `is made whole by the same command after ${kills} kills`,
  async () => {
    const out = at("out");
    let cut = 0;
    for (let i = 0; i < kills; i++) {
      // Every other time what a kill left is gone on with.
      if (i % 2 === 0) {
        rmSync(out, { recursive: true, force: true });
      }
      const wait = ((i + Math.random()) / kills) * lasts;
      const { signal } = await twin(words(out), {
        started: (child) => setTimeout(() => child.kill("SIGKILL"), wait),
      });
      cut += signal === "SIGKILL" ? 1 : 0;
      if (existsSync(join(out, "data.yaml"))) {
        // Whoever trains may read it: all else stands.
        const found = contents(out);
        const named = [...whole.keys()].filter((name) => name !== "/clusters.yaml");
        expect(named.every((name) => found.get(name) !== undefined)).toBe(true);
      }
      if (!existsSync(join(out, "clusters.yaml"))) {
        await refused(1, ["verify", out], [/can be verified|no such/]);
      }
    }
    expect(cut).toBeGreaterThan(0);
    await fine(words(out));
    expectWhole(out);
  },
  patience(60_000 + kills * 30_000),
);

it("leaves nothing that is taken for whole on a full disk, and is made whole where there is room again", {
  ...needs("mount"),
  timeout: patience(180_000),
}, () => {
  const command = `node ${join(root, "cli/twin.mjs")}`;
  for (const size of ["300k", "1500k"]) {
    const out = temporary();
    const line = `${command} ${words(join(out, "out")).join(" ")}; echo "exit $?"; ls ${out}/out/clusters.yaml ${out}/out/data.yaml; mount -o remount,size=100m ${out} && ${command} ${words(join(out, "out")).join(" ")} && ${command} verify ${out}/out`;
    const { stdout, stderr } = onSmallDisk(out, line, size);
    expect(stdout, stderr).toMatch(/^exit 1\n/);
    expect(stderr).toMatch(/is full/);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(stdout).not.toMatch(/^\/.*yaml$/m);
    expect(stdout).toMatch(/\d+ files of a clustering, /);
  }
});

it(
  "is verified: each file as it was written, none beside them, and what is short is not found again",
  async () => {
    const out = at("whole");
    const { stdout } = await fine(["verify", out]);
    expect(stdout).toMatch(/files of a clustering, /);
    expect(stdout.match(/^sound {4}/gm)).toHaveLength(whole.size);
    for (const file of [
      "data.yaml",
      "samples/00000-00000.parquet",
      "items/items.parquet",
      "users/00000.jsonl",
      "clusters.yaml",
    ]) {
      await withFlip(out, { file, bit: 8 * 40 + 3 }, async () => {
        const { stdout: told } = await refused(1, ["verify", out], [/is not sound: 1 of \d+ checks failed/], /./);
        expect(told).toMatch(new RegExp(`^damaged {2}${file}: .*the same command makes it anew`, "m"));
      });
    }
    writeFileSync(join(out, "samples", "other.parquet"), "");
    const { stdout: beside } = await refused(1, ["verify", out], [/is not sound/], /./);
    expect(beside).toContain("damaged  samples/other.parquet: clusters.yaml does not name it");
    rmSync(join(out, "samples", "other.parquet"));
    const users = join(out, "users/00000.jsonl");
    const text = readFileSync(users);
    writeFileSync(users, text.subarray(0, 100));
    await refused(1, words(out), [
      /00000.jsonl has 100 bytes of \d+, and clusters.yaml says that it is whole. Remove /,
    ]);
    writeFileSync(users, text);
    await fine(words(out));
    expectWhole(out);
  },
  patience(120_000),
);
