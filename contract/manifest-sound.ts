// What a manifest's schema cannot check: that its parts fit together, and name files of its own folder only.
import { parseHashes } from "./block-hashes.ts";
import { codeWidth, featureOf, metricOf, oversOf, partName } from "./by-spec.ts";
import { encodedShapeOf, inSteps, isClock, isFloat, isStat } from "./encoder-spec.ts";
import { extensionFault, manifestSections } from "./extensions.ts";
import { expectKernel } from "./kernel-sound.ts";
import type { FeatureSpec, Manifest } from "./manifest.ts";
import type { Fail } from "./manifest-upgrade.ts";

export const cure = "Build the artefacts again: twin build FILE -o DIR";

/** Ends by `fail` with the first thing that does not hang together. */
export function expectSound(manifest: Manifest, fail: Fail): void {
  checkPaths(manifest, fail);
  for (const feature of manifest.features) {
    checkFeature(feature, manifest, fail);
  }
  checkClock(manifest, fail);
  checkTables(manifest, fail);
  checkReferences(manifest, fail);
  const fault = extensionFault(manifest.extensions, manifestSections);
  if (fault !== null) {
    fail(fault);
  }
  expectKernel(manifest, fail);
}

/** Times are steps or a clock's: an hour read off steps would be wrong without a word. */
function checkClock({ features }: Manifest, fail: Fail): void {
  const steps = features.find(({ encoder }) => inSteps(encoder));
  const read = features.find(({ encoder }) => isClock(encoder));
  if (steps !== undefined && read !== undefined) {
    fail(`feature ${read.name} is read off a clock, and ${steps.name} counts steps`);
  }
}

/** Every file of tensors has its hashes, as many as its bytes need. */
export function expectBlocks(manifest: Manifest, fail: Fail): void {
  for (const [file, { bytes, blocks }] of Object.entries(manifest.files)) {
    if (blocks === undefined && !file.endsWith(".safetensors")) {
      continue;
    }
    if (parseHashes(blocks ?? "", bytes) === null) {
      fail(`files: ${file} has not one hash for each MiB`);
    }
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
    case "centroid":
    case "vocabulary": {
      const found = manifest.vocabularies.find(({ name }) => name === vocabulary);
      return (found ?? fail(`there is no vocabulary ${JSON.stringify(vocabulary)}`)).entries + 1;
    }
    case "bucketed":
    case "elapsed":
    case "place":
    case "gap":
    case "since":
      return source.edges.length + 2;
    case "last":
      return source.rows ?? null;
    case "hour":
      return 25;
    case "weekday":
      return 8;
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
  if ("edges" in encoder && encoder.edges.some((edge, i) => !(i === 0 || encoder.edges[i - 1] < edge))) {
    inside("its edges do not ascend");
  }
  const rows = encodedRows(feature, manifest, inside);
  if (encoder.kind === "key") {
    return;
  }
  const expected = encodedShapeOf(encoder);
  const due = isFloat(encoder) ? "float32" : "int32";
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
        fail(`table ${name}: the part ${partName(part.of)} does not fit into the row`);
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

/** What searches, attends and rows of tables name must be there. */
function checkReferences(manifest: Manifest, fail: Fail): void {
  const { metrics, searches, attends, tables, fingerprints, histories } = manifest;
  const features = new Set(manifest.features.map(({ name }) => name));
  const metric = (name: string): void => {
    if (!Object.hasOwn(metrics, name)) {
      fail(`there is no metric ${name}`);
    }
  };
  const history = (name: string): void => {
    if (!histories.some((one) => one.name === name)) {
      fail(`there is no history ${name}`);
    }
  };
  const feature = (name: string): void => {
    if (!features.has(name)) {
      fail(`there is no feature ${name}`);
    }
  };
  for (const name of Object.keys(metrics)) {
    if (!Object.hasOwn(fingerprints.metric, name)) {
      fail(`the metric ${name} has no fingerprint`);
    }
  }
  for (const { by } of [...searches, ...attends]) {
    const [measure, vector] = [metricOf(by), featureOf(by)];
    if (measure !== null) {
      metric(measure);
    }
    if (vector !== null) {
      feature(vector);
    }
  }
  for (const search of searches) {
    history(search.history);
  }
  for (const over of attends.flatMap(oversOf)) {
    history(over.history);
    if (over.kind === "search" && !searches.some(({ name }) => name === over.search)) {
      fail(`there is no search ${over.search}`);
    }
  }
  for (const { of, heads, width } of Object.values(tables).flatMap(({ parts }) => parts)) {
    switch (of.kind) {
      case "keys":
        metric(of.metric);
        break;
      case "values":
        if (!attends.some(({ name }) => name === of.attend)) {
          fail(`there is no attend ${of.attend}`);
        }
        break;
      case "codes": {
        const stage =
          [...searches, ...attends].find(({ name }) => name === of.stage) ??
          fail(`there is no search or attend ${of.stage}`);
        if (heads !== 1 || width !== codeWidth(stage.by)) {
          fail(
            `${partName(of)} are ${codeWidth(stage.by)} numbers under one head, and a table holds ${heads} × ${width / heads}`,
          );
        }
      }
    }
  }
  for (const { readers } of manifest.embeddings) {
    readers.forEach(feature);
  }
  for (const { encoder } of manifest.features) {
    if (isStat(encoder)) {
      [encoder.on ?? [], "of" in encoder ? encoder.of : []].flat().forEach(feature);
    }
  }
  for (const { cross, stats = [] } of histories) {
    [...cross, ...stats].forEach(feature);
  }
}
