// Protobuf's text format, read without a schema: messages within messages, lists, texts with escapes, words, comments.
import { TwinError } from "../../../contract/error.ts";

/** A number, a text, or a bare word such as `IdFeature` or `true`. */
export type ProtoScalar = number | string;

interface Field {
  readonly name: string;
  readonly value: ProtoScalar | ProtoMessage;
  /** Offset of the value in the text. */
  readonly at: number;
}

/** Deeper than any configuration; the reader calls itself for each level. */
const deepest = 100;

export class ProtoMessage {
  readonly #fields: readonly Field[];
  readonly #place: (at: number) => string;
  /** Offset of the message in the text. */
  readonly at: number;

  constructor(fields: readonly Field[], at: number, place: (at: number) => string) {
    this.#fields = fields;
    this.#place = place;
    this.at = at;
  }

  /** `pipeline.config:12:3` of the message, or of the first field of that name. */
  place(name?: string): string {
    return this.#place(this.#fields.find((field) => field.name === name)?.at ?? this.at);
  }

  has(name: string): boolean {
    return this.#fields.some((field) => field.name === name);
  }

  /** Every message under a name, however it was repeated. @throws TwinError where one is no message */
  messages(name: string): ProtoMessage[] {
    return this.#named(name).map(({ value, at }) => {
      if (value instanceof ProtoMessage) {
        return value;
      }
      throw new TwinError(`${this.#place(at)}: \`${name}\` is ${JSON.stringify(value)}, and { … } is due`);
    });
  }

  /** Every scalar under a name, as text. @throws TwinError where one is a message */
  texts(name: string): string[] {
    return this.#scalars(name).map(({ value }) => String(value));
  }

  /** The last scalar under a name, which is the one that holds. */
  text(name: string): string | null {
    return this.texts(name).at(-1) ?? null;
  }

  /** @throws TwinError where one is no number */
  numbers(name: string): number[] {
    return this.#scalars(name).map(({ value, at }) => {
      if (typeof value === "number") {
        return value;
      }
      throw new TwinError(`${this.#place(at)}: \`${name}\` is \`${value}\`, and a number is due`);
    });
  }

  number(name: string): number | null {
    return this.numbers(name).at(-1) ?? null;
  }

  /** `true`, `t` or 1. */
  flag(name: string): boolean {
    return ["true", "t", "True", "1"].includes(this.text(name) ?? "");
  }

  /** Every message anywhere below. */
  *below(): Generator<ProtoMessage> {
    for (const { value } of this.#fields) {
      if (value instanceof ProtoMessage) {
        yield value;
        yield* value.below();
      }
    }
  }

  #named(name: string): Field[] {
    return this.#fields.filter((field) => field.name === name);
  }

  #scalars(name: string): { readonly value: ProtoScalar; readonly at: number }[] {
    return this.#named(name).map(({ value, at }) => {
      if (value instanceof ProtoMessage) {
        throw new TwinError(`${this.#place(at)}: \`${name}\` is { … }, and a value is due`);
      }
      return { value, at };
    });
  }
}

/** @param path for messages @throws TwinError naming path, line and column of what is no such text */
export function parseProtoText(text: string, path: string): ProtoMessage {
  const place = (at: number): string => {
    const before = text.slice(0, at);
    return `${path}:${before.split("\n").length}:${at - before.lastIndexOf("\n")}`;
  };
  return new Reader(text, place).whole();
}

