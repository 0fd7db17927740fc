// Opens a build folder for a page: the manifest, what requests are encoded by, the tables; graphs and weights as they are
// asked for. Everything is held against the manifest, whatever it came through.
import { digestOf } from "../../contract/digest.ts";
import { TwinError } from "../../contract/error.ts";
import { externalRanges } from "../../contract/external-ranges.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { parseManifestJson } from "../../contract/manifest-json.ts";
import { graphInputs } from "../../contract/ports.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import type { EncodeContext } from "../encode/context.ts";
import { Vocabulary } from "../encode/vocabulary.ts";
import { statsTaken } from "../request/index.ts";
import type { SessionName } from "../session/session.ts";
import { parseDuration } from "../table/freshness.ts";
import { checkedFile, keyOf, manifestBytes, manifestName, type OpenedFiles } from "./checked-files.ts";
import { type FolderFiles, GivenFiles, inFolder, pickedFiles } from "./folder-files.ts";
import { keptBytes } from "./kept-bytes.ts";
import { Meter } from "./meter.ts";
import { outsideTables, rowsOfWeights } from "./outside-tables.ts";
import { fetchFile, ServerFiles, type ServerOptions } from "./server-files.ts";
import type { FolderOptions, FolderSource, WebFolder, WebGraph } from "./web-folder.ts";
import { type OpenPack, openPack } from "./web-pack.ts";
import { WebTables } from "./web-tables.ts";
import { Weights } from "./weights.ts";

const defaultLargest = 64 * 1024 * 1024;
const mostPack = 2 ** 31 - 1;

/**
 * Opens what `twin build` and `twin table build` wrote, wherever its files are. Vocabularies and small tables come at once.
 * Where another build takes the folder's place meanwhile, it is opened once more from the beginning.
 * @throws TwinError naming the file, or the option, and the way out; the signal's reason
 */
export async function openFolder(from: FolderSource, options: FolderOptions = {}): Promise<WebFolder> {
  try {
    return await open(from, options, false);
  } catch (error) {
    if (error instanceof TwinError && error.code === "folder_changed") {
      return open(from, options, true);
    }
    throw error;
  }
}

async function open(from: FolderSource, options: FolderOptions, again: boolean): Promise<WebFolder> {
  const { signal = null, maxStaleness = 0, largest = defaultLargest } = options;
  expectPositive("largest", largest);
  expectPositive("stalled", options.stalled ?? 1);
  const staleness = parseDuration(maxStaleness, "maxStaleness");
  const integrity = options.integrity === undefined ? null : pinned(options.integrity);
  const notes: string[] = [];
  const note = (text: string) => void (notes.includes(text) || notes.push(text));
  const meter = new Meter(options.progress);
  const files = filesOf(from, options, meter, note);
  const text = await pinnedManifest(files, integrity, signal, again);
  const manifest = parseManifestJson(text, files.place(manifestName));
  const kept = await keptBytes(files.where, files instanceof ServerFiles ? note : null);
  const opened: OpenedFiles = { files, manifest, text, kept, meter };
  const hash = await hasher();
  const weights = new Weights(opened, hash);
  const pack = await packOf(options, opened, note);
  const tables = new WebTables(opened, { maxStaleness: staleness, largest }, pack?.parts ?? null);
  const vocabularies = await readVocabularies(opened, signal);
  await tables.refresh(signal);
  const listed = Object.values(manifest.files).map(({ sha256 }) => keyOf(sha256));
  const keep = (): Promise<void> => kept.keep(new Set([...listed, ...weights.keys(), ...tables.keys()]));
  await keep();
  const inputs = graphInputs(manifest);
  const rowsInWeights = rowsOfWeights(weights, largest, files.place(weightsFile));
  const rowsOf: typeof rowsInWeights = async (table, asked) => pack?.rows(table) ?? rowsInWeights(table, asked);
  return {
    dir: files.where,
    manifest,
    inputs,
    statsTaken: statsTaken(manifest, inputs),
    itemFeatures: manifest.features.filter((feature) => feature.group === "item"),
    outside: outsideTables(manifest, rowsOf, (parameter) => `${files.place(weightsFile)}: tensor \`${parameter}\``),
    context: contexts(hash, vocabularies, files.place(manifestName)),
    tables: {
      maxStaleness: staleness,
      current: () => tables.current(),
      async refresh(asked = null) {
        const other = await tables.refresh(asked);
        if (other) {
          // A page that stays open for days keeps one generation, not each that there was.
          await keep();
        }
        return other;
      },
    },
    graph: (name, asked = null) => readGraph(opened, weights, name, asked),
    file: (path, asked = null) => checkedFile(opened, path, asked),
    get traffic() {
      return meter.traffic;
    },
    notes,
  };
}

function expectPositive(name: string, value: number): void {
  if (!(value > 0)) {
    throw new TwinError(`openFolder: ${name} is ${String(value)}; bring a number above 0`);
  }
}

