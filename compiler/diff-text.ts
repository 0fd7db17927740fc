// `twin diff` for people: what is kept, what has to be done again, and why.
import type { DiffReport } from "./diff.ts";

export function diffText({ model, parameters, encoders, tables, request, labels, score, redo }: DiffReport): string {
  const { kept, renamed, reshaped, added, gone } = parameters;
  const shape = (dims: readonly number[]) => `[${dims.join(", ")}]`;
  const lines = [
    `model ${model}`,
    "",
    ...block("parameters", [
      `kept      ${kept.length}`,
      ...renamed.map(({ from, to }) => `renamed   ${from} is ${to} now`),
      ...reshaped.map(({ name, from, to }) => `reshaped  ${name} ${shape(from)} is ${shape(to)} now`),
      ...added.map(({ name, shape: dims }) => `new       ${name} ${shape(dims)}`),
      ...gone.map((name) => `gone      ${name}`),
    ]),
    ...block(
      "encoded otherwise",
      encoders.map(({ name, from, to }) => `${name}  ${from} is ${to} now`),
    ),
    ...block(
      "tables",
      tables.map(
        ({ name, state, because }) =>
          `${state.padEnd(8)}  ${[name, ...because.map((reason) => `  ${reason}`)].join("\n            ")}`,
      ),
    ),
    ...block("request", [
      ...request.renamed.map(({ from, to }) => `renamed   ${from} is ${to} now`),
      ...request.added.map((name) => `new       ${name}`),
      ...request.gone.map((name) => `gone      ${name}`),
    ]),
    ...block("answer", [
      ...labels.added.map((name) => `new       ${name}`),
      ...labels.gone.map((name) => `gone      ${name}`),
      ...(score === null ? [] : [scoreLine(score)]),
    ]),
  ];
  const train = reshaped.length + added.length + gone.length + encoders.length > 0;
  const rebuild = tables.some(({ state }) => state === "rebuild" || state === "new");
  const steps = [train ? ["train"] : [], rebuild ? ["build the tables"] : []].flat();
  lines.push(redo ? `To do: ${steps.join(", then ")}.` : "Nothing has to be trained or built again.");
  return `${lines.join("\n")}\n`;
}

function scoreLine({ from, to }: NonNullable<DiffReport["score"]>): string {
  if (from === null || to === null) {
    return from === null ? `new       score (${to})` : `gone      score (${from})`;
  }
  return `changed   score (${from}) is (${to}) now`;
}

function block(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ""];
}
