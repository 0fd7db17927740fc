// What a page fetches of a build to rank: the same files, and blocks of the weights, that `twin-compiler/web` asks for.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bytesOfBlocks } from "../../contract/block-hashes.ts";
import { externalRanges } from "../../contract/external-ranges.ts";
import type { GraphName, Manifest } from "../../contract/manifest.ts";
import { manifestJsonFile } from "../../contract/manifest-write.ts";
import { smallParityFile } from "../../contract/parity-place.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import { readManifest } from "../host/manifest-file.ts";
import { openTensors } from "../host/tensor-file.ts";
import { rankGraphs, route } from "../request/index.ts";
import { currentGeneration, readGeneration } from "../store/index.ts";
import { generationFiles } from "../table/generation-description.ts";

export interface PageBytes {
  readonly bytes: number;
  /** By file of the folder, largest first; of the weights the blocks that are fetched. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** The parameters that it reads, largest first. */
  readonly parameters: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Counted as if no cache held anything and nothing was compressed: manifest, vocabularies, the current generation whole where
 * there is one, the graphs that rank with the blocks of the weights that they read, embeddings outside whole, and the cases by
 * which a GPU is checked, which a page on WASM leaves. The library of ONNX Runtime and Twin's own scripts are not of the folder.
 */
export function pageBytes(dir: string): PageBytes {
  const manifest = readManifest(dir);
  const generation = generationPaths(dir);
  const graphs = pageGraphs(manifest, generation.length > 0);
  const paths = [
    manifestJsonFile,
    ...manifest.vocabularies.map(({ file }) => file),
    ...graphs,
    ...(Object.hasOwn(manifest.files, smallParityFile) ? [smallParityFile] : []),
    ...generation,
  ];
  const { bytes: weights, parameters } = weightsRead(dir, manifest, graphs);
  const files = [
    ...paths.map((path) => ({ path, bytes: statSync(join(dir, path)).size })),
    { path: weightsFile, bytes: weights },
  ].sort((a, b) => b.bytes - a.bytes);
  return { bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), files, parameters };
}

/** The files of the generation in use; none where no table is built. */
function generationPaths(dir: string): string[] {
  const number = currentGeneration(dir);
  if (number === null) {
    return [];
  }
  const folder = `tables/generations/${number}`;
  const names = ["generation.json", ...generationFiles(readGeneration(join(dir, folder)))];
  return ["tables/current", ...names.map((name) => `${folder}/${name}`)];
}

/** The files of the graphs that a request runs: with fresh tables, or where a row that is missed must be projected. */
function pageGraphs(manifest: Manifest, built: boolean): string[] {
  const way = route(manifest, false);
  const ranking = way.request === null ? rankGraphs(way) : [way.request];
  const projects = Object.values(manifest.tables).some(({ on_miss }) => !built || on_miss === "compute");
  const names: (GraphName | null)[] = [...ranking, ...(projects ? (["projector"] as const) : [])];
  return names.flatMap((name) => {
    const file = name === null ? undefined : manifest.graphs[name]?.file;
    return file === undefined ? [] : [file];
  });
}

function weightsRead(
  dir: string,
  manifest: Manifest,
  graphs: readonly string[],
): { readonly bytes: number; readonly parameters: PageBytes["parameters"] } {
  const path = join(dir, weightsFile);
  const file = openTensors(path);
  try {
    const read = new Map<string, readonly [number, number]>();
    for (const graph of graphs) {
      for (const { from, to } of externalRanges(readFileSync(join(dir, graph)), join(dir, graph))) {
        for (const { name, start, end } of file.entries.values()) {
          if (start < to && from < end) {
            read.set(name, [start, end]);
          }
        }
      }
    }
    const outside = manifest.embeddings.filter(({ placement }) => placement.kind === "outside");
    for (const { parameter } of outside) {
      const entry = file.entries.get(parameter);
      if (entry !== undefined) {
        read.set(parameter, [entry.start, entry.end]);
      }
    }
    const first = Math.min(...Array.from(file.entries.values(), ({ start }) => start));
    // Where rows are looked up in the file itself, its head is read, too.
    const head: readonly (readonly [number, number])[] = outside.length === 0 ? [] : [[0, first]];
    const parameters = [...read].map(([name, [start, end]]) => ({ name, bytes: end - start }));
    return {
      bytes: bytesOfBlocks([...head, ...read.values()], statSync(path).size),
      parameters: parameters.sort((a, b) => b.bytes - a.bytes),
    };
  } finally {
    file.close();
  }
}
