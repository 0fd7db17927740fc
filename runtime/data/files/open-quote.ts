// Whether a CSV file ends within a quotation mark that is not closed. Of more files than two for each of its threads the database
// drops such an end without a word; of one file it says so.
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { attempt } from "../../host/files.ts";
import type { CsvForm } from "./csv-form.ts";

/** Characters that are kept of what was looked through: a separator, and blanks behind it. */
const behind = 64;

/** Looks through a text, piece by piece. Marks count as the database counts them. */
export class OpenQuote {
  readonly #form: Pick<CsvForm, "delimiter" | "escape">;
  #text = "";
  #at = 0;
  #begun = false;
  /** Whether what was looked through ends within a marked field. */
  open = false;

  constructor(form: Pick<CsvForm, "delimiter" | "escape">) {
    this.#form = form;
  }

  /** @param last whether nothing follows */
  add(piece: string, last: boolean): void {
    this.#text += piece;
    // What a mark means may stand behind it.
    const end = last ? this.#text.length : this.#text.length - 2;
    while (this.#at < end) {
      this.#at = this.open ? this.#within(end) : this.#outside(end);
    }
    const kept = Math.max(0, this.#at - behind);
    this.#begun ||= kept > 0;
    this.#text = this.#text.slice(kept);
    this.#at -= kept;
  }

  /** To behind the next mark that begins a field. */
  #outside(end: number): number {
    const mark = this.#text.indexOf('"', this.#at);
    if (mark < 0 || mark >= end) {
      return end;
    }
    this.open = this.#begins(mark);
    return mark + 1;
  }

  #begins(mark: number): boolean {
    let at = mark;
    for (;;) {
      const before = this.#text[at - 1];
      if (before === undefined) {
        return !this.#begun;
      }
      if (
        before === "\n" ||
        before === "\r" ||
        before === "\uFEFF" ||
        this.#text.startsWith(this.#form.delimiter, at - this.#form.delimiter.length)
      ) {
        return true;
      }
      if (before !== " ") {
        return false;
      }
      at--;
    }
  }

  /** To behind the next mark that ends the field, or that is part of it. */
  #within(end: number): number {
    const sign = this.#form.escape === "\\" ? /["\\]/g : /"/g;
    sign.lastIndex = this.#at;
    const at = sign.exec(this.#text)?.index ?? end;
    if (at >= end) {
      return end;
    }
    if (this.#text[at] === "\\" || this.#text[at + 1] === '"') {
      return at + 2;
    }
    this.open = false;
    return at + 1;
  }
}

/** As `OpenQuote` of a whole file, which is compressed with gzip or not at all. */
export async function endsOpen(path: string, compressed: boolean, form: CsvForm): Promise<boolean> {
  // Bytes as characters: the signs of UTF-8 that count here are the same.
  const quote = new OpenQuote({ ...form, delimiter: Buffer.from(form.delimiter).toString("latin1") });
  const bytes = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    for await (const chunk of compressed ? bytes.pipe(createGunzip()) : bytes) {
      quote.add(Buffer.from(chunk).toString("latin1"), false);
    }
  } catch (cause) {
    attempt("read", path, () => {
      throw cause;
    });
  } finally {
    bytes.destroy();
  }
  quote.add("", true);
  return quote.open;
}
