// manifest.json: the manifest without YAML, listed in manifest.yaml, with a checksum of its own.
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkedJson } from "../../contract/checked-json.ts";
import { parseManifestJson } from "../../contract/manifest-json.ts";
import { readManifestText } from "../../contract/manifest-text.ts";
import { bareManifest, manifestTexts } from "../../contract/manifest-write.ts";
import { verifyBuild } from "../../runtime/build-table/index.ts";
import { readBuild, readManifest } from "../../runtime/host/manifest-file.ts";
import { load } from "../../runtime/index.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { rankSource } from "../kit/rank-model.ts";

afterAll(cleanUp);

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

describe("manifest.json", () => {
  const dir = built(rankSource("precision: float32", 6, 40));
  const path = join(dir, "manifest.json");
  const text = readFileSync(path, "utf8");

  it("says what manifest.yaml says, but where it lies itself", () => {
    const manifest = readManifest(dir);
    expect(bareManifest(parseManifestJson(text, path))).toEqual(bareManifest(manifest));
    expect(manifest.files["manifest.json"]).toEqual({
      bytes: Buffer.byteLength(text),
      sha256: sha256(readFileSync(path)),
    });
    expect(manifestTexts(manifest)).toMatchObject({
      json: text,
      yaml: readFileSync(join(dir, "manifest.yaml"), "utf8"),
    });
  });

  it("is read in place of the YAML that lists it, and says the same to the last field; changed or gone it is not", () => {
    const yaml = join(dir, "manifest.yaml");
    const written = readFileSync(yaml, "utf8");
    const due = readManifestText(written, yaml);
    const keys = (value: unknown) => JSON.stringify(value);
    expect(readBuild(dir)).toEqual(due);
    // It was not the YAML: of that, but for its listed JSON, nothing but the checksum is looked at.
    const other = temporary();
    const listed = /^ {2}manifest\.json: \{.*\}$/m.exec(written)![0];
    const hollow = `files:\n${listed}\n`;
    writeFileSync(join(other, "manifest.json"), text);
    writeFileSync(join(other, "manifest.yaml"), `${hollow}checksum: sha256:${sha256(Buffer.from(hollow))}\n`);
    expect(keys(bareManifest(readBuild(other).manifest))).toBe(keys(bareManifest(due.manifest)));
    writeFileSync(yaml.replace(dir, other), written);
    for (const json of [text.replace(/"parameters": \d+/, '"parameters": 7'), text.slice(0, -1), "", null]) {
      if (json === null) {
        rmSync(join(other, "manifest.json"));
      } else {
        writeFileSync(join(other, "manifest.json"), json);
      }
      expect(readBuild(other)).toEqual(due);
    }
    writeFileSync(join(other, "manifest.json"), text);
    writeFileSync(join(other, "manifest.yaml"), written.replace(/parameters: \d+/, "parameters: 7"));
    expect(() => readBuild(other)).toThrow(/its checksum does not fit its text/);
  });

  it("needs nothing but a JSON parser and SHA-256 to be checked", () => {
    const { checksum } = JSON.parse(text);
    const before = text.replace(/,\n {2}"checksum": ".*"\n\}\n$/, "\n}\n");
    expect(checksum).toBe(`sha256:${sha256(Buffer.from(before))}`);
  });

  it("is refused with any digit changed, with a key twice, or of a later version", () => {
    const refused = (changed: string, message: RegExp) =>
      expect(() => parseManifestJson(changed, "m.json")).toThrow(message);
    refused(text.replace(/"parameters": \d+/, '"parameters": 7'), /its checksum does not fit/);
    refused(text.replace('"model":', '"model": "other",\n  "model":'), /"model" stands twice in one object/);
    refused(text.replace('"format": 2', '"format": 3'), /has format 3, and this version of Twin reads format 2/);
    refused("{", /is no JSON text/);
    refused(text.slice(0, -10), /is no JSON text/);
    const value = JSON.parse(text);
    delete value.checksum;
    const later = { ...value, features: [{ ...value.features[0], encoder: { kind: "eternal" } }] };
    refused(checkedJson(later), /features.0.encoder.kind: "eternal" is nothing that this version of Twin knows here/);
  });

  it("is held against manifest.yaml by load and by verify", async () => {
    const integrity = createHash("sha256").update(readFileSync(path)).digest("base64");
    expect((await verifyBuild(dir, {})).lines).toContain(
      `sound    manifest.json beside manifest.yaml: they say the same; a page pins it by its integrity, sha256-${integrity}`,
    );
    const other = parseManifestJson(text, path);
    writeFileSync(path, checkedJson({ ...bareManifest(other), doc: "another" }));
    await expect(load(dir)).rejects.toThrow(/manifest\.json (has \d+ bytes|is not the file of this build)/);
    const { sound, lines } = await verifyBuild(dir, {});
    expect(sound).toBe(false);
    expect(lines.filter((line) => line.startsWith("damaged")).join("\n")).toMatch(
      /manifest\.json says something else than/,
    );
    writeFileSync(path, text);
  });
});
