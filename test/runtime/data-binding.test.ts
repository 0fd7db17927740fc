// data.yaml: what is read from it, and what is said of mistakes.
import { describe, expect, it } from "vitest";
import { parseBinding } from "../../runtime/data/binding.ts";

const whole = `events: {file: "logs/*.parquet", user: user_id, item: movie_id, time: {column: ts, unit: ms}}
items:  {file: movies.csv.gz, key: movie_id}
users:  {file: users.csv, key: user_id}
history:
  watched: {where: "rating is not null", delay: 15min, exclude_same: session_id}
columns:
  predict.click: "rating >= 4"
  watched.liked: {at_least: {column: rating, value: 4}}
  item.genres: {split: {column: genres, by: "|"}}
  user.age: {scale: {column: months, by: 0.5, plus: 1}}
  context.tab: {map: {column: page, values: {home: 1, 7: two}, otherwise: 0}}
negatives: {per_positive: 4, by: popularity}
weight: sample_weight
split: {by: time, train: ..2018-06-30, validation: ..2018-08-31, test: rest}
`;

const refusal = (text: string): string => {
  try {
    parseBinding(text, "data.yaml");
  } catch (error) {
    expect((error as Error).name).toBe("TwinError");
    return (error as Error).message;
  }
  throw new Error("accepted");
};

