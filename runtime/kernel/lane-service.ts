// A lane in a thread of its own: the program of such a thread gives `serveCalls` this.
import type { Service } from "../threads/serve-calls.ts";
import { type Job, Lane, type Phases, type Place } from "./lane.ts";
import type { KernelShape } from "./shape.ts";
import { instance, type WasmMemory, type WasmModule } from "./web-assembly.ts";

/** What a lane starts with. */
export interface LaneStart {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly shape: KernelShape;
}

export interface LaneJob {
  readonly job: Job;
  readonly place: Place;
}

export async function openLane({ module, memory, shape }: LaneStart): Promise<Service<LaneJob, Phases, null>> {
  const lane = new Lane(await instance(module, memory), memory, shape);
  return {
    ready: null,
    run({ job, place }) {
      const phases: Phases = { scores: 0, select: 0, attend: 0 };
      lane.work(job, place, phases, () => false);
      return phases;
    },
  };
}
