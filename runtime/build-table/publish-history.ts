// tables/published-before.json: what a folder has put into a Redis so far, so that it can be taken out again.
import { existsSync } from "node:fs";
import * as v from "valibot";
import { checkedJson } from "../../contract/checked-json.ts";
import { checkedOrNull } from "../../contract/checked-text.ts";
import { strict } from "../../contract/named-schema.ts";
import { readText, writeFileAtomic } from "../host/files.ts";
import { type Published, type SpaceName, spaceText } from "../redis/index.ts";
import { numbersOf, releaseFolder } from "../release/index.ts";
import { publishedBeforePath, readPublished } from "../store/index.ts";

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const SpaceSchema = strict({ prefix: v.string(), generation: whole });
const HistorySchema = strict({
  format: v.literal(1),
  /** Whole ones, the newest first. */
  publications: v.array(strict({ address: v.string(), spaces: v.array(SpaceSchema) })),
  /** Generations that were begun, and are of no publication: what was stopped and begun anew left them. */
  left: v.array(strict({ address: v.string(), space: SpaceSchema })),
  checksum: v.optional(v.string()),
});

type Said = Omit<v.InferOutput<typeof HistorySchema>, "checksum">;

const nameOf = ({ prefix, generation }: SpaceName): SpaceName => ({ prefix, generation });

/** The generations that `published.json` names. */
const spacesOf = ({ items, tables, embeddings }: Published): SpaceName[] =>
  [items, ...Object.values(tables), ...Object.values(embeddings)].map(nameOf);

export class PublishHistory {
  readonly #dir: string;
  readonly #path: string;
  #said: Said;

  /** A damaged one is begun anew: what it named stays in the Redis, and nothing else is ever removed. */
  constructor(dir: string) {
    this.#dir = dir;
    this.#path = publishedBeforePath(dir);
    this.#said = (existsSync(this.#path) ? historyOf(readText(this.#path, 1 << 24)) : null) ?? {
      ...{ format: 1, publications: [], left: [] },
    };
  }

  /** A generation is about to be written. */
  begun(address: string, space: SpaceName): void {
    this.#write({ ...this.#said, left: [...this.#said.left, { address, space: nameOf(space) }] });
  }

  /** These generations are whole, and the folder is about to name them. */
  published(address: string, spaces: readonly SpaceName[]): void {
    const own = new Set(spaces.map(spaceText));
    const now = readPublished(this.#dir);
    const known = now === null || this.#said.publications.some(({ spaces: some }) => names(some, spacesOf(now)));
    this.#write({
      format: 1,
      publications: [
        { address, spaces: spaces.map(nameOf) },
        // One from before there was such a file.
        ...(known ? [] : [{ address: now.address, spaces: spacesOf(now) }]),
        ...this.#said.publications,
      ],
      left: this.#said.left.filter((one) => one.address !== address || !own.has(spaceText(one.space))),
    });
  }

  /** Generations that the folder and its releases name. */
  #named(): SpaceName[] {
    const releases = numbersOf(this.#dir).map((number) => releaseFolder(this.#dir, number));
    return [this.#dir, ...releases].flatMap((folder) => {
      const published = readPublished(folder);
      return published === null ? [] : spacesOf(published);
    });
  }

  /** Generations there that none of the newest `keep` publications names, nor the folder or a release of it. */
  beyond(address: string, keep: number): SpaceName[] {
    const there = this.#said.publications.filter((one) => one.address === address);
    const kept = new Set([...there.slice(0, keep).flatMap(({ spaces }) => spaces), ...this.#named()].map(spaceText));
    const left = this.#said.left.flatMap((one) => (one.address === address ? [one.space] : []));
    const old = [...there.slice(keep).flatMap(({ spaces }) => spaces), ...left].filter(
      (one) => !kept.has(spaceText(one)),
    );
    return [...new Map(old.map((one) => [spaceText(one), one])).values()];
  }

  /** They are there no more. */
  removed(address: string, spaces: readonly SpaceName[]): void {
    const gone = new Set(spaces.map(spaceText));
    const stays = (one: SpaceName) => !gone.has(spaceText(one));
    this.#write({
      format: 1,
      publications: this.#said.publications
        .map((one) => (one.address === address ? { address, spaces: one.spaces.filter(stays) } : one))
        .filter(({ spaces: some }) => some.length > 0),
      left: this.#said.left.filter((one) => one.address !== address || stays(one.space)),
    });
  }

  #write(said: Said): void {
    writeFileAtomic(this.#path, checkedJson(said));
    this.#said = said;
  }
}

const names = (some: readonly SpaceName[], others: readonly SpaceName[]): boolean =>
  some.some((one) => others.some((other) => spaceText(one) === spaceText(other)));

function historyOf(text: string): Said | null {
  const found = checkedOrNull(HistorySchema, text);
  if (found === null) {
    return null;
  }
  const { checksum: _, ...said } = found;
  return said;
}
