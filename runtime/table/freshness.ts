// Whether a built table may be used with these weights (semantics.md 2, fingerprints and freshness).
import { mayBeStale, metricOf, type PartOf } from "../../contract/by-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";

/** What a generation says of how its tables were made. */
export interface Provenance {
  /** ISO time. */
  readonly madeAt: string;
  readonly fingerprints: {
    /** By table. */
    readonly producer: Readonly<Record<string, string>>;
    /** By metric. */
    readonly metric: Readonly<Record<string, string>>;
  };
}

export interface Freshness {
  readonly table: string;
  readonly state: "fresh" | "stale" | "refused";
  readonly madeAt: string;
  /** Seconds since the table was made; NaN where its date lies in the future, so that nobody can know. */
  readonly age: number;
  /** Why it is not fresh; empty where it is. */
  readonly because: string;
}

const units: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86400 };

/** Seconds of `900`, `"15min"`, `"90s"`, `"1h"` or `"2d"`. */
export function parseDuration(value: number | string, where: string): number {
  if (typeof value === "number") {
    if (value >= 0) {
      return value;
    }
  } else {
    const match = /^(\d+(?:\.\d+)?)(s|min|h|d)$/.exec(value.trim());
    if (match !== null) {
      return Number(match[1]) * units[match[2]];
    }
  }
  throw new TwinError(
    `${where}: ${JSON.stringify(value)} is no duration; write seconds, or "15min", "90s", "1h", "2d"`,
  );
}

/** Names of the metrics on which a table's rows depend. */
export function metricsOf(manifest: Manifest, table: string): string[] {
  const names = new Set<string>();
  for (const part of manifest.tables[table].parts) {
    const metric = metricOfPart(manifest, part.of);
    if (metric !== null) {
      names.add(metric);
    }
  }
  return [...names];
}

function metricOfPart({ attends, model }: Manifest, of: PartOf): string | null {
  if (of.kind === "keys") {
    return of.metric;
  }
  if (of.kind === "codes") {
    return null;
  }
  const attend = attends.find(({ name }) => name === of.attend);
  if (attend === undefined) {
    throw new TwinError(
      `a table of ${model} holds values of ${of.attend}, an attention that its manifest does not have: build it again with \`twin build\``,
    );
  }
  return metricOf(attend.by);
}

/** How far two machines' clocks may stand apart, in seconds. */
const skew = 60;

/** Seconds; a date that is none, or lies in the future by more than clocks differ, tells no age. */
function ageOf(madeAt: string, now: number): number {
  const age = now - Date.parse(madeAt) / 1000;
  return age >= -skew ? Math.max(0, age) : Number.NaN;
}

/**
 * Equal producer: fresh. Another producer of the same metric: stale, or refused where a row holds codes. Another metric: refused.
 * @param now epoch seconds
 */
export function freshness(manifest: Manifest, table: string, made: Provenance, now: number): Freshness {
  const age = ageOf(made.madeAt, now);
  const result = (state: Freshness["state"], because: string) => ({ table, state, madeAt: made.madeAt, age, because });
  for (const metric of metricsOf(manifest, table)) {
    const theirs = made.fingerprints.metric[metric];
    if (theirs !== manifest.fingerprints.metric[metric]) {
      return result(
        "refused",
        `it was made for another metric: ${metric} ${short(theirs)} instead of ${short(manifest.fingerprints.metric[metric])}`,
      );
    }
  }
  const producer = made.fingerprints.producer[table];
  if (producer === undefined) {
    return result("refused", "the generation has no such table");
  }
  if (producer === manifest.fingerprints.producer[table]) {
    return result("fresh", "");
  }
  const because = "it was made with other item parameters or encoders than these weights'";
  return mayBeStale(manifest.tables[table].parts.map(({ of }) => of))
    ? result("stale", because)
    : result(
        "refused",
        `${because}, and holds codes, which only those of the same weights and planes can be compared with`,
      );
}

/** Throws where the table may not be used. */
export function allow(found: Freshness, maxStaleness: number, dir: string): void {
  if (found.state === "fresh") {
    return;
  }
  const rebuild = `Rebuild it: twin table build ${dir} --data data.yaml`;
  if (found.state === "refused") {
    throw new TwinError(`table ${found.table} in ${dir} cannot be used: ${found.because}. ${rebuild}`);
  }
  if (found.age <= maxStaleness) {
    return;
  }
  if (Number.isNaN(found.age)) {
    throw new TwinError(
      `table ${found.table} in ${dir} is stale: ${found.because}; and nobody knows how old it is: it says that it was made at ${found.madeAt}, which is in the future by this machine's clock. ` +
        `${rebuild}, or set the clock right`,
    );
  }
  throw new TwinError(
    `table ${found.table} in ${dir} is stale: ${found.because}; it is ${Math.ceil(found.age)} s old and maxStaleness is ${maxStaleness} s. ` +
      `${rebuild}, or allow it with a larger maxStaleness`,
  );
}

function short(fingerprint: string | undefined): string {
  return fingerprint === undefined ? "(none)" : fingerprint.slice(0, 12);
}
