// docs/passes.md is held to the code: its graphs are the first case of each pass, its costs are counted. UPDATE=1 writes them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { check } from "../../../compiler/check/check.ts";
import { costReport, load, lowerGraphs, type Model } from "../../../compiler/index.ts";
import { cost } from "../../../compiler/ir/cost.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { print } from "../../../compiler/ir/print.ts";
import { defaultContext, everyPass, foldParameters, passes } from "../../../compiler/passes/index.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { numbersOf, type PassCases, rewriteOf } from "../../kit/pass-cases.ts";
import { proved } from "./cases/index.ts";

const root = join(import.meta.dirname, "../../..");
const page = join(root, "docs/passes.md");
const { model } = check(load("models/twin.twin", (path) => readFileSync(join(root, path), "utf8")));
const count = (x: number) => x.toLocaleString("en-GB");

/** Rows `graph | before | after` by pass; graphs whose count stays are left out. */
type Costs = Map<string, { readonly graph: string; readonly before: number; readonly after: number }[]>;

function note(costs: Costs, pass: string, graph: string, before: number, after: number): void {
  const rows = costs.get(pass) ?? [];
  costs.set(pass, rows);
  if (before !== after && !rows.some((row) => row.graph === graph)) {
    rows.push({ graph, before, after });
  }
}

/** Each pass of a build after those before it, by the cost report. */
function serving(of: Model, costs: Costs): void {
  let graphs = lowerGraphs(of, { layout: "request", outside: new Set() });
  for (const pass of passes) {
    const before = graphs;
    const after = new Map([...before].map(([name, graph]) => [name, pass.run(graph, defaultContext)] as const));
    for (const row of costReport(of, {}, { before, after }).graphs) {
      note(costs, pass.name, row.name, row.before, row.after);
    }
    graphs = after;
  }
}

const lengths: Readonly<Record<string, number>> = { batch: 256, items: 10_000, history: 10_000 };

function counted(graph: Graph): number {
  const symbols = graph.inputs.flatMap(({ shape }) => shape.filter((dim) => typeof dim === "string"));
  return cost(graph, Object.fromEntries(symbols.map((dim) => [dim, lengths[dim.split(".")[0]] ?? 10_000]))).total;
}

/** Each pass in the graphs of training, as they are made. */
function training(of: Model, costs: Costs): void {
  const spies = everyPass.map((pass) => {
    const run = pass.run.bind(pass);
    return vi.spyOn(pass as { run: typeof pass.run }, "run").mockImplementation((graph, context) => {
      const after = run(graph, context);
      note(costs, pass.name, `training, ${graph.name}`, counted(graph), counted(after));
      return after;
    });
  });
  trainGraphs(of);
  for (const spy of spies) {
    spy.mockRestore();
  }
}

function section({ pass, cases, keeps, name }: PassCases, costs: Costs): string {
  const found = everyPass.find((one) => one.name === pass) ?? (name === "foldParameters" ? foldParameters : null);
  const [{ graph }] = Object.values(cases);
  const after = rewriteOf(found)(graph, defaultContext, numbersOf(graph));
  const equal = { bits: "equal to the bit", rounding: "equal up to rounding", float32: "rounded once to float32" }[
    keeps
  ];
  const rows = costs.get(pass) ?? [];
  const table = rows.map((row) => `| ${row.graph} | ${count(row.before)} | ${count(row.after)} |`);
  return [
    ...["```text", print({ ...graph, name: "before" }), print({ ...graph, ...after, name: "after" }).trimEnd(), "```"],
    "",
    `Scores stay ${equal}. ${table.length === 0 ? "The counted multiply-adds of the model stay." : "Multiply-adds:"}`,
    ...(table.length === 0 ? [] : ["", "| graph | before | after |", "|---|---|---|", ...table]),
  ].join("\n");
}

it("docs/passes.md has a section for every pass, with its graphs and costs", () => {
  const costs: Costs = new Map();
  serving(model!, costs);
  training(model!, costs);
  const text = readFileSync(page, "utf8");
  expect([...text.matchAll(/^## `([^`]+)`/gm)].map(([, name]) => name)).toEqual(proved.map(({ pass }) => pass));
  const now = proved.reduce((written, proof) => {
    const [begin, end] = [`<!-- begin ${proof.pass} -->`, `<!-- end ${proof.pass} -->`];
    expect(written).toContain(end);
    const start = written.indexOf(begin) + begin.length;
    return `${written.slice(0, start)}\n${section(proof, costs)}\n${written.slice(written.indexOf(end))}`;
  }, text);
  if (process.env.UPDATE === "1") {
    writeFileSync(page, now);
  }
  expect(now).toBe(readFileSync(page, "utf8"));
});
