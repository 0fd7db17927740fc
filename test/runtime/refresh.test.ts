// Who drives a folder: when the next cycle begins, what a failure changes, what is said; and what counts as new.
import { appendFileSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Manifest } from "../../contract/manifest.ts";
import { readBinding } from "../../runtime/data/index.ts";
import { holdRefresh, refreshPath } from "../../runtime/host/build-folder.ts";
import type { CycleNotes, CycleReport } from "../../runtime/refresh/cycle.ts";
import { type CycleEnd, drive, periodOf, tryAgain } from "../../runtime/refresh/drive.ts";
import { itemsSeen } from "../../runtime/refresh/items-seen.ts";
import { sameBytes } from "../../runtime/refresh/same-weights.ts";
import { waitFor } from "../../runtime/refresh/wait.ts";
import { readRefresh } from "../../runtime/release/index.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";

afterAll(cleanUp);
afterEach(() => void vi.useRealTimers());

let dir: string;
beforeEach(() => {
  dir = join(temporary(), "build");
});

const fine: CycleReport = { outcome: "nothing new", release: 1, because: "no new items" };

/** Drives until so many cycles have ended; what was told of each, and milliseconds between their beginnings. */
async function driven(cycles: readonly ((notes: CycleNotes) => CycleReport)[], every: number | null = 1) {
  const stop = new AbortController();
  const told: CycleEnd[] = [];
  const begun: number[] = [];
  const warnings: string[] = [];
  const end = await drive({
    ...{ dir, every, signal: stop.signal, warn: (message: string) => warnings.push(message) },
    cycle: async (notes) => {
      begun.push(performance.now());
      return cycles[begun.length - 1](notes);
    },
    told: (one) => {
      told.push(one);
      if (told.length === cycles.length) {
        stop.abort();
      }
    },
  }).catch((error: Error) => error);
  return {
    told,
    end,
    warnings,
    gaps: begun.slice(1).map((at, i) => at - begun[i]),
    status: readRefresh(refreshPath(dir))!,
  };
}

const failing = (): never => {
  throw new Error("the Redis is away");
};

describe("cycles", () => {
  it("begin a period after the one before began, and sooner after a failure, told by what it was", async () => {
    const { told, gaps, end, status } = await driven([() => fine, failing, () => fine]);
    expect(told).toMatchObject([
      { outcome: "nothing new", failures: 0 },
      { outcome: "failed", failures: 1, because: "the Redis is away", next: 1 },
      { outcome: "nothing new", failures: 0 },
    ]);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThan(950);
      expect(gap).toBeLessThan(5000);
    }
    expect(end).toMatchObject({ message: expect.stringContaining("between two cycles") });
    expect(status).toMatchObject({ every: 1, doing: null, next: null, failures: 0, last: { outcome: "nothing new" } });
    expect(readdirSync(join(dir, ".."))).toEqual([".build.refresh.json"]);
  });

  it("go on at their pace where the clock is set back by a year, or forward", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const year = 365 * 24 * 3600 * 1000;
    const jump = (by: number) => (): CycleReport => {
      vi.setSystemTime(Date.now() + by);
      return fine;
    };
    const { gaps, told } = await driven([jump(-year), jump(3 * year), jump(-year), () => fine]);
    expect(told.map(({ outcome }) => outcome)).toEqual(new Array(4).fill("nothing new"));
    for (const gap of gaps) {
      expect(gap).toBeGreaterThan(950);
      expect(gap).toBeLessThan(5000);
    }
  });

  it("say what they do while they do it, remember what was built, and keep why the last one failed", async () => {
    const built = { weights: null, items: null, address: "redis://127.0.0.1:6379" };
    let during = "";
    const { status } = await driven([
      (notes) => {
        notes.doing("tables");
        during = readFileSync(refreshPath(dir), "utf8");
        notes.built = built;
        return failing();
      },
    ]);
    expect(JSON.parse(during)).toMatchObject({ doing: "tables", next: null });
    expect(status).toMatchObject({ failures: 1, built, succeeded: null });
    const later = await driven([({ built: known }) => ({ ...fine, because: JSON.stringify(known) })]);
    expect(later.status.last?.because).toBe(JSON.stringify(built));
  });

  it("are one where there is no period, and its failure is the command's", async () => {
    const once = await driven([() => fine], null);
    expect(once.end).toBeUndefined();
    expect(once.told).toMatchObject([{ next: null }]);
    const failed = await driven([failing], null);
    expect(failed.end).toMatchObject({ message: "the Redis is away" });
    expect(failed.status).toMatchObject({ next: null, last: { outcome: "failed" }, failures: 1 });
  });

  it("begin anew where the file of what was built is damaged or of another", async () => {
    const { status } = await driven([() => fine]);
    expect(status.last).not.toBeNull();
    const text = readFileSync(refreshPath(dir), "utf8");
    for (const wrong of [text.replace('"failures": 0', '"failures": 9'), text.slice(0, 50), "", "{}", "null"]) {
      writeFileSync(refreshPath(dir), wrong);
      expect(readRefresh(refreshPath(dir))).toBeNull();
      expect((await driven([() => fine])).told).toMatchObject([{ outcome: "nothing new" }]);
    }
  });

  it("belong to one process, and not to one that has ended", () => {
    const ended = "00000000-1-1-00000000";
    writeFileSync(join(dir, `../.build.refresher-no-mark`), "");
    const { release } = holdRefresh(dir);
    expect(() => holdRefresh(dir)).toThrow(new RegExp(`process ${process.pid} refreshes .* already`));
    release();
    writeFileSync(join(dir, `../.build.refresher-${ended}`), "");
    expect(() => holdRefresh(dir)).toThrow(/another container or on another machine refreshes .* remove .*00000000/);
    utimesSync(join(dir, `../.build.refresher-${ended}`), 1, 1);
    holdRefresh(dir).release();
    expect(readdirSync(join(dir, ".."))).toEqual([".build.refresher-no-mark"]);
  });
});

