// The clock of an event log: dates as texts, ambiguous ones, forms that data.yaml gives, zones mixed, and nanoseconds.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/check/check.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { openEvents } from "../../runtime/data/events.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";

afterAll(cleanUp);

interface Log {
  readonly name?: string;
  /** The clock in data.yaml. */
  readonly time?: string;
}

const csv = (times: readonly (string | null)[]): string =>
  `user,item,ts\n${times.map((time, i) => `1,${i},${time === null ? "" : JSON.stringify(time)}\n`).join("")}`;
const lines = (times: readonly (string | null)[]): string =>
  times.map((time, i) => `${JSON.stringify({ user: 1, item: i, ts: time })}\n`).join("");

function bound(files: Readonly<Record<string, string>>, { name = "e.csv", time = "ts" }: Log = {}) {
  const folder = temporary();
  writeFiles(folder, files);
  return parseBinding(`events: {file: "${name}", user: user, item: item, time: ${time}}`, join(folder, "data.yaml"));
}

/** Seconds by row, as training reads them. */
async function seconds(binding: ReturnType<typeof parseBinding>): Promise<number[]> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const events = await openEvents(source, binding, null);
    const times: number[] = [];
    for await (const chunk of source.stream(
      `SELECT "#time" FROM (${events.select}) ORDER BY "#row"`,
      100,
      events.explain(),
    )) {
      await events.checkTimes(chunk.columns["#time"] as ArrayLike<number | null>);
      times.push(...(chunk.columns["#time"] as Float64Array));
    }
    return times;
  } finally {
    source.close();
  }
}

const at = (text: string): number => Date.parse(text) / 1000;