const blank = /(?:\s|\uFEFF|#[^\n]*)*/y;
const word = /[A-Za-z_][\w.]*/y;
const extension = /\[[\w./-]+\]/y;
const numeral = /[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[fF]?(?![\w.])/y;

class Reader {
  readonly #text: string;
  readonly #place: (at: number) => string;
  #at = 0;

  constructor(text: string, place: (at: number) => string) {
    this.#text = text;
    this.#place = place;
  }

  whole(): ProtoMessage {
    return this.#message(null, 0, 0);
  }

  #message(close: string | null, start: number, depth: number): ProtoMessage {
    if (depth > deepest) {
      throw this.#fault(`it is nested more than ${deepest} levels deep`);
    }
    const fields: Field[] = [];
    for (;;) {
      this.#match(blank);
      if (this.#at >= this.#text.length) {
        if (close === null) {
          break;
        }
        throw new TwinError(`${this.#place(start)}: this bracket is never closed; \`${close}\` is due`);
      }
      if (close !== null && this.#take(close)) {
        break;
      }
      const name = this.#match(word) ?? this.#match(extension);
      if (name === null) {
        throw this.#fault(`\`${this.#text[this.#at]}\` has no meaning here; a field's name is due`);
      }
      this.#match(blank);
      const colon = this.#take(":");
      this.#match(blank);
      if (!colon && !/[{<]/.test(this.#text[this.#at] ?? "")) {
        throw this.#fault(`\`${name}\` has neither \`:\` with a value nor \`{ … }\``);
      }
      this.#value(name, fields, depth);
      this.#match(blank);
      if (!this.#take(",")) {
        this.#take(";");
      }
    }
    return new ProtoMessage(fields, start, this.#place);
  }

  /** A value, or each of a list. */
  #value(name: string, into: Field[], depth: number): void {
    const start = this.#at;
    if (!this.#take("[")) {
      into.push(this.#one(name, depth));
      return;
    }
    for (this.#match(blank); !this.#take("]"); this.#match(blank)) {
      if (this.#at < this.#text.length) {
        into.push(this.#one(name, depth));
      }
      this.#match(blank);
      if (this.#at >= this.#text.length) {
        throw new TwinError(`${this.#place(start)}: this bracket is never closed; \`]\` is due`);
      }
      if (!this.#take(",") && this.#text[this.#at] !== "]") {
        throw this.#fault(`\`,\` or \`]\` is due in the list of \`${name}\``);
      }
    }
  }

  #one(name: string, depth: number): Field {
    const at = this.#at;
    for (const [open, close] of ["{}", "<>"]) {
      if (this.#take(open!)) {
        return { name, value: this.#message(close!, at, depth + 1), at };
      }
    }
    if (/["']/.test(this.#text[at] ?? "")) {
      return { name, value: this.#string(), at };
    }
    const number = this.#match(numeral);
    if (number !== null) {
      return { name, value: Number(/^0[xX]/.test(number) ? number : number.replace(/[fF]$/, "")), at };
    }
    const value = this.#match(word);
    if (value === null) {
      throw this.#fault(`a value is due for \`${name}\``);
    }
    return { name, value, at };
  }

  /** Texts that stand side by side are one. Escapes of bytes are UTF-8, as in the files that they come from. */
  #string(): string {
    const bytes: number[] = [];
    const encode = (text: string): void => {
      bytes.push(...Buffer.from(text, "utf8"));
    };
    while (/["']/.test(this.#text[this.#at] ?? "")) {
      const start = this.#at;
      const quote = this.#text[this.#at++]!;
      for (;;) {
        const character = this.#text[this.#at];
        if (character === undefined || character === "\n") {
          throw new TwinError(`${this.#place(start)}: this text does not end on its line; ${quote} is due`);
        }
        this.#at++;
        if (character === quote) {
          break;
        }
        if (character === "\\") {
          this.#escape(bytes, encode);
        } else {
          const code = this.#text.codePointAt(this.#at - 1)!;
          this.#at += code > 0xffff ? 1 : 0;
          encode(String.fromCodePoint(code));
        }
      }
      this.#match(blank);
    }
    return Buffer.from(bytes).toString("utf8");
  }

  #escape(bytes: number[], encode: (text: string) => void): void {
    const octal = this.#match(/[0-7]{1,3}/y);
    if (octal !== null) {
      bytes.push(Number.parseInt(octal, 8) & 0xff);
      return;
    }
    const hex = this.#match(/[xX][0-9a-fA-F]{1,2}/y);
    if (hex !== null) {
      bytes.push(Number.parseInt(hex.slice(1), 16));
      return;
    }
    const unicode = this.#match(/u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}/y);
    if (unicode !== null) {
      const code = Number.parseInt(unicode.slice(1), 16);
      encode(code <= 0x10ffff ? String.fromCodePoint(code) : "\uFFFD");
      return;
    }
    const character = this.#text[this.#at++] ?? "";
    const plain: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };
    encode(plain[character] ?? character);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) {
      return null;
    }
    this.#at = pattern.lastIndex;
    return found[0];
  }

  #take(character: string): boolean {
    const there = this.#text[this.#at] === character;
    this.#at += there ? 1 : 0;
    return there;
  }

  #fault(what: string): TwinError {
    return new TwinError(`${this.#place(this.#at)}: ${what}`);
  }
}
