// Pairs in users' pasts against loops as plain as can be, on logs made at random, and of samples that bring their lists.
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { boundFiles, parseBinding } from "../../../runtime/data/binding.ts";
import { Source } from "../../../runtime/data/database/source.ts";
import { openEvents } from "../../../runtime/data/events.ts";
import { behavioursBefore } from "../../../runtime/data/occurrence/behaviours-before.ts";
import { type CountedPairs, countPairs } from "../../../runtime/data/occurrence/count-pairs.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { writeFiles } from "../../kit/data-files.ts";

afterAll(cleanUp);

interface Asked {
  readonly until?: number;
  readonly window?: number;
  readonly minCount?: number;
  readonly most?: number;
  readonly history?: string;
}

async function counted(yaml: string, rows: string, asked: Asked): Promise<CountedPairs> {
  const folder = temporary();
  writeFiles(folder, { "rows.csv": rows });
  const binding = parseBinding(yaml, join(folder, "data.yaml"));
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const events = await openEvents(source, binding, null);
    const { until = 1e9, window = 2, minCount = 1, most, history = null } = asked;
    const behaviours = await behavioursBefore(source, binding, events, until, history);
    return await countPairs(source, behaviours, 0, { window, minCount, most });
  } finally {
    source.close();
  }
}

/** `a b`: how often. */
const pairsOf = ({ keys, pairs }: CountedPairs): Record<string, number> =>
  Object.fromEntries(Array.from(pairs.counts, (n, i) => [`${keys[pairs.low[i]]} ${keys[pairs.high[i]]}`, n] as const));

interface Event {
  readonly user: number;
  readonly item: number;
  readonly at: number;
  readonly ok: boolean;
}

/** The same in loops. */
function plainly(events: readonly Event[], { until = 1e9, window = 2, minCount = 1 }: Asked): Record<string, number> {
  const before = events.filter(({ at }) => at < until);
  const often = (item: number): number => before.filter((event) => event.item === item).length;
  const found: Record<string, number> = {};
  for (const user of new Set(before.map((event) => event.user))) {
    const past = before
      .filter((event) => event.user === user && often(event.item) >= minCount)
      // Equal times keep their order in the file.
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item);
    past.forEach((a, i) => {
      for (const b of past.slice(i + 1, i + 1 + window)) {
        if (a !== b) {
          const name = `${Math.min(a, b)} ${Math.max(a, b)}`;
          found[name] = (found[name] ?? 0) + 1;
        }
      }
    });
  }
  return found;
}

const text = (events: readonly Event[]): string =>
  ["user,item,at,ok", ...events.map(({ user, item, at, ok }) => [user, item, at, ok].join()), ""].join("\n");
const yaml = "events: {file: rows.csv, user: user, item: item, order: at}\n";