describe("a clock of texts", () => {
  const iso: [string, string[], string[]][] = [
    ["days", ["2020-09-13", "2020-10-02"], ["2020-09-13T00:00Z", "2020-10-02T00:00Z"]],
    ["times", ["2020-09-13 12:26:40", "2020-09-14T01:02:03"], ["2020-09-13T12:26:40Z", "2020-09-14T01:02:03Z"]],
    ["zones", ["2020-09-13T12:26:40+08:00", "2020-09-14T01:02:03Z"], ["2020-09-13T04:26:40Z", "2020-09-14T01:02:03Z"]],
    [
      "some with a zone",
      ["2020-09-13 12:26:40", "2020-09-14T01:02:03Z"],
      ["2020-09-13T12:26:40Z", "2020-09-14T01:02:03Z"],
    ],
    ["slashes, year first", ["2020/09/13", "2020/10/02"], ["2020-09-13T00:00Z", "2020-10-02T00:00Z"]],
    [
      "the last column that is dated, after gaps",
      ["2020-09-13 00:00:00", "2020-09-14 00:00:00"],
      ["2020-09-13T00:00Z", "2020-09-14T00:00Z"],
    ],
  ];
  it.each(iso)("with the year first is read as it is: %s", async (_, times, due) => {
    expect(await seconds(bound({ "e.csv": csv(times) }))).toEqual(due.map(at));
  });

  const ambiguous: [string, string[]][] = [
    ["days of at most 12", ["09/03/2020", "10/02/2020"]],
    ["days beyond 12, too", ["09/13/2020", "10/02/2020"]],
    ["hyphens", ["09-03-2020", "10-02-2020"]],
    ["dots", ["03.09.2020", "02.10.2020"]],
    ["short years", ["03-09-20", "02-10-20"]],
    ["times of day", ["09/03/2020 10:00:00", "10/02/2020 11:00:00"]],
    ["hyphens and times of day", ["09-03-2020 10:00:00", "10-02-2020 11:00:00"]],
    ["halves of the day", ["09/03/2020 10:00:00 AM", "10/02/2020 11:00:00 PM"]],
  ];
  describe.each([
    ["e.csv", csv],
    ["e.jsonl", lines],
  ] as const)("in %s", (name, write) => {
    it.each(ambiguous)("in another order is not guessed at: %s", async (_, times) => {
      await expect(seconds(bound({ [name]: write(times) }, { name }))).rejects.toThrow(
        /data\.yaml:1:\d+: column `ts` of .* holds VARCHAR, such as "0\d.*": .* `time: \{column: ts, format: "%d\/%m\/%Y %H:%M:%S"\}`/,
      );
    });

    it("is read in the form that data.yaml gives", async () => {
      const read = (times: string[], format: string) =>
        seconds(bound({ [name]: write(times) }, { name, time: `{column: ts, format: "${format}"}` }));
      expect(await read(["09/03/2020", "10/02/2020"], "%m/%d/%Y")).toEqual([
        at("2020-09-03T00:00Z"),
        at("2020-10-02T00:00Z"),
      ]);
      expect(await read(["09/03/2020", "10/02/2020"], "%d/%m/%Y")).toEqual([
        at("2020-03-09T00:00Z"),
        at("2020-02-10T00:00Z"),
      ]);
      expect(await read(["13.9.2020 4:05 PM"], "%d.%m.%Y %I:%M %p")).toEqual([at("2020-09-13T16:05Z")]);
      expect(await read(["13/Sep/2020:12:26:40 +0800"], "%d/%b/%Y:%H:%M:%S %z")).toEqual([at("2020-09-13T04:26:40Z")]);
      expect(await read(["2020-09-13 12:26:40", "2020-09-14 00:00:00"], "%Y-%m-%d %H:%M:%S")).toEqual([
        at("2020-09-13T12:26:40Z"),
        at("2020-09-14T00:00Z"),
      ]);
    });

    it("names the row and the value that is not in that form", async () => {
      const time = '{column: ts, format: "%d/%m/%Y"}';
      for (const wrong of ["09/13/2020", "31/02/2020", "13/09/2020 x", "13-09-2020", "2020-09-13", "13/09"]) {
        const binding = bound({ [name]: write(["13/09/2020", "14/09/2020", wrong]) }, { name, time });
        await expect(seconds(binding)).rejects.toThrow(
          `e.${name.slice(2)}, row 3, column \`ts\`: this value does not fit; times like \`%d/%m/%Y\` are due, and it is "${wrong}"`,
        );
      }
      const gap = bound({ [name]: write(["13/09/2020", null]) }, { name, time });
      await expect(seconds(gap)).rejects.toThrow(/row 2, column `ts`: the time is missing/);
      const early = bound({ [name]: write(["13/09/0020"]) }, { name, time });
      await expect(seconds(early)).rejects.toThrow(/outside 1990–2100; is it written as `%d\/%m\/%Y` says\?/);
    });
  });

  it("may be numbers that are dates", async () => {
    const binding = bound({ "e.csv": csv(["20200913", "20201002"]) }, { time: '{column: ts, format: "%Y%m%d"}' });
    expect(await seconds(binding)).toEqual([at("2020-09-13T00:00Z"), at("2020-10-02T00:00Z")]);
  });

  it("of hours in digits is read as seconds of the years to come, with a warning that gives the form", async () => {
    const warned = async (times: string[], time = "ts") =>
      (await checkData(bound({ "e.csv": csv(times) }, { time }), null)).warnings.join("\n");
    expect(await warned(["2018063012", "2018070100"])).toMatch(
      /data\.yaml:1:\d+: times from 2018063012 to 2018070100 are read as seconds and lie in the future; .*`time: \{column: ts, format: "%Y%m%d%H"\}`/,
    );
    // One end that is no date in digits, a unit, and a form say that they are none, or how they are read.
    expect(await warned(["2018063012", "2018070199"])).toBe("");
    expect(await warned(["2018063012", "2018070100"], '{column: ts, format: "%Y%m%d%H"}')).toBe("");
  });

  it("of numbers names the row that holds a text", async () => {
    const times = ["1600000000", "1600000001", "1600000002", "soon"];
    await expect(seconds(bound({ "e.csv": csv(times) }))).rejects.toThrow(
      /e\.csv, row 4, column `ts`: this is no number, and a number is due, as 3 of 4 rows have\. .*TRY_CAST/,
    );
  });

  it("may be digits down to the second, as texts, whole numbers, and floats where there are gaps", async () => {
    const folder = temporary();
    const values = (sql: string) =>
      ask(`COPY (SELECT 1 AS user, 1 AS item, ${sql} AS ts) TO '${join(folder, "a.parquet")}'`);
    const read = (format: string) =>
      seconds(
        parseBinding(
          `events: {file: a.parquet, user: user, item: item, time: {column: ts, format: "${format}"}}`,
          join(folder, "d.yaml"),
        ),
      );
    const due = [at("2018-06-30T12:30:00Z")];
    for (const sql of ["'20180630123000'", "20180630123000", "20180630123000::HUGEINT::DOUBLE"]) {
      await values(sql);
      expect(await read("%Y%m%d%H%M%S"), sql).toEqual(due);
    }
    await values("201806301230");
    expect(await read("%Y%m%d%H%M")).toEqual(due);
    // As Avazu's clicks have it.
    await values("14102112");
    expect(await read("%y%m%d%H")).toEqual([at("2014-10-21T12:00Z")]);
  });

  it.each([
    ["20180630123000", "ts", 'write `time: {column: ts, format: "%Y%m%d%H%M%S"}`'],
    ["20180630123000", "{column: ts, unit: ms}", 'write `time: {column: ts, format: "%Y%m%d%H%M%S"}`'],
    ["201806301230", "ts", 'write `time: {column: ts, format: "%Y%m%d%H%M"}`'],
    ["20180630", "ts", 'write `time: {column: ts, format: "%Y%m%d"}`'],
    ["14102100", "ts", 'write `time: {column: ts, format: "%y%m%d%H"}`'],
    ["1600000000000", "ts", "it looks like ms: write `time: {column: ts, unit: ms}`"],
    [
      "26666666",
      "ts",
      "it looks like min: write `time: {column: ts, unit: min}`, or `order: ts` where there is no clock",
    ],
    ["444444", "ts", "it looks like h: write"],
    ["18518", "ts", "it looks like d: write"],
    ["5", "ts", "is the unit right? It is read as s; where there is no clock write `order: ts`"],
  ])("of the number %s read as %s says what it looks like", async (number, time, way) => {
    await expect(seconds(bound({ "e.csv": csv([number]) }, { time }))).rejects.toThrow(way);
  });

  it.each([
    ["min", "26666667", 1600000020],
    ["min", "26666666.5", 1599999990],
    ["h", "444445", 1600002000],
    ["d", "18519", 1600041600],
  ])("counts in %s: %s", async (unit, number, due) => {
    expect(await seconds(bound({ "e.csv": csv([number]) }, { time: `{column: ts, unit: ${unit}}` }))).toEqual([due]);
  });

  it("says what is wrong with a form", async () => {
    const refused = (times: string[], format: string, name = "e.csv") =>
      seconds(bound({ "e.csv": csv(times) }, { name, time: `{column: ts, format: "${format}"}` }));
    await expect(refused(["a"], "%Q")).rejects.toThrow(/data\.yaml:1:\d+: no format: .*%Q.*Write it as strptime does/);
    await expect(refused(["1.5"], "%Y")).rejects.toMatchObject({ name: "TwinError" });
    await expect(refused(["a"], "'); DROP TABLE x; --")).rejects.toThrow(/row 1, column `ts`: this value does not fit/);
  });

  it("of another column stays the text it is", async () => {
    const folder = temporary();
    writeFiles(folder, { "e.csv": "user,item,ts,seen\n1,1,1600000000,09/03/2020\n1,2,1600000001,10/02/2020\n" });
    const rows = async (yaml: string) => {
      const binding = parseBinding(
        `events: {file: e.csv, user: user, item: item, time: ts}\n${yaml}`,
        join(folder, "d.yaml"),
      );
      const source = await Source.open({ reads: boundFiles(binding) });
      try {
        const { relation } = await openEvents(source, binding, null);
        return { type: relation.columns.get("seen"), rows: await source.all(`SELECT seen FROM ${relation.sql()}`) };
      } finally {
        source.close();
      }
    };
    expect(await rows("")).toEqual({ type: "VARCHAR", rows: [{ seen: "09/03/2020" }, { seen: "10/02/2020" }] });
  });
});

