// tables/publishing.json: how far a publishing got, so that one that was stopped goes on.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { checkedJson } from "../../contract/checked-json.ts";
import { checkedOrNull } from "../../contract/checked-text.ts";
import { named, strict } from "../../contract/named-schema.ts";
import { recordOf } from "../../contract/record.ts";
import { readText, writeFileAtomic } from "../host/files.ts";
import { allot, begun, type RedisLink, type Space } from "../redis/index.ts";
import type { GenerationFile } from "../table/generation-description.ts";
import type { PublishHistory } from "./publish-history.ts";
import type { PublishedSource } from "./publish-sources.ts";

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const JournalSchema = strict({
  address: v.string(),
  /** The checksum of the generation that is published, or its time where it has none. */
  of: v.string(),
  spaces: named(strict({ prefix: v.string(), generation: whole, buckets: whole, done: whole })),
  checksum: v.optional(v.string()),
});

type Said = Omit<v.InferOutput<typeof JournalSchema>, "checksum">;

/** Milliseconds between two notes. */
const often = 1000;

export class PublishJournal {
  readonly #path: string;
  readonly #note: ((message: string) => void) | undefined;
  readonly #said: Said;
  readonly #history: PublishHistory;
  #noted = 0;

  constructor(
    dir: string,
    address: string,
    generation: GenerationFile,
    history: PublishHistory,
    note?: (message: string) => void,
  ) {
    this.#history = history;
    this.#path = join(dir, "tables", "publishing.json");
    this.#note = note;
    const of = generation.checksum ?? generation.made_at;
    const before = existsSync(this.#path) ? journalOf(readText(this.#path, 1 << 20)) : null;
    this.#said = before?.address === address && before.of === of ? before : { address, of, spaces: recordOf([]) };
  }

  /** Where rows go: on with what was begun, where the Redis still has it, else a new generation. @throws TwinError */
  async begin(link: RedisLink, source: PublishedSource, buckets: number): Promise<{ space: Space; done: number }> {
    const { rows, fingerprint, layout, rowBytes, count } = source;
    const before = Object.hasOwn(this.#said.spaces, rows) ? this.#said.spaces[rows] : undefined;
    if (before !== undefined && before.buckets === buckets && (await begun(link, before)) !== null) {
      this.#note?.(
        `${rows}: going on at row ${before.done.toLocaleString("en-GB")} of ${count.toLocaleString("en-GB")}`,
      );
      const { prefix, generation, done } = before;
      return { space: { prefix, generation, buckets }, done };
    }
    const space = await allot(link, { rows, fingerprint, layout, rowBytes, count, buckets });
    this.#history.begun(this.#said.address, space);
    this.#said.spaces[rows] = { ...space, done: 0 };
    this.#write();
    return { space, done: 0 };
  }

  /** So many rows of a kind lie there. */
  reached({ rows, count }: PublishedSource, done: number): void {
    this.#said.spaces[rows].done = done;
    if (done === count || performance.now() - this.#noted > often) {
      this.#write();
    }
  }

  end(): void {
    rmSync(this.#path, { force: true });
  }

  #write(): void {
    writeFileAtomic(this.#path, checkedJson(this.#said));
    this.#noted = performance.now();
  }
}

/** What a journal says; null where it is damaged: then publishing begins anew. */
function journalOf(text: string): Said | null {
  const found = checkedOrNull(JournalSchema, text);
  if (found === null) {
    return null;
  }
  const { checksum: _, ...said } = found;
  return said;
}
