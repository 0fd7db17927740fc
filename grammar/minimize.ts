// Delta debugging over the tree: the smallest text that still shows what a larger one showed.
import type { Block, Member, SectionNode, Source, Span, Value } from "./ast.ts";
import { format } from "./format.ts";
import { endOf, lex, startOf } from "./lex.ts";
import { parse } from "./parse.ts";

export interface Try {
  /** How many texts were tried. */
  readonly tries: number;
  /** The smallest text that still shows it. */
  readonly text: string;
}

/** Siblings of which some may go, and what stands between those that stay. */
interface Siblings {
  readonly spans: readonly Span[];
  readonly between: "\n" | ", ";
}

/**
 * Drops sections, blocks, settings, features, elements, arguments and comments, and makes numbers smaller, as long as `shows`
 * says yes; what comes out is in the canonical layout, and no single step makes it smaller. The same text and answers give
 * the same result. `shows` is asked for texts that parse alone, and never twice for one. What it throws ends the search.
 * @param source parses
 */
export async function minimize(
  source: Source,
  shows: (text: string) => boolean | Promise<boolean>,
  onTry: (step: Try) => void = () => {},
): Promise<string> {
  const tried = new Set<string>();
  let best = laidOut(source.text) ?? source.text;
  const attempt = async (text: string): Promise<boolean> => {
    const next = laidOut(text);
    if (next === null || next === best || tried.has(next)) {
      return false;
    }
    tried.add(next);
    const smaller = await shows(next);
    if (smaller) {
      best = next;
    }
    onTry({ tries: tried.size, text: best });
    return smaller;
  };
  for (let before = ""; before !== best; ) {
    before = best;
    await attempt(withoutComments(best));
    for (let index = 0; index < siblings(best).length; index++) {
      await fewer(() => best, index, attempt);
    }
    for (let index = 0; index < numbers(best).length; index++) {
      const [{ start, end }] = [numbers(best)[index]];
      for (const less of smallerNumbers(best.slice(start, end))) {
        if (await attempt(best.slice(0, start) + less + best.slice(end))) {
          break;
        }
      }
    }
  }
  return best;
}

/** The texts that one step makes of a text, the smallest first as far as that is told without trying them. */
export function* smaller(text: string): Iterable<string> {
  for (const list of siblings(text)) {
    const { length } = list.spans;
    for (let run = length; run >= 1; run = Math.floor(run / 2)) {
      for (let from = 0; from < length; from += run) {
        yield without(text, list, from, from + run);
      }
    }
  }
  for (const { start, end } of numbers(text)) {
    for (const less of smallerNumbers(text.slice(start, end))) {
      yield text.slice(0, start) + less + text.slice(end);
    }
  }
}

/** Drops runs of the list at `index`, long ones first. Lists before it stay as they are. */
async function fewer(text: () => string, index: number, attempt: (text: string) => Promise<boolean>): Promise<void> {
  for (let run = siblings(text())[index].spans.length; run >= 1; run = Math.floor(run / 2)) {
    let from = 0;
    while (true) {
      const list = siblings(text())[index];
      if (list === undefined || from >= list.spans.length) {
        break;
      }
      if (!(await attempt(without(text(), list, from, from + run)))) {
        from += run;
      }
    }
  }
}

function without(text: string, { spans, between }: Siblings, from: number, to: number): string {
  const kept = spans.filter((_, index) => index < from || index >= to).map(({ start, end }) => text.slice(start, end));
  return text.slice(0, spans[0].start) + kept.join(between) + text.slice(spans[spans.length - 1].end);
}

/** All lists of a text, the outer before the inner. */
function siblings(text: string): Siblings[] {
  const found: Siblings[] = [];
  const add = (spans: readonly Span[], between: Siblings["between"]) =>
    spans.length > 0 && found.push({ spans, between });
  let level: (SectionNode | Member | Value)[] = [...treeOf(text).sections];
  add(
    level.map(({ span }) => span),
    "\n",
  );
  while (level.length > 0) {
    const inner = level.map((one): { readonly of: readonly (Member | Value)[]; readonly spans: readonly Span[] } => {
      if ("members" in one) {
        return { of: one.members, spans: one.members.map(({ span }) => span) };
      }
      if (one.kind === "setting") {
        return { of: [one.value], spans: [] };
      }
      if (one.kind === "list") {
        return { of: one.items, spans: one.items.map(({ span }) => span) };
      }
      if (one.kind !== "call") {
        return { of: [], spans: [] };
      }
      const given = one.arguments ?? [];
      return { of: given.map(({ value }) => value), spans: given.map(({ span }) => span) };
    });
    for (const [index, { spans }] of inner.entries()) {
      add(spans, "members" in level[index] ? "\n" : ", ");
    }
    level = inner.flatMap(({ of }) => of);
  }
  return found;
}

/** Where the numbers of a text stand. */
function numbers(text: string): Span[] {
  const inValue = (value: Value): Span[] => {
    if (value.kind === "number") {
      return [value.span];
    }
    if (value.kind === "list") {
      return value.items.flatMap(inValue);
    }
    return value.kind === "call" ? (value.arguments ?? []).flatMap((one) => inValue(one.value)) : [];
  };
  const inMembers = ({ members }: SectionNode | Block): Span[] =>
    members.flatMap((one) => (one.kind === "block" ? inMembers(one) : inValue(one.value)));
  return treeOf(text).sections.flatMap(inMembers);
}

/** Numbers of fewer digits or smaller size under the same unit, the smallest first. */
function smallerNumbers(text: string): string[] {
  const [, digits, unit] = /^([\d._]+(?:e[+-]?\d+)?)(.*)$/i.exec(text) ?? ["", "", ""];
  const value = Number(digits.replaceAll("_", ""));
  const counts = /^[kMB]$/.test(unit) ? [1, 2].map(String) : [];
  const halves: number[] = [];
  for (let half = Math.floor(value / 2); half > 2; half = Math.floor(half / 2)) {
    halves.unshift(half);
  }
  const plain = [1, 2, ...halves].filter((one) => one < value).map((one) => `${one}${unit}`);
  return [...counts, ...plain];
}

function withoutComments(text: string): string {
  return lex(text).comments.reduceRight((rest, one) => rest.slice(0, startOf(one)) + rest.slice(endOf(one)), text);
}

const treeOf = (text: string) => parse({ path: "", text }).file;

/** The canonical layout, or null where the text does not parse. */
function laidOut(text: string): string | null {
  const formatted = format({ path: "", text });
  return "text" in formatted ? formatted.text : null;
}
