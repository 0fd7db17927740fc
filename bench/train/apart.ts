// Measurements of training, each in a process of its own, and the machine that they are of.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import type { Measured, Setting } from "./one.ts";

/** Null where the process was ended: it needed more memory than there is. */
export function measuredApart(setting: Setting): Promise<Measured | null> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./one.ts", import.meta.url), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    let found: Measured | null = null;
    child.on("message", (message: Measured) => {
      found = message;
    });
    child.on("error", reject);
    child.on("exit", () => resolve(found));
    child.send(setting);
  });
}

/** Processor, threads and versions, as a bench of training prints them first. */
export function trainingMachine(threads: number): string {
  const { version } = JSON.parse(
    readFileSync(new URL("../../node_modules/onnxruntime-node/package.json", import.meta.url), "utf8"),
  ) as { version: string };
  return `${cpus()[0].model}, ${availableParallelism()} cores; ${threads} threads (\`update\`: 1)\nONNX Runtime ${version} on the CPU, Node ${process.versions.node}`;
}
