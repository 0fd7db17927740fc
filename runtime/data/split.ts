// The parts of a data set: training, validation, test, by time, by shares of each user's events, or by users held out.
import { TwinError } from "../../contract/error.ts";
import { isDay } from "../encode/instant.ts";
import type { WrittenBinding } from "./binding-schema.ts";
import { readMoment } from "./moment.ts";

export type Split = CutSplit | PartSplit | FileSplit | LastSplit;

/** A column says the part: by part, the values that stand for it, as texts. */
export interface PartSplit {
  readonly kind: "part";
  readonly column: string;
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly test: readonly string[];
}

/** Each part lies in files of its own: which parts there are beside training. */
export interface FileSplit {
  readonly kind: "files";
  readonly validation: boolean;
  readonly test: boolean;
}

/** Of each user's events in order of time, and of the file at one time, the last `test` are test, so many before validation. */
export interface LastSplit {
  readonly kind: "last";
  readonly validation: number;
  readonly test: number;
}

/**
 * `time`: an event belongs to training where its time <= `train`, else to validation where <= `validation`, else to test.
 * `share`: the first `train` of each user's events in time order, then the next up to `validation`, then the rest.
 * `users`: whole users, by a hash of their key below `train`, below `validation`, or above.
 * Ends are cumulative; a validation end equal to the training end means that there is no such part.
 */
interface CutSplit {
  readonly kind: "time" | "share" | "users";
  readonly train: number;
  readonly validation: number;
}

const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, min: 60, h: 3600, d: 86400 };

/** Seconds of `30s`, `15min`, `1h`, `7d`; a plain number is seconds, or steps where the data has an order only. */
export function readDuration(value: string | number, steps: boolean, where: string): number {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)?\s*$/.exec(String(value));
  if (!found) {
    throw new TwinError(`${where}: \`${value}\` is no duration; write it like 30s, 15min, 1h or 7d`);
  }
  const [, amount, unit] = found;
  if (steps && unit !== undefined && Number(amount) !== 0) {
    throw new TwinError(
      `${where}: \`${value}\` needs a clock, and the data has an order only; write a number of steps`,
    );
  }
  return Number(amount) * (steps ? 1 : units[unit ?? "s"]);
}

type WrittenSplit = NonNullable<WrittenBinding["split"]>;
type Place = (...path: readonly (string | number)[]) => string;

export function readSplit(written: WrittenSplit, steps: boolean, place: Place): Split {
  if (written.by === "part") {
    return readParts(written, place);
  }
  if (written.by === "last") {
    const { validation, test } = written;
    if (validation + test === 0) {
      throw new TwinError(`${place("split")}: say how many are left out: \`test: 1\`, \`validation: 1\``);
    }
    return { kind: "last", validation, test };
  }
  return readCut(written, steps, place);
}

function readParts(written: Extract<WrittenSplit, { by: "part" }>, place: Place): PartSplit {
  const seen = new Set<string>();
  const read = (part: "train" | "validation" | "test"): string[] => {
    const values = [written[part] ?? []].flat().map(String);
    for (const value of values) {
      if (seen.has(value)) {
        throw new TwinError(`${place("split", part)}: \`${value}\` stands here twice, or for two parts`);
      }
      seen.add(value);
    }
    return values;
  };
  return {
    kind: "part",
    column: written.column,
    train: read("train"),
    validation: read("validation"),
    test: read("test"),
  };
}

/** Which parts are asked for beside training. */
export function partsAsked(split: Split): { readonly validation: boolean; readonly test: boolean } {
  switch (split.kind) {
    case "files":
      return split;
    case "part":
      return { validation: split.validation.length > 0, test: split.test.length > 0 };
    case "last":
      return { validation: split.validation > 0, test: split.test > 0 };
    default:
      return { validation: split.validation > split.train, test: split.kind === "time" || split.validation < 1 };
  }
}

function readCut(written: Exclude<WrittenSplit, { by: "part" | "last" }>, steps: boolean, place: Place): CutSplit {
  const kind = written.holdout === "users" ? "users" : (written.by ?? null);
  if (kind === null) {
    throw new TwinError(
      `${place("split")}: say how to split: \`by: time\`, \`by: share\`, \`by: last\`, \`by: part\` or \`holdout: users\``,
    );
  }
  if (written.holdout !== undefined && written.by !== undefined) {
    throw new TwinError(`${place("split", "by")}: \`by\` and \`holdout\` are both given; keep one`);
  }
  const end = (name: "train" | "validation", value: string | number): number => {
    const where = place("split", name);
    return kind === "time" ? readEnd(value, steps, where) : readShare(value, where);
  };
  const train = end("train", written.train);
  const second = written.validation === undefined ? null : end("validation", written.validation);
  const validation = second === null ? train : kind === "time" ? second : shareSum(train, second);
  if (validation < train) {
    throw new TwinError(`${place("split", "validation")}: validation ends before training does`);
  }
  if (kind !== "time" && validation > 1 + 1e-9) {
    throw new TwinError(`${place("split")}: the shares of train and validation are more than the whole`);
  }
  if (written.test !== undefined && written.test !== "rest" && kind === "time") {
    throw new TwinError(`${place("split", "test")}: test is what comes after; write \`test: rest\``);
  }
  if (written.test !== undefined && written.test !== "rest" && kind !== "time") {
    const left = 1 - validation;
    if (Math.abs(readShare(written.test, place("split", "test")) - left) > 1e-9) {
      throw new TwinError(
        `${place("split", "test")}: what is left for test is ${+left.toFixed(6)}; write \`test: rest\``,
      );
    }
  }
  return { kind, train, validation };
}

/** The sum as it is meant: in float64 0.7 + 0.1 is less than 0.8, and the eighth of ten events would change its part. */
const shareSum = (a: number, b: number): number => Number((a + b).toFixed(12));

function readShare(value: string | number, where: string): number {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(%)?\s*$/.exec(String(value));
  const share = found ? Number(found[1]) / (found[2] ? 100 : 1) : Number.NaN;
  if (!(share >= 0 && share <= 1)) {
    throw new TwinError(`${where}: \`${value}\` is no share; write it like 80% or 0.8`);
  }
  return share;
}

/**
 * `..2018-06-30` (that whole day), `..2018-06-30T12:00:00Z` (UTC without a zone), `..1530000000` (seconds, or steps): the
 * last time that belongs.
 */
function readEnd(value: string | number, steps: boolean, where: string): number {
  const found = /^\s*\.\.\s*(.+?)\s*$/.exec(String(value));
  if (!found) {
    throw new TwinError(`${where}: \`${value}\` is no end in time; write it like ..2018-06-30`);
  }
  const written = found[1];
  const time = readMoment(written, steps, where, "..");
  return isDay(written) ? below(time + 86400) : time;
}

/** The largest float64 below a positive number: the last time of a day. */
function below(value: number): number {
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0]--;
  return new Float64Array(bits.buffer)[0];
}