describe("the time until the next try", () => {
  it("grows up to the period, and never goes beyond", () => {
    expect([1, 2, 3, 4, 5, 1000].map((failures) => tryAgain(failures, 900))).toEqual([112.5, 225, 450, 900, 900, 900]);
    expect(tryAgain(1, 1)).toBe(1);
    expect(tryAgain(1, 4)).toBe(1);
  });

  it("is the shortest that a table says, where nothing else is asked for", () => {
    const of = (...all: (number | null)[]) =>
      periodOf({
        tables: Object.fromEntries(all.map((refresh, i) => [String(i), { refresh }])),
      } as unknown as Manifest);
    expect([of(), of(null), of(900, null, 300), of(0.5)]).toEqual([null, null, 300, 1]);
  });

  it("is waited for beyond what a timer of Node counts, and no longer than the signal", async () => {
    const stop = new AbortController();
    const begun = performance.now();
    setTimeout(() => stop.abort(), 60);
    await waitFor(30 * 24 * 3600 * 1000, stop.signal);
    expect(performance.now() - begun).toBeGreaterThan(50);
    await waitFor(0, new AbortController().signal);
  });
});

describe("items", () => {
  const tables = (coverage: number) => ({ t: { coverage, min_count: 0 } }) as unknown as Manifest["tables"];
  const inAnHour = (): number => Date.now() + 3600_000;

  it("are the same where their files look so, or hold the same, and others where they do not", async () => {
    const folder = temporary();
    const file = (name: string, text: string) => writeFileSync(join(folder, name), text);
    file("items.csv", "id,topic\n1,2\n2,3\n");
    file("events.csv", "user,id,time\n1,2,3\n");
    file(
      "data.yaml",
      "events: {file: events.csv, user: user, item: id, time: time}\nitems: {file: items.csv, key: id}\n",
    );
    const look = (coverage = 1, now = inAnHour()) =>
      itemsSeen(readBinding(join(folder, "data.yaml")), tables(coverage), now);
    const first = await look();
    expect(first.settled).toBe(true);
    expect((await look(1, Date.now())).settled).toBe(false);
    // A clock that was set back.
    expect((await look(1, 0)).settled).toBe(false);
    const content = await first.content();
    expect((await look()).seen).toBe(first.seen);
    // Touched, with the same content.
    file("items.csv", "id,topic\n1,2\n2,3\n");
    const touched = await look();
    expect(touched.seen).not.toBe(first.seen);
    expect(await touched.content()).toBe(content);
    // A log counts where a table keeps what it has most of.
    const cut = await look(0.9);
    expect(await cut.content()).not.toBe(content);
    appendFileSync(join(folder, "events.csv"), "1,2,4\n");
    expect((await look()).seen).toBe(touched.seen);
    expect((await look(0.9)).seen).not.toBe(cut.seen);
    // The same length and time, and other items.
    file("items.csv", "id,topic\n1,2\n2,4\n");
    utimesSync(join(folder, "items.csv"), 1, 1);
    const other = await look();
    expect(await other.content()).not.toBe(content);
    const stop = AbortSignal.abort(new Error("stopped"));
    await expect(other.content(stop)).rejects.toThrow("stopped");
    await expect(
      itemsSeen({ ...readBinding(join(folder, "data.yaml")), items: null, events: null }, tables(1)),
    ).resolves.toBeDefined();
  });
});

describe("weights", () => {
  it("are the same where two files hold the same bytes, however they are read", () => {
    const cuts = fc.array(fc.nat(40), { maxLength: 8 });
    const bytes = fc.uint8Array({ maxLength: 40 });
    const cut = (all: Uint8Array, at: readonly number[]): Uint8Array[] => {
      const places = [0, ...at.filter((one) => one <= all.length).sort((a, b) => a - b), all.length];
      return places.slice(1).map((to, i) => all.subarray(places[i], to));
    };
    fc.assert(
      fc.property(bytes, cuts, cuts, (all, one, other) => {
        expect(sameBytes(cut(all, one), cut(all, other))).toBe(true);
        expect(sameBytes(cut(all, one), [...cut(all, other), Uint8Array.of(0)])).toBe(false);
        expect(sameBytes([...cut(all, one), Uint8Array.of(0)], cut(all, other))).toBe(false);
        if (all.length > 0) {
          const changed = Uint8Array.from(all);
          changed[all.length >> 1] ^= 1;
          expect(sameBytes(cut(all, one), cut(changed, other))).toBe(false);
        }
      }),
    );
  });
});
