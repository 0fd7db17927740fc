// A valid file's tokens and comments → what the formatter lays out. Works on tokens, so that none of them can be lost.
import { type IToken, tokenMatcher } from "chevrotain";
import { firstOnLine, isDoc } from "./comments.ts";
import { endOf, type Lexed, startOf } from "./lex.ts";
import { AnyName, Colon, Comma, Dot, Import, LeftBracket, LeftParen, Model, Num, RightBrace, Str } from "./tokens.ts";

/** A comment on a line of its own. */
export interface Remark {
  readonly text: string;
  readonly blankBefore: boolean;
}

/** A header, a section or a member. */
export interface Entry {
  readonly before: readonly Remark[];
  /** Whether a blank line stands between the last remark, or the entry before, and this. */
  readonly blankBefore: boolean;
  /** `model twin`, `history watched`, `dim`. */
  readonly head: string;
  readonly kind: "model" | "import" | "setting" | "block";
  readonly value?: Shape;
  readonly body?: Body;
  /** A comment behind it on its last line. */
  readonly after?: string;
}

export interface Body {
  /** A comment behind the opening brace. */
  readonly opening?: string;
  readonly entries: readonly Entry[];
  /** Before the closing brace. */
  readonly closing: readonly Remark[];
}

/** A value: `open` alone, or brackets that can be broken. */
export interface Shape {
  /** All of an atom; `[` or `adam(` of what has elements. */
  readonly open: string;
  readonly close?: "]" | ")";
  readonly opening?: string;
  readonly elements: readonly Element[];
  readonly closing: readonly Remark[];
}

export interface Element {
  readonly before: readonly Remark[];
  readonly label?: string;
  readonly value: Shape;
  readonly after?: string;
}

/** The entries of a file, as a body without braces. The tokens must parse. */
export const layout = (text: string, lexed: Lexed): Body => new Reader(text, lexed).file();

/** Walks the tokens by the grammar; the comments before a token are taken from `gap` as it goes by. */
class Reader {
  private readonly text: string;
  private readonly tokens: readonly IToken[];
  private readonly comments: readonly IToken[];
  /** The next token, and the next comment. */
  private i = 0;
  private c = 0;
  /** How many braces are open. */
  private depth = 0;
  /** Comments within what cannot be broken: they move before it. */
  private moved: Remark[] = [];

  constructor(text: string, { tokens, comments }: Lexed) {
    this.text = text;
    this.tokens = tokens;
    this.comments = comments;
  }

  file(): Body {
    const entries: Entry[] = [];
    while (this.i < this.tokens.length) {
      entries.push(this.entry());
    }
    return { entries, closing: this.remarks() };
  }

  private entry(): Entry {
    const before = this.remarks();
    const blankBefore = this.blankBefore();
    const outer = this.moved;
    this.moved = [];
    const found = this.content();
    const after = this.behind();
    const moved = this.moved.map((remark, i) => (i === 0 ? { ...remark, blankBefore } : remark));
    this.moved = outer;
    return {
      ...found,
      before: before.concat(moved),
      blankBefore: blankBefore && moved.length === 0,
      ...(after !== undefined && { after }),
    };
  }

  private content(): Pick<Entry, "head" | "kind" | "value" | "body"> {
    if (this.depth === 0 && (this.is(Model) || this.is(Import))) {
      const kind = this.is(Model) ? "model" : "import";
      return { kind, head: `${this.take()} ${this.take()}` };
    }
    let head = this.take();
    if (this.is(Colon)) {
      this.take();
      return { kind: "setting", head, value: this.value() };
    }
    if (this.is(AnyName)) {
      head += ` ${this.take()}`;
    }
    return { kind: "block", head, body: this.body() };
  }

  private body(): Body {
    this.take();
    this.depth++;
    const opening = this.behind();
    const entries: Entry[] = [];
    while (!this.is(RightBrace)) {
      entries.push(this.entry());
    }
    const closing = this.remarks();
    this.take();
    this.depth--;
    return { entries, closing, ...(opening !== undefined && { opening }) };
  }

  private value(): Shape {
    if (this.is(LeftBracket)) {
      return this.brackets(this.take(), "]");
    }
    let open = this.take();
    if (this.previous(Num) || this.previous(Str)) {
      return { open, elements: [], closing: [] };
    }
    while (this.is(Dot)) {
      open += this.take() + this.take();
    }
    return this.is(LeftParen) ? this.brackets(open + this.take(), ")") : { open, elements: [], closing: [] };
  }

  private brackets(open: string, close: "]" | ")"): Shape {
    const opening = this.behind();
    const elements: Element[] = [];
    let late: Remark[] = [];
    while (this.tokens[this.i].image !== close) {
      const above = late.concat(this.remarks());
      const outer = this.moved;
      this.moved = [];
      const label = close === ")" && this.tokens[this.i + 1].tokenType === Colon ? this.take() : undefined;
      if (label !== undefined) {
        this.take();
      }
      const value = this.value();
      const before = above.concat(this.moved);
      this.moved = outer;
      let after = this.behind();
      late = [];
      if (this.is(Comma)) {
        late = this.remarks();
        this.take();
        after ??= this.behind();
      }
      elements.push({ before, value, ...(label !== undefined && { label }), ...(after !== undefined && { after }) });
    }
    const closing = late.concat(this.remarks());
    this.take();
    return { open, close, elements, closing, ...(opening !== undefined && { opening }) };
  }

  private is(type: Parameters<typeof tokenMatcher>[1]): boolean {
    return this.i < this.tokens.length && tokenMatcher(this.tokens[this.i], type);
  }

  private previous(type: Parameters<typeof tokenMatcher>[1]): boolean {
    return tokenMatcher(this.tokens[this.i - 1], type);
  }

  /** The next token's text; comments before it move before the entry or element, where they document nothing. */
  private take(): string {
    for (const { text } of this.remarks()) {
      this.moved.push({ text: isDoc(text) ? text.slice(1) : text, blankBefore: false });
    }
    return this.tokens[this.i++].image;
  }

  /** The comments before the next token, all as remarks. */
  private remarks(): Remark[] {
    const end = this.i < this.tokens.length ? startOf(this.tokens[this.i]) : this.text.length;
    const found: Remark[] = [];
    for (; this.c < this.comments.length && startOf(this.comments[this.c]) < end; this.c++) {
      const comment = this.comments[this.c];
      found.push({ text: comment.image.trimEnd(), blankBefore: blankAbove(this.text, startOf(comment)) });
    }
    return found;
  }

  /** The comment behind the last token on its line, if there is one. */
  private behind(): string | undefined {
    const comment = this.comments[this.c];
    const last = endOf(this.tokens[this.i - 1]);
    const next = this.i < this.tokens.length ? startOf(this.tokens[this.i]) : this.text.length;
    if (!comment || startOf(comment) > next || firstOnLine(this.text, startOf(comment))) {
      return undefined;
    }
    if (startOf(comment) < last) {
      return undefined;
    }
    this.c++;
    return comment.image.trimEnd();
  }

  private blankBefore(): boolean {
    return this.i < this.tokens.length && blankAbove(this.text, startOf(this.tokens[this.i]));
  }
}

/** Whether the line above an offset's line, back from the offset, holds blanks only. */
function blankAbove(text: string, offset: number): boolean {
  let breaks = 0;
  for (let i = offset - 1; i >= 0; i--) {
    const c = text[i];
    if (c === "\n" || (c === "\r" && text[i + 1] !== "\n")) {
      breaks++;
    } else if (c !== " " && c !== "\t" && c !== "\r") {
      return breaks > 1;
    }
  }
  return false;
}