describe("a data binding", () => {
  it.each([
    ["nested too deep, in brackets", "[".repeat(100_000), /nested more than 100 levels deep/],
    ["nested too deep, in dashes", `- ${"- ".repeat(100_000)}`, /nested more than 100 levels deep/],
    ["two documents", "items: {file: a, key: b}\n---\nitems: {file: a, key: b}\n", /2 documents/],
    ["an alias of nothing", "items: {file: *a, key: b}\n", /alias/i],
    [
      "aliases of aliases",
      `a: &a [x, x]\n${["b", "c", "d", "e", "f", "g", "h"].map((name, i) => `${name}: &${name} [${`*${"abcdefgh"[i]}, `.repeat(9)}]`).join("\n")}\n`,
      /alias/i,
    ],
  ])("that no YAML reader can hold is refused: %s", (_, text, message) => {
    expect(refusal(text)).toMatch(message);
    expect(refusal(text)).toContain("data.yaml");
  });

  it.each([
    ["2018-06-30", "time: ts", 1_530_316_800],
    ["2018-06-30T12:00:00+08:00", "time: ts", 1_530_331_200],
    ["1530000000", "time: {column: ts, unit: ms}", 1_530_000_000],
    ["17", "order: step", 17],
  ])("lets samples begin at %s", (from, clock, due) => {
    const text = `events: {file: e.csv, user: u, item: i, ${clock}}\nsamples_from: ${from}\n`;
    expect(parseBinding(text, "data.yaml").samplesFrom).toBe(due);
  });

  it.each([
    [
      "1530000000000",
      "time: ts",
      "data.yaml:2:1: `1530000000000` seconds lie outside 1990–2100; moments are in seconds",
    ],
    ["17", "time: ts", "data.yaml:2:1: `17` seconds lie outside 1990–2100; write a day like 2018-06-30"],
    ["2018-06-31", "time: ts", "data.yaml:2:1: `2018-06-31` is no date; write it like 2018-06-30, or"],
    [
      "2018-06-30",
      "order: step",
      "data.yaml:2:1: `2018-06-30` needs a clock, and the data has an order only; write NUMBER",
    ],
    ["[1]", "time: ts", "data.yaml:2:1: `samples_from`: a day such as 2018-06-30"],
  ])("says why samples cannot begin at %s", (from, clock, due) => {
    expect(refusal(`events: {file: e.csv, user: u, item: i, ${clock}}\nsamples_from: ${from}\n`)).toContain(due);
  });

  // Work that grows with the square of the columns would take hours here.
  it("takes as many columns as anybody has, and names the first mistakes of very many", () => {
    const columns = Array.from({ length: 50_000 }, (_, i) => `  item.c${i}: c${i}\n`).join("");
    const read = parseBinding(`columns:\n${columns}`, "data.yaml");
    expect(Object.keys(read.columns).length).toBe(50_000);
    expect(read.place("columns", "item.c49999")).toBe("data.yaml:50001:3");
    expect(refusal(`columns:\n${columns}  item.c7: again\n`)).toBe("data.yaml:50002:3: `item.c7` stands here twice");
    const wrong = refusal(`columns:\n${columns.replaceAll(/: c\d+/g, ": 5")}`).split("\n");
    expect(wrong[0]).toMatch(/^data.yaml:2:3: `columns.item.c0`/);
    expect(wrong.slice(20)).toEqual(["… and 49980 more"]);
  });

  it("reads every field", () => {
    const binding = parseBinding(whole, "/data/set/data.yaml");
    expect(binding.events).toEqual({
      file: "/data/set/logs/*.parquet",
      user: "user_id",
      item: "movie_id",
      clock: { column: "ts", unit: "ms" },
    });
    expect(binding.items).toEqual({ file: "/data/set/movies.csv.gz", key: "movie_id" });
    expect(binding.users).toEqual({ file: "/data/set/users.csv", key: "user_id" });
    expect(binding.history).toEqual({
      watched: { where: "rating is not null", delay: 900, excludeSame: "session_id" },
    });
    expect(binding.columns).toEqual({
      "predict.click": { kind: "sql", sql: "rating >= 4" },
      "watched.liked": { kind: "at_least", column: "rating", value: 4 },
      "item.genres": { kind: "split", column: "genres", by: "|" },
      "user.age": { kind: "scale", column: "months", by: 0.5, plus: 1 },
      "context.tab": { kind: "map", column: "page", values: { home: 1, 7: "two" }, otherwise: 0 },
    });
    expect(binding.negatives).toEqual({ perPositive: 4, by: "popularity", met: "exclude" });
    expect(binding.weight).toBe("sample_weight");
    const { split } = binding;
    if (split?.kind !== "time") {
      throw new Error("the split is not by time");
    }
    const { train, validation } = split;
    // The whole of the last day belongs.
    expect(train).toBeCloseTo(Date.parse("2018-07-01T00:00:00Z") / 1000, 2);
    expect(train).toBeLessThan(Date.parse("2018-07-01T00:00:00Z") / 1000);
    expect(validation).toBeCloseTo(Date.parse("2018-09-01T00:00:00Z") / 1000, 2);
  });

  it.each([
    ["..2020-09-14T00:00:00", 1600041600],
    ["..2020-09-14 00:00", 1600041600],
    ["..2020-09-14T00:00:00Z", 1600041600],
    ["..2020-09-14T08:00:00+08:00", 1600041600],
    ["..2020-09-13T20:00:00-04:00", 1600041600],
    ["..2020-09-14T00:00:00.5", 1600041600.5],
    ["..1600041600.25", 1600041600.25],
    // The last float64 of the day: what happened in its last microsecond belongs.
    ["..2020-09-13", 1600041600 - 2 ** -22],
  ])("takes the end %s for the same instant on every machine", (written, due) => {
    expect(parseBinding(`split: {by: time, train: "${written}"}`, "d.yaml").split).toMatchObject({ train: due });
  });

  it("reads an order where there is no clock, and shares", () => {
    const binding = parseBinding(
      "events: {file: e.csv, user: u, item: i, order: seq}\nhistory: {h: {delay: 3}}\nsplit: {by: share, train: 80%, validation: 0.1}",
      "data.yaml",
    );
    expect(binding.events!.clock).toEqual({ column: "seq", unit: "steps" });
    expect(binding.history.h.delay).toBe(3);
    expect(binding.split).toEqual({ kind: "share", train: 0.8, validation: 0.9 });
    expect(parseBinding("split: {holdout: users, train: 0.5}", "d.yaml").split!.kind).toBe("users");
  });

  const mistakes: [string, string, string][] = [
    ["an unknown key", "evnts: {file: a.csv}", "data.yaml:1:1: `evnts` is not known here; did you mean `events`?"],
    [
      "a key in a table",
      "items:\n  file: a.csv\n  kye: id",
      "data.yaml:1:1: `items.key` is missing\ndata.yaml:3:3: `kye` is not known here; did you mean `key`?",
    ],
    [
      "an unknown derivation",
      "columns:\n  item.x: {splt: {column: a, by: b}}",
      "data.yaml:2:3: `columns.item.x`: a derivation is one of at_least, split, map, scale",
    ],
    [
      "a wrong type",
      "columns:\n  a.b: {at_least: {column: c, value: high}}",
      "data.yaml:2:31: `columns.a.b.at_least.value`: a number is due here",
    ],
    [
      "a wrong duration",
      "events: {file: a, user: u, item: i, time: t}\nhistory:\n  h: {delay: 3 weeks}",
      "data.yaml:3:7: `3 weeks` is no duration; write it like 30s, 15min, 1h or 7d",
    ],
    [
      "a clock and an order",
      "events: {file: a, user: u, item: i, time: t, order: o}",
      "data.yaml:1:46: `time` and `order` are both given; `order` is for data without a clock",
    ],
    [
      "no clock at all",
      "events: {file: a, user: u, item: i}",
      "data.yaml:1:1: name the events' clock (`time: column`), or their order (`order: column`) where there is none",
    ],
    ["no YAML", "events: {file: a", "data.yaml:1:17: "],
    ["a list", "- a", "data.yaml:1:1: "],
    [
      "a date that is none",
      "split: {by: time, train: ..2018-13-45}",
      "data.yaml:1:19: `2018-13-45` is no date; write it like ..2018-06-30",
    ],
    [
      "a day without its zeros",
      "split: {by: time, train: ..2020-9-13}",
      "data.yaml:1:19: `2020-9-13` is no date; write it like ..2018-06-30, or ..2018-06-30T12:00:00 (UTC), or with a zone",
    ],
    ["a day that no month has", "split: {by: time, train: ..2020-02-31}", "data.yaml:1:19: `2020-02-31` is no date"],
    [
      "an hour 24",
      "split: {by: time, train: '..2020-02-01T24:00:00'}",
      "data.yaml:1:19: `2020-02-01T24:00:00` is no date",
    ],
    [
      "a leap second",
      "split: {by: time, train: '..2016-12-31T23:59:60Z'}",
      "data.yaml:1:19: `2016-12-31T23:59:60Z` is no",
    ],
    ["a zone by name", "split: {by: time, train: ..2020-02-01 PST}", "data.yaml:1:19: `2020-02-01 PST` is no date"],
    ["a day with a zone", "split: {by: time, train: ..2020-02-01Z}", "data.yaml:1:19: `2020-02-01Z` is no date"],
    ["words", "split: {by: time, train: ..May 2020}", "data.yaml:1:19: `May 2020` is no date"],
    [
      "a year for seconds",
      "split: {by: time, train: ..2018}",
      "data.yaml:1:19: `2018` seconds lie outside 1990–2100; write a day like ..2018-06-30, or seconds",
    ],
    [
      "milliseconds for seconds",
      "split: {by: time, train: ..1600000000000}",
      "data.yaml:1:19: `1600000000000` seconds lie outside 1990–2100; ends are in seconds, whatever the unit of the clock",
    ],
    [
      "a day before clocks",
      "split: {by: time, train: ..1970-01-01}",
      "data.yaml:1:19: `1970-01-01` lies outside 1990–2100",
    ],
    [
      "a unit beside a format",
      'events: {file: a, user: u, item: i, time: {column: t, unit: ms, format: "%Y"}}',
      "data.yaml:1:65: `unit` and `format` are both given; a unit is for numbers, a format for texts",
    ],
    ["a format by another name", 'events: {file: a, user: u, item: i, time: {column: t, formt: "%Y"}}', "data.yaml:1:"],
    [
      "too large shares",
      "split: {by: share, train: 0.9, validation: 0.2}",
      "data.yaml:1:1: the shares of train and validation are more than the whole",
    ],
  ];
  it.each(mistakes)("says where %s stands and the way out", (_, text, message) => {
    const found = refusal(text);
    expect(found.slice(0, message.length)).toBe(message);
  });

  it("reads any text or refuses it in its own words", () => {
    for (let cut = 0; cut < whole.length; cut += 17) {
      for (const text of [whole.slice(0, cut), `${whole.slice(0, cut)}{[:${whole.slice(cut + 3)}`]) {
        try {
          parseBinding(text, "data.yaml");
        } catch (error) {
          expect(`${(error as Error).name} at ${cut}`).toBe(`TwinError at ${cut}`);
        }
      }
    }
  });
});
