// Starts a lane of the selection kernel beside the thread that ranks. Bundlers know this form by sight, and bring the program.
import type { LaneJob, LaneStart, Phases, StartLane } from "../kernel/index.ts";
import { lineToWorker, unfound } from "./lines.ts";
import type { PageWorker } from "./realm.ts";

declare const Worker: new (address: URL, options: { readonly type: "module" }) => PageWorker;

const lost = "its program, web-lane.js of twin-compiler, cannot be loaded: it lies beside that of the worker";

export const startLane: StartLane = () => {
  const worker = new Worker(new URL("./web-lane.js", import.meta.url), { type: "module" });
  const line = lineToWorker<LaneStart, LaneJob, Phases, null, never>(worker, () => undefined);
  return {
    ...line,
    listen: (take, ended) => line.listen(take, (why, cause) => ended(why === unfound ? lost : why, cause)),
  };
};
