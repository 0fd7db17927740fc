// Memory: an explicit limit is held against the parameters and the tables before anything is allocated.
import { at, type Label } from "../../grammar/diagnostic.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { bytesText } from "../diagnostics/number-text.ts";
import { allFeatures } from "../model/features.ts";
import type { Model, Table } from "../model/model.ts";
import { bytesOf } from "../model/parameter.ts";
import { rowBytes } from "../model/widths.ts";
import { parameters } from "../parameters/parameters.ts";
import type { Scope } from "./scope.ts";

interface Contributor {
  readonly span: Label["span"];
  readonly text: string;
  readonly bytes: number;
}

/** Reports `too-large` where parameters and lookup tables together need more than `maxBytes`. */
export function checkSize(model: Model, maxBytes: number, scope: Scope): void {
  const contributors = [...parameterSizes(model), ...model.tables.flatMap((table) => tableSize(model, table))].sort(
    (a, b) => b.bytes - a.bytes,
  );
  const bytes = contributors.reduce((sum, contributor) => sum + contributor.bytes, 0);
  if (bytes <= maxBytes) {
    return;
  }
  const [first, ...others] = contributors
    .slice(0, 3)
    .map(({ span, text, bytes: own }) => at(span, `${text} ${bytesText(own)}`));
  scope.report(
    diagnose("too-large", { model: model.name, bytes: bytesText(bytes), limit: bytesText(maxBytes) }, first, {
      also: others,
      help: help.tooLarge,
    }),
  );
}

function parameterSizes(model: Model): Contributor[] {
  const owners = new Map<string, Label["span"]>();
  for (const feature of allFeatures(model)) {
    owners.set(feature.qualified, feature.span);
  }
  for (const entity of [...model.metrics, ...model.attends, ...model.towers]) {
    owners.set(entity.name, entity.span);
  }
  const sizes = new Map<string, Contributor>();
  for (const parameter of parameters(model)) {
    const parts = parameter.name.split(".");
    const owner = [3, 2].map((count) => parts.slice(0, count).join(".")).find((one) => owners.has(one)) ?? parts[0];
    const bytes = bytesOf(parameter) + (sizes.get(owner)?.bytes ?? 0);
    sizes.set(owner, { span: owners.get(owner) ?? model.span, text: "its parameters take", bytes });
  }
  return [...sizes.values()];
}

/** Bytes of a table, where the number of items is bounded by the key's kind. */
function tableSize(model: Model, table: Table): Contributor[] {
  const rows = itemsAtMost(model);
  return rows === null
    ? []
    : [
        {
          span: table.span,
          text: "a row for every item takes",
          bytes: rows * rowBytes(table),
        },
      ];
}

/** How many items the key can tell apart; null where that is not bounded. */
export function itemsAtMost({ item: { key } }: Model): number | null {
  if (key?.encoder.kind === "id") {
    return key.encoder.vocab;
  }
  if (key?.encoder.kind === "vocabulary") {
    return key.encoder.max;
  }
  return null;
}
