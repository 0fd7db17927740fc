// A thread's side: opens what it is told to, does one job after the other in the order in which they came, and closes.
import type { InnerLine } from "./line.ts";
import { sentError } from "./messages.ts";

/** What a thread does once it is open. */
export interface Service<Job, Value, Ready> {
  /** Told to whoever started the thread. */
  readonly ready: Ready;
  /** @param signal aborts when nobody wants the result any more; null: somebody always will */
  run(job: Job, signal: AbortSignal | null): Value | Promise<Value>;
  /** Memory of a result that goes over instead of being copied. */
  transfer?(value: Value): readonly ArrayBuffer[];
  close?(): Promise<void>;
}

/** Serves a line until it is closed. */
export function serveCalls<Start, Job, Value, Ready>(
  line: InnerLine<Start, Job, Value, Ready>,
  open: (start: Start) => Promise<Service<Job, Value, Ready>>,
): void {
  let service: Service<Job, Value, Ready> | null = null;
  let last: Promise<void> = Promise.resolve();
  const droppable = new Map<number, AbortController>();

  const fail = (id: number, error: unknown): void => line.post({ kind: "failed", id, error: sentError(error) }, []);
  const run = async (id: number, job: Job): Promise<void> => {
    try {
      const signal = droppable.get(id)?.signal ?? null;
      signal?.throwIfAborted();
      if (service === null) {
        throw new Error("a job came before the thread was open");
      }
      const value = await service.run(job, signal);
      line.post({ kind: "done", id, value }, service.transfer?.(value) ?? []);
    } catch (error) {
      fail(id, error);
    } finally {
      droppable.delete(id);
    }
  };
  const begin = async (id: number, start: Start): Promise<void> => {
    try {
      service = await open(start);
      line.post({ kind: "opened", id, ready: service.ready }, []);
    } catch (error) {
      fail(id, error);
      line.close();
    }
  };
  const close = async (id: number): Promise<void> => {
    try {
      await service?.close?.();
      line.post({ kind: "closed", id }, []);
    } catch (error) {
      fail(id, error);
    }
    line.close();
  };

  line.listen((call) => {
    switch (call.kind) {
      case "open":
        last = begin(call.id, call.start);
        return;
      case "job":
        if (call.droppable) {
          droppable.set(call.id, new AbortController());
        }
        last = last.then(() => run(call.id, call.job));
        return;
      case "drop":
        droppable.get(call.id)?.abort();
        return;
      case "close":
        last = last.then(() => close(call.id));
    }
  });
}
