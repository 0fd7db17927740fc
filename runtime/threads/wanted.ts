// How long the result of a call is wanted: until its signal aborts or its deadline passes.
import { TwinError } from "../../contract/error.ts";

/** Options of `prepare`, `rank` and `explain`. */
export interface CallOptions {
  /** Where it aborts, the call is rejected with its reason. */
  readonly signal?: AbortSignal;
  /** When the call is rejected if it is not done: a `Date`, or milliseconds as of `Date.now()`. */
  readonly deadline?: Date | number;
}

/** Milliseconds since 1970 that nobody means: seconds, or a duration. */
const early = 1e11;
/** What a timer can wait at most. */
const longest = 2 ** 31 - 1;

/** @throws TwinError naming the option */
function deadlineOf({ deadline }: CallOptions): number {
  if (deadline === undefined) {
    return Number.POSITIVE_INFINITY;
  }
  const time = deadline instanceof Date ? deadline.getTime() : deadline;
  if (typeof time === "number" && time >= early) {
    return time;
  }
  throw new TwinError(
    `deadline is ${String(deadline)}: bring a Date, or milliseconds since 1970 such as Date.now() + 50`,
  );
}

/** @throws TwinError naming the option */
export function checkCall(options: CallOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TwinError("the options of a call must be an object: { signal, deadline }");
  }
  if ("aborted" in options) {
    throw new TwinError("a signal is brought as an option: { signal }");
  }
  for (const name of Object.keys(options)) {
    if (name !== "signal" && name !== "deadline") {
      throw new TwinError(`a call has no option \`${name}\`; known: signal, deadline`);
    }
  }
  const { signal } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw new TwinError("signal must be an AbortSignal");
  }
}

/** Calls by signal: each signal has one listener, however many calls share it. */
const listening = new WeakMap<AbortSignal, { readonly calls: Set<() => void>; readonly listener: () => void }>();

function onAbort(signal: AbortSignal, call: () => void): () => void {
  let known = listening.get(signal);
  if (known === undefined) {
    const calls = new Set<() => void>();
    const listener = (): void => {
      for (const one of [...calls]) {
        one();
      }
    };
    known = { calls, listener };
    listening.set(signal, known);
    signal.addEventListener("abort", listener);
  }
  const { calls, listener } = known;
  calls.add(call);
  return () => {
    if (!calls.delete(call) || calls.size > 0) {
      return;
    }
    signal.removeEventListener("abort", listener);
    listening.delete(signal);
  };
}

/** Whether a result is still wanted. */
export class Wanted {
  readonly #signal: AbortSignal | undefined;
  readonly #deadline: number;
  #forget: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws TwinError naming the option that is wrong */
  constructor(options: CallOptions) {
    checkCall(options);
    this.#signal = options.signal;
    this.#deadline = deadlineOf(options);
  }

  /** Whether it is wanted for ever. */
  get always(): boolean {
    return this.#signal === undefined && this.#deadline === Number.POSITIVE_INFINITY;
  }

  /** Why it is not wanted any more, as what the call is rejected with; undefined while it is. */
  refusal(): { readonly reason: unknown } | undefined {
    if (this.#signal?.aborted) {
      return { reason: this.#signal.reason };
    }
    if (Date.now() < this.#deadline) {
      return undefined;
    }
    const at = new Date(this.#deadline).toISOString();
    return { reason: new TwinError(`the deadline of the call passed (${at})`, { code: "deadline" }) };
  }

  /** @param over told once, when it is not wanted any more */
  watch(over: (reason: unknown) => void): void {
    const look = (): void => {
      const refused = this.refusal();
      if (refused === undefined) {
        this.#wait(look);
        return;
      }
      this.forget();
      over(refused.reason);
    };
    if (this.#signal !== undefined) {
      this.#forget = onAbort(this.#signal, look);
    }
    this.#wait(look);
  }

  /** Leaves no listener and no timer behind. */
  forget(): void {
    this.#forget?.();
    this.#forget = null;
    clearTimeout(this.#timer);
  }

  #wait(look: () => void): void {
    if (this.#deadline === Number.POSITIVE_INFINITY) {
      return;
    }
    // A timer may go off a little before its time.
    const left = Math.max(1, this.#deadline - Date.now());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(look, Math.min(left, longest));
  }
}
