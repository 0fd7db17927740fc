// A pack in the place of a folder's generation: that it is one of this build, and what it holds.
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import type { EmbeddingEntry, Manifest } from "../../contract/manifest.ts";
import { freshness } from "../table/freshness.ts";
import type { OpenParts } from "../table/opened-generation.ts";
import { type Pack, readPack } from "../table/pack.ts";
import { memoryGeneration } from "./memory-generation.ts";
import type { HeldRows } from "./outside-tables.ts";

export interface OpenPack {
  readonly parts: OpenParts;
  /** Rows of an embedding outside the graphs; null where the pack holds none of it. */
  rows(table: EmbeddingEntry): HeldRows | null;
}

/**
 * @param place for errors
 * @param note is told where a request names embedding rows that it lacks
 * @throws TwinError where it is damaged, or of another build
 */
export async function openPack(
  bytes: Uint8Array,
  place: string,
  manifest: Manifest,
  note: (text: string) => void,
): Promise<OpenPack> {
  const pack = await readPack(bytes, place);
  const { description } = pack;
  const parts = await memoryGeneration(description, description.number, pack.files, (name) =>
    name === undefined ? place : `${place}: ${name}`,
  );
  expectOfBuild(pack, place, manifest);
  const held = new Map<string, HeldRows>();
  return {
    parts,
    rows(table) {
      const { parameter } = table;
      if (!pack.embeddings.includes(parameter)) {
        return null;
      }
      const found = held.get(parameter) ?? rowsOf(pack, place, table, note);
      held.set(parameter, found);
      return found;
    },
  };
}

function expectOfBuild({ model, weights, embeddings, description }: Pack, place: string, manifest: Manifest): void {
  const { fingerprints, made_at } = description;
  const fail = (why: string): never => {
    throw new TwinError(
      `${place} is no pack of this build: ${why}. Cut it anew of this one: twin pack DIR --items ids.txt`,
    );
  };
  if (model !== manifest.model) {
    fail(`it is of the model ${model}, and the build is of ${manifest.model}`);
  }
  if (fingerprints.encoders !== encodersFingerprint(manifest)) {
    fail("its items were encoded otherwise (an encoder, a bucket edge, a vocabulary or given vectors have changed)");
  }
  if (embeddings.length > 0 && weights !== manifest.fingerprints.weights) {
    fail("its embedding rows are of other weights");
  }
  for (const table of Object.keys(description.tables)) {
    const found = Object.hasOwn(manifest.tables, table)
      ? freshness(manifest, table, { madeAt: made_at, fingerprints }, Date.now() / 1000)
      : fail(`it has a table ${table}, which the build has not`);
    if (found.state === "refused") {
      fail(`table ${table}: ${found.because}`);
    }
  }
}

/** What it lacks counts as unknown, as the items do that it lacks. */
function rowsOf(
  { rows }: Pack,
  place: string,
  { parameter, dim, rows: all }: EmbeddingEntry,
  note: (text: string) => void,
): HeldRows {
  const fail = (): never => {
    throw new TwinError(`${place} does not hold rows of ${parameter} as it says it does. Cut it anew: twin pack`);
  };
  const file = rows ?? fail();
  const numbers = file.readInt32(`rows/${parameter}`);
  const values = file.read(`values/${parameter}`);
  const places = new Map<number, number>();
  numbers.forEach((row, i) => {
    places.set(row, i);
  });
  if (values.length !== numbers.length * dim || places.size !== numbers.length || numbers[0] !== 0) {
    fail();
  }
  return {
    values,
    place(row) {
      const at = places.get(row);
      if (at !== undefined) {
        return at;
      }
      if (row > 0 && row < all) {
        note(`requests name items that the pack has no row of ${parameter} for: they count as unknown`);
        return 0;
      }
      return -1;
    },
  };
}
