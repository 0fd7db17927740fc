// How far a comparison is: which run is on, and how long the others may take.
import { say } from "../output.ts";

/** Which run is on, and how long the others may take. */
export class RunProgress {
  #all: number;
  #done = 0;
  #seconds = 0;
  #ran = 0;

  constructor(all: number) {
    this.#all = all;
  }

  /** Runs more than were known of at first; fewer where it is below 0. */
  expect(more: number): void {
    this.#all += more;
  }

  async step<T>(what: string, job: () => Promise<T>): Promise<T> {
    const left =
      this.#ran === 0 ? "" : `, about ${minutes(((this.#all - this.#done) * this.#seconds) / this.#ran)} left`;
    say(`run ${this.#done + 1} of ${this.#all}${left}: ${what}`);
    const begun = performance.now();
    const result = await job();
    const seconds = (performance.now() - begun) / 1000;
    this.#done++;
    // What was done before takes no time, and says nothing of what is left.
    if (seconds > 1) {
      this.#ran++;
      this.#seconds += seconds;
    }
    return result;
  }
}

const minutes = (seconds: number): string =>
  seconds < 90
    ? `${Math.ceil(seconds)} s`
    : seconds < 5400
      ? `${Math.ceil(seconds / 60)} min`
      : `${(seconds / 3600).toFixed(1)} h`;
