// The lanes beside the calling thread: kept at their number, taken for a run and given back.
import { TwinError } from "../../contract/error.ts";
import { Crew } from "../threads/crew.ts";
import { Thread } from "../threads/thread.ts";
import type { StartLane } from "./face.ts";
import type { Phases } from "./lane.ts";
import type { LaneJob, LaneStart } from "./lane-service.ts";

export type LaneThread = Thread<LaneJob, Phases, null>;

export class Lanes {
  readonly #warn: (message: string) => void;
  #crew: Crew<LaneThread> | null = null;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  get alive(): number {
    return this.#crew?.alive ?? 0;
  }

  /** @throws what a lane threw that could not be opened */
  async start(count: number, startLane: StartLane, start: LaneStart): Promise<void> {
    const lost = (why: string): Error =>
      new TwinError(`a lane of the selection kernel ended (${why}); send the request again`, { code: "thread_ended" });
    this.#crew = new Crew<LaneThread>({
      open: () => Thread.open(startLane(), start, { name: "lane", lost }),
      changed: () => undefined,
      warn: this.#warn,
    });
    await this.#crew.start(count);
  }

  /** All that are free. */
  take(): LaneThread[] {
    const taken: LaneThread[] = [];
    for (;;) {
      const lane = this.#crew?.take(() => true) ?? null;
      if (lane === null) {
        return taken;
      }
      taken.push(lane);
    }
  }

  give(lanes: readonly LaneThread[]): void {
    for (const lane of lanes) {
      this.#crew?.give(lane);
    }
  }

  async close(): Promise<void> {
    await this.#crew?.close();
  }
}
