// The score of a run: what the tests noticed of all that changes a number. Survivors that change none are listed, each with
// its reason, in `unnoticed.json`; a listed one that is not there, or that a test notices, is an error.

/** A mutant of Stryker's report. */
interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

/** Lines and columns from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Report {
  readonly files: { readonly [path: string]: { readonly source: string; readonly mutants: readonly Mutant[] } };
}

/** Mutants that no test can notice by a number, and why. */
export interface Unnoticed {
  /** `same`: no input tells them apart. `cost`: only time or memory. `text`: only the words of an error. */
  readonly kind: "same" | "cost" | "text";
  readonly why: string;
  /** As `nameOf` names them; one that the file has twice is listed twice. */
  readonly mutants: readonly string[];
}

export type UnnoticedByFile = { readonly [path: string]: readonly Unnoticed[] };

export interface FileScore {
  readonly path: string;
  /** All that ran, or that no test reaches. */
  readonly mutants: number;
  readonly noticed: number;
  /** Listed as unnoticed. */
  readonly listed: number;
  /** What lives and is not listed: `line: name`. */
  readonly living: readonly string[];
  /** What says nothing, since the runner failed: `line: name`. */
  readonly broken: readonly string[];
}

const living = new Set(["Survived", "NoCoverage"]);

/** The line before and after; of several lines the first alone. */
export function nameOf(source: string, { replacement = "", location: { start, end } }: Mutant): string {
  const lines = source.split("\n");
  const [first, last] = [lines[start.line - 1], lines[end.line - 1]];
  const before = first.slice(0, start.column - 1);
  const after = `${before}${replacement}${last.slice(end.column - 1)}`.replace(/\s+/g, " ").trim();
  return `${first.trim()}${start.line === end.line ? "" : " …"} ⇒ ${after}`;
}

/**
 * @param whole that the files were mutated in whole, not some of their lines: what is listed then is in the report
 * @throws Error naming what is listed and not there, or noticed by a test
 */
export function scores(report: Report, unnoticed: UnnoticedByFile, whole = true): FileScore[] {
  const stale: string[] = [];
  const found = Object.entries(report.files).map(([path, { source, mutants }]): FileScore => {
    const open = (unnoticed[path] ?? []).flatMap(({ kind, mutants: names }) => names.map((name) => ({ kind, name })));
    /** Takes it off the list where it stands there. What costs time may end by its limit, and is no more than that. */
    const listed = (mutant: Mutant): boolean => {
      const name = nameOf(source, mutant);
      const at = open.findIndex((one) => one.name === name && (one.kind === "cost" || mutant.status !== "Timeout"));
      return at >= 0 && open.splice(at, 1).length > 0;
    };
    const placed = (mutant: Mutant) => `${mutant.location.start.line}: ${nameOf(source, mutant)}`;
    const alive = mutants.filter(({ status }) => living.has(status));
    const left = alive.filter((mutant) => !listed(mutant));
    const ended = mutants.filter(({ status }) => status === "Timeout");
    const late = ended.filter((mutant) => !listed(mutant));
    const there = new Set(mutants.map((mutant) => nameOf(source, mutant)));
    stale.push(...open.filter(({ name }) => whole || there.has(name)).map(({ name }) => `${path}: ${name}`));
    const killed = mutants.filter(({ status }) => status === "Killed").length;
    return {
      path,
      mutants: killed + ended.length + alive.length,
      noticed: killed + late.length,
      listed: alive.length - left.length + ended.length - late.length,
      living: left.map(placed),
      broken: mutants.filter(({ status }) => status === "RuntimeError").map(placed),
    };
  });
  if (stale.length > 0) {
    throw new Error(`listed as unnoticed, and not there or noticed by a test:\n${stale.join("\n")}`);
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The share in per cent of what was to be noticed; 100 where nothing was. */
export function percent(some: readonly FileScore[]): number {
  const sum = (of: (score: FileScore) => number): number => some.reduce((total, score) => total + of(score), 0);
  const due = sum(({ mutants, listed }) => mutants - listed);
  return due === 0 ? 100 : (100 * sum((score) => score.noticed)) / due;
}
