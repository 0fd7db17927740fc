// The way in: text to tree and diagnostics. Never throws, whatever the text.
import { type IToken, tokenMatcher } from "chevrotain";
import type { FileNode, ImportNode, Name, SectionKeyword, SectionNode, Source } from "./ast.ts";
import { type Chunk, chunks, extent } from "./chunks.ts";
import { at, type Diagnostic } from "./diagnostic.ts";
import { diagnose } from "./errors.ts";
import { endOf, type Lexed, lex, startOf } from "./lex.ts";
import { badWord, foreignText } from "./lexical-errors.ts";
import { theParser } from "./parser.ts";
import { span } from "./source.ts";
import { outsideSection, sectionMeant } from "./stray.ts";
import { syntaxError } from "./syntax-errors.ts";
import { LeftBrace, LeftBracket, LeftParen, RightBrace, RightBracket, RightParen } from "./tokens.ts";
import { importOf, modelOf, type Origin, sectionOf } from "./tree.ts";

/** The most characters (UTF-16 units) that one file may hold. */
export const sourceLimit = 1 << 20;
/** The most brackets of all kinds that may be open at once. */
export const nestingLimit = 64;

export interface Parsed {
  readonly file: FileNode;
  /** In the order of the text. Empty if and only if the text is in the language. */
  readonly diagnostics: readonly Diagnostic[];
  /** The sections of `file` that have a syntax error: they may lack members that their writer meant. */
  readonly damaged: ReadonlySet<SectionNode>;
}

export function parse(source: Source): Parsed {
  const refused = refusal(source);
  if (refused) {
    return { file: { source, imports: [], sections: [] }, diagnostics: [refused], damaged: new Set() };
  }
  const lexed = lex(source.text);
  const parts = chunks(lexed.tokens, source.text, false);
  const parsed = new FileReader(source, lexed, parts).read();
  if (parsed.diagnostics.length === 0) {
    return parsed;
  }
  const others = chunks(lexed.tokens, source.text, true);
  return others.length === parts.length ? parsed : new FileReader(source, lexed, others).read();
}

function refusal(source: Source): Diagnostic | undefined {
  const { length } = source.text;
  const count = (n: number): string => n.toLocaleString("en-US");
  if (length > sourceLimit) {
    const sizes = { size: count(length), limit: count(sourceLimit) };
    return diagnose("file-too-large", sizes, at(span(source, 0, 0)), {
      help: ["Split it: a library of sections can be brought in with `import`."],
    });
  }
  const zero = source.text.indexOf("\0");
  const { notText } = source;
  if (zero < 0 && !notText) {
    return undefined;
  }
  const wrong = !notText || (zero >= 0 && zero < notText.offset) ? { offset: zero, value: 0 } : notText;
  const byte = wrong.value === 0 ? "a zero byte" : `the byte 0x${wrong.value.toString(16)} is no UTF-8 here`;
  return diagnose("not-text", {}, at(span(source, wrong.offset, wrong.offset + 1), byte), {
    help: [
      "A `.twin` file is UTF-8 text. One in another encoding is converted with `iconv -f ENCODING -t UTF-8 FILE`.",
    ],
  });
}

class FileReader {
  private readonly source: Source;
  private readonly lexed: Lexed;
  private readonly parts: readonly Chunk[];
  private readonly origin: Origin;
  private readonly diagnostics: Diagnostic[] = [];
  private readonly damaged = new Set<SectionNode>();
  private readonly imports: ImportNode[] = [];
  private readonly sections: SectionNode[] = [];
  private header: { model?: Name; doc?: string } = {};
  /** How many of the foreign texts have been looked at. */
  private foreignSeen = 0;

  constructor(source: Source, lexed: Lexed, parts: readonly Chunk[]) {
    this.source = source;
    this.lexed = lexed;
    this.parts = parts;
    this.origin = { source, comments: lexed.comments };
  }

  read(): Parsed {
    const { parts } = this;
    const start = (i: number): number => (i < parts.length ? extent(parts[i]).start : Number.POSITIVE_INFINITY);
    const before = this.foreign(start(0));
    if (before) {
      this.diagnostics.push(before);
    }
    parts.forEach((part, i) => {
      const problem = this.firstProblem(part, start(i + 1));
      if (part.kind === "model") {
        this.model(part, i === 0, problem);
      } else if (part.kind === "import") {
        this.import(part, problem);
      } else if (part.kind === "section") {
        this.section(part, part.tokens[0].image as SectionKeyword, problem);
      } else {
        this.stray(part, parts[i - 1], problem);
      }
    });
    const { source, imports, sections } = this;
    return {
      file: { source, ...this.header, imports, sections },
      diagnostics: this.diagnostics,
      damaged: this.damaged,
    };
  }

