// Towers: inputs, layers, and the labels they predict.
import type { CallValue, Member, Name } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { blocks } from "../catalog/blocks.ts";
import type { Readings } from "../catalog/signature.ts";
import { tasks as taskKinds } from "../catalog/training.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Task, Tower } from "../model/model.ts";
import { towerWidth } from "../model/widths.ts";
import { missingSetting, readArguments, readSettings } from "./arguments.ts";
import { missing, pathText } from "./resolve.ts";
import { block, type Declaration, declared, noteWidths, type Scope, snakeCase, twice } from "./scope.ts";
import { readBias, readInput, readWide } from "./tower-inputs.ts";

/** A task with the names of its condition, or of what it goes through, and of what biases it still to be looked up. */
interface Draft extends Omit<Task, "bias"> {
  readonly condition: Name | null;
  readonly biases: readonly CallValue[];
}

export type Labels = Map<string, Draft | null>;

/** Reads all tasks of all towers: labels are outputs, so they are unique in the model. */
export function checkTasks(scope: Scope): { labels: Labels; byTower: Map<string, readonly Draft[] | null> } {
  const labels: Labels = new Map();
  const places = new Map<string, Name>();
  const byTower = new Map<string, readonly Draft[] | null>();
  for (const { name, section } of declared(scope, "tower")) {
    const predict = block(section, "predict");
    const given = section.members.some((member) => member.name.text === "predict");
    if (predict ? predict.members.length === 0 : !given) {
      scope.report(
        diagnose(
          "nothing-predicted",
          { tower: name.text },
          at(predict ? predict.name : name, predict ? "is empty" : "has no `predict` block"),
          {
            help: help.nothingPredicted,
          },
        ),
      );
    }
    const drafts = (predict?.members ?? []).map((member) => {
      const draft = readTask(member, places, scope);
      if (draft !== undefined) {
        labels.set(member.name.text, draft);
      }
      return draft;
    });
    const whole = predict !== null && drafts.length > 0 && drafts.every((draft) => draft);
    byTower.set(name.text, whole ? drafts.filter((d) => d !== null && d !== undefined) : null);
  }
  for (const draft of labels.values()) {
    if (draft) {
      checkCondition(draft, labels, scope);
    }
  }
  conditionCycles(labels, scope);
  return { labels, byTower };
}

/** Undefined where the label is another's already. */
function readTask(member: Member, places: Map<string, Name>, scope: Scope): Draft | null | undefined {
  const { name } = member;
  const first = places.get(name.text);
  if (first) {
    scope.report(twice(name.text, name.span, first.span));
    return undefined;
  }
  places.set(name.text, name);
  const table = scope.declarations.get(name.text);
  if (name.text === "kept" || table?.keyword === "table") {
    const said = table
      ? "a table has this name, and it is an input of the graphs"
      : "the search's output has this name";
    scope.report(
      diagnose("name-taken", { name: name.text, what: "a label" }, at(name, said), {
        also: table ? [at(table.name, "declared here")] : [],
      }),
    );
    return null;
  }
  snakeCase(name, scope.report);
  if (member.kind === "block") {
    scope.report(diagnose("needs-value", { name: name.text }, at(name, "`binary` or `regression`")));
    return null;
  }
  const { value } = member;
  if (value.kind !== "call") {
    scope.report(diagnose("wrong-value", { name: name.text, expected: "`binary` or `regression`" }, at(value)));
    return null;
  }
  const kind = pathText(value);
  if (!Object.hasOwn(taskKinds, kind)) {
    missing("task", { text: kind, span: value.path[0].span }, Object.keys(taskKinds), scope);
    return null;
  }
  const pairwise = kind === "binary" ? readArguments(taskKinds.binary.arguments, value, scope) : null;
  const { weight, where } = pairwise ?? readArguments(taskKinds.regression.arguments, value, scope);
  const pairs = pairwise === null ? 0 : pairwise.pairs?.value;
  const through = pairwise === null ? null : pairwise.through?.value;
  const calibrate = pairwise === null ? "none" : pairwise.calibrate?.value;
  const bias = pairwise === null ? null : pairwise.bias?.value;
  if (!weight || !where || pairs === undefined || through === undefined || !calibrate || bias === undefined) {
    return null;
  }
  if (through && where.value) {
    scope.report(
      diagnose("does-not-apply", { name: "where", what: "a label that is learned `through` another" }, at(where.span), {
        help: help.whereThrough,
      }),
    );
    return null;
  }
  return {
    label: name.text,
    doc: member.doc ?? "",
    kind: kind as keyof typeof taskKinds,
    weight: weight.value,
    pairs,
    through: through?.text ?? null,
    where: where.value?.text ?? null,
    calibrate: calibrate === "none" ? null : calibrate,
    condition: where.value ?? through,
    biases: bias ?? [],
    span: name.span,
  };
}

