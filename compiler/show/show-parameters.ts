// `show parameters`: every parameter with shape, start value and bytes, and the totals.

import { aligned, width } from "../../contract/width.ts";
import { bytesText, countText } from "../diagnostics/number-text.ts";
import type { Model } from "../model/model.ts";
import { bytesOf, type Init, type Parameter, sizeOf } from "../model/parameter.ts";
import { parameters } from "../parameters/parameters.ts";

/** A table as stable text, ending in a newline. */
export function showParameters(model: Model): string {
  const all = parameters(model);
  const rows = all.map((parameter) => [
    parameter.name,
    shapeText(parameter),
    parameter.role,
    initText(parameter.init),
    bytesText(bytesOf(parameter)),
  ]);
  const head = ["name", "shape", "role", "starts as", "size"];
  const lines = aligned([head, ...rows], (column) => column === head.length - 1);
  const rule = head.map((_, column) => "─".repeat(Math.max(...[head, ...rows].map((row) => width(row[column])))));
  return `${[lines[0], rule.join("  "), ...lines.slice(1), "", ...totals(all)].join("\n")}\n`;
}

function totals(all: readonly Parameter[]): string[] {
  const roles = ["embedding", "dense", "statistic", "counted", "fitted"] as const;
  const lines = roles.flatMap((role) => {
    const own = all.filter((parameter) => parameter.role === role);
    return own.length > 0 ? [totalLine(role, own)] : [];
  });
  return [...lines, totalLine("all", all)];
}

function totalLine(title: string, all: readonly Parameter[]): string {
  const numbers = all.reduce((sum, parameter) => sum + sizeOf(parameter), 0);
  return `${title}: ${countText(numbers)} numbers in ${all.length} parameters, ${bytesText(4 * numbers)} as float32`;
}

export const shapeText = ({ shape }: Pick<Parameter, "shape">): string => `[${shape.join(", ")}]`;

function initText(init: Init): string {
  switch (init.kind) {
    case "uniform":
      return `uniform ±${Number(init.bound.toFixed(3))}`;
    case "glorot":
      return `glorot ${init.fanIn}→${init.fanOut}`;
    case "constant":
      return `${init.value}`;
    case "given":
      return init.values.length > 4 ? `${init.values[0]} … ${init.values.at(-1)}` : init.values.join(", ");
    case "copy":
      return `copy of ${init.of}`;
  }
}
