// Folders as earlier versions wrote them: each answers as it did then; `twin upgrade` brings a build into the present formats.
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { TableSpecSchema } from "../../contract/table-spec.ts";
import { readBuild } from "../../runtime/host/manifest-file.ts";
import { recovered } from "../../runtime/serve/artefacts.ts";
import { readGeneration } from "../../runtime/store/generation-file.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, here, refused, root } from "../kit/cli.ts";
import { long } from "../kit/effort.ts";
import { contents } from "../kit/example-build.ts";
import { withFlip } from "../kit/flip.ts";

afterAll(cleanUp);

const versions = readdirSync(join(root, "test/compat"), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

function copied(version: string, name: string): string {
  const dir = join(temporary(), name);
  cpSync(join(root, "test/compat", version, name), dir, { recursive: true });
  return dir;
}

/** Every so many steps of an upgrade one is killed; renames always. */
const stride = long ? 1 : 200;

const upgraded = (dir: string, env: Record<string, string>) =>
  spawnSync(process.execPath, ["--import", "./test/kit/die-at-step.mjs", "cli/twin.mjs", "upgrade", dir], {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });

const request = (version: string) => join(root, "test/compat", version, "request.json");

/** What does not depend on the hour. */
async function ranked(dir: string, version: string) {
  const { scores, logits, kept } = JSON.parse(
    (await fine(["rank", dir, "--request", request(version), "--json"])).stdout,
  );
  return { scores, logits, kept };
}

function close(found: unknown, due: unknown): void {
  if (typeof due === "number") {
    expect(Math.abs((found as number) - due)).toBeLessThan(1e-6);
  } else if (typeof due === "object" && due !== null) {
    for (const [key, value] of Object.entries(due)) {
      close((found as Record<string, unknown>)[key], value);
    }
  } else {
    expect(found).toEqual(due);
  }
}

describe.each(versions)("as version %s wrote it", (version) => {
  it("a build answers as it did, and the same to the bit when it is upgraded", async () => {
    const dir = copied(version, "model");
    const before = await ranked(dir, version);
    const due = JSON.parse(readFileSync(join(root, "test/compat", version, "rank.json"), "utf8"));
    close(before.scores, due.scores);
    expect(readBuild(dir).earlier).not.toBeNull();
    const kept = (name: string) => readFileSync(join(dir, name)).toString("base64");
    const same = ["weights.safetensors", "request.onnx", "tables/generations/1/video_keys.table"].map(
      (name) => [name, kept(name)] as const,
    );
    const { changed } = JSON.parse((await fine(["upgrade", dir, "--json"])).stdout);
    expect(changed).toEqual(expect.arrayContaining(["manifest.json", "manifest.yaml", "tables/video_keys.yaml"]));
    for (const [name, bytes] of same) {
      expect(kept(name), name).toBe(bytes);
    }
    expect(await ranked(dir, version)).toEqual(before);
    const read = readBuild(dir);
    expect(read.earlier).toBeNull();
    expect(read.manifest.files["weights.safetensors"].blocks).toMatch(/^[0-9a-f]{16}$/);
    expect(readGeneration(join(dir, "tables/generations/1")).format).toBe(2);
    const spec = v.parse(TableSpecSchema, parse(readFileSync(join(dir, "tables/video_keys.yaml"), "utf8")));
    expect(spec.row.parts).toMatchObject([{ of: { kind: "keys", metric: "relevance" } }]);
    expect(spec.metrics.relevance.fingerprint).toBe(read.manifest.fingerprints.metric.relevance);
    const { stdout } = await fine(["verify", dir]);
    expect(stdout).toMatch(/^sound {4}manifest\.yaml: as its checksum says$/m);
    expect(stdout).toMatch(/^sound {4}manifest\.json beside manifest\.yaml: they say the same;/m);
    expect((await fine(["upgrade", dir])).stdout).toMatch(/everything is in the present formats/);
  }, 120_000);

  it("an upgrade that is killed at any step leaves the build before it, or the new one", async () => {
    const old = copied(version, "model");
    const fresh = copied(version, "model");
    const list = join(temporary(), "steps");
    expect(upgraded(fresh, { DIE_LIST: list }).status).toBe(0);
    const whole = { before: contents(old), after: contents(fresh) };
    const steps = readFileSync(list, "utf8").split("\n");
    const chosen = steps.flatMap((name, i) =>
      name === "renameSync" ? [i + 1, i + 2] : i % stride === 0 ? [i + 1] : [],
    );
    const seen = new Set<string>();
    const dir = copied(version, "model");
    for (const step of new Set(chosen)) {
      const { signal } = upgraded(dir, { DIE_AT: String(step) });
      expect(signal, `step ${step} of ${steps.length}`).toBe(step <= steps.length ? "SIGKILL" : null);
      const now = contents(recovered(dir, () => undefined));
      const [side] = Object.entries(whole).flatMap(([name, all]) => (isDeepStrictEqual(now, all) ? [name] : []));
      expect(side, `killed before step ${step} of ${steps.length} (${steps[step - 1]})`).toBeDefined();
      seen.add(side);
      rmSync(dirname(dir), { recursive: true });
      cpSync(old, dir, { recursive: true });
    }
    expect([...seen].sort()).toEqual(["after", "before"]);
    // What a killed one left is put right by the next.
    upgraded(dir, { DIE_AT: String(steps.lastIndexOf("renameSync") + 1) });
    await fine(["upgrade", dir]);
    expect(isDeepStrictEqual(contents(dir), whole.after)).toBe(true);
    expect(readdirSync(dirname(dir))).toEqual(["model"]);
    expect((await fine(["verify", dir])).stdout).not.toMatch(/damaged/);
  }, 300_000);

  it("a damaged build is left as it is", async () => {
    const dir = copied(version, "model");
    const before = readFileSync(join(dir, "manifest.yaml"), "utf8");
    await withFlip(dir, { file: "rank_fresh.onnx", bit: 8 * 400 }, async () => {
      await refused(1, ["upgrade", dir], [/is not sound, so it is left as it is: rank_fresh\.onnx: .*damaged/]);
    });
    expect(readFileSync(join(dir, "manifest.yaml"), "utf8")).toBe(before);
    expect(readdirSync(join(dir, "..")).sort()).toEqual(["model"]);
  }, 120_000);

  it("runs and prepared data are sound, and upgrade says what renews them", async () => {
    for (const [name, way] of [
      ["run", /is a run, which is read as it is: .*--resume/],
      ["cache", /is prepared data: make them anew by `twin data prepare/],
    ] as const) {
      const dir = copied(version, name);
      expect((await here(["verify", dir])).code).toBe(0);
      await refused(1, ["upgrade", dir], [way]);
    }
  }, 120_000);
});

it("upgrade refuses what is no build", async () => {
  await refused(1, ["upgrade", temporary()], [/is no build: it has no manifest\.yaml/]);
});
