// What has been declared so far, and the way errors are collected. A declaration that failed is there with the value null: its
// users stay silent, so that one mistake gives one error.
import type { LearnedNumbers } from "../../contract/learned-numbers.ts";
import { recordOf } from "../../contract/record.ts";
import type { Member, Name, SectionKeyword, SectionNode, Span } from "../../grammar/ast.ts";
import { at, type Diagnostic } from "../../grammar/diagnostic.ts";
import { fix } from "../../grammar/fix.ts";
import { blocks } from "../catalog/blocks.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Attend, Feature, Group, GroupName, History, Metric, Search, Table, Tower } from "../model/model.ts";
import type { WidthName, Widths } from "../model/widths.ts";

/** What each kind of named section becomes. */
export interface Entities {
  history: History;
  metric: Metric;
  search: Search;
  attend: Attend;
  tower: Tower;
  table: Table;
}
export type NamedKeyword = keyof Entities;

export interface Declaration<K extends NamedKeyword = NamedKeyword> {
  readonly keyword: K;
  readonly name: Name;
  readonly section: SectionNode;
  /** Whether its section has been checked: sections refer only to kinds that come before their own. */
  checked: boolean;
  /** Null until it is checked, and where that failed, which has been reported. */
  entity: Entities[K] | null;
}

/** A group as it is being checked: `damaged` where a feature of it failed. */
export interface CheckedGroup {
  readonly group: Group;
  readonly damaged: boolean;
  /** Names of features that failed. */
  readonly failed: ReadonlySet<string>;
  /** Whether the program has the section. */
  readonly present: boolean;
}

export interface Scope {
  readonly library: boolean;
  readonly sections: readonly SectionNode[];
  readonly declarations: ReadonlyMap<string, Declaration>;
  /** The same, by keyword. */
  readonly byKeyword: ReadonlyMap<SectionKeyword, readonly Declaration[]>;
  readonly groups: Map<GroupName, CheckedGroup>;
  /** `popularity` among the features of `item`, which is not inherent; null before features are checked. */
  popularity: CheckedGroup | null;
  /** Labels that a popularity is of, still to be looked up. */
  readonly counted: Name[];
  /** Statistics of histories, by history. */
  readonly stats: Map<string, CheckedGroup>;
  /** Cross features by their history's name; there even where the history's settings failed. */
  readonly crosses: Map<string, CheckedGroup>;
  readonly report: (diagnostic: Diagnostic) => void;
  /** Keywords of sections that lack their name: a name that is not found may be theirs. */
  readonly nameless: ReadonlySet<SectionKeyword>;
  /** Names still to be compared for suggestions: a file may hold thousands, all misspelt. */
  readonly comparisons: { left: number };
  /** Who read what, to find declarations that nothing uses. */
  readonly used: Set<string>;
  /** What was learned of the features' numbers, by feature. */
  readonly numbers: ReadonlyMap<string, LearnedNumbers>;
  /** Widths by qualified name, of what failed as well. */
  readonly widths: Map<string, Widths>;
}

/** Notes the widths of a name that are known by now. */
export function noteWidths(
  scope: Scope,
  name: string,
  widths: { readonly [W in WidthName]?: number | null | undefined },
): void {
  const known = recordOf(
    Object.entries(widths).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
  scope.widths.set(name, { ...scope.widths.get(name), ...known });
}

export const isNamed = (keyword: SectionKeyword): keyword is NamedKeyword => blocks[keyword].named;

/** The sections of one keyword that carry a proper name, in order. */
export function declared<K extends NamedKeyword>(scope: Scope, keyword: K): readonly Declaration<K>[] {
  return (scope.byKeyword.get(keyword) ?? []) as readonly Declaration<K>[];
}

/** The checked entities of one keyword, in order. */
export const entities = <K extends NamedKeyword>(scope: Scope, keyword: K): Entities[K][] =>
  declared(scope, keyword)
    .map((d) => d.entity)
    .filter((entity) => entity !== null);

export const groupKeywords = ["item", "user", "context", "candidate"] as const;
export type GroupKeyword = (typeof groupKeywords)[number];

/** Gathers the named sections; reports missing and unwanted names and what is declared twice. */
export function declare(
  sections: readonly SectionNode[],
  report: Scope["report"],
): {
  declarations: Map<string, Declaration>;
  byKeyword: Map<SectionKeyword, Declaration[]>;
  singles: Map<SectionKeyword, SectionNode>;
  nameless: Set<SectionKeyword>;
} {
  const declarations = new Map<string, Declaration>();
  const byKeyword = new Map<SectionKeyword, Declaration[]>();
  const singles = new Map<SectionKeyword, SectionNode>();
  const nameless = new Set<SectionKeyword>();
  for (const section of sections) {
    const { keyword, name } = section;
    if (!isNamed(keyword)) {
      if (name) {
        report(
          diagnose("name-unwanted", { section: keyword }, at(name, "leave this out"), {
            help: help.nameUnwanted(keyword),
            fixes: [fix("Leave the name out", { ...name.span, start: section.keywordSpan.end }, "", true)],
          }),
        );
      }
      const first = singles.get(keyword);
      if (first) {
        report(twice(keyword, section.keywordSpan, first.keywordSpan));
      } else {
        singles.set(keyword, section);
      }
      continue;
    }
    if (!name) {
      nameless.add(keyword);
      report(
        diagnose("name-missing", { section: keyword }, at(section.keywordSpan, `write \`${keyword} NAME { … }\``), {
          help: help.nameMissing(keyword),
        }),
      );
      continue;
    }
    const first = declarations.get(name.text);
    if (first) {
      report(twice(name.text, name.span, first.name.span));
    } else if (Object.hasOwn(blocks, name.text)) {
      report(
        diagnose(
          "name-taken",
          { name: name.text, what: `a ${keyword}` },
          at(name, "names a section that every model can have"),
          {
            help: help.sectionName(name.text),
          },
        ),
      );
    } else {
      snakeCase(name, report);
      const declaration: Declaration = { keyword, name, section, checked: false, entity: null };
      declarations.set(name.text, declaration);
      const own = byKeyword.get(keyword);
      if (own) {
        own.push(declaration);
      } else {
        byKeyword.set(keyword, [declaration]);
      }
    }
  }
  return { declarations, byKeyword, singles, nameless };
}

export const twice = (name: string, second: Span, first: Span): Diagnostic =>
  diagnose("declared-twice", { name }, at(second, "declared again"), {
    also: [at(first, "first declared here")],
    help: help.declaredTwice,
  });

/** Warns of a name that would make an awkward column or input name. */
export function snakeCase(name: Name, report: Scope["report"]): void {
  if (/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name.text)) {
    return;
  }
  const better = name.text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/_+/g, "_")
    .replace(/^_|_$/g, "");
  const fits = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(better);
  report(
    diagnose("not-snake-case", { name: name.text }, at(name, fits ? `write \`${better}\`` : ""), {
      help: help.notSnakeCase,
      fixes: fits ? [fix(`Rename to \`${better}\``, name.span, better, false)] : [],
    }),
  );
}

/** `a, b and c` */
export function list(words: readonly string[], last: "and" | "or"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}

/** `a metric`, `an attend` */
export const article = (word: string): string => `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;

/** The feature of a group by its bare name. */
export const featureOf = (group: Group, name: string): Feature | undefined =>
  group.features.find((f) => f.name === name);

/** The members of a nested block, or null where the section has none. */
export function block(section: SectionNode, name: string): { members: readonly Member[]; name: Name } | null {
  const found = section.members.find((member) => member.kind === "block" && member.name.text === name);
  return found?.kind === "block" ? found : null;
}
