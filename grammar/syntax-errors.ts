// Chevrotain's errors as diagnostics: one sentence on what is wrong at one place, never a list of expected tokens.
import { EOF, type IToken, tokenMatcher } from "chevrotain";
import type { Source, Span } from "./ast.ts";
import { closesAhead } from "./closes-ahead.ts";
import { at, type Diagnostic } from "./diagnostic.ts";
import { diagnose, shown } from "./errors.ts";
import { type Fix, fix, lineEnd } from "./fix.ts";
import { endOf, startOf } from "./lex.ts";
import type { SyntaxProblem } from "./parser.ts";
import { lineAt, lineSpan, span } from "./source.ts";
import {
  AnyName,
  AnyString,
  Colon,
  Comma,
  Dot,
  LeftBrace,
  LeftBracket,
  LeftParen,
  Num,
  RightBrace,
  RightBracket,
  RightParen,
} from "./tokens.ts";
import { indentation, type Unclosed, unclosed } from "./unclosed.ts";

type TokenType = Parameters<typeof tokenMatcher>[1];

/** The first error of one header or section. */
export function syntaxError(source: Source, tokens: readonly IToken[], error: SyntaxProblem): Diagnostic {
  const atEnd = error.token.tokenType === EOF;
  const index = atEnd ? tokens.length : tokens.indexOf(error.token);
  return new Finding(source, tokens, index).diagnose(error.rule);
}

/** A place in a chunk's tokens at which the grammar does not go on. */
class Finding {
  private readonly source: Source;
  private readonly tokens: readonly IToken[];
  private readonly index: number;

  constructor(source: Source, tokens: readonly IToken[], index: number) {
    this.source = source;
    this.tokens = tokens;
    this.index = index;
  }

  diagnose(rule: string): Diagnostic {
    if (rule === "modelHeader") {
      return diagnose("missing-name", { after: "model" }, at(this.gap(), "a name is due here"));
    }
    if (rule === "importHeader") {
      return diagnose("missing-path", {}, at(this.gap(), 'write it as `import "./features.twin"`'));
    }
    if (this.is(-1, Dot)) {
      return diagnose("missing-name", { after: "." }, at(this.gap(), "a name is due here"));
    }
    const open = unclosed(this.source.text, this.tokens, this.index);
    if (open.open.length === 0) {
      return this.noBody();
    }
    if (this.index === this.tokens.length) {
      return this.notClosed(open);
    }
    if (rule === "member" && !this.is(-1, Colon)) {
      return this.afterName();
    }
    if (rule === "value" || rule === "member") {
      return this.noValue();
    }
    if (rule === "list" || rule === "call") {
      return this.inBrackets(open);
    }
    return this.inBody();
  }

  /** After a section's head. */
  private noBody(): Diagnostic {
    const [keyword, name] = this.tokens;
    const named = this.index > 1 && tokenMatcher(name, AnyName) && this.line(name) === this.line(keyword);
    const section = named ? `${keyword.image} ${name.image}` : keyword.image;
    const end = endOf(named ? name : keyword);
    const place = span(this.source, end, end);
    const closed = this.tokens.some((token) => tokenMatcher(token, RightBrace));
    return diagnose("missing-body", { section: shown(section) }, at(place, "a `{` is due here"), {
      fixes: [closed ? fix("Write `{`", place, " {", true) : fix("Write `{}`", place, " {}", false)],
    });
  }

  /** After the name that begins a member: neither `:` nor `{`. */
  private afterName(): Diagnostic {
    const name = this.tokens[this.index - 1];
    const found = this.tokens[this.index];
    const end = span(this.source, endOf(name), endOf(name));
    const value = [Num, AnyString, AnyName, LeftBracket, LeftParen].some((type) => this.is(0, type));
    if (value && this.line(name) === this.line(found)) {
      return this.noColon(name);
    }
    return diagnose("missing-value", { name: shown(name.image) }, at(end, "a `:` and a value are due here"));
  }

  private noColon(name: IToken): Diagnostic {
    const end = span(this.source, endOf(name), endOf(name));
    return diagnose("missing-colon", { name: shown(name.image) }, at(end, "a `:` is due here"), {
      fixes: [fix("Write a colon", end, ":", true)],
    });
  }

