// The grammar, as Chevrotain rules over one header or section at a time (chunks.ts cuts the file). Recovers from errors.
import { type CstNode, CstParser, EOF, type IToken, type TokenType, tokenMatcher } from "chevrotain";
import { closesAhead } from "./closes-ahead.ts";
import {
  AnyName,
  AnyString,
  allTokens,
  Colon,
  Comma,
  Dot,
  Import,
  LeftBrace,
  LeftBracket,
  LeftParen,
  Model,
  Num,
  RightBrace,
  RightBracket,
  RightParen,
  SectionWord,
} from "./tokens.ts";

/**
 * After so many errors the rest of a section is skipped: recovery inside a repetition recurses once an error, and each
 * may look through all tokens that are left, so a section with very many of them gets fewer.
 */
const mostErrors = (tokens: number): number => Math.max(2, Math.min(64, Math.floor(1e6 / tokens)));

export interface Reading {
  readonly tree: CstNode | undefined;
  readonly error: SyntaxProblem | undefined;
}

/** A rule, and the token at which it did not go on (Chevrotain's EOF at the end). */
export interface SyntaxProblem {
  readonly rule: string;
  readonly token: IToken;
}

export class TwinParser extends CstParser {
  private errorsLeft = 0;
  /** The first mistake that the rules themselves read past. */
  private lapse: SyntaxProblem | undefined;

  /** `validate` runs Chevrotain's checks of the grammar: for tests, they cost start-up time. */
  constructor(validate: boolean) {
    const counter = { onError: (): void => undefined };
    // syntax-errors.ts words the errors from tokens and rules; Chevrotain's own texts would be made and thrown away
    const silent = (): string => {
      counter.onError();
      return "";
    };
    super(allTokens, {
      recoveryEnabled: true,
      maxLookahead: 1,
      nodeLocationTracking: "none",
      skipValidations: !validate,
      errorMessageProvider: {
        buildMismatchTokenMessage: silent,
        buildNotAllInputParsedMessage: silent,
        buildNoViableAltMessage: silent,
        buildEarlyExitMessage: silent,
      },
    });
    this.performSelfAnalysis();
    counter.onError = () => this.countError();
  }

  /** Reads one header or section whole; gives the tree, as far as it could be read, and the first error. */
  read(rule: "modelHeader" | "importHeader" | "section", tokens: readonly IToken[]): Reading {
    this.errorsLeft = mostErrors(tokens.length);
    this.lapse = undefined;
    this.input = tokens.slice();
    // Chevrotain throws and catches several errors for each one it reports; their stack traces are most of the cost
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      const tree = this[rule]() as CstNode | undefined;
      const [error] = this.errors;
      const found = error && { rule: error.context.ruleStack.at(-1) ?? "", token: error.token };
      return { tree, error: earlier(this.lapse, found) };
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  private countError(): void {
    if (--this.errorsLeft > 0) {
      return;
    }
    while (this.LA(1).tokenType !== EOF) {
      this.SKIP_TOKEN();
    }
  }

  private noteLapse(rule: string): void {
    this.ACTION(() => {
      this.lapse ??= { rule, token: this.LA(1) };
    });
  }

  /** `model NAME` */
  readonly modelHeader = this.RULE("modelHeader", () => {
    this.CONSUME(Model);
    this.CONSUME(AnyName);
  });

  /** `import "PATH"` */
  readonly importHeader = this.RULE("importHeader", () => {
    this.CONSUME(Import);
    this.CONSUME(AnyString);
  });

  /** `KEYWORD [NAME] { … }` */
  readonly section = this.RULE("section", () => {
    this.CONSUME(SectionWord);
    this.OPTION(() => this.CONSUME(AnyName));
    this.SUBRULE(this.body);
  });

  readonly body = this.RULE("body", () => {
    this.CONSUME(LeftBrace);
    this.MANY(() => this.SUBRULE(this.member));
    this.CONSUME(RightBrace);
  });

  readonly member = this.RULE("member", () => {
    this.CONSUME(AnyName);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(Colon);
          this.OR2([
            // A name before `:` or `{` begins the next member: the value of this one is missing.
            { GATE: () => !this.atMember(), ALT: () => this.SUBRULE(this.value) },
            // a mistake: a block takes no colon
            {
              ALT: () => {
                this.noteLapse("value");
                this.SUBRULE(this.body);
              },
            },
            // a mistake: nothing
            { ALT: () => this.noteLapse("value") },
          ]);
        },
      },
      { ALT: () => this.SUBRULE2(this.body) },
    ]);
  });

  readonly value = this.RULE("value", () => {
    this.OR([
      { ALT: () => this.CONSUME(Num) },
      { ALT: () => this.CONSUME(AnyString) },
      { ALT: () => this.SUBRULE(this.list) },
      { GATE: () => !this.atMember(), ALT: () => this.SUBRULE(this.call) },
    ]);
  });

  readonly list = this.RULE("list", () => {
    this.CONSUME(LeftBracket);
    this.OPTION({
      GATE: () => !tokenMatcher(this.LA(1), RightBracket),
      DEF: () => {
        this.SUBRULE(this.value);
        this.MANY({
          // not at the comma that trails
          GATE: () => !tokenMatcher(this.LA(2), RightBracket) && this.atNext(RightBracket),
          DEF: () => {
            this.comma("list");
            this.SUBRULE2(this.value);
          },
        });
        this.OPTION2(() => this.CONSUME2(Comma));
      },
    });
    this.CONSUME(RightBracket);
  });

  readonly call = this.RULE("call", () => {
    this.CONSUME(AnyName);
    this.MANY(() => {
      this.CONSUME(Dot);
      this.CONSUME2(AnyName);
    });
    this.OPTION(() => {
      this.CONSUME(LeftParen);
      this.OPTION2(() => {
        this.SUBRULE(this.argument);
        this.MANY2({
          GATE: () => this.atNext(RightParen),
          DEF: () => {
            this.comma("call");
            this.SUBRULE2(this.argument);
          },
        });
      });
      this.CONSUME(RightParen);
    });
  });

  /** The only place that needs two tokens. */
  readonly argument = this.RULE("argument", () => {
    this.OPTION({
      GATE: () => tokenMatcher(this.LA(2), Colon),
      DEF: () => {
        this.CONSUME(AnyName);
        this.CONSUME(Colon);
      },
    });
    this.SUBRULE(this.value);
  });

  /** A comma, or the mistake of leaving it out. */
  private comma(rule: "list" | "call"): void {
    const there = this.OPTION3(() => this.CONSUME3(Comma));
    if (!there) {
      this.noteLapse(rule);
    }
  }

  /** At a comma, or where one has been left out before a further value. */
  private atNext(close: TokenType): boolean {
    if (tokenMatcher(this.LA(1), Comma)) {
      return true;
    }
    if (close === RightBracket && this.atMember()) {
      return false;
    }
    return closesAhead((i) => this.LA(i + 1), close);
  }

  private atMember(): boolean {
    const next: IToken = this.LA(2);
    return next.tokenType !== EOF && (tokenMatcher(next, Colon) || tokenMatcher(next, LeftBrace));
  }
}

/** The one that stands first; one at the end of the tokens has no offset. */
function earlier(a: SyntaxProblem | undefined, b: SyntaxProblem | undefined): SyntaxProblem | undefined {
  if (!a || !b) {
    return a ?? b;
  }
  return b.token.startOffset < a.token.startOffset ? b : a;
}

let parser: TwinParser | undefined;

/** The one parser of this process, made at first use. */
export function theParser(): TwinParser {
  parser ??= new TwinParser(false);
  return parser;
}
