// Folders as earlier versions wrote them: each answers as it did then; `twin upgrade` brings a build into the present formats.
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readBuild } from "../../runtime/host/manifest-file.ts";
import { readGeneration } from "../../runtime/store/generation-file.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, here, refused, root } from "../kit/cli.ts";
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
    expect(changed).toEqual(expect.arrayContaining(["manifest.json", "manifest.yaml"]));
    for (const [name, bytes] of same) {
      expect(kept(name), name).toBe(bytes);
    }
    expect(await ranked(dir, version)).toEqual(before);
    const read = readBuild(dir);
    expect(read.earlier).toBeNull();
    expect(read.manifest.files["weights.safetensors"].blocks).toMatch(/^[0-9a-f]{16}$/);
    expect(readGeneration(join(dir, "tables/generations/1")).format).toBe(2);
    const { stdout } = await fine(["verify", dir]);
    expect(stdout).toMatch(/^sound {4}manifest\.yaml: as its checksum says$/m);
    expect(stdout).toMatch(/^sound {4}manifest\.json beside manifest\.yaml: they say the same$/m);
    expect((await fine(["upgrade", dir])).stdout).toMatch(/everything is in the present formats/);
  }, 120_000);

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
