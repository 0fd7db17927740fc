// What stands outside every section: a section whose keyword is misspelt, a bracket too many, a lost setting.
import { createTokenInstance, type IToken, tokenMatcher } from "chevrotain";
import { near } from "../contract/nearest.ts";
import { type SectionKeyword, type Source, sectionKeywords } from "./ast.ts";
import type { Chunk } from "./chunks.ts";
import { at, type Diagnostic } from "./diagnostic.ts";
import { diagnose, shown } from "./errors.ts";
import { fix, instead as insteadOf } from "./fix.ts";
import { endOf, startOf } from "./lex.ts";
import { span } from "./source.ts";
import { AnyName, LeftBrace, RightBrace, RightBracket, RightParen, sectionTokens } from "./tokens.ts";

/** A stray that reads like a section. Where a keyword is near, it is read as that section, so that its names are known. */
export interface Meant {
  readonly diagnostic: Diagnostic;
  readonly keyword: SectionKeyword | undefined;
  /** What the parser gets in place of the first token. */
  readonly token: IToken;
}

export function sectionMeant(source: Source, { tokens }: Chunk): Meant | undefined {
  const [first] = tokens;
  const brace = tokens[tokens.length > 1 && tokenMatcher(tokens[1], AnyName) ? 2 : 1];
  if (!tokenMatcher(first, AnyName) || !brace || !tokenMatcher(brace, LeftBrace)) {
    return undefined;
  }
  const names = near(first.image, sectionKeywords);
  const keyword = sectionKeywords.find((word) => word === names[0]);
  const place = span(source, startOf(first), endOf(first));
  const label = at(place, keyword ? `did you mean \`${keyword}\`?` : "");
  const diagnostic = diagnose("unknown-section", { name: shown(first.image) }, label, {
    ...(keyword
      ? { fixes: insteadOf(names, place) }
      : { help: [`Sections are ${sectionKeywords.slice(0, -1).join(", ")} and ${sectionKeywords.at(-1)}.`] }),
  });
  return { diagnostic, keyword, token: keyword ? instead(first, keyword) : first };
}

/** A keyword's token at another token's place. */
function instead(token: IToken, keyword: SectionKeyword): IToken {
  const start = startOf(token);
  const none = Number.NaN;
  const type = sectionTokens[sectionKeywords.indexOf(keyword)];
  return createTokenInstance(type, token.image, start, endOf(token) - 1, none, none, none, none);
}

/** `last` is the chunk before the stray one. */
export function outsideSection(source: Source, { tokens: [first] }: Chunk, last: Chunk | undefined): Diagnostic {
  const place = span(source, startOf(first), endOf(first));
  if ([RightBrace, RightBracket, RightParen].some((type) => tokenMatcher(first, type))) {
    return diagnose("stray-close", { bracket: first.image }, at(place), { fixes: [fix("Drop it", place, "", false)] });
  }
  const headers = tokenMatcher(first, AnyName) ? near(first.image, ["model", "import"]) : [];
  const end = last?.kind === "section" ? last.tokens[last.tokens.length - 1] : undefined;
  return diagnose(
    "outside-section",
    { token: shown(first.image) },
    at(place, headers.length > 0 ? `did you mean \`${headers[0]}\`?` : ""),
    {
      also: end ? [at(span(source, startOf(end), endOf(end)), "the section before it ends here")] : [],
      help: ["Settings belong between the braces of a section such as `item { … }`."],
      fixes: insteadOf(headers, place),
    },
  );
}
