// Which table each feature reads: its own, or by `shares` another's. Sharing features end up with one and the same object.

import type { Encoder } from "../../contract/encoder-spec.ts";
import type { CallValue } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { columns } from "../catalog/features.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Embedding } from "../model/model.ts";
import type { Draft } from "./draft.ts";
import { pathText } from "./resolve.ts";
import type { Scope } from "./scope.ts";
import { reportUnknown } from "./unknown.ts";

type Drafts = ReadonlyMap<string, Draft>;
/** A feature that shares, by its qualified name. */
type Step = readonly [qualified: string, draft: Draft, reference: CallValue];

/** The table of every feature by its qualified name; null where it has none, or after a report. */
export function linkTables(
  drafts: Drafts,
  failures: ReadonlyMap<string, ReadonlySet<string>>,
  scope: Scope,
): Map<string, Embedding | null> {
  const tables = new Map<string, Embedding | null>();
  for (const [start, first] of drafts) {
    // Follow `shares` to a feature whose table is known, then come back handing the table on.
    const steps: Step[] = [];
    const onWay = new Map<string, number>();
    let [qualified, draft] = [start, first];
    while (!tables.has(qualified)) {
      if (!draft.shares) {
        tables.set(qualified, ownTable(qualified, draft));
        break;
      }
      onWay.set(qualified, steps.length);
      steps.push([qualified, draft, draft.shares]);
      const other = pathText(draft.shares);
      const target = drafts.get(other);
      const cycle = onWay.get(other);
      if (!target) {
        missingFeature(qualified, other, draft.shares, drafts, failures, scope);
      } else if (cycle !== undefined) {
        reportCycle(steps.slice(cycle), scope);
      }
      if (!target || cycle !== undefined) {
        for (const [failed] of steps.splice(cycle ?? steps.length - 1)) {
          tables.set(failed, null);
        }
        break;
      }
      [qualified, draft] = [other, target];
    }
    for (const step of steps.reverse()) {
      tables.set(step[0], handedOn(step, drafts, tables, scope));
    }
  }
  return tables;
}

function ownTable(qualified: string, draft: Draft): Embedding | null {
  const shape = columns(draft.encoder);
  if (shape.kind !== "embedding" || draft.dim.value === null) {
    return null;
  }
  return { parameter: `${qualified}.table`, rows: shape.rows, dim: draft.dim.value };
}

/** The table that a feature gets from the one it names, whose own is known by now. */
function handedOn(
  [name, draft, reference]: Step,
  drafts: Drafts,
  tables: ReadonlyMap<string, Embedding | null>,
  scope: Scope,
): Embedding | null {
  const other = pathText(reference);
  const target = drafts.get(other);
  const table = tables.get(other) ?? null;
  if (!target) {
    return null;
  }
  const none = columns(target.encoder).kind !== "embedding";
  const reason = none ? "it has no table" : table && difference(draft, target, table);
  if (!reason) {
    return table;
  }
  scope.report(
    diagnose("shares-mismatch", { name, other }, at(reference, reason), {
      also: [at(target.setting.name, "declared here")],
      help: help.sharesMismatch,
    }),
  );
  return null;
}

/** Why two features cannot read one table; empty where they can. */
function difference(draft: Draft, target: Draft, table: Embedding): string {
  const rows = (encoder: Encoder) => {
    if (encoder.kind === "since") {
      // What behaviours match by says nothing of the rows.
      return { kind: encoder.kind, edges: encoder.edges, unit: encoder.unit };
    }
    return encoder.kind === "tags" ? encoder.of : encoder;
  };
  const [mine, theirs] = [rows(draft.encoder), rows(target.encoder)];
  if (mine.kind !== theirs.kind) {
    return `its table holds rows of kind \`${theirs.kind}\`, not \`${mine.kind}\``;
  }
  if (JSON.stringify(mine) !== JSON.stringify(theirs)) {
    return "its table has other rows: the sizes or edges differ";
  }
  const { value: dim } = draft.dim;
  return dim !== null && dim !== table.dim ? `its table is ${table.dim} wide, not ${dim}` : "";
}

function reportCycle(cycle: readonly Step[], scope: Scope): void {
  const [[name, , reference], ...others] = [...cycle].reverse();
  scope.report(
    diagnose(
      "shares-cycle",
      { name },
      at(reference, others.length === 0 ? "is the feature itself" : "leads back to it"),
      {
        also: others.slice(0, 10).map(([, , by]) => at(by, "by way of this")),
        help: help.sharesCycle,
      },
    ),
  );
}

/** Whether nothing is to be said of a feature that is not there: it failed, or whoever imports this library brings its section. */
export function isSaid(
  qualified: string,
  failures: ReadonlyMap<string, ReadonlySet<string>>,
  { library, sections }: Scope,
): boolean {
  const end = qualified.lastIndexOf(".");
  const [head] = qualified.split(".");
  return (
    failures.get(qualified.slice(0, Math.max(0, end)))?.has(qualified.slice(end + 1)) ||
    (library && !sections.some(({ keyword, name }) => keyword === head || name?.text === head))
  );
}

function missingFeature(
  qualified: string,
  other: string,
  reference: CallValue,
  drafts: Drafts,
  failures: ReadonlyMap<string, ReadonlySet<string>>,
  scope: Scope,
): void {
  if (isSaid(other, failures, scope)) {
    return;
  }
  const others = [...drafts.keys()].filter((name) => name !== qualified);
  const name = { text: other, span: reference.span };
  reportUnknown({ kind: "feature", shown: other, name, candidates: others, none: "there is no other feature" }, scope);
}
