// A measurement of training in a process of its own.
import { fork } from "node:child_process";
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
