// The texts of manifest.yaml and tables/NAME.yaml, and what their schemas cannot check: that their parts fit together.
import { parseHashes } from "./block-hashes.ts";
import { digestOf } from "./digest.ts";
import { TwinError } from "./error.ts";
import { type FeatureSpec, type Manifest, ManifestSchema } from "./manifest.ts";
import { type TableSpec, TableSpecSchema } from "./table-spec.ts";
import { parseYaml } from "./yaml-text.ts";

const cure = "Build the artefacts again: twin build FILE -o DIR";

/** Reads the text of a manifest. `path` is for errors. */
export function parseManifest(text: string, path: string): Manifest {
  const manifest = parseYaml(text, path, ManifestSchema, { what: "a manifest of Twin", cure, formats: [1, 2] });
  const fail = (what: string): never => {
    throw new TwinError(`${path}: ${what}. ${cure}`);
  };
  if (manifest.format >= 2) {
    checkChecksum(text, fail);
    checkBlocks(manifest, fail);
  }
  checkPaths(manifest, fail);
  for (const feature of manifest.features) {
    checkFeature(feature, manifest, fail);
  }
  checkTables(manifest, fail);
  return manifest;
}

/** Reads the text of a lookup-table spec. `path` is for errors. */
export function parseTableSpec(text: string, path: string): TableSpec {
  return parseYaml(text, path, TableSpecSchema, { what: "a lookup-table spec of Twin", cure });
}

type Fail = (what: string) => never;

/** The last line vouches for all before it: a flipped digit is another edge, limit or fingerprint. */
function checkChecksum(text: string, fail: Fail): void {
  const [line, stored] = /(?<=\n)checksum: sha256:([0-9a-f]{64})\n$/.exec(text) ?? [];
  if (line === undefined) fail("its last line is not its checksum: it is cut short, damaged, or was changed by hand");
  const found = digestOf(text.slice(0, text.length - line!.length));
  if (found !== stored) fail("its checksum does not fit its text: it is damaged, or was changed by hand");
}

/** Every file of tensors has its hashes, as many as its bytes need. */
function checkBlocks(manifest: Manifest, fail: Fail): void {
  for (const [file, { bytes, blocks }] of Object.entries(manifest.files)) {
    if (blocks === undefined && !file.endsWith(".safetensors")) continue;
    if (parseHashes(blocks ?? "", bytes) === null) fail(`files: ${file} has not one hash for each MiB`);
  }
}

/** A manifest may name files of its own folder only. */
function checkPaths(manifest: Manifest, fail: Fail): void {
  const paths = [
    ...Object.keys(manifest.files),
    ...Object.values(manifest.graphs).flatMap((graph) =>
      graph ? [graph.file, ...Object.values(graph.variants ?? {}).flatMap((one) => (one ? [one.file] : []))] : [],
    ),
    ...Object.values(manifest.tables).map((table) => table.spec),
    ...manifest.vocabularies.map((vocabulary) => vocabulary.file),
  ];
  for (const file of paths) {
    const parts = file.split("/");
    if (/[\\\0:]/.test(file) || parts.some((part) => part === "" || part === "." || part === "..")) {
      fail(`it names the file ${JSON.stringify(file)}, which is not one of its own folder`);
    }
  }
}

/** Rows that an encoder can give, row 0 among them; null where it gives none. */
function encodedRows({ encoder, vocabulary }: FeatureSpec, manifest: Manifest, fail: Fail): number | null {
  const source = encoder.kind === "tags" ? encoder.of : encoder;
  switch (source.kind) {
    case "id":
      return source.vocab + 1;
    case "hashed":
      return source.buckets + 1;
    case "vocabulary": {
      const found = manifest.vocabularies.find(({ name }) => name === vocabulary);
      return (found ?? fail(`there is no vocabulary ${JSON.stringify(vocabulary)}`)).entries + 1;
    }
    case "bucketed":
    case "elapsed":
      return source.edges.length + 2;
    case "flag":
      return 3;
    default:
      return null;
  }
}

/** Types and shapes must be the encoder's, and no row may lie outside its embedding: it would be read unchecked. */
function checkFeature(feature: FeatureSpec, manifest: Manifest, fail: Fail): void {
  const { name, encoder, dtype, shape, embedding } = feature;
  const inside: Fail = (what) => fail(`feature ${name}: ${what}`);
  if ("edges" in encoder && encoder.edges.some((edge, i) => !(i === 0 || encoder.edges[i - 1]! < edge))) {
    inside("its edges do not ascend");
  }
  const rows = encodedRows(feature, manifest, inside);
  if (encoder.kind === "key") {
    return;
  }
  const expected = encoder.kind === "tags" ? [encoder.max] : encoder.kind === "pretrained" ? [encoder.size] : [];
  const due = rows === null ? "float32" : "int32";
  if (dtype !== due || shape.join() !== expected.join()) {
    inside(`${encoder.kind} is ${due} [${expected}], not ${dtype} [${shape}]`);
  }
  if (embedding !== null && rows !== null) {
    const table = manifest.embeddings.find(({ parameter }) => parameter === embedding);
    const found = (table ?? inside(`there is no embedding ${embedding}`)).rows;
    if (found < rows) {
      inside(`it needs ${rows} rows, and its embedding ${embedding} has ${found}`);
    }
  }
}

function checkTables(manifest: Manifest, fail: Fail): void {
  for (const [name, { parts, width, history }] of Object.entries(manifest.tables)) {
    let offset = 0;
    for (const part of parts) {
      if (part.offset !== offset || part.heads * part.dim !== part.width) {
        fail(`table ${name}: the part ${part.of} does not fit into the row`);
      }
      offset += part.width;
    }
    if (offset !== width) {
      fail(`table ${name}: its parts fill ${offset} of ${width} values`);
    }
    if (!manifest.histories.some((one) => one.name === history)) {
      fail(`table ${name}: there is no history ${history}`);
    }
  }
}
