// What holds across sections: one metric for both stages (the paper's thesis), and nothing declared in vain.
import { at } from "../../grammar/diagnostic.ts";
import { kindOf, sameBy } from "../by/kinds.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { shown } from "./arguments.ts";
import { entities, type Scope } from "./scope.ts";

/** Notes where a search and the attend over it go by different things. */
export function checkMetricConsistency(scope: Scope): void {
  for (const attend of entities(scope, "attend")) {
    if (attend.over.kind !== "search") {
      continue;
    }
    const { search } = attend.over;
    if (sameBy(search.by, attend.by)) {
      continue;
    }
    const first = by(search.name, scope);
    const second = by(attend.name, scope);
    if (!first || !second) {
      continue;
    }
    const system = kindOf(search.by).system;
    scope.report(
      diagnose(
        "metrics-differ",
        { search: search.name, first: shown(first), attend: attend.name, second: shown(second) },
        at(first, "the search may drop items the attention would have kept"),
        {
          also: [at(second, "the attention weighs by this")],
          help: help.metricsDiffer(system),
        },
      ),
    );
  }
}

function by(owner: string, scope: Scope) {
  const member = scope.declarations
    .get(owner)
    ?.section.members.find((m) => m.kind === "setting" && m.name.text === "by");
  return member?.kind === "setting" ? member.value : null;
}

/** Warns of sections that nothing refers to. Towers and tables are ends in themselves. */
export function checkUnused(scope: Scope): void {
  for (const { keyword, name } of scope.declarations.values()) {
    if (keyword === "tower" || keyword === "table" || scope.used.has(name.text)) {
      continue;
    }
    const users = {
      history: "a search, an attend or a metric",
      metric: "a search or an attend",
      search: "an attend",
      attend: "a tower",
    }[keyword];
    scope.report(
      diagnose("unused", { name: name.text }, at(name, `no section names this ${keyword}`), {
        help: help.unused(users),
      }),
    );
  }
}

/** Warns of statistics that no tower reads: they are counted for nothing. */
export function checkUnread(scope: Scope): void {
  const inputs = entities(scope, "tower").flatMap(({ input, wide }) => [
    ...input,
    ...wide.map((feature) => ({ kind: "feature", feature }) as const),
  ]);
  for (const feature of scope.popularity?.group.features ?? []) {
    if (!inputs.some((input) => input.kind === "feature" && input.feature === feature)) {
      scope.report(
        diagnose("unused", { name: feature.qualified }, at(feature.span, "no tower reads it"), {
          help: help.popularityUnread(feature.qualified),
        }),
      );
    }
  }
  for (const { name, stats } of entities(scope, "history")) {
    const read = inputs.some(
      (input) =>
        (input.kind === "group" && input.group === stats) ||
        (input.kind === "feature" && stats.features.includes(input.feature)),
    );
    if (stats.features.length > 0 && !read) {
      scope.report(
        diagnose("unused", { name: `${name}.stats` }, at(stats.features[0].span, "no tower reads it"), {
          help: help.statsUnread(name),
        }),
      );
    }
  }
}
