// What a thread is told and what it answers, on whichever host: plain data, which structured clones carry.
import { TwinError, type TwinErrorCode } from "../../contract/error.ts";

/** Every call is answered once, by its `id`. */
export type Call<Start, Job> =
  /** The first one: what the thread starts with. */
  | { readonly kind: "open"; readonly id: number; readonly start: Start }
  /** `droppable`: its result may not be wanted any more. */
  | { readonly kind: "job"; readonly id: number; readonly job: Job; readonly droppable: boolean }
  /** The job of this number is not wanted any more. It is answered all the same; this is not. */
  | { readonly kind: "drop"; readonly id: number }
  /** The last one: everything is to be released, after what came before. */
  | { readonly kind: "close"; readonly id: number };

/** What a call gave; which call has which is told by its kind. */
export type Answer<Value, Ready> =
  | { readonly kind: "opened"; readonly id: number; readonly ready: Ready }
  | { readonly kind: "done"; readonly id: number; readonly value: Value }
  | { readonly kind: "closed"; readonly id: number };

export type Reply<Value, Ready> =
  | Answer<Value, Ready>
  | { readonly kind: "failed"; readonly id: number; readonly error: SentError };

/** An error on its way: structured clones lose its class. */
export interface SentError {
  /** A use error; otherwise a bug. */
  readonly ours: boolean;
  readonly message: string;
  readonly code: TwinErrorCode | null;
  /** Of a bug, as the thread saw it. */
  readonly stack: string | null;
}

export function sentError(error: unknown): SentError {
  if (error instanceof TwinError) {
    return { ours: true, message: error.message, code: error.code ?? null, stack: null };
  }
  if (!(error instanceof Error)) {
    return { ours: false, message: String(error), code: null, stack: null };
  }
  return { ours: false, message: error.message, code: null, stack: error.stack ?? null };
}

export function receivedError({ ours, message, code, stack }: SentError): Error {
  if (ours) {
    return new TwinError(message, { code: code ?? undefined });
  }
  const error = new Error(message);
  if (stack !== null) {
    error.stack = stack;
  }
  return error;
}