  private model(part: Chunk, first: boolean, problem: Diagnostic | undefined): void {
    if (!first) {
      this.misplaced(part, "at the beginning of the file", problem);
    } else {
      this.parsed("modelHeader", part, problem);
      this.header = modelOf(this.origin, part.tokens);
    }
  }

  private import(part: Chunk, problem: Diagnostic | undefined): void {
    if (this.sections.length > 0) {
      this.misplaced(part, "before every section", problem);
    } else {
      this.parsed("importHeader", part, problem);
    }
    const found = importOf(this.origin, part.tokens);
    if (found) {
      this.imports.push(found);
    }
  }

  private misplaced({ tokens: [first] }: Chunk, place: string, problem: Diagnostic | undefined): void {
    const label = at(span(this.source, startOf(first), endOf(first)));
    this.diagnostics.push(problem ?? diagnose("misplaced-header", { keyword: first.image, place }, label));
  }

  private section(part: Chunk, keyword: SectionKeyword, problem: Diagnostic | undefined): void {
    const deep = tooDeep(part);
    const before = this.diagnostics.length;
    if (deep) {
      this.diagnostics.push(problem ?? this.deep(deep));
    }
    const tree = deep ? undefined : this.parsed("section", part, problem);
    const node = sectionOf(this.origin, keyword, part.tokens, tree);
    this.sections.push(node);
    if (this.diagnostics.length > before) {
      this.damaged.add(node);
    }
  }

  private stray(part: Chunk, last: Chunk | undefined, problem: Diagnostic | undefined): void {
    const meant = sectionMeant(this.source, part);
    if (!meant) {
      // one stray after another is one mistake
      const bad = problem && problem.primary.span.start <= extent(part).start;
      if (bad) {
        this.diagnostics.push(problem);
      } else if (last?.kind !== "stray") {
        this.diagnostics.push(outsideSection(this.source, part, last));
      }
      return;
    }
    this.diagnostics.push(meant.diagnostic);
    if (!meant.keyword || tooDeep(part)) {
      return;
    }
    const { tree } = theParser().read("section", [meant.token, ...part.tokens.slice(1)]);
    const node = sectionOf(this.origin, meant.keyword, part.tokens, tree);
    this.sections.push(node);
    this.damaged.add(node);
  }

  /** Parses a chunk and reports its first error, a bad word that comes before it included. */
  private parsed(rule: "modelHeader" | "importHeader" | "section", part: Chunk, problem: Diagnostic | undefined) {
    const { tree, error } = theParser().read(rule, part.tokens);
    const found = error?.token.startOffset;
    // an error at the end has no offset; NaN compares false
    if (problem && !(found !== undefined && found < problem.primary.span.start)) {
      this.diagnostics.push(problem);
    } else if (error) {
      this.diagnostics.push(syntaxError(this.source, part.tokens, error));
    }
    return tree;
  }

  /** The first bad word or foreign text in or behind a chunk, before the next one starts. */
  private firstProblem({ tokens }: Chunk, end: number): Diagnostic | undefined {
    const foreign = this.foreign(end);
    for (const token of tokens) {
      if (foreign && foreign.primary.span.start < startOf(token)) {
        break;
      }
      const bad = badWord(this.source, token);
      if (bad) {
        return bad;
      }
    }
    return foreign;
  }

  /** The first foreign text before `end`; goes past all of them. */
  private foreign(end: number): Diagnostic | undefined {
    const { foreign } = this.lexed;
    let first: Diagnostic | undefined;
    for (; this.foreignSeen < foreign.length && startOf(foreign[this.foreignSeen]) < end; this.foreignSeen++) {
      first ??= foreignText(this.source, foreign[this.foreignSeen]);
    }
    return first;
  }

  private deep(token: IToken): Diagnostic {
    const place = span(this.source, startOf(token), endOf(token));
    return diagnose("too-deep", { limit: nestingLimit }, at(place, "one level too many"));
  }
}

const opening = [LeftBrace, LeftBracket, LeftParen];
const closing = [RightBrace, RightBracket, RightParen];

/** The bracket of a chunk that opens one level too many. */
function tooDeep({ tokens }: Chunk): IToken | undefined {
  let depth = 0;
  for (const token of tokens) {
    if (opening.some((type) => tokenMatcher(token, type)) && ++depth > nestingLimit) {
      return token;
    }
    if (closing.some((type) => tokenMatcher(token, type))) {
      depth = Math.max(0, depth - 1);
    }
  }
  return undefined;
}
