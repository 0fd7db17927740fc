// The lanes beside the calling thread: kept at their number, taken for a run and given back. Nobody waits for them: a run
// takes those that are there.
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
  #started: Promise<void> = Promise.resolve();
  /** Lines to lanes that are not open yet. */
  readonly #opening = new Set<ReturnType<StartLane>>();
  #closed = false;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  get alive(): number {
    return this.#crew?.alive ?? 0;
  }

  /** Settled when those that were begun are open, or given up; never rejects. */
  get started(): Promise<void> {
    return this.#started;
  }

  /** Begins to open so many. Where that fails there are none, and it is said why. */
  start(count: number, startLane: StartLane, start: LaneStart): void {
    const crew = new Crew<LaneThread>({
      open: () => this.#open(startLane(), start),
      changed: () => undefined,
      warn: this.#warn,
    });
    this.#crew = crew;
    this.#started = crew.start(count).catch((error: unknown) => {
      if (!this.#closed) {
        const why = error instanceof Error ? error.message : String(error);
        this.#warn(`the selection kernel runs in one thread instead of ${count + 1}: ${why}`);
      }
    });
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
    this.#closed = true;
    await Promise.all([...this.#opening].map((line) => line.end()));
    await this.#started;
    await this.#crew?.close();
  }

  async #open(line: ReturnType<StartLane>, start: LaneStart): Promise<LaneThread> {
    this.#opening.add(line);
    let open = false;
    const lost = (why: string): Error =>
      new TwinError(
        open ? `a lane of the selection kernel ended (${why}); send the request again` : `a lane ended: ${why}`,
        { code: "thread_ended" },
      );
    try {
      const lane = await Thread.open(line, start, { name: "lane", lost });
      open = true;
      return lane;
    } finally {
      this.#opening.delete(line);
    }
  }
}
