// Histories of samples: what the same user did strictly before. A planted leak must be found.
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parseBinding } from "../../runtime/data/binding.ts";
import { readHistories, type SampleRequest, userHistory } from "../../runtime/data/samples.ts";
import { firstSeen } from "../../runtime/encode/seen.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";

const folder = temporary();
afterAll(cleanUp);
const manifest = readManifest(built(videoModel({ max: 5 })));

interface Event {
  readonly user: number;
  readonly video: number;
  readonly time: number;
  readonly session: number | null;
  readonly kept: boolean;
  readonly click: boolean | null;
}

const t0 = 1_600_000_000;
/** `progress` is the number of the row: every behaviour can be traced to its event. */
function bindingOf(events: readonly Event[], history = "{}") {
  const lines = events.map(({ user, video, time, session, kept, click }, row) =>
    [user, video, time, session ?? "", kept, row, click ?? "", row % 3, row / 10, 20 + user].join(),
  );
  writeFiles(folder, {
    "events.csv": `user,video,time,session,kept,progress,click,hour,recall,age\n${lines.join("\n")}\n`,
  });
  const yaml = `events: {file: events.csv, user: user, item: video, time: time}\nhistory: {watched: ${history}}\ncolumns: {predict.click: click}`;
  return parseBinding(yaml, join(folder, "data.yaml"));
}

async function requests(events: readonly Event[], history?: string, options = {}): Promise<SampleRequest[]> {
  const all: SampleRequest[] = [];
  for await (const user of readHistories(bindingOf(events, history), manifest, options)) {
    all.push(...user.requests);
  }
  return all;
}

/** Behaviours that are not strictly before their sample, of another user, or the sample itself. */
function leaks(events: readonly Event[], found: readonly SampleRequest[]): string[] {
  return found.flatMap((request) =>
    Array.from(request.history.watched.progress as ArrayLike<number>).flatMap((row) => {
      const behaviour = events[row];
      const bad =
        behaviour.time >= request.time || BigInt(behaviour.user) !== request.userKey || request.rows.includes(row);
      return bad ? [`row ${row} in the history of rows ${request.rows.join()}`] : [];
    }),
  );
}

const anyEvent = fc.record({
  user: fc.integer({ min: 1, max: 3 }),
  video: fc.integer({ min: 1, max: 9 }),
  time: fc.integer({ min: t0, max: t0 + 12 }),
  session: fc.option(fc.integer({ min: 1, max: 2 })),
  kept: fc.boolean(),
  click: fc.option(fc.boolean()),
});
const log = fc.array(anyEvent, { minLength: 2, maxLength: 40 });

