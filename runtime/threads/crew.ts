// Threads that are kept at their number: one that dies is replaced, and where that fails, too, it is said.
import { TwinError } from "../../contract/error.ts";
import { openAll } from "./thread.ts";

/** A thread, or what holds one. */
export interface Member {
  onDeath(listener: () => void): void;
  close(): Promise<void>;
  end(): Promise<void>;
}

export interface CrewOptions<M> {
  readonly open: () => Promise<M>;
  /** Told when a member has become free, or none will any more. */
  readonly changed: () => void;
  /** Told what the user should know. */
  readonly warn: (message: string) => void;
  /** Milliseconds before each attempt to replace a member. */
  readonly pauses?: readonly number[];
}

export class Crew<M extends Member> {
  readonly #options: CrewOptions<M>;
  readonly #members = new Set<M>();
  #free: M[] = [];
  #size = 0;
  readonly #replacing = new Set<Promise<void>>();
  #closed = false;
  readonly #pauses = new Map<ReturnType<typeof setTimeout>, () => void>();
  #broken: TwinError | null = null;

  constructor(options: CrewOptions<M>) {
    this.#options = options;
  }

  /** @throws what one threw that could not be opened; then none is left */
  async start(size: number): Promise<void> {
    this.#size = size;
    for (const member of await openAll(size, this.#options.open)) {
      this.#add(member);
    }
  }

  get members(): Iterable<M> {
    return this.#members;
  }

  /** Members that are alive. */
  get alive(): number {
    return this.#members.size;
  }

  /** Why no member is alive and none will be; null: they work. */
  get broken(): TwinError | null {
    return this.#broken;
  }

  /** A free member, one that is wished for if there is such a one; null: none is free. */
  take(wished: (member: M) => boolean): M | null {
    if (this.#free.length === 0) {
      return null;
    }
    const place = this.#free.findIndex(wished);
    return this.#free.splice(Math.max(0, place), 1)[0];
  }

  give(member: M): void {
    if (this.#members.has(member)) {
      this.#free.push(member);
    }
  }

  /** Lets all members release what they have, and ends them. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [timer, go] of this.#pauses) {
      clearTimeout(timer);
      go();
    }
    const members = [...this.#members];
    this.#members.clear();
    this.#free = [];
    await Promise.allSettled([...members.map((member) => member.close()), ...this.#replacing]);
  }

  #add(member: M): void {
    this.#members.add(member);
    this.#free.push(member);
    member.onDeath(() => this.#lose(member));
  }

  #lose(member: M): void {
    if (!this.#members.delete(member)) {
      return;
    }
    this.#free = this.#free.filter((one) => one !== member);
    if (this.#closed) {
      return;
    }
    const replacing = this.#replace().finally(() => this.#replacing.delete(replacing));
    this.#replacing.add(replacing);
  }

  async #replace(): Promise<void> {
    const { open, warn, changed, pauses = [0, 250, 1000] } = this.#options;
    let why = "";
    for (const pause of pauses) {
      if (pause > 0 && !this.#closed) {
        await this.#pause(pause);
      }
      if (this.#closed) {
        return;
      }
      try {
        const member = await open();
        if (this.#closed) {
          return await member.end();
        }
        this.#add(member);
        return changed();
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
      }
    }
    warn(`a worker thread ended and could not be replaced; ${this.alive} of ${this.#size} are left: ${why}`);
    if (this.alive > 0 || this.#replacing.size > 1) {
      return;
    }
    this.#broken = new TwinError(
      `no worker thread is alive, and none could be started (${why}): load the folder again`,
      { code: "thread_ended" },
    );
    changed();
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#pauses.delete(timer);
        resolve();
      };
      const timer = setTimeout(go, milliseconds);
      this.#pauses.set(timer, go);
    });
  }
}
