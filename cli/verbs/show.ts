// `twin show WHAT FILE`: the text of each phase.
import {
  type CheckOptions,
  check,
  costReport,
  costText,
  kernelSection,
  kernelText,
  load,
  lowerGraphs,
  type Model,
  parameters,
  plan,
  printGraph,
  rewrite,
  showDiagram,
  showModel,
  showParameters,
} from "../../compiler/index.ts";
import type { KernelSpec } from "../../contract/kernel-spec.ts";
import { parse, printAst, sourceOf } from "../../grammar/index.ts";
import { readBytes } from "../../runtime/host/files.ts";
import { Failed, WrongUsage } from "../failure.ts";
import { hasErrors, print, printJson, sayDiagnostics } from "../output.ts";
import { reader } from "../sources.ts";

interface ShowOptions {
  readonly candidates: number;
  readonly history?: number;
  readonly graph?: string;
  readonly json?: boolean;
}

const views: Readonly<Record<string, (model: Model, options: ShowOptions) => { text: string; json?: unknown }>> = {
  model: (model) => ({ text: showModel(model) }),
  graph: (model, options) => ({ text: graphText(model, options.graph) }),
  cost(model, { candidates, history }) {
    const report = costReport(model, { candidates, ...(history !== undefined && { history }) });
    return { text: costText(report), json: report };
  },
  parameters: (model) => ({ text: showParameters(model), json: parameters(model) }),
  diagram: (model) => ({ text: showDiagram(model) }),
  kernel(model) {
    // As a build has them that is told nothing of its embeddings.
    const { outside } = plan(model);
    const section = kernelSection(model, outside);
    return { text: [kernelText(model, outside), ...sideGraphs(model, section, outside)].join("\n"), json: section };
  },
};

export function show(what: string, file: string, options: ShowOptions): void {
  if (what === "ast") {
    const { file: tree, diagnostics } = parse(sourceOf(file, readBytes(file)));
    sayDiagnostics(diagnostics);
    print(printAst(tree));
    if (hasErrors(diagnostics)) {
      throw new Failed("");
    }
    return;
  }
  const view = Object.hasOwn(views, what) ? views[what] : undefined;
  if (view === undefined) {
    throw new WrongUsage(`\`show\` knows ast, ${Object.keys(views).join(", ")}, and nothing called \`${what}\``);
  }
  const { text, json } = view(checked(file), options);
  if (options.json && json === undefined) {
    throw new WrongUsage(`\`show ${what}\` has no JSON form`);
  }
  if (options.json) {
    printJson(json);
  } else {
    print(text);
  }
}

/** The model in a file; its diagnostics are said, its errors end the verb. @param numbers learned scales and edges */
export function checked(file: string, numbers?: CheckOptions["numbers"]): Model {
  const { model, diagnostics } = check(load(file, reader(file)), numbers && { numbers });
  sayDiagnostics(diagnostics);
  if (model === null && !hasErrors(diagnostics)) {
    throw new Failed(
      `${file} is a library of sections: it has no \`model\`, so there is nothing to show but its \`ast\``,
    );
  }
  if (model === null) {
    throw new Failed("");
  }
  return model;
}

function graphText(model: Model, only: string | undefined): string {
  const graphs = lowerGraphs(model, { layout: "request", outside: plan(model).outside });
  if (only !== undefined && ![...graphs.keys()].some((name) => name === only)) {
    throw new WrongUsage(`this model has the graphs ${[...graphs.keys()].join(", ")}, and none called \`${only}\``);
  }
  return [...graphs]
    .filter(([name]) => only === undefined || name === only)
    .map(([, graph]) => printGraph(rewrite(graph)))
    .join("\n");
}

/** The graphs that run around the kernel, as texts. */
function sideGraphs(model: Model, section: KernelSpec, outside: ReadonlySet<string>): string[] {
  const plans = section.runs ? [section.cached, ...(section.fresh === null ? [] : [section.fresh])] : [];
  const names = new Set<string>(plans.flatMap(({ user, query, head }) => [user, query, head]));
  const graphs = lowerGraphs(model, { layout: "request", outside });
  return [...graphs].flatMap(([name, graph]) => (names.has(name) ? [printGraph(rewrite(graph))] : []));
}