describe("pairs of a log", () => {
  it("are those of plain loops", async () => {
    const event = fc.record({
      user: fc.integer({ min: 0, max: 2 }),
      item: fc.integer({ min: -3, max: 3 }),
      at: fc.integer({ min: 0, max: 9 }),
      ok: fc.boolean(),
    });
    const inputs = fc.record({
      events: fc.array(event, { minLength: 1, maxLength: 40 }),
      until: fc.integer({ min: 0, max: 10 }),
      window: fc.integer({ min: 1, max: 6 }),
      minCount: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(inputs, async ({ events, ...asked }) => {
        const due = plainly(events, asked);
        const found = await counted(yaml, text(events), asked).then(pairsOf, (error: Error) => error.message);
        if (typeof found === "string") {
          expect(due).toEqual({});
          expect(found).toMatch(/no behaviour lies before|no item has \d behaviours|no two items stand within/);
        } else {
          expect(found).toEqual(due);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("go on from one block of behaviours to the next", async () => {
    const events = Array.from({ length: 2500 }, (_, i) => ({
      user: Math.floor(i / 1300),
      item: (i * 7) % 11,
      at: i,
      ok: true,
    }));
    // 4,000 pairs a behaviour: blocks of 1,024 behaviours.
    const asked = { window: 4000 };
    expect(pairsOf(await counted(yaml, text(events), asked))).toEqual(plainly(events, asked));
  });

  it("are of the behaviours that a history of data.yaml has, where it is named", async () => {
    const events = [1, 2, 3, 4, 5].map((item) => ({ user: 1, item, at: item, ok: item % 2 === 1 }));
    const bound = `${yaml}history: {liked: {where: ok}}\n`;
    const asked = { window: 1, history: "liked" };
    expect(pairsOf(await counted(bound, text(events), asked))).toEqual({ "1 3": 1, "3 5": 1 });
    await expect(counted(bound, text(events), { history: "likd" })).rejects.toThrow(
      /--history likd: `history:` of .*data\.yaml has no such entry; did you mean `liked`\?/,
    );
  });

  it("are the most frequent where there are too many", async () => {
    const events = [1, 2, 1, 2, 3, 4, 3].map((item, at) => ({ user: 1, item, at, ok: true }));
    const asked = { window: 1 };
    expect(pairsOf(await counted(yaml, text(events), asked))).toEqual({ "1 2": 3, "2 3": 1, "3 4": 2 });
    const cut = await counted(yaml, text(events), { ...asked, most: 2 });
    expect(pairsOf(cut)).toEqual({ "1 2": 3, "3 4": 2 });
    expect([cut.least, (await counted(yaml, text(events), { ...asked, most: 3 })).least]).toEqual([2, 1]);
  });

  it("have one digest as long as nothing before the moment changes", async () => {
    const events = [1, 2, 3].map((item) => ({ user: 1, item, at: item, ok: true }));
    const digest = async (more: readonly Event[]) =>
      (await counted(yaml, text([...more, ...events]), { until: 4 })).digest;
    const before = await digest([]);
    expect(await digest([{ user: 1, item: 9, at: 4, ok: true }])).toBe(before);
    expect(await digest([{ user: 1, item: 3, at: 0, ok: true }])).not.toBe(before);
  });
});

describe("pairs of samples that bring their pasts", () => {
  const samples = (more = ""): string =>
    `samples: {file: rows.csv, user: u, item: i, time: at, histories: {seen: {item: past, by: "|"${more}}}}\n`;

  it("count a behaviour of many lists once, by its time", async () => {
    const rows = [
      "u,i,at,past,when",
      "1,9,1500000400,1|2|3,1500000100|1500000200|1500000300",
      "1,8,1500000500,2|3|4,1500000200|1500000300|1500000400",
      "2,7,1500000500,3|1,1500000100|1500000200",
      "",
    ].join("\n");
    const bound = samples(", time: when");
    expect(pairsOf(await counted(bound, rows, { until: 1500000400, window: 1 }))).toEqual({
      "1 2": 1,
      "1 3": 1,
      "2 3": 1,
    });
    expect(pairsOf(await counted(bound, rows, { until: 1500000401, window: 1 }))["3 4"]).toBe(1);
  });

  it("are those of a user's newest list before the moment, where lists have no times", async () => {
    const rows = [
      "u,i,at,past",
      "1,9,1500000100,1|2",
      "1,8,1500000200,1|2|3",
      "1,7,1500000300,1|2|3|4",
      "2,7,1500000100,5|6",
      "",
    ];
    const asked = { until: 1500000300, window: 1 };
    expect(pairsOf(await counted(samples(), rows.join("\n"), asked))).toEqual({ "1 2": 1, "2 3": 1, "5 6": 1 });
  });

  it("need a clock", async () => {
    const bound = samples().replace("time: at, ", "");
    await expect(counted(bound, "u,i,at,past\n1,9,3,1|2\n", {})).rejects.toThrow(
      /data\.yaml:1:1: the samples have no `time`/,
    );
  });
});
