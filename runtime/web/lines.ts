// Web Workers as lines, and a line that stays in the page; notes cross beside the calls: how far loading is, warnings.
import type { InnerLine, OuterLine } from "../threads/line.ts";
import type { Call, Reply } from "../threads/messages.ts";
import { type Service, serveCalls } from "../threads/serve-calls.ts";
import { type PageWorker, realm } from "./realm.ts";

/** Why a worker ended whose program is not found: it says nothing itself. */
export const unfound = "its program cannot be loaded";

/** What a worker says of itself, unasked. */
type Noted<Note> = { readonly kind: "note"; readonly note: Note };

type Open<Start, Job, Value, Ready, Note> = (
  start: Start,
  note: (note: Note) => void,
  /** Aborts where nobody waits for it any more; null: whoever does not wait ends the thread. */
  signal: AbortSignal | null,
) => Promise<Service<Job, Value, Ready>>;

/** The line to a worker. @param note told whatever it notes */
export function lineToWorker<Start, Job, Value, Ready, Note>(
  worker: PageWorker,
  note: (note: Note) => void,
): OuterLine<Start, Job, Value, Ready> {
  return {
    post: (call, transfer) => worker.postMessage(call, transfer),
    listen(take, ended) {
      worker.addEventListener("message", ({ data }) => {
        const said = data as Reply<Value, Ready> | Noted<Note>;
        if (said.kind === "note") {
          note(said.note);
        } else {
          take(said);
        }
      });
      worker.addEventListener("error", (event) => {
        event.preventDefault?.();
        worker.terminate();
        ended(event.message || unfound, null);
      });
      worker.addEventListener("messageerror", () => {
        worker.terminate();
        ended("its answer could not be read", null);
      });
    },
    async end() {
      worker.terminate();
    },
  };
}

/** Serves whoever started this worker. */
export function serveWorker<Start, Job, Value, Ready, Note>(open: Open<Start, Job, Value, Ready, Note>): void {
  const line: InnerLine<Start, Job, Value, Ready> = {
    post: (reply, transfer) => realm.postMessage(reply, transfer),
    listen(take) {
      realm.addEventListener("message", ({ data }) => take(data as Call<Start, Job>));
    },
    close: () => realm.close(),
  };
  serveCalls(line, (start: Start) => open(start, (note) => realm.postMessage({ kind: "note", note }, []), null));
}

/** A line to what is served in the page itself. Nothing is copied. */
export function lineHere<Start, Job, Value, Ready, Note>(
  open: Open<Start, Job, Value, Ready, Note>,
  note: (note: Note) => void,
): OuterLine<Start, Job, Value, Ready> {
  let answer: ((reply: Reply<Value, Ready>) => void) | null = null;
  let call: ((call: Call<Start, Job>) => void) | null = null;
  let over = false;
  const opening = new AbortController();
  const inner: InnerLine<Start, Job, Value, Ready> = {
    post: (reply) => queueMicrotask(() => over || answer?.(reply)),
    listen(take) {
      call = take;
    },
    close: () => undefined,
  };
  serveCalls(inner, (start: Start) => open(start, (said) => over || note(said), opening.signal));
  return {
    post: (one) => queueMicrotask(() => over || call?.(one)),
    listen(take) {
      answer = take;
    },
    async end() {
      over = true;
      opening.abort();
      // What it has is let go of when it is done with what it does.
      call?.({ kind: "close", id: -1 });
    },
  };
}
