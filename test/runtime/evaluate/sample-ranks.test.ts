// Ranks and figures of samples that bring their histories: those of the log that says the same, and of rows without users.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Binding, parseBinding, readHistories } from "../../../runtime/data/index.ts";
import { openBatchScoring } from "../../../runtime/evaluate/batch-rows.ts";
import { type EvaluateOptions, type EvaluationReport, evaluate } from "../../../runtime/evaluate/evaluate.ts";
import type { BinaryFigures } from "../../../runtime/evaluate/report.ts";
import { evaluationText } from "../../../runtime/evaluate/report-text.ts";
import { score } from "../../../runtime/evaluate/score.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { built, cleanUp } from "../../kit/built-twin.ts";
import { videoModel, writeFiles } from "../../kit/data-files.ts";
import { type Evaluated, evaluated } from "../../kit/evaluated.ts";

let world: Evaluated;
let twin: LocalTwin;
/** The same with edges of `ago` that are counts of steps. */
let stepped: LocalTwin;
const items = "items: {file: items.jsonl, key: video}\n";

/** Rows of the log that lie before a row of the same user, in their order. */
const pastOf = (row: number): number[] => {
  const { user, time } = world.events[row];
  return world.events.flatMap((one, i) => (one.user === user && one.time < time ? [i] : []));
};

/** Rows of the same user and time. */
const requestOf = (row: number): number[] => {
  const { user, time } = world.events[row];
  return world.events.flatMap((one, i) => (one.user === user && one.time === time ? [i] : []));
};

beforeAll(async () => {
  world = await evaluated();
  twin = await LocalTwin.open(world.dir, { threads: 1 });
  const steps = videoModel({ max: 40 }).replace("at: [1h, 1d]", "at: [2, 8]");
  stepped = await LocalTwin.open(built(steps, { seed: 1 }), { threads: 1 });
  const { events } = world;
  const lines = events.map(({ user, video, time, click, watch, request }, i) => {
    const past = pastOf(i);
    const lists = [past.map((j) => events[j].video), past.map((j) => events[j].time), past.map((j) => j % 10)];
    const part = world.test.includes(i) ? "test" : "train";
    const cells = [user, video, time, click, watch, request, Math.floor(i / 3) % 24, i / 100, 20 + user, part];
    return [...cells, ...lists.map((list) => list.join("|"))].join();
  });
  writeFiles(world.folder, {
    "samples.csv": `user,video,time,click,watch,request,hour,recall,age,part,seq,times,progresses\n${lines.join("\n")}\n`,
  });
});
afterAll(async () => {
  await Promise.all([twin.close(), stepped.close()]);
  cleanUp();
});

/** Of `samples` with what is given beside the file and the item. */
function samplesOf({
  user = true,
  time = true,
  file = "samples.csv",
  columns = "{predict.click: click, predict.watch: watch}",
} = {}) {
  const list = `item: seq, by: "|"${time ? ", time: times" : ""}, columns: {watched.progress: progresses}`;
  return parseBinding(
    `samples: {file: ${file}, item: video${user ? ", user: user" : ""}${time ? ", time: time" : ""}, histories: {watched: {${list}}}}\n` +
      `${items}columns: ${columns}\nsplit: {by: part, column: part, train: train, test: test}\n`,
    join(world.folder, "samples.yaml"),
  );
}

async function figures(binding: Binding, options: EvaluateOptions, of = twin): Promise<EvaluationReport> {
  const scoring = await openBatchScoring(of.engine.artefacts, binding, { threads: 1 });
  try {
    return await evaluate(of, binding, { scoring, ...options });
  } finally {
    await scoring.close();
  }
}

const clicks = () => world.test.filter((row) => world.events[row].click === 1);

describe("ranks among all items of samples", () => {
  it.each([{ positives: 1000 }, { positives: 9, seed: 4 }, { candidates: 5 }])(
    "are those of the log that says the same: %o",
    async (options) => {
      const [due, found] = [await figures(world.binding, options), await figures(samplesOf(), options)];
      expect(due.ranks?.labels[0].repeats.positives).toBeGreaterThan(0);
      expect(found.ranks).toEqual(due.ranks);
      expect(found.labels).toEqual(due.labels);
    },
  );

  it.each([
    { user: false, time: true },
    { user: true, time: false },
    { user: false, time: false },
  ])("leave out what the row's own list names, and the items of its request: %o", async (given) => {
    const { ranks } = await figures(samplesOf(given), { positives: 1000 }, given.time ? twin : stepped);
    const among = clicks().map((row) => {
      const own = new Set(pastOf(row).map((i) => world.events[i].video));
      const request = given.user ? requestOf(row) : [row];
      for (const i of request) {
        own.add(world.events[i].video);
      }
      return 51 - own.size;
    });
    const again = clicks().filter((row) => pastOf(row).some((i) => world.events[i].video === world.events[row].video));
    const [click] = ranks!.labels;
    expect(again.length).toBeGreaterThan(0);
    expect(click.all.positives).toBe(clicks().length);
    expect(click.all.among).toBeCloseTo(among.reduce((sum, one) => sum + one, 0) / among.length, 10);
    expect([click.repeats.positives, click.first.positives]).toEqual([again.length, clicks().length - again.length]);
  });

  it.each([true, false])(
    "take rows of one user and instant as one request where their lists are equal, times: %s",
    async (time) => {
      // Every other row of an instant does not know of the oldest behaviour: beside it stands, without times, one more of the newest.
      const listOf = (row: number): number[] => {
        const past = pastOf(row);
        return requestOf(row).indexOf(row) % 2 === 0 || past.length < 2 ? past : [...past.slice(1), past.at(-1)!];
      };
      const [heading, ...rows] = readFileSync(join(world.folder, "samples.csv"), "utf8").trimEnd().split("\n");
      const lines = rows.map((line, row) => {
        const past = listOf(row);
        const lists = [
          past.map((j) => world.events[j].video),
          past.map((j) => world.events[j].time),
          past.map((j) => j % 10),
        ];
        return [...line.split(",").slice(0, 10), ...lists.map((list) => list.join("|"))].join();
      });
      writeFiles(world.folder, { "parted.csv": `${heading}\n${lines.join("\n")}\n` });
      const { ranks } = await figures(
        samplesOf({ file: "parted.csv", time }),
        { positives: 1000 },
        time ? twin : stepped,
      );
      const excluded = clicks().map((row) => {
        const own = listOf(row).join();
        const together = requestOf(row).filter((i) => listOf(i).join() === own);
        return new Set([...listOf(row), ...together].map((i) => world.events[i].video)).size;
      });
      expect(clicks().some((row) => requestOf(row).length > 2)).toBe(true);
      const mean = excluded.reduce((sum, one) => sum + 51 - one, 0) / excluded.length;
      expect(ranks!.labels[0].all.among).toBeCloseTo(mean, 10);
    },
  );
});