describe("histories of samples", () => {
  it("hold what was strictly before, as written by the definition", async () => {
    await fc.assert(
      fc.asyncProperty(
        log,
        fc.integer({ min: 0, max: 4 }),
        fc.boolean(),
        fc.boolean(),
        async (events, delay, where, exclude) => {
          const history = `{delay: ${delay}s${where ? ", where: kept" : ""}${exclude ? ", exclude_same: session" : ""}}`;
          const found = await requests(events, history);
          const seen = found.flatMap((request) => [...request.rows]);
          expect(seen.toSorted((a, b) => a - b)).toEqual(events.map((_, row) => row));
          expect(leaks(events, found)).toEqual([]);
          for (const request of found) {
            for (const row of request.rows) {
              const sample = events[row];
              const expected = events
                .map((event, i) => ({ ...event, i }))
                .filter((e) => e.user === sample.user && e.time < sample.time && e.time <= sample.time - delay)
                .filter((e) => !where || e.kept)
                .filter((e) => !exclude || sample.session === null || e.session !== sample.session)
                .sort((a, b) => b.time - a.time || b.i - a.i)
                .slice(0, 5);
              const { item, time, progress } = request.history.watched;
              expect(Array.from(progress as ArrayLike<number>)).toEqual(expected.map((e) => e.i));
              expect(Array.from(time)).toEqual(expected.map((e) => e.time));
              expect(Array.from(item as ArrayLike<bigint>, Number)).toEqual(expected.map((e) => e.video));
              expect(request.time).toBe(sample.time);
              expect(Number(request.context.hour)).toBe(row % 3);
            }
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("finds a planted leak: rows of the same instant as history", async () => {
    const events = Array.from({ length: 6 }, (_, i) => ({
      user: 1,
      video: i,
      time: t0 + Math.floor(i / 2),
      session: null,
      kept: true,
      click: true,
    }));
    const found = await requests(events);
    expect(leaks(events, found)).toEqual([]);
    const all = events.map((event, row) => ({ ...event, row })).reverse();
    const planted = found.map((request) => {
      // What a cut with <= instead of < would give.
      const start = all.findIndex((event) => event.time <= request.time);
      const progress = Float64Array.from(all.slice(start), (event) => event.row);
      return { ...request, history: { watched: { ...request.history.watched, progress } } };
    });
    expect(leaks(events, planted).length).toBeGreaterThan(0);
  });

  it("cuts at an instant exactly", () => {
    const times = Float64Array.of(9, 7, 7, 5);
    expect([10, 9, 8, 7, 5, 4].map((time) => firstSeen(times, time, 0))).toEqual([0, 1, 1, 3, 4, 4]);
    expect(firstSeen(times, 10, 2)).toBe(1);
    expect(firstSeen(times, 10, 3)).toBe(1);
    expect(firstSeen(times, 10, 1)).toBe(0);
  });

  it("groups what was shown at one instant in one context", async () => {
    const one = { user: 1, session: null, kept: true, click: true };
    // hour is row mod 3: rows 0 and 3 share it, and stand side by side only where nothing else has that instant.
    const events = [0, 5, 5, 0].map((at, i) => ({ ...one, video: i, time: t0 + at }));
    const found = await requests(events);
    expect(found.map((request) => [...request.rows]).sort()).toEqual([[1], [2], [3, 0]].sort());
  });

  it("keeps labels, missing ones as NaN, and leaves unlabelled samples out when told", async () => {
    const events = [true, null, false].map((click, i) => ({
      user: 1,
      video: i,
      time: t0 + i,
      session: null,
      kept: true,
      click,
    }));
    const all = await requests(events);
    expect(all.map((request) => [...request.labels.click])).toEqual([[0], [Number.NaN], [1]]);
    const labelled = await requests(events, "{}", { samples: "labelled" });
    expect(labelled.map((request) => [...request.rows])).toEqual([[2], [0]]);
    expect(labelled[0].history.watched.item.length).toBe(2);
  });

  it("gives one user's history before an instant, and an empty one for a stranger", async () => {
    const events = [0, 1, 2, 3].map((i) => ({
      user: 7,
      video: i,
      time: t0 + i,
      session: null,
      kept: i !== 1,
      click: null,
    }));
    const binding = bindingOf(events, "{where: kept}");
    const found = await userHistory(binding, manifest, 7, t0 + 3);
    expect(Array.from(found.history.watched.time)).toEqual([t0 + 2, t0]);
    expect(found.user).toEqual({ age: 27 });
    const none = await userHistory(binding, manifest, 8n, t0 + 3);
    expect(none.history.watched.item.length).toBe(0);
    expect(Object.keys(none.history.watched).sort()).toEqual(["item", "progress", "time"]);
  });

  it("excludes of one user's history what shares the value of the sample at that instant, not of an event before", async () => {
    const sessions = [1, 2, 1, 2, 3];
    const events = sessions.map((session, i) => ({
      user: 7,
      video: i,
      time: t0 + i,
      session,
      kept: true,
      click: true,
    }));
    const binding = bindingOf(events, "{exclude_same: session}");
    const seen = async (after: number): Promise<number[]> =>
      Array.from((await userHistory(binding, manifest, 7, t0 + after)).history.watched.time, (time) => time - t0);
    // As its sample has it, whose session is 2; the event before it is of 1.
    expect(await seen(3)).toEqual([2, 0]);
    expect(await seen(2)).toEqual([1]);
    // Between and after all events there is no sample, and nothing that it could share.
    expect(await seen(3.5)).toEqual([3, 2, 1, 0]);
    expect(await seen(9)).toEqual([4, 3, 2, 1, 0]);
  });
});

describe("errors of event logs", () => {
  const event = { user: 1, video: 1, time: t0, session: null, kept: true, click: true };
  it("recognises milliseconds and names the row", async () => {
    await expect(requests([event, { ...event, time: (t0 + 5) * 1000 }])).rejects.toThrow(
      /events\.csv, row 2, column `time`: 1600000005000 seconds lie outside 1990–2100; it looks like ms: write `time: \{column: time, unit: ms\}`/,
    );
  });

  it("refuses names that the model does not have", async () => {
    const binding = parseBinding(
      "events: {file: events.csv, user: user, item: video, time: time}\ncolumns:\n  watched.progres: progress",
      join(folder, "data.yaml"),
    );
    await expect(readHistories(binding, manifest).next()).rejects.toThrow(
      "data.yaml:3:3: the model small has no `watched.progres`; did you mean `watched.progress`?",
    );
  });

  it("refuses a filter that is no condition", async () => {
    await expect(requests([event], '{where: "progress + 1"}')).rejects.toThrow(
      /data\.yaml:2:21: `progress \+ 1` is BIGINT; a condition/,
    );
  });
});