function checkCondition({ condition, through }: Draft, labels: Labels, scope: Scope): void {
  if (!condition) {
    return;
  }
  const other = labels.get(condition.text);
  if (other === undefined) {
    missing("label", condition, [...labels.keys()], scope);
  } else if (other?.kind === "regression") {
    scope.report(
      diagnose(
        "wrong-kind",
        { name: through === null ? "where" : "through", expected: "a label that is zero or one" },
        at(condition, "is a regression"),
        {
          also: [at(other.span, "declared here")],
        },
      ),
    );
  }
}

function conditionCycles(labels: Labels, scope: Scope): void {
  const done = new Set<string>();
  for (const draft of labels.values()) {
    const trail: Draft[] = [];
    let next: Draft | null | undefined = draft;
    while (next && !done.has(next.label) && !trail.includes(next)) {
      trail.push(next);
      next = next.condition === null ? null : labels.get(next.condition.text);
    }
    if (next?.condition && trail.includes(next)) {
      const cycle = trail.slice(trail.indexOf(next));
      const [first, ...others] = cycle;
      scope.report(
        diagnose(
          "where-cycle",
          { label: first.label },
          at(first.condition!, others.length === 0 ? "is the label itself" : "depends on it in turn"),
          {
            also: others.map((other) => at(other.condition!, "by way of this")),
            help: help.whereCycle,
          },
        ),
      );
    }
    for (const { label } of trail) {
      done.add(label);
    }
  }
}

/** Whether nothing is said of layers, which a tower without `input` does not have. */
function layersApply(readings: Readings<typeof blocks.tower.arguments>, scope: Scope): boolean {
  const layers = ["hidden", "activation", "dropout", "norm", "cross", "experts"] as const;
  const written = layers.flatMap((setting) => {
    const given = readings[setting];
    return given?.written ? [{ setting, span: given.span }] : [];
  });
  for (const { setting, span } of written) {
    scope.report(
      diagnose("does-not-apply", { name: setting, what: "a tower without `input`" }, at(span), {
        help: help.layersWithoutInput,
      }),
    );
  }
  return written.length === 0;
}

export function checkTower(
  { name, section }: Declaration<"tower">,
  drafts: readonly Draft[] | null,
  scope: Scope,
): Tower | null {
  const owner = { text: `tower \`${name.text}\``, span: name.span };
  const readings = readSettings(
    blocks.tower.arguments,
    section.members,
    owner,
    Object.keys(blocks.tower.blocks),
    scope,
  );
  const { hidden, activation, dropout, norm, cross, experts } = readings;
  const wide = readings.wide && readWide(readings.wide.value ?? [], scope);
  const input = readings.input && readInput(readings.input.value ?? [], scope);
  if (readings.input?.written && hidden?.written === false) {
    missingSetting(owner, "hidden", blocks.tower.arguments.hidden.doc, scope);
    return null;
  }
  if (readings.input?.written === false && !layersApply(readings, scope)) {
    return null;
  }
  noteWidths(scope, name.text, { input: input && towerWidth(input) });
  if (experts && experts.value > 0 && hidden?.value?.length === 0) {
    scope.report(
      diagnose("does-not-apply", { name: "experts", what: "a tower without hidden layers" }, at(experts.span), {
        help: help.expertsWithoutHidden,
      }),
    );
    return null;
  }
  if (!input || !wide || !hidden || !activation || !dropout || !norm || !cross || !experts || !drafts) {
    return null;
  }
  const tasks = drafts.flatMap((draft) => biasedTask(draft, { input, wide }, scope) ?? []);
  if (tasks.length < drafts.length) {
    return null;
  }
  return {
    name: name.text,
    doc: section.doc ?? "",
    input,
    wide,
    hidden: hidden.value ?? [],
    activation: activation.value,
    dropout: dropout.value,
    norm: norm.value,
    cross: cross.value,
    experts: experts.value,
    tasks,
    span: name.span,
  };
}

function biasedTask(draft: Draft, reads: Pick<Tower, "input" | "wide">, scope: Scope): Task | null {
  const { condition: _, biases, ...task } = draft;
  const bias = readBias(biases, reads, scope);
  return bias && { ...task, bias };
}