function serverOptions(
  { fetch: given, stalled = 30_000 }: FolderOptions,
  meter: Meter,
  note: (text: string) => void,
): ServerOptions {
  // Of the host itself it must be called as its own.
  const get = given ?? ((...call: Parameters<typeof fetch>) => globalThis.fetch(...call));
  return { fetch: get, stalled, meter, note };
}

function filesOf(from: FolderSource, options: FolderOptions, meter: Meter, note: (text: string) => void): FolderFiles {
  if (typeof from === "string" || from instanceof URL) {
    return ServerFiles.of(from, serverOptions(options, meter, note));
  }
  return new GivenFiles(inFolder<Uint8Array | Blob>("length" in from ? pickedFiles(from) : from));
}

async function packOf(
  options: FolderOptions,
  { manifest, meter }: OpenedFiles,
  note: (text: string) => void,
): Promise<OpenPack | null> {
  const { pack, signal = null } = options;
  if (pack === undefined) {
    return null;
  }
  if (typeof pack === "string" || pack instanceof URL) {
    const server = serverOptions(options, meter, note);
    const { bytes, place } = await fetchFile(pack, server, { signal, most: mostPack, changes: true });
    return openPack(bytes, place, manifest, note);
  }
  const bytes = pack instanceof Uint8Array ? pack : new Uint8Array(await pack.arrayBuffer());
  return openPack(bytes, "the pack", manifest, note);
}

/** The digest that a text says: 64 hexadecimal digits. */
function pinned(integrity: string): string {
  const text = integrity.trim();
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return text.toLowerCase();
  }
  const [, base64] = /^sha256-([A-Za-z0-9+/]{43}=?)$/.exec(text) ?? [];
  if (base64 === undefined) {
    throw new TwinError(
      `integrity: ${JSON.stringify(integrity)} is neither "sha256-…" (base64) nor 64 hexadecimal digits; \`twin verify DIR\` prints it`,
    );
  }
  return Array.from(atob(base64), (one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

async function pinnedManifest(
  files: FolderFiles,
  integrity: string | null,
  signal: AbortSignal | null,
  again: boolean,
): Promise<string> {
  let bytes = await manifestBytes(files, signal, again);
  if (integrity !== null && digestOf(bytes) !== integrity) {
    bytes = await manifestBytes(files, signal, true);
    if (digestOf(bytes) !== integrity) {
      throw new TwinError(
        `${files.place(manifestName)} is not the one that \`integrity\` pins: its SHA-256 is ${digestOf(bytes)}, not ${integrity}. Another build lies there, or it was changed`,
      );
    }
  }
  return new TextDecoder().decode(bytes);
}

async function readVocabularies(opened: OpenedFiles, signal: AbortSignal | null): Promise<Map<string, Vocabulary>> {
  const found = new Map<string, Vocabulary>();
  const { vocabularies } = opened.manifest;
  const texts = await Promise.allSettled(vocabularies.map(({ file }) => checkedFile(opened, file, signal)));
  vocabularies.forEach(({ name, file, entries }, i) => {
    const got = texts[i];
    if (got.status === "rejected") {
      throw got.reason;
    }
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(got.value);
    found.set(name, Vocabulary.expect(text, opened.files.place(file), name, entries));
  });
  return found;
}

function contexts(hash: Hasher, vocabularies: ReadonlyMap<string, Vocabulary>, place: string): WebFolder["context"] {
  const vocabulary = (name: string): Vocabulary => {
    const found = vocabularies.get(name);
    if (found === undefined) {
      throw new TwinError(`${place} has no vocabulary ${name}`);
    }
    return found;
  };
  return (where, now): EncodeContext =>
    now === undefined ? { hasher: hash, vocabulary, where } : { hasher: hash, vocabulary, where, now };
}

async function readGraph(
  opened: OpenedFiles,
  weights: Weights,
  name: SessionName,
  signal: AbortSignal | null,
): Promise<WebGraph> {
  const { files, manifest } = opened;
  const file = graphFile(manifest, name);
  if (file === null) {
    throw new TwinError(`${files.place(manifestName)} has no graph ${name}`);
  }
  const model = await checkedFile(opened, file, signal);
  const ranges = externalRanges(model, files.place(file));
  const elsewhere = ranges.find(({ location }) => location !== weightsFile);
  if (elsewhere !== undefined) {
    throw new TwinError(
      `${files.place(file)} reads ${JSON.stringify(elsewhere.location)}, and weights are in ${weightsFile}`,
    );
  }
  if (ranges.length === 0) {
    return { model, externalData: [] };
  }
  await weights.need(
    ranges.map(({ from, to }) => [from, to] as const),
    signal,
  );
  return { model, externalData: [{ path: weightsFile, data: weights.data }] };
}

function graphFile({ graphs }: Manifest, name: SessionName): string | null {
  for (const [graph, spec] of Object.entries(graphs)) {
    if (graph === name) {
      return spec?.file ?? null;
    }
    const variant = Object.entries(spec?.variants ?? {}).find(([type]) => `${graph}.${type}` === name);
    if (variant !== undefined) {
      return variant[1]?.file ?? null;
    }
  }
  return null;
}
