// Preloaded by `--import`: ends the process, as a power cut would, before the n-th call that changes the disk.
// DIE_AT=n; DIE_LIST=FILE instead writes the names of all such calls there.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const at = Number(process.env.DIE_AT ?? 0);
const list = process.env.DIE_LIST;
const names = [];
const original = { ...fs };
for (const name of ["linkSync", "mkdirSync", "renameSync", "rmSync", "writeSync", "writeFileSync", "fsyncSync"]) {
  fs[name] = (...args) => {
    names.push(name);
    if (names.length === at) {
      process.kill(process.pid, "SIGKILL");
    }
    return original[name](...args);
  };
}
syncBuiltinESMExports();
if (list !== undefined) {
  process.on("exit", () => original.writeFileSync(list, names.join("\n")));
}
