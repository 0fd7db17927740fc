// `twin doctor`: which execution providers really run here, each proved by a session that runs a graph.

import { availableParallelism, totalmem } from "node:os";
import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { examine, type Finding, knownProviders } from "../doctor-probe.ts";
import { Failed } from "../failure.ts";
import { examineKernel, type KernelFinding } from "../kernel-probe.ts";
import { print, printJson } from "../output.ts";
import { version } from "../version.ts";

export async function doctor(options: { json?: boolean }): Promise<void> {
  const { names, failure } = knownProviders();
  const findings = names.map(examine);
  const kernel = await examineKernel();
  const machine = { twin: version, node: process.version, cores: availableParallelism(), memory: totalmem() };
  if (options.json) {
    printJson({ ...machine, providers: findings, kernel });
  } else {
    print(`twin ${machine.twin}, Node ${machine.node}, ${machine.cores} cores, ${bytesText(machine.memory)} of memory`);
    for (const finding of findings) {
      print(findingText(finding));
    }
    print(kernelText(kernel));
  }
  if (failure !== null) {
    throw new Failed(
      `onnxruntime-node cannot be loaded (${failure}): install it with \`npm install onnxruntime-node\``,
    );
  }
}

const columns = 80;
const indent = 10;

/** Words in lines that an 80 column terminal shows as they are. */
function wrapped(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > columns) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].map((one) => `${" ".repeat(indent)}${one}`).join("\n");
}

function kernelText({ runs, reason, lanes, shared, milliseconds }: KernelFinding): string {
  const said = [
    ...(reason === "" ? [] : [reason]),
    "the selection kernel, in WebAssembly",
    ...(milliseconds === null
      ? []
      : [
          `${lanes === 1 ? "1 lane" : `${lanes} lanes`}${shared ? " over one memory" : ""}; opened in ${milliseconds.open.toFixed(1)} ms, a run in ${milliseconds.run.toFixed(2)} ms`,
        ]),
  ];
  return [`${"kernel".padEnd(indent - 1)} ${runs ? "runs" : "does not run"}`, ...said.map(wrapped)].join("\n");
}

export function findingText(finding: Finding): string {
  const { provider, runs, reason, remedy, device, nodes, milliseconds, tested } = finding;
  const untested = tested ? [] : ["untested: no test of Twin has run its graphs on this provider"];
  const took =
    milliseconds === null
      ? []
      : [
          `${nodes === null ? "" : `nodes on the device: ${nodes.there} of ${nodes.all}; `}opened in ${milliseconds.open.toFixed(1)} ms, a run in ${milliseconds.run.toFixed(2)} ms`,
        ];
  const details = [
    ...(reason === "" ? [] : [reason]),
    ...(device === null ? [] : [device]),
    ...took,
    ...(remedy === null ? [] : [`to have it: ${remedy}`]),
    ...untested,
  ];
  const head = `${provider.padEnd(indent - 1)} ${runs ? "runs" : "does not run"}`;
  return [head, ...details.map(wrapped)].join("\n");
}
