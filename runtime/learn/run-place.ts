// Where a run keeps what it makes, as an interface: checkpoints, weights, the log. A host brings its own; here is memory.
import { type ByteSink, MemorySink } from "../bytes/byte-sink.ts";
import type { MetricsLine } from "./metrics-line.ts";

export interface RunPlace {
  /** What messages call it: a folder, for example. */
  readonly name: string;
  /** How a run that was stopped goes on, as a sentence without its end. */
  readonly wayOn: string;
  /** Where the next checkpoint goes. The one before stays until this one is whole, at the least. */
  checkpoint(): ByteSink;
  /** Where the weights go, in the place of those before. */
  weights(): ByteSink;
  /** The log so far: of a run that goes on, up to the step that it goes on from. */
  readonly lines: readonly MetricsLine[];
  /** Puts a line at the log's end. */
  log(line: MetricsLine): void | Promise<void>;
  /** After each evaluation and at the end: what shows the log may be drawn anew. */
  draw?(): void | Promise<void>;
}

/** A run that leaves its checkpoint, weights and log in memory. */
export class MemoryPlace implements RunPlace {
  readonly name: string;
  readonly wayOn = "Go on from its last checkpoint";
  readonly #lines: MetricsLine[];
  #checkpoint: MemorySink | null = null;
  #weights: MemorySink | null = null;

  /**
   * @param lines the log of a run that goes on; @param step the step of the checkpoint that it goes on from: what was
   * logged after that is dropped
   */
  constructor(name: string, lines: readonly MetricsLine[] = [], step = 0) {
    this.name = name;
    this.#lines = lines.filter((line) => line.step <= step);
  }

  get lines(): readonly MetricsLine[] {
    return this.#lines;
  }

  /** The newest that is whole; null before the first. Not a copy. */
  get lastCheckpoint(): Uint8Array | null {
    return this.#checkpoint?.bytes ?? null;
  }

  /** As `twin build --weights` takes them; null before the first. Not a copy. */
  get lastWeights(): Uint8Array | null {
    return this.#weights?.bytes ?? null;
  }

  checkpoint(): ByteSink {
    return keptBy(`${this.name}: checkpoint`, (sink) => {
      this.#checkpoint = sink;
    });
  }

  weights(): ByteSink {
    return keptBy(`${this.name}: weights`, (sink) => {
      this.#weights = sink;
    });
  }

  log(line: MetricsLine): void {
    this.#lines.push(line);
  }
}

/** Memory that is handed over once it is whole. */
function keptBy(name: string, keep: (sink: MemorySink) => void): ByteSink {
  const sink = new MemorySink(name);
  return {
    name,
    write: (bytes, position) => sink.write(bytes, position),
    sync: () => sink.sync(),
    commit() {
      sink.commit();
      keep(sink);
    },
    abort: () => sink.abort(),
  };
}
