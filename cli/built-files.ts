// The generation of tables in a folder as files to be written with a build.
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ArtefactFile } from "../compiler/index.ts";

const pieceBytes = 1 << 20;

/** Everything below `tables/generations`, and then `tables/current`; none where nothing is built. */
export function builtFiles(dir: string): Pick<ArtefactFile, "path" | "content">[] {
  const below = (folder: string): string[] =>
    readdirSync(join(dir, folder), { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => {
        const path = `${folder}/${entry.name}`;
        return entry.isDirectory() ? below(path) : [path];
      });
  const tables = readdirSync(dir).includes("tables") ? readdirSync(join(dir, "tables")) : [];
  const paths = [
    ...(tables.includes("generations") ? below("tables/generations") : []),
    ...(tables.includes("current") ? ["tables/current"] : []),
  ];
  return paths.map((path) => ({ path, content: () => pieces(join(dir, path)) }));
}

function* pieces(path: string): Generator<Uint8Array> {
  const file = openSync(path, "r");
  try {
    const { size } = statSync(path);
    for (let at = 0; at < size; ) {
      const piece = new Uint8Array(Math.min(pieceBytes, size - at));
      const read = readSync(file, piece, 0, piece.length, at);
      if (read === 0) {
        throw new Error(`${path} ended early`);
      }
      yield piece.subarray(0, read);
      at += read;
    }
  } finally {
    closeSync(file);
  }
}
