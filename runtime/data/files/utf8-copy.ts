// Texts in other encodings: the database reads a copy in UTF-8, which lies in the folder of what it spills and goes with it.
import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from "node:fs";
import { basename, join, sep } from "node:path";
import { createGunzip } from "node:zlib";
import { TwinError } from "../../../contract/error.ts";
import { attempt } from "../../host/files.ts";
import type { Source } from "../database/source.ts";
import { shownPath } from "./shown-path.ts";

/** Copies of this process, by their paths: messages name what they were made of. */
const originals = new Map<string, string>();

/** A message with the names of files as the user knows them. */
export function withOriginals(message: string): string {
  let named = message;
  for (const [copy, original] of originals) {
    named = named.replaceAll(copy, original);
  }
  return named;
}

/** By the folder of a source and a file's name. */
const copies = new Map<string, Promise<string>>();

/**
 * The path of a copy in UTF-8, without a byte order mark and not compressed.
 * @throws TwinError naming the line where the file is none of that encoding
 */
export function utf8Copy(source: Source, file: string, encoding: string, compressed: boolean): Promise<string> {
  const key = `${source.folder}\0${encoding}\0${file}`;
  const made = copies.get(key) ?? copied(source.folder, file, encoding, compressed);
  copies.set(key, made);
  return made;
}

async function copied(room: string, file: string, encoding: string, compressed: boolean): Promise<string> {
  const shown = shownPath(file);
  // Folders such as `day=2020-01-01` say values.
  const folders = file.split(sep).filter((part) => part.includes("=") && part !== basename(file));
  const folder = join(room, "texts", String(originals.size), ...folders);
  const name = basename(file).replace(/\.gz$/i, "");
  const copy = join(folder, name);
  attempt("write", copy, () => mkdirSync(folder, { recursive: true }));
  originals.set(copy, file);
  const decoder = new TextDecoder(encoding, { fatal: true });
  const bytes = createReadStream(file, { highWaterMark: 1 << 20 });
  const written = attempt("write", copy, () => openSync(copy, "w"));
  let lines = 1;
  const put = (chunk: Uint8Array | null): void => {
    let text: string;
    try {
      text = chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (cause) {
      const before = chunk === null ? "" : new TextDecoder(encoding).decode(chunk).split("\uFFFD", 1)[0];
      throw new TwinError(
        `${shown}, line ${lines + newLines(before)}: its bytes are no text in ${encoding}, which data.yaml or its byte order mark says`,
        { cause },
      );
    }
    lines += newLines(text);
    attempt("write", copy, () => writeSync(written, text));
  };
  try {
    for await (const chunk of compressed ? bytes.pipe(createGunzip()) : bytes) {
      put(chunk);
    }
    put(null);
  } finally {
    closeSync(written);
    bytes.destroy();
  }
  return copy;
}

const newLines = (text: string): number => text.split("\n").length - 1;
