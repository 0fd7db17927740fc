// A lane of the selection kernel, as a thread of Node.
import { startThread } from "../host/start-thread.ts";
import type { LaneJob, LaneStart, Phases, StartLane } from "../kernel/index.ts";

export const startLane: StartLane = () =>
  startThread<LaneStart, LaneJob, Phases, null>(import.meta.url, "./workers/lane.ts", "lane-worker.js");
