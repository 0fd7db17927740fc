// A thread that assembles the next batch while ONNX Runtime runs.
import { startThread } from "../host/start-thread.ts";
import type { Assembled, Drawn, Feeder, Part, TrainPlan, UserDraw } from "../learn/index.ts";
import { Thread } from "../threads/thread.ts";

/** Where a data set lies, so that a thread can open it for itself. */
export interface DatasetPlace {
  readonly folder: string;
  /** URL of a module with `openDataset(folder): Dataset`; null: folders of `twin data prepare`. */
  readonly module: string | null;
}

/** What the thread starts with. */
export interface FeederStart {
  readonly place: DatasetPlace;
  readonly plan: TrainPlan;
  readonly seed: number;
  /** Whose samples are trained on; null: everybody's. */
  readonly users?: UserDraw | null;
}

export type FeederJob =
  | { readonly kind: "starts" }
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "samples"; readonly part: Part; readonly samples: Uint32Array };

/** What the thread answers: a batch, or where biases start. */
export type Fed =
  | { readonly kind: "batch"; readonly batch: Assembled }
  | { readonly kind: "starts"; readonly starts: Readonly<Record<string, number>> };

/** What the thread says of the data set that it opened. */
export interface FedData {
  readonly fingerprint: string;
  readonly users: number;
  readonly counted: Readonly<Record<string, Float32Array>>;
  readonly counts: Readonly<Record<Part, number>>;
  readonly drawn: Drawn | null;
}

/** Starts a thread that opens the data set. @throws TwinError where it cannot */
export async function threadFeeder(start: FeederStart): Promise<Feeder> {
  const line = startThread<FeederStart, FeederJob, Fed, FedData>(import.meta.url, "./worker.ts", "train-worker.js");
  const name = "thread that assembles batches";
  const thread = await Thread.open(line, start, { name });
  const { fingerprint, users, counted, counts, drawn } = thread.ready;
  const batch = async (job: FeederJob): Promise<Assembled> => {
    const fed = await thread.ask(job);
    return fed.kind === "batch" ? fed.batch : outOfTurn();
  };
  return {
    fingerprint,
    users,
    counted,
    drawn,
    count: (part) => counts[part],
    starts: async () => {
      const fed = await thread.ask({ kind: "starts" });
      return fed.kind === "starts" ? fed.starts : outOfTurn();
    },
    step: (step) => batch({ kind: "step", step }),
    samples: (part, samples) => batch({ kind: "samples", part, samples }),
    close: () => thread.end(),
  };
}

function outOfTurn(): never {
  throw new Error("the thread that assembles batches answered what it was not asked");
}
