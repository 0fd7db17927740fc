// ETA and SDIM with their codes in a table, on the command line: built, ranked, compared with builds that hash, and told apart.
import { copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp } from "../kit/built-twin.ts";
import { fine, here, refused, root } from "../kit/cli.ts";
import { type ExampleBuild, exampleBuild, type RequestFile } from "../kit/example-build.ts";

let example: ExampleBuild;

const json = async (args: readonly string[]) => JSON.parse((await fine([...args, "--json"])).stdout);

beforeAll(async () => {
  example = await exampleBuild({ tables: false });
  const request: RequestFile = JSON.parse(readFileSync(example.request, "utf8"));
  // These models have no candidate features.
  writeFileSync(example.request, JSON.stringify({ ...request, candidates: { item: request.candidates.item } }));
});
afterAll(cleanUp);

describe.each([
  ["eta", "nearest", "bits: 64"],
  ["sdim", "interest", "width: 3"],
])("models/%s.twin with a table of %s.codes", (name, stage, planes) => {
  const table = `\ntable item_codes {\n  of: ${stage}.codes\n  precision: uint8\n  coverage: 60%\n  on_miss: compute\n}\n`;
  const file = (of: string) => join(example.folder, `${name}-${of}.twin`);
  const dir = (of: string) => join(example.folder, `${name}-${of}`);
  let ranked: { plain: Record<string, unknown>; held: Record<string, unknown> };

  beforeAll(async () => {
    copyFileSync(join(root, "models/features.twin"), join(example.folder, "features.twin"));
    const text = readFileSync(join(root, `models/${name}.twin`), "utf8").replace("keep: 100", "keep: 10");
    writeFileSync(file("plain"), text);
    writeFileSync(file("held"), text + table);
    writeFileSync(file("other"), text.replace(planes, `${planes}, seed: 9`) + table);
    const vocabularies = ["--vocabularies", join(example.dir, "vocabularies")];
    await fine(["build", file("plain"), "-o", dir("plain"), ...vocabularies]);
    for (const of of ["held", "other"]) {
      const own = ["--weights", join(dir("plain"), "weights.safetensors")];
      await fine(["build", file(of), "-o", dir(of), ...vocabularies, ...own]);
    }
    // Of a model without tables it is the store of items.
    for (const of of ["plain", "held"]) {
      await fine(["table", "build", dir(of), "--data", example.data]);
    }
    const rank = (of: string) => json(["rank", dir(of), "--request", example.request]);
    ranked = { plain: await rank("plain"), held: await rank("held") };
  });

  it("ranks to the bit as the model that hashes, though the table misses some", () => {
    expect(ranked.held.scores).toEqual(ranked.plain.scores);
    expect(ranked.held.kept).toEqual(ranked.plain.kept);
    const [{ found, computed }] = ranked.held.tables as { found: number; computed: number }[];
    expect(found).toBeGreaterThan(0);
    expect(computed).toBeGreaterThan(0);
  });

  it("scores by requests what batches score", async () => {
    const figures = (...more: string[]) => json(["evaluate", dir("held"), "--data", example.data, ...more]);
    const [batches, requests] = [await figures(), await figures("--serving", "--users", "20")];
    expect(requests.labels[0].logloss).toBeCloseTo(batches.labels[0].logloss, 5);
  });

  it("is found sound, and needs its rows anew where the planes are others", async () => {
    await fine(["verify", dir("held")]);
    const { code, stdout } = await here(["diff", dir("held"), file("other")]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/item_codes.*its projector computes something else/s);
  });

  it("does not take the other planes' rows", async () => {
    for (const one of ["current", "generations"]) {
      cpSync(join(dir("held"), "tables", one), join(dir("other"), "tables", one), { recursive: true });
    }
    const rank = ["rank", dir("other"), "--request", example.request, "--max-staleness", "365d"];
    await refused(1, rank, [/table item_codes in .* cannot be used: .*holds codes/]);
  });
});
