// From sections to the checked model, section kind by section kind: none refers to a later one.
import type { LearnedNumbers } from "../../contract/learned-numbers.ts";
import type { SectionNode } from "../../grammar/ast.ts";
import { at, type Diagnostic } from "../../grammar/diagnostic.ts";
import { withImplied } from "../by/kinds.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { facts } from "../facts/read.ts";
import { rename } from "../facts/rename.ts";
import type { Model } from "../model/model.ts";
import { columnsOf, type Widths } from "../model/widths.ts";
import type { Program } from "../source/load.ts";
import { checkClocks } from "./clocks.ts";
import { checkMetricConsistency, checkUnread, checkUnused } from "./consistency.ts";
import { checkFeatures } from "./features.ts";
import { checkHistory } from "./histories.ts";
import { checkSize } from "./limits.ts";
import { checkMetric } from "./metrics.ts";
import { declare, declared, entities, groupKeywords, type NamedKeyword, type Scope } from "./scope.ts";
import { checkScore } from "./score.ts";
import { checkAttend, checkSearch } from "./stages.ts";
import { checkPopularity } from "./stats.ts";
import { checkCaches, checkTable } from "./tables.ts";
import { checkTasks, checkTower } from "./towers.ts";
import { checkTrain } from "./train.ts";

export interface CheckOptions {
  /** A file without `model` is fine: a library is to be checked, not built. */
  readonly library?: boolean;
  /** Refuse models whose parameters and lookup tables need more memory than this. */
  readonly maxBytes?: number;
  /** Scales and edges that were learned, by feature: what the model leaves to be learned. */
  readonly numbers?: ReadonlyMap<string, LearnedNumbers>;
}

export interface Checked {
  /** Null where there is an error, or no `model`. */
  readonly model: Model | null;
  /** Errors of reading and parsing first, then the checker's, in the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /** Widths by qualified name, as far as they are known: of what has errors, too. */
  readonly widths: ReadonlyMap<string, Widths>;
}

/** What may follow from a section that could not be parsed: said only where all could. */
const consequences: ReadonlySet<string> = new Set([
  "unknown-name",
  "missing-setting",
  "missing-section",
  "no-item-key",
  "nothing-predicted",
  "no-width",
  "choose-one",
  "no-model",
  "keys-differ",
  "nothing-cached",
]);

export function check(program: Program, options: CheckOptions = {}): Checked {
  const found: Diagnostic[] = [];
  const broken = program.diagnostics.some(({ severity }) => severity === "error");
  const report = (diagnostic: Diagnostic): void => {
    if (!broken || !consequences.has(diagnostic.code)) {
      found.push(diagnostic);
    }
  };
  const widths = new Map<string, Widths>();
  const model = checkProgram(
    program,
    options,
    report,
    widths,
    () => broken || found.some(({ severity }) => severity === "error"),
  );
  return { model, diagnostics: [...program.diagnostics, ...inOrder(withRenames(found, program), program)], widths };
}