  /** Where a value is due. */
  private noValue(): Diagnostic {
    // one comma too many
    const extra = this.is(-1, Comma) && (this.is(0, RightParen) || this.is(0, Comma)) ? this.dropped(-1) : [];
    if (!this.is(-1, Colon) || !this.is(-2, AnyName)) {
      return this.unexpected("a value is due here", extra);
    }
    const name = shown(this.tokens[this.index - 2].image);
    const colon = this.place(-1);
    if (this.is(0, LeftBrace)) {
      return diagnose("block-colon", { name }, at(colon, "drop this"), {
        fixes: [fix("Drop the colon", colon, "", true)],
      });
    }
    return diagnose("missing-value", { name }, at(this.gap(), "a value is due here"));
  }

  /** After a value of a list or of a call's arguments. */
  private inBrackets(unclosed: Unclosed): Diagnostic {
    const open = unclosed.open[unclosed.open.length - 1];
    const close = tokenMatcher(open, LeftBracket) ? RightBracket : RightParen;
    const value = [Num, AnyString, AnyName, LeftBracket].some((type) => this.is(0, type));
    if (value && closesAhead((i) => this.tokens[this.index + i], close)) {
      const after = this.gap();
      const token = shown(this.tokens[this.index].image);
      // `dim 4` among arguments: a name that lacks its colon; `rate fast` could be that, or two values
      const bare = close === RightParen && this.is(-1, AnyName) && (this.is(-2, LeftParen) || this.is(-2, Comma));
      if (bare && !this.is(0, AnyName)) {
        return this.noColon(this.tokens[this.index - 1]);
      }
      return diagnose("missing-comma", { token }, at(after, "a `,` is due here"), {
        fixes: [fix("Write a comma", after, ",", !bare)],
      });
    }
    if (value || this.is(0, RightBrace) || this.is(0, RightBracket) || this.is(0, RightParen)) {
      return this.notClosed(unclosed);
    }
    return this.unexpected(`a \`,\` or \`${tokenMatcher(open, LeftBracket) ? "]" : ")"}\` is due here`);
  }

  /** Where a member or the closing brace is due. */
  private inBody(): Diagnostic {
    if (this.is(0, RightBracket) || this.is(0, RightParen)) {
      const place = this.place(0);
      const fixes = [fix("Drop it", place, "", false)];
      return diagnose("stray-close", { bracket: this.tokens[this.index].image }, at(place), { fixes });
    }
    if (this.is(0, Comma)) {
      return this.unexpected("nothing separates settings", this.dropped(0));
    }
    if (this.is(-1, LeftBrace) || this.is(-1, RightBrace)) {
      return this.unexpected("a setting's name is due here");
    }
    return this.unexpected("the setting before it has its value already");
  }

  private notClosed({ open: all, due }: Unclosed): Diagnostic {
    const open = all[all.length - 1];
    const also = this.index < this.tokens.length ? [at(this.place(0), "reached this looking for its end")] : [];
    return diagnose("not-closed", { bracket: open.image }, at(span(this.source, startOf(open), endOf(open))), {
      also,
      fixes: [this.closing(open, this.tokens[due - 1])],
    });
  }

  /** Closes a bracket behind `last`: a brace on a line of its own, unless both stand on one line. */
  private closing(open: IToken, last: IToken): Fix {
    const bracket = tokenMatcher(open, LeftBrace) ? "}" : tokenMatcher(open, LeftBracket) ? "]" : ")";
    const { text } = this.source;
    const place = span(this.source, endOf(last), endOf(last));
    const apart = bracket === "}" && this.line(open) !== this.line(last);
    const blanks = text.slice(startOf(open) - this.column(open)).slice(0, indentation(text, startOf(open)));
    const before = apart ? lineEnd(this.source) + blanks : bracket === "}" ? " " : "";
    return fix(`Write \`${bracket}\``, place, before + bracket, true);
  }

  private unexpected(label: string, fixes: readonly Fix[] = []): Diagnostic {
    const token = shown(this.tokens[this.index].image);
    return diagnose("unexpected-token", { token }, at(this.place(0), label), { fixes });
  }

  private dropped(offset: number): readonly Fix[] {
    return [fix("Drop the comma", this.place(offset), "", true)];
  }

  private is(offset: number, type: TokenType): boolean {
    const token = this.tokens[this.index + offset];
    return token !== undefined && tokenMatcher(token, type);
  }

  private place(offset: number): Span {
    const token = this.tokens[this.index + offset];
    return span(this.source, startOf(token), endOf(token));
  }

  /** Behind the last token that was understood. */
  private gap(): Span {
    const end = endOf(this.tokens[this.index - 1]);
    return span(this.source, end, end);
  }

  private line(token: IToken): number {
    return lineAt(this.source, startOf(token));
  }

  /** How far behind its line's beginning a token starts. */
  private column(token: IToken): number {
    return startOf(token) - lineSpan(this.source, this.line(token)).start;
  }
}