describe("a clock of timestamps", () => {
  it("with and without a zone in files of one log is UTC", async () => {
    const folder = temporary();
    const zoned = "TIMESTAMPTZ '2020-09-13 12:26:40+08'";
    await ask(
      `COPY (SELECT 1 AS user, 1 AS item, TIMESTAMP '2020-09-13 12:26:40' AS ts) TO '${join(folder, "a.parquet")}'`,
    );
    await ask(`COPY (SELECT 1 AS user, 2 AS item, ${zoned} AS ts) TO '${join(folder, "b.parquet")}'`);
    const binding = parseBinding(
      `events: {file: "*.parquet", user: user, item: item, time: ts}`,
      join(folder, "d.yaml"),
    );
    expect(await seconds(binding)).toEqual([at("2020-09-13T12:26:40Z"), at("2020-09-13T04:26:40Z")]);
  });

  it("takes a form for texts and digits only", async () => {
    const folder = temporary();
    await ask(
      `COPY (SELECT 1 AS user, 1 AS item, TIMESTAMP '2020-09-13' AS ts, 1.5::DOUBLE AS d) TO '${join(folder, "a.parquet")}'`,
    );
    const read = (column: string) =>
      seconds(
        parseBinding(
          `events: {file: a.parquet, user: user, item: item, time: {column: ${column}, format: "%Y"}}`,
          join(folder, "d.yaml"),
        ),
      );
    await expect(read("ts")).rejects.toThrow(/holds TIMESTAMP: it is read as it is, so leave `format` out/);
    await expect(read("d")).rejects.toThrow(
      /a\.parquet, row 1, column `d`: this value does not fit; times like `%Y` are due, and it is "1\.5"/,
    );
  });

  it.each([
    ["of nanoseconds", "make_timestamp_ns(1600000000000000000 + n)", "ts"],
    ["of whole nanoseconds", "1600000000000000000 + n", "{column: ts, unit: ns}"],
  ])("%s keeps what float64 holds, and data check counts what it does not", async (_, sql, time) => {
    const folder = temporary();
    const file = join(folder, "a.parquet");
    await ask(
      `COPY (SELECT 1 AS user, n AS item, ${sql} AS ts FROM (VALUES (0::BIGINT), (100), (500), (1000), (400000)) v(n) ORDER BY n) TO '${file}'`,
    );
    const binding = parseBinding(
      `events: {file: a.parquet, user: user, item: item, time: ${time}}`,
      join(folder, "d.yaml"),
    );
    const step = 2 ** -22;
    expect(await seconds(binding)).toEqual([0, 0, 2 * step, 4 * step, 1678 * step].map((past) => 1600000000 + past));
    expect((await checkData(binding, null)).warnings).toEqual([
      "2 events are less than 240 ns away from another event of the same user: they count as one instant, and are no history of one another",
    ]);
  });
});
