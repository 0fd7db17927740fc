// Looks for what is new a few times a second, one look after the other. Folders of other machines tell nobody of changes.

/** Milliseconds between two looks. */
export const lookEvery = 250;

export class Looking {
  readonly #timer: NodeJS.Timeout;
  #now: Promise<unknown> | null = null;

  /** @param look what it throws is told by whoever asks for the state */
  constructor(look: () => Promise<unknown>) {
    this.#timer = setInterval(() => {
      this.#now ??= look()
        .catch(() => undefined)
        .finally(() => {
          this.#now = null;
        });
    }, lookEvery).unref();
  }

  /** No look begins any more; waits for the one that is under way. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#now;
  }
}