describe("samples without a user", () => {
  it.each([true, false])("have every figure of those with one but those by user, times: %s", async (time) => {
    const own = time ? twin : stepped;
    const due = await figures(samplesOf({ time }), {}, own);
    const found = await figures(samplesOf({ user: false, time }), {}, own);
    const [a, b] = [due, found].map(({ labels }) => labels[0] as BinaryFigures);
    expect(b.rows).toBe(a.rows);
    expect(b.auc).toBeCloseTo(a.auc, 12);
    expect(b.logloss).toBeCloseTo(a.logloss, 8);
    expect(a.users).toBeGreaterThan(0);
    // A row alone has one class.
    expect([b.gauc, b.users, b.skippedUsers]).toEqual([Number.NaN, 0, b.rows]);
    expect(b.requests).toBeNull();
    expect(evaluationText(found)).toContain("note: the samples name no user");
    expect(due.notes.join()).not.toContain("name no user");
    if (time) {
      const served = await evaluate(twin, samplesOf({ user: false }));
      const [click] = served.labels as [BinaryFigures];
      expect([click.gauc, click.users, click.skippedUsers]).toEqual([Number.NaN, 0, b.rows]);
      expect(click.auc).toBeCloseTo(a.auc, 6);
    }
  });
});

describe("errors of samples", () => {
  it("speak of samples", async () => {
    const rated = { columns: "{predict.click: watch, predict.watch: watch}" };
    await expect(evaluate(twin, samplesOf(rated))).rejects.toThrow(/^row \d+ of the samples: label click is \d+/);
    const [row] = world.test;
    const path = (name: string): string => join(world.folder, name);
    writeFiles(world.folder, {
      "twice.csv": `row,click\n${row},0.5\n${row},0.5\n`,
      "odd.csv": `row,click\n${row},3.5\n`,
      "few.csv": `row,click\n${row},0.5\n`,
      "none.csv": "click\n0.5\n",
    });
    for (const [file, message] of [
      ["twice.csv", /row \d+ of the samples stands in it twice/],
      ["odd.csv", /3\.5 \(row \d+ of the samples\) is no probability/],
      ["few.csv", /for 53 of 54 rows: [\d, …]+ of the samples\./],
      ["none.csv", /number of the row in the samples, from 0\), or .* as the samples have them/],
    ] as const) {
      await expect(evaluate(twin, samplesOf(), { predictions: path(file) })).rejects.toThrow(message);
    }
  });

  it.each([
    [{}, "user 1, row 0 of the samples: candidates"],
    [{ user: false }, "row 0 of the samples: candidates"],
  ])("name the row, and the user where there is one: %o", async (given, due) => {
    const binding = samplesOf(given);
    const found = readHistories(binding, twin.manifest, { part: "training", users: 1 });
    for await (const { requests, ...rest } of found) {
      const [first] = requests;
      const wrong = { ...first, userKey: 1n, rows: Float64Array.of(0), candidates: { item: ["x"], recall: [1] } };
      const run = score(twin, [{ ...rest, requests: [wrong] }], binding).next();
      const error: Error = await run.then(
        () => new Error("none"),
        (cause: Error) => cause,
      );
      expect(error.message.slice(0, due.length)).toBe(due);
    }
  });

  it.each([
    ["user", 0, "a sample has no user"],
    ["video", 1, "a sample of user 1 has no item"],
  ])("say where a row has no %s", async (_, cell, due) => {
    const [heading, first, ...rest] = readFileSync(join(world.folder, "samples.csv"), "utf8").split("\n");
    const cells = first.split(",");
    cells[cell] = "";
    writeFiles(world.folder, { "gaps.csv": [heading, cells.join(), ...rest].join("\n") });
    const reading = async () => {
      for await (const { requests } of readHistories(samplesOf({ file: "gaps.csv" }), twin.manifest)) {
        expect([...requests]).not.toBeNull();
      }
    };
    await expect(reading()).rejects.toThrow(due);
  });
});
