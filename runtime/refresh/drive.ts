// Cycles one after the other, by one process: when the next begins, what a failure changes about that, and what is said of it.

import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { holdRefresh, refreshPath } from "../host/build-folder.ts";
import { type RefreshFile, type RefreshStep, readRefresh, writeRefresh } from "../release/index.ts";
import type { CycleNotes, CycleReport } from "./cycle.ts";
import { waitFor } from "./wait.ts";

export interface DriveOptions {
  /** The build folder. */
  readonly dir: string;
  /** Seconds from the beginning of a cycle to that of the next, 1 at least; null: one cycle. */
  readonly every: number | null;
  readonly cycle: (notes: CycleNotes) => Promise<CycleReport>;
  readonly signal: AbortSignal;
  /** Told what came of each cycle, and when the next one begins. */
  readonly told: (end: CycleEnd) => void;
  readonly warn: (message: string) => void;
}

export type CycleEnd = {
  /** Seconds that it took. */
  readonly seconds: number;
  /** Seconds until the next one; null: none follows. */
  readonly next: number | null;
} & (
  | (CycleReport & { readonly failures: 0 })
  | { readonly outcome: "failed"; readonly because: string; readonly failures: number }
);

/** The shortest period that one of its tables says; null: none does. In seconds. */
export function periodOf({ tables }: Manifest): number | null {
  const all = Object.values(tables).flatMap(({ refresh }) => (refresh === null ? [] : [refresh]));
  return all.length === 0 ? null : Math.max(1, Math.min(...all));
}

/**
 * Seconds until the next try after so many failures in a row: an eighth of the period, then twice as long each time, up to the
 * period. What was away for a moment is made up for soon, and what stays broken is tried no more often than what works.
 */
export const tryAgain = (failures: number, every: number): number =>
  Math.min(every, Math.max(1, every / 8) * 2 ** Math.min(failures - 1, 30));

/**
 * Drives a folder until the signal; with no period, once.
 * @throws TwinError where another process drives it; where there is one cycle and it fails; at the signal
 */
export async function drive({ dir, every, cycle, signal, told, warn }: DriveOptions): Promise<void> {
  const { release, mark } = holdRefresh(dir);
  try {
    const status = new Status(dir, mark, every, warn);
    for (;;) {
      const end = await once(status, { every, cycle, signal });
      told(end);
      if (end.next === null) {
        return;
      }
      await waitFor(1000 * end.next, signal);
      if (signal.aborted) {
        status.write({ next: null });
        throw new TwinError("between two cycles; the newest release serves on");
      }
    }
  } finally {
    release();
  }
}

async function once(
  status: Status,
  { every, cycle, signal }: Pick<DriveOptions, "every" | "cycle" | "signal">,
): Promise<CycleEnd> {
  const [start, begun] = [performance.now(), new Date()];
  status.write({ next: null });
  const ended = (outcome: NonNullable<RefreshFile["last"]>["outcome"], because: string, next: number | null) =>
    status.write({
      doing: null,
      next: next === null ? null : new Date(Date.now() + 1000 * next).toISOString(),
      last: { begun: begun.toISOString(), ended: new Date().toISOString(), outcome, because },
      failures: outcome === "failed" ? status.now.failures + 1 : outcome === "stopped" ? status.now.failures : 0,
      ...(outcome !== "failed" && outcome !== "stopped" && { succeeded: new Date().toISOString() }),
    });
  const took = (): number => (performance.now() - start) / 1000;
  try {
    const report = await cycle(status);
    const next = every === null ? null : Math.max(0, every - took());
    ended(report.outcome, report.because, next);
    return { ...report, failures: 0, seconds: took(), next };
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    if (signal.aborted || every === null) {
      ended(signal.aborted ? "stopped" : "failed", because, null);
      throw error;
    }
    const failures = status.now.failures + 1;
    const next = tryAgain(failures, every);
    ended("failed", because, next);
    return { outcome: "failed", because, failures, seconds: took(), next };
  }
}

/** The file in which others read how it stands. That it cannot be written stops nothing. */
class Status implements CycleNotes {
  now: RefreshFile;
  readonly #path: string;
  readonly #warn: (message: string) => void;

  constructor(dir: string, owner: string, every: number | null, warn: (message: string) => void) {
    this.#path = refreshPath(dir);
    this.#warn = warn;
    const before = this.#read();
    this.now = {
      ...{ owner, every, doing: null, next: null, last: null, failures: 0, succeeded: null },
      built: { weights: null, items: null, address: null },
      ...(before && { last: before.last, succeeded: before.succeeded, built: before.built }),
    };
  }

  get built(): RefreshFile["built"] {
    return this.now.built;
  }

  set built(built: RefreshFile["built"]) {
    this.write({ built });
  }

  readonly doing = (step: RefreshStep): void => this.write({ doing: step });

  write(changed: Partial<RefreshFile>): void {
    this.now = { ...this.now, ...changed };
    try {
      writeRefresh(this.#path, this.now);
    } catch (error) {
      this.#warn(`it cannot be said how the refresh stands: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #read(): RefreshFile | null {
    try {
      return readRefresh(this.#path);
    } catch {
      return null;
    }
  }
}
