// What candidates are ordered by: labels of any tower with their weights.
import { recordOf } from "../../contract/record.ts";
import type { Member, Name } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { scoreWeight } from "../catalog/training.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Score } from "../model/model.ts";
import { scoreOutput } from "../model/ports.ts";
import { readSettings } from "./arguments.ts";
import { block, declared, type Scope, twice } from "./scope.ts";
import type { Labels } from "./towers.ts";

/** The block as it is written. */
interface Written {
  readonly name: Name;
  readonly members: readonly Member[];
}

/** Null where no tower says it, and after a report. */
export function checkScore(labels: Labels, scope: Scope): Score | null {
  const [first, ...others] = declared(scope, "tower").flatMap(({ name, section }) => {
    const found = block(section, "score");
    return found === null ? [] : [{ tower: name.text, found }];
  });
  if (first === undefined) {
    return null;
  }
  for (const { found } of others) {
    scope.report(twice("score", found.name.span, first.found.name.span));
  }
  const of = nameTaken(first.found, labels, scope) ? null : readWeights(first.found, labels, scope);
  return of && { tower: first.tower, of, span: first.found.name.span };
}

/** Whether a label or a table has the output's name. */
function nameTaken({ name }: Written, labels: Labels, scope: Scope): boolean {
  const label = labels.get(scoreOutput);
  const table = scope.declarations.get(scoreOutput);
  const other = label?.span ?? (table?.keyword === "table" ? table.name.span : undefined);
  if (other !== undefined) {
    scope.report(
      diagnose(
        "name-taken",
        { name: scoreOutput, what: label ? "a label" : "a table" },
        { span: other, text: "the score's output has this name" },
        {
          also: [at(name, "declared here")],
        },
      ),
    );
  }
  return other !== undefined;
}

function readWeights(score: Written, labels: Labels, scope: Scope): Score["of"] | null {
  let failed = false;
  for (const { name } of score.members) {
    const label = labels.get(name.text);
    if (label?.kind === "regression") {
      scope.report(
        diagnose("wrong-kind", { name: "score", expected: "labels with a probability" }, at(name, "is a regression"), {
          also: [at(label.span, "declared here")],
        }),
      );
      failed = true;
    }
  }
  const weights = recordOf([...labels.keys()].map((label) => [label, { ...scoreWeight, required: false }] as const));
  const given = readSettings(weights, score.members, { text: "`score`", span: score.name.span }, [], scope);
  const of = Object.entries(given).flatMap(([label, one]) => (one?.written ? [{ label, weight: one.value }] : []));
  if (score.members.length === 0) {
    scope.report(
      diagnose("missing-setting", { owner: "`score`", name: "LABEL" }, at(score.name, "is empty"), {
        help: help.scoreOfNothing,
      }),
    );
  }
  return failed || of.length === 0 || of.length < score.members.length ? null : of;
}
