// `twin table verify`: every byte of the built tables against its checksum, and the generation against the weights.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { BlockKind } from "../../contract/block-format.ts";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import { madeAlike } from "../delta/delta-description.ts";
import { openArtefacts } from "../serve/index.ts";
import {
  BlockFile,
  currentGeneration,
  deltaFolder,
  deltaNumbers,
  deltasFolder,
  Generation,
  generationFolder,
  generationsFolder,
  openDelta,
  readDelta,
  readGeneration,
} from "../store/index.ts";
import { freshness } from "../table/freshness.ts";

export interface Verified {
  /** False where something is damaged, or does not fit these weights. */
  readonly sound: boolean;
  readonly generation: number;
  /** What was checked, one line each, the bad ones beginning with `damaged` or `refused`. */
  readonly lines: readonly string[];
}

/** @throws TwinError where there is nothing to verify, or the artefacts themselves cannot be opened */
export async function verifyTables(dir: string, now = Date.now() / 1000): Promise<Verified> {
  const artefacts = await openArtefacts(dir, () => undefined);
  artefacts.outside?.close();
  await artefacts.weights.sound;
  const { manifest } = artefacts;
  const number = currentGeneration(dir);
  if (number === null) {
    throw new TwinError(`${dir} has no built tables yet: twin table build ${dir} --data data.yaml`);
  }
  const folder = generationFolder(dir, number);
  const lines: string[] = [];
  let sound = true;
  const check = async (what: string, run: () => Promise<string>): Promise<void> => {
    try {
      lines.push(`sound    ${what}: ${await run()}`);
    } catch (error) {
      if (!(error instanceof TwinError)) {
        throw error;
      }
      sound = false;
      lines.push(`damaged  ${what}: ${error.message}`);
    }
  };
  await check("generation", async () => {
    const generation = await Generation.open(dir, { memoryLimit: 0 });
    generation.close();
    const { items, key, made_at } = generation.description;
    return `number ${number}, ${items} items by ${key.feature} (${key.type}), made ${made_at}`;
  });
  let description: ReturnType<typeof readGeneration>;
  try {
    description = readGeneration(folder);
  } catch {
    return { sound: false, generation: number, lines };
  }
  const files: [string, string, BlockKind][] = [
    ["key index", description.index, "index"],
    ["item store", description.store, "items"],
    ...Object.entries(description.tables).map(([name, { file }]): [string, string, BlockKind] => [
      `table ${name}`,
      file,
      "table",
    ]),
  ];
  for (const [what, file, kind] of files) {
    await check(what, async () => {
      const opened = await BlockFile.open(join(folder, file), kind);
      try {
        opened.verify();
        return `${opened.payload} bytes, every block as its checksum says`;
      } finally {
        opened.close();
      }
    });
  }
  if (description.fingerprints.encoders === encodersFingerprint(manifest)) {
    lines.push("sound    item store: its encoders are those of the artefacts");
  } else {
    sound = false;
    lines.push("refused  item store: it was made with other encoders or vocabularies; build the tables again");
  }
  for (const name of Object.keys(manifest.tables)) {
    const made = { madeAt: description.made_at, fingerprints: description.fingerprints };
    const found = freshness(manifest, name, made, now);
    if (found.state === "refused") {
      sound = false;
    }
    lines.push(`${found.state.padEnd(8)} table ${name}: ${found.because || "made with these weights"}`);
  }
  const deltas = deltasFolder(dir);
  let tables: Generation["tables"] | null = null;
  for (const one of deltaNumbers(deltas).filter((each) => each > (description.deltas ?? 0))) {
    await check(`delta ${one}`, async () => {
      const path = deltaFolder(deltas, one);
      const described = readDelta(path);
      tables ??= (await closed(dir)).tables;
      await openDelta(path, described, { shared: false, tables });
      const own = madeAlike(described, description) ? "" : "; it is of other weights, and not in front of these tables";
      const { items, removed } = described;
      return `${items} items put in, ${removed} taken out, made ${described.made_at}${own}`;
    });
  }
  const left = readdirSync(generationsFolder(dir)).filter((name) => name.endsWith(".partial"));
  if (left.length > 0) {
    lines.push(`note     unfinished builds: ${left.join(", ")}; the next build removes them`);
  }
  return { sound, generation: number, lines };
}

/** The generation in use as it says it is stored. */
async function closed(dir: string): Promise<Generation> {
  const generation = await Generation.open(dir, { memoryLimit: 0 });
  generation.close();
  return generation;
}
