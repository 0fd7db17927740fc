// A frozen vocabulary: text or integer → row, counted from 1; row 0 is the unknown.

import { TwinError } from "../../contract/error.ts";
import { buildSlots, findSlot, type Slots } from "../../contract/slots.ts";
import { vocabularyName } from "../../contract/vocabulary-name.ts";
import { parseIntegers } from "./keys.ts";

/** A JavaScript map ends at 2^24 entries; several hold any number. */
const entriesPerMap = 1 << 23;

const integer = /^(?:0|-?[1-9]\d{0,18})$/;

/** The 64-bit integer that a text is the canonical decimal form of, or null. */
function canonical(text: string): bigint | null {
  if (text.length > 20 || !integer.test(text)) {
    return null;
  }
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : null;
}

/** Integers and their decimal texts agree: `5` and `"5"` have one row. */
export class Vocabulary {
  /** The feature that owns it: `item.video_id`. */
  readonly feature: string;
  /** Entries; rows are 1 … size. */
  readonly size: number;
  /** Entry i has row i + 1. */
  readonly entries: readonly string[];
  readonly #integers: Slots;
  /** Row of the i-th integer entry. */
  readonly #integerRows: Int32Array;
  readonly #texts: Map<string, number>[] = [];

  private constructor(feature: string, entries: readonly string[], path: string) {
    this.feature = feature;
    this.size = entries.length;
    this.entries = entries;
    const integers: bigint[] = [];
    const rows: number[] = [];
    const twice = (text: string): never => {
      throw new TwinError(`${path}: the entry ${JSON.stringify(text)} comes twice. Learn the vocabulary anew`);
    };
    for (let i = 0; i < entries.length; i++) {
      const text = entries[i];
      const value = canonical(text);
      if (value !== null) {
        integers.push(value);
        rows.push(i + 1);
        continue;
      }
      if (this.#textRow(text) !== 0) {
        twice(text);
      }
      let last = this.#texts.at(-1);
      if (last === undefined || last.size === entriesPerMap) {
        last = new Map();
        this.#texts.push(last);
      }
      last.set(text, i + 1);
    }
    const keys = parseIntegers(integers, path);
    this.#integers = buildSlots(keys.words, (_, later) => twice(String(integers[later])));
    this.#integerRows = Int32Array.from(rows);
  }

  /** A vocabulary of these entries, in row order. */
  static of(feature: string, entries: readonly string[]): Vocabulary {
    return new Vocabulary(feature, entries, vocabularyName(feature));
  }

  /**
   * Reads the text of a vocabulary file.
   * @throws TwinError where it is foreign, of another version, truncated, or names an entry twice
   */
  static parse(text: string, path: string): Vocabulary {
    const lines = text.split("\n");
    if (lines.at(-1) === "") {
      lines.pop();
    }
    const head = parseLine(lines[0] ?? "");
    if (typeof head !== "object" || head === null || !("format" in head)) {
      throw new TwinError(
        `${path} is not a vocabulary of Twin: its first line must be {"format":1,"feature":…,"entries":…}`,
      );
    }
    const { feature, entries: promised }: { format?: unknown; feature?: unknown; entries?: unknown } = head;
    if (head.format !== 1) {
      throw new TwinError(
        `${path} has format ${JSON.stringify(head.format)}, and this version of Twin reads format 1. Build the artefacts anew with this version, or update Twin`,
      );
    }
    if (typeof feature !== "string" || !Number.isSafeInteger(promised)) {
      throw new TwinError(`${path}, line 1: \`feature\` must be a text and \`entries\` a count`);
    }
    if (lines.length - 1 !== promised) {
      throw new TwinError(
        `${path} promises ${promised} entries and has ${lines.length - 1}: it is truncated or was edited. Restore it, or build anew`,
      );
    }
    const entries: string[] = new Array(lines.length - 1);
    for (let i = 1; i < lines.length; i++) {
      const entry = parseLine(lines[i]);
      if (typeof entry !== "string") {
        throw new TwinError(`${path}, line ${i + 1}: a JSON string is due on every line`);
      }
      entries[i - 1] = entry;
    }
    return new Vocabulary(feature, entries, path);
  }

  /** The same, of the vocabulary that a manifest means. @throws TwinError where it is another */
  static expect(text: string, path: string, feature: string, entries: number): Vocabulary {
    const vocabulary = Vocabulary.parse(text, path);
    if (vocabulary.feature !== feature || vocabulary.size !== entries) {
      throw new TwinError(
        `${path} holds ${vocabulary.size} entries of ${vocabulary.feature}, but the manifest expects ${entries} of ${feature}. Restore it, or build anew`,
      );
    }
    return vocabulary;
  }

  /** Row of a text or an integer; 0 where it is unknown. Numbers must be safe integers. */
  row(value: string | number | bigint): number {
    if (typeof value === "number") {
      return this.integerRow(value, Math.floor(value / 0x100000000));
    }
    const exact = typeof value === "bigint" ? value : canonical(value);
    if (exact === null || BigInt.asIntN(64, exact) !== exact) {
      return this.#textRow(String(value));
    }
    return this.integerRow(Number(BigInt.asUintN(32, exact)), Number(exact >> 32n));
  }

  /** Row of a 64-bit integer given as its halves (two's complement). */
  integerRow(low: number, high: number): number {
    const ordinal = findSlot(this.#integers, low >>> 0, high >>> 0);
    return ordinal === 0 ? 0 : this.#integerRows[ordinal - 1];
  }

  #textRow(text: string): number {
    for (const map of this.#texts) {
      const row = map.get(text);
      if (row !== undefined) {
        return row;
      }
    }
    return 0;
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The text of a vocabulary file; entries in row order, integers as canonical decimal text. */
export function vocabularyText(feature: string, entries: readonly string[]): string {
  const head = JSON.stringify({ format: 1, feature, entries: entries.length });
  return `${[head, ...entries.map((entry) => JSON.stringify(entry))].join("\n")}\n`;
}