function checkProgram(
  program: Program,
  { library = false, maxBytes, numbers = new Map() }: CheckOptions,
  report: Scope["report"],
  widths: Scope["widths"],
  failed: () => boolean,
): Model | null {
  const { entry, sections } = program;
  const name = entry.model;
  const { declarations, byKeyword, singles, nameless } = declare(sections, report);
  const scope: Scope = {
    library: !name,
    sections,
    declarations,
    byKeyword,
    groups: new Map(),
    crosses: new Map(),
    stats: new Map(),
    popularity: null,
    counted: [],
    report,
    nameless,
    comparisons: { left: 30_000 },
    used: new Set(),
    numbers,
    widths,
  };
  const start = { source: entry.source, start: 0, end: 0 };
  if (!name && !library) {
    report(
      diagnose("no-model", { path: entry.source.path }, at(start, "there is no `model NAME` here"), {
        help: help.noModel,
      }),
    );
  }

  checkFeatures(scope, singles);
  checkClocks(scope);
  if (name && !singles.has("item")) {
    scope.groups.delete("item");
    report(
      diagnose("missing-section", { section: "item" }, at(name, "ranks nothing without it"), {
        help: help.noItem,
      }),
    );
  }
  checkItem(scope, singles.get("item"));
  each(scope, "history", checkHistory);
  each(scope, "metric", checkMetric);
  each(scope, "search", checkSearch);
  each(scope, "attend", checkAttend);
  const { labels, byTower } = checkTasks(scope);
  checkPopularity(labels, scope);
  each(scope, "tower", (declaration) => checkTower(declaration, byTower.get(declaration.name.text) ?? null, scope));
  if (name && !sections.some(({ keyword }) => keyword === "tower")) {
    report(
      diagnose("missing-section", { section: "tower" }, at(name, "predicts nothing without it"), {
        help: help.noTower,
      }),
    );
  }
  each(scope, "table", checkTable);
  const score = checkScore(labels, scope);
  const train = checkTrain(singles.get("train"), name?.span ?? start, [...byTower.values()].flat(), scope);
  checkCaches(scope);
  checkMetricConsistency(scope);
  if (!name || !train || failed()) {
    return null;
  }
  const silent = [...declarations.values()].find(({ entity }) => entity === null);
  if (silent) {
    throw new Error(`the checker rejected ${silent.keyword} ${silent.name.text} and did not say why`);
  }
  checkUnused(scope);
  checkUnread(scope);

  const [item, user, context, candidate] = groupKeywords.map((keyword) => scope.groups.get(keyword)!.group);
  const [searches, attends] = [entities(scope, "search"), entities(scope, "attend")];
  const model: Model = {
    name: name.text,
    doc: entry.doc ?? "",
    item: withImplied(item, [...searches, ...attends]),
    user,
    context,
    candidate,
    popularity: scope.popularity!.group,
    histories: entities(scope, "history"),
    metrics: entities(scope, "metric"),
    searches,
    attends,
    towers: entities(scope, "tower"),
    score,
    tables: entities(scope, "table"),
    train,
    span: name.span,
  };
  if (maxBytes !== undefined) {
    checkSize(model, maxBytes, scope);
  }
  return failed() ? null : model;
}

/** Candidates and behaviours reach the graphs as columns of the item. */
function checkItem(scope: Scope, section: SectionNode | undefined): void {
  const item = scope.groups.get("item");
  if (!section || !item || item.damaged || columnsOf(item.group).length > 0) {
    return;
  }
  scope.groups.delete("item");
  if (item.group.features.length === 0) {
    return;
  }
  scope.report(
    diagnose("no-width", { name: "item" }, at(section.keywordSpan, "holds nothing but a key"), {
      help: help.onlyKey,
    }),
  );
}

/** Checks the sections of one keyword; what they become is there for those after them. */
function each<K extends NamedKeyword>(
  scope: Scope,
  keyword: K,
  checkOne: (
    declaration: ReturnType<typeof declared<K>>[number],
    scope: Scope,
  ) => ReturnType<typeof declared<K>>[number]["entity"],
): void {
  const own = declared(scope, keyword);
  for (const declaration of own) {
    declaration.entity = checkOne(declaration, scope);
  }
  for (const declaration of own) {
    declaration.checked = true;
  }
}

/** A better name is offered with all that refers to it; not where another has it. */
function withRenames(diagnostics: readonly Diagnostic[], program: Program): readonly Diagnostic[] {
  if (!diagnostics.some(({ code }) => code === "not-snake-case")) {
    return diagnostics;
  }
  const known = facts(program);
  return diagnostics.map((diagnostic) => {
    const [fix] = diagnostic.code === "not-snake-case" ? diagnostic.fixes : [];
    if (!fix) {
      return diagnostic;
    }
    const [{ span, text }] = fix.edits;
    const symbol = known.symbols.find((one) => one.span.source === span.source && one.span.start === span.start);
    const edits = symbol ? rename(known, symbol, text) : null;
    return { ...diagnostic, fixes: edits ? [{ ...fix, edits }] : [] };
  });
}

/** By file, then by place: the reader goes through the text once. */
function inOrder(diagnostics: readonly Diagnostic[], { files }: Program): Diagnostic[] {
  const rank = new Map(files.map((file, i) => [file.source, i]));
  const place = ({ primary: { span } }: Diagnostic): number => rank.get(span.source) ?? files.length;
  return [...diagnostics].sort((a, b) => place(a) - place(b) || a.primary.span.start - b.primary.span.start);
}
