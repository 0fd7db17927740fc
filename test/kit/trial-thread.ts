// A thread for tests of the line between threads: does what each job says.
import { TwinError } from "../../contract/error.ts";
import { innerLine } from "../../runtime/host/start-thread.ts";
import { serveCalls } from "../../runtime/threads/serve-calls.ts";

export interface TrialStart {
  readonly open: "well" | "refused" | "broken" | "ended";
  readonly shared: SharedArrayBuffer;
}

export type TrialJob =
  | { readonly kind: "double"; readonly values: Float32Array }
  /** Counts in the shared memory. */
  | { readonly kind: "count" }
  /** Answers after so many milliseconds, or at once where nobody wants it any more. */
  | { readonly kind: "wait"; readonly milliseconds: number }
  | { readonly kind: "refuse" }
  | { readonly kind: "bug" }
  | { readonly kind: "uncloneable" }
  | { readonly kind: "exit" }
  | { readonly kind: "throw" };

serveCalls<TrialStart, TrialJob, unknown, string>(innerLine(), async ({ open, shared }) => {
  if (open === "refused") {
    throw new TwinError("nothing to open");
  }
  if (open === "broken") {
    throw new RangeError("a bug while opening");
  }
  if (open === "ended") {
    process.exit(3);
  }
  const counted = new Int32Array(shared);
  return {
    ready: "open",
    async run(job, signal) {
      switch (job.kind) {
        case "double":
          return job.values.map((value) => 2 * value);
        case "count":
          return ++counted[0];
        case "wait":
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, job.milliseconds);
            signal?.addEventListener("abort", () => {
              clearTimeout(timer);
              resolve();
            });
          });
          return signal?.aborted ? "dropped" : "waited";
        case "refuse":
          throw new TwinError("row 3 is wrong", { code: "deadline" });
        case "bug":
          throw new RangeError("a bug");
        case "uncloneable":
          return () => 1;
        case "exit":
          return process.exit(7);
        case "throw":
          setImmediate(() => {
            throw new RangeError("thrown beside the job");
          });
          return new Promise(() => undefined);
      }
    },
    transfer: (value) => (value instanceof Float32Array ? [value.buffer as ArrayBuffer] : []),
    close: async () => {
      counted[0] = -1;
    },
  };
});
