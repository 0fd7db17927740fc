// Progress of long work: how much is done, how fast, and how long it will still take, told a few times a second.

export interface Progress {
  /** What is under way: `items`, `example events`. */
  readonly task: string;
  readonly done: number;
  /** 0 where it is not known. */
  readonly total: number;
  /** Units a second, over the last few seconds. */
  readonly rate: number;
  /** Seconds; null where nothing can be said yet. */
  readonly left: number | null;
  /** True in the last message of the task. */
  readonly finished: boolean;
}

export type OnProgress = (progress: Progress) => void;

export interface Meter {
  add(count: number): void;
  done(): void;
}

/** A meter that tells `report` at most five times a second, and once at the end. */
export function meter(
  task: string,
  total: number,
  report: OnProgress | undefined,
  clock = performance.now.bind(performance),
): Meter {
  const begun = clock();
  let done = 0;
  let told = begun;
  // Speed is that of a window that follows the work, so that a slow start is forgotten.
  let windowStart = begun;
  let windowDone = 0;
  const tell = (now: number, finished: boolean): void => {
    const seconds = (now - windowStart) / 1000;
    const rate = finished
      ? (done * 1000) / Math.max(now - begun, 1e-3)
      : seconds > 0
        ? (done - windowDone) / seconds
        : 0;
    const left = finished ? 0 : rate > 0 && total > 0 ? Math.max(0, total - done) / rate : null;
    report?.({ task, done, total, rate, left, finished });
    told = now;
    if (seconds > 5) {
      windowStart = now;
      windowDone = done;
    }
  };
  return {
    add(count) {
      done += count;
      const now = clock();
      if (now - told >= 200) {
        tell(now, false);
      }
    },
    done: () => tell(clock(), true),
  };
}

/** One line: `items: 120,000 of 400,000 (30 %), 51,000 a second, 5 s left`. */
export function progressLine({ task, done, total, rate, left, finished }: Progress): string {
  const number = (value: number): string => Math.round(value).toLocaleString("en-GB");
  const share = total > 0 ? ` of ${number(total)} (${Math.floor((100 * done) / total)} %)` : "";
  const time =
    finished || left === null ? "" : `, ${left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`} left`;
  return `${task}: ${number(done)}${share}, ${number(rate)} a second${time}`;
}
