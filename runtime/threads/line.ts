// The line between two threads, as each end has it; Node's threads and a browser's Web Workers are lines.
import type { Call, Reply } from "./messages.ts";

/** The end inside a thread. */
export interface InnerLine<Start, Job, Value, Ready> {
  /** @param transfer memory that goes over instead of being copied */
  post(reply: Reply<Value, Ready>, transfer: readonly ArrayBuffer[]): void;
  listen(take: (call: Call<Start, Job>) => void): void;
  /** Nothing more is taken: the thread may end. */
  close(): void;
}

/** The end of whoever started the thread. */
export interface OuterLine<Start, Job, Value, Ready> {
  /** @throws where the call cannot be cloned */
  post(call: Call<Start, Job>, transfer: readonly ArrayBuffer[]): void;
  /** @param ended told once, when the thread is gone for whatever reason; `cause`: what it threw, if anything */
  listen(take: (reply: Reply<Value, Ready>) => void, ended: (why: string, cause: unknown) => void): void;
  /** Ends the thread, whatever it does. */
  end(): Promise<void>;
}
