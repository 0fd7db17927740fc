// Reads manifest.json: the manifest for whoever has no YAML, such as a browser.
import * as v from "valibot";
import { isChecked } from "./checked-json.ts";
import { TwinError } from "./error.ts";
import { repeatedKey } from "./json-keys.ts";
import { type Manifest, ManifestSchema } from "./manifest.ts";
import { cure, expectBlocks, expectSound } from "./manifest-sound.ts";
import { expectFormat, schemaFault, wayOut } from "./schema-fault.ts";

/** @param path for errors @throws TwinError where it is damaged, of another version, or does not hang together */
export function parseManifestJson(text: string, path: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TwinError(`${path} is no JSON text. ${cure}`);
  }
  expectFormat(value, path, { what: "a manifest of Twin", cure }, [2]);
  const fail = (what: string): never => {
    throw new TwinError(`${path}: ${what}. ${cure}`);
  };
  const twice = repeatedKey(text);
  if (twice !== null) {
    fail(`${JSON.stringify(twice)} stands twice in one object`);
  }
  const result = v.safeParse(ManifestSchema, value);
  if (!result.success) {
    const fault = schemaFault(result.issues);
    throw new TwinError(`${path}: ${fault.name}: ${fault.what}. ${wayOut(fault, cure)}`);
  }
  if (!isChecked(text)) {
    fail("its checksum does not fit its text: it is damaged, or was changed by hand");
  }
  expectBlocks(result.output, fail);
  expectSound(result.output, fail);
  return result.output;
}
