// The manifest's section `kernel`, and the same as a text for people.
import type { KernelOperand, KernelPlanSpec, KernelSpec } from "../../contract/kernel-spec.ts";
import { aligned } from "../../contract/width.ts";
import { type KernelPlan, type KernelPlans, planKernel } from "../graphs/kernel-plan.ts";
import { anyAgrees, rowsTogether } from "../lower/match.ts";
import type { Held } from "../lower/table.ts";
import type { Model } from "../model/model.ts";
import { lookupPorts, matchPorts, operandPort, partOffset, pooledPort } from "../model/ports.ts";

/** @param outside embeddings that no graph holds */
export function kernelSection(model: Model, outside: ReadonlySet<string> = new Set()): KernelSpec {
  const plans = planKernel(model, outside);
  return plans.runs
    ? { runs: true, cached: planSpec(plans.cached), fresh: plans.fresh && planSpec(plans.fresh) }
    : { runs: false, because: plans.because };
}

function planSpec({ user, head, products, searches, attends }: KernelPlan): KernelPlanSpec {
  return {
    user,
    query: "kernel_query",
    head,
    products: products.map(({ name, stem, history, heads, width, held, bias, match }) => ({
      name,
      history: history.name,
      heads,
      width,
      query: operandPort(stem, "query"),
      keys: held === null ? { kind: "output" as const, output: operandPort(stem, "keys") } : columnsOf(held),
      bias: bias && operandPort(stem, "bias"),
      ...(match.length > 0 && {
        match: match.map(({ feature }) => ({
          ...matchPorts(stem, feature),
          rows: rowsTogether(feature),
          any: anyAgrees(feature),
        })),
      }),
    })),
    searches: searches.map(({ search, product, mask }) => ({
      search: search.name,
      product: product.name,
      rule: search.heads,
      keep: search.keep,
      mask: mask.port,
    })),
    attends: attends.map(({ attend, over, pooling, searched, mask }) => ({
      attend: attend.name,
      product: pooling.product.name,
      over: over.kind === "search" ? { kind: "search", search: over.search.name } : { kind: "last", count: over.count },
      searched,
      mask: mask.port,
      width: pooling.width,
      ...(pooling.strength && { strength: true as const }),
      values: [
        ...(pooling.held === null ? [] : [columnsOf(pooling.held)]),
        ...pooling.lookups.map(({ feature }) => ({ kind: "lookup" as const, ...lookupPorts(attend, feature) })),
        ...(pooling.computed === null ? [] : [{ kind: "output" as const, output: operandPort(attend.name, "values") }]),
      ],
      pooled: pooledPort(attend),
    })),
  };
}

const columnsOf = ({ table, part }: Held): Extract<KernelOperand, { kind: "table" }> => ({
  kind: "table",
  table: table.name,
  offset: partOffset(table, part),
});

/** What the kernel runs of a model, in lines; `twin show kernel` puts the side graphs behind it. */
export function kernelText(model: Model, outside: ReadonlySet<string> = new Set()): string {
  const section = kernelSection(model, outside);
  if (!section.runs) {
    return `model ${model.name}\nthe kernel does not run it, so that the graphs do: ${section.because}\n`;
  }
  const plans = planKernel(model, outside) as Extract<KernelPlans, { runs: true }>;
  const text = (called: string, plan: KernelPlanSpec, { left }: KernelPlan) => [
    "",
    `${called}: ${plan.user}, ${plan.query}, the kernel, ${plan.head}`,
    ...aligned([
      ...plan.products.map(({ name, history, heads, width, query, keys, bias, match }) => [
        `  product ${name}`,
        `${heads} × ${width} over ${history}: ${query} · ${operandText(keys)}${[
          bias ?? [],
          ...(match ?? []).map(({ worth }) => worth),
        ]
          .flat()
          .map((one) => ` + ${one}`)
          .join("")}`,
      ]),
      ...plan.searches.map(({ search, product, rule, keep, mask }) => [
        `  search ${search}`,
        `${keep} by ${product}, ${rule}, where ${mask}`,
      ]),
      ...plan.attends.map(({ attend, product, over, searched, mask, width, values, strength, pooled }) => [
        `  attend ${attend}`,
        `${over.kind === "search" ? over.search : `the newest ${over.count}`} by ${product}${searched ? ", scored by the search" : ""}, where ${mask}: ${values.map(operandText).join(" + ")} (${width} a head${strength === true ? ", and how strongly" : ""}) to ${pooled}`,
      ]),
      ...left.map(({ attend, because }) => [`  attend ${attend.name}`, `in ${plan.head}: ${because}`]),
    ]),
  ];
  const lines = [
    `model ${model.name}`,
    ...text("tables as they are", section.cached, plans.cached),
    ...(section.fresh && plans.fresh ? text("tables stale", section.fresh, plans.fresh) : []),
  ];
  return `${lines.join("\n")}\n`;
}

function operandText(operand: KernelOperand): string {
  switch (operand.kind) {
    case "table":
      return `${operand.table}[${operand.offset} …]`;
    case "output":
      return operand.output;
    case "lookup":
      return `${operand.rows}[${operand.row}]`;
  }
}
