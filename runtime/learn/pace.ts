// How fast a run goes, and its loss over the last steps. Evaluations do not count as training time.

export class Pace {
  /** Of this sitting. */
  steps = 0;
  #samples = 0;
  #milliseconds = 0;
  /** Null while the clock stands still. */
  #since: number | null = performance.now();
  readonly #before: number;
  #intervalSamples = 0;
  #intervalStart = 0;
  #intervalLoss = 0;
  #intervalSteps = 0;
  #told = 0;
  /** Moving mean: the newest twenty steps or so. */
  recentLoss = Number.NaN;

  /** @param before seconds of earlier sittings */
  constructor(before: number) {
    this.#before = before;
  }

  step(samples: number, loss: number): void {
    this.steps++;
    this.#samples += samples;
    this.#intervalSamples += samples;
    this.#intervalLoss += loss;
    this.#intervalSteps++;
    const share = Math.max(0.05, 1 / this.steps);
    this.recentLoss = this.steps === 1 ? loss : this.recentLoss + share * (loss - this.recentLoss);
  }

  /** Milliseconds of training in this sitting. */
  get milliseconds(): number {
    return this.#milliseconds + (this.#since === null ? 0 : performance.now() - this.#since);
  }

  /** Of all sittings. */
  get seconds(): number {
    return this.#before + this.milliseconds / 1000;
  }

  get samplesPerSecond(): number {
    return (1000 * this.#samples) / Math.max(1e-3, this.milliseconds);
  }

  /** Seconds that so many steps will take. */
  left(steps: number): number | null {
    return this.steps === 0 ? null : (steps * this.milliseconds) / this.steps / 1000;
  }

  /** Stops the clock while something else than training is done. */
  pause(): void {
    this.#milliseconds = this.milliseconds;
    this.#since = null;
  }

  resume(): void {
    this.#since = performance.now();
  }

  /** What happened since the last call. */
  interval(): { loss: number | null; samplesPerSecond: number; seconds: number } {
    const now = this.milliseconds;
    const result = {
      loss: this.#intervalSteps === 0 ? null : this.#intervalLoss / this.#intervalSteps,
      samplesPerSecond: (1000 * this.#intervalSamples) / Math.max(1e-3, now - this.#intervalStart),
      seconds: this.#before + now / 1000,
    };
    this.#intervalSamples = 0;
    this.#intervalLoss = 0;
    this.#intervalSteps = 0;
    this.#intervalStart = now;
    return result;
  }

  /** At most five times a second. */
  timeToTell(): boolean {
    const now = performance.now();
    if (now - this.#told < 200) {
      return false;
    }
    this.#told = now;
    return true;
  }
}
