// Drafts of rows that bring their history in a column: told by values and names, and each passes `check` and `data check`.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { dataModel } from "../../cli/data-model.ts";
import { check, load } from "../../compiler/index.ts";
import { type Binding, parseBinding } from "../../runtime/data/binding.ts";
import { type DraftOptions, draft } from "../../runtime/data/draft/draft.ts";
import { checkData } from "../../runtime/data/index.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);

const t0 = 1_600_000_000;

interface Row {
  readonly user: number;
  readonly item: number;
  readonly time: number;
  readonly click: number;
  readonly past: readonly { readonly item: number; readonly time: number; readonly stars: number }[];
}

/** Forty users with twelve rows each, at most `most` of the past before each, the newest last. */
const rows = (most = 8): Row[] =>
  Array.from({ length: 40 }, (_, user) => {
    const met = Array.from({ length: 12 }, (_, i) => ({
      item: 100 + ((user * 7 + i * i * 5) % 60),
      time: t0 + 86_400 * i + 60 * user,
      stars: 1 + ((user + 3 * i) % 5),
    }));
    return met.map(({ item, time }, i) => ({
      ...{ user: 500 + user, item, time, click: (user + i) % 2 },
      past: met.slice(Math.max(0, i - most), i),
    }));
  }).flat();

const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const csv = (header: readonly string[], lines: readonly (readonly unknown[])[]): string =>
  `${[header, ...lines].map((line) => line.map((cell) => quote(String(cell))).join()).join("\n")}\n`;

async function drafted(
  header: string,
  lines: readonly (readonly unknown[])[],
  asked: Partial<DraftOptions> = {},
  items?: string,
) {
  const folder = temporary();
  writeFiles(folder, { "rows.csv": csv(header.split(","), lines), ...(items && { "items.csv": items }) });
  const made = await draft({
    events: join(folder, "rows.csv"),
    ...(items && { items: join(folder, "items.csv") }),
    folder,
    ...asked,
  });
  const { model, diagnostics } = check(load("draft.twin", () => made.model));
  expect(diagnostics).toEqual([]);
  if (model === null) {
    throw new Error("no model");
  }
  const binding = parseBinding(made.data, join(folder, "data.yaml"));
  return { ...made, binding, report: await checkData(binding, dataModel(model)) };
}

const listed = ({ lists }: Binding, name = "seen") => {
  const found = lists?.[name];
  if (found === undefined) {
    throw new Error(`no list ${name} among ${Object.keys(lists ?? {})}`);
  }
  return found;
};

describe("a draft of samples", () => {
  it("binds lists with their times, features of past items and cross features", async () => {
    const { model, binding, report, roles, notes } = await drafted(
      "user_id,item_id,ts,click,cate,hist_item_id,hist_ts,hist_cate,hist_stars",
      rows().map(({ user, item, time, click, past }) => [
        ...[user, item, time, click, `c${item % 7}`],
        past.map((one) => one.item).join("|"),
        past.map((one) => one.time).join("|"),
        past.map((one) => `c${one.item % 7}`).join("|"),
        past.map((one) => one.stars).join("|"),
      ]),
    );
    expect(roles).toMatchObject({ user: "user_id", item: "item_id", clock: { column: "ts" } });
    expect(listed(binding)).toMatchObject({ item: "hist_item_id", by: "|", newest: "last", padding: [] });
    expect(listed(binding).clock).toMatchObject({ column: "hist_ts" });
    expect(Object.keys(listed(binding).columns)).toEqual(["item.cate", "seen.hist_stars"]);
    expect(notes).toEqual(["the history `seen` is in column `hist_item_id`, its times in `hist_ts`"]);
    expect(model).toMatch(/item \{\n +item_id: .*key: true\)\n +cate: +vocabulary/);
    expect(model).toMatch(/ago: +elapsed\(at: log\(1d, 14d, 9\), dim: 4\)\n +hist_stars: +id\(vocab: 6/);
    expect(model).toMatch(/max: 20\n/);
    expect(binding.split?.kind).toBe("time");
    expect(report.lists?.[0]).toMatchObject({ timed: true, late: 0, unordered: 0 });
    expect(report.warnings.filter((warning) => !warning.includes("alone"))).toEqual([]);
  });

  it.each([
    [",", (ids: readonly number[]) => ids.join(",")],
    [" ", (ids: readonly number[]) => ids.join(" ")],
    ["^", (ids: readonly number[]) => ids.join("^")],
    [null, (ids: readonly number[]) => (ids.length === 0 ? "" : `[${ids.join(", ")}]`)],
  ])("reads lists that are separated by %j, without users, times and words", async (by, text) => {
    const { binding, model, report } = await drafted(
      "item,label,aa",
      rows().map(({ item, click, past }) => [
        `v${item}`,
        click,
        text(past.map((one) => one.item)).replace(/\d+/g, "v$&"),
      ]),
    );
    expect(listed(binding)).toMatchObject({ item: "aa", by, clock: null });
    expect(model).toMatch(/ago: +elapsed\(at: \[1, 2, 3, 4, 5, 6, 7, 8\], dim: 4\)/);
    expect(report.parts.map(({ events }) => events > 0)).toEqual([true, true, true]);
  });

  it("finds padding and at which end the newest stands, in lists of one length", async () => {
    const { binding, report } = await drafted(
      "uid,iid,click,clicked_seq",
      rows().map(({ user, item, click, past }) => {
        const newest = [...past].reverse().map((one) => one.item);
        return [user, item, click, [...newest, ...Array(8 - newest.length).fill(0)].join("|")];
      }),
    );
    expect(listed(binding)).toMatchObject({ newest: "first", padding: ["0"] });
    expect(report.lists?.[0].behaviours).toBe(rows().reduce((sum, { past }) => sum + past.length, 0));
  });

  it("keeps several histories apart, each with what runs parallel", async () => {
    const { binding, model } = await drafted(
      "user,video_id,time,like,watched_videos,watched_times,liked_videos,liked_times",
      rows().map(({ user, item, time, click, past }) => {
        const liked = past.filter((one) => one.stars > 3);
        return [
          ...[user, item, time, click, past.map((one) => one.item).join("|"), past.map((one) => one.time).join("|")],
          ...[liked.map((one) => one.item).join("|"), liked.map((one) => one.time).join("|")],
        ];
      }),
    );
    expect(listed(binding, "watched_videos").clock?.column).toBe("watched_times");
    expect(listed(binding, "liked_videos").clock?.column).toBe("liked_times");
    expect(model).toMatch(/input: +\[watched_videos_interest, liked_videos_interest, item/);
  });

  it("draws negatives where nothing is a label, and leaves out what differs by candidate", async () => {
    const { data, skipped, model, binding } = await drafted(
      "客户,商品,时间,历史商品,距离",
      rows().map(({ user, item, time, past }, i) => [user, item, time, past.map((one) => one.item).join(";"), i % 13]),
    );
    expect(data).toMatch(/negatives: /);
    expect(model).not.toMatch(/candidate \{/);
    expect([...skipped.map(({ column }) => column), ...(model.includes("context {") ? ["距离"] : [])]).toContain(
      "距离",
    );
    expect(binding.negatives).not.toBeNull();
  });

  it("takes items from their file", async () => {
    const items = csv(
      ["movie", "year"],
      Array.from({ length: 60 }, (_, i) => [100 + i, 1960 + (i % 40)]),
    );
    const { binding, model } = await drafted(
      "person,movie,when,rating,earlier",
      rows().map(({ user, item, time, click, past }) => [
        ...[user, item, new Date(time * 1000).toISOString().slice(0, 19), 1 + click * 3 + (item % 2)],
        past.map((one) => one.item).join("|"),
      ]),
      {},
      items,
    );
    expect(binding.items?.key).toBe("movie");
    expect(listed(binding).item).toBe("earlier");
    expect(model).toMatch(/year: +bucketed/);
  });

  it("leaves logs with tags what they are: lists of other things, what an item is, what was shown beside it", async () => {
    const { binding } = await drafted(
      "user_id,item_id,time,click,tags,related,slate",
      rows().map(({ user, item, time, click }, i) => [
        ...[user, item, time, click, `${i % 5}|${i % 3}`],
        ...[`${100 + (item % 50)}|${101 + (item % 50)}`, `${item}|${100 + (i % 60)}`],
      ]),
    );
    expect(binding.lists).toBeNull();
  });

  it("finds the history of a long file, whose later rows have other items than those that are looked at", async () => {
    // A thousand users one after the other, each with items of its own; the first 444 are looked at.
    const { roles, notes, binding } = await drafted(
      "user_id,item_id,ts,click,seen_movies",
      Array.from({ length: 45_000 }, (_, row) => {
        const [user, i] = [Math.floor(row / 45), row % 45];
        const item = (at: number): number => 100_000 + 10 * user + (at % 10);
        const length = Math.min(i, 6);
        const past = Array.from({ length }, (_, at) => item(i - length + at));
        return [user, item(i), t0 + 60 * row, (row * 7) % 2, past.join("|")];
      }),
    );
    expect(roles.item).toBe("item_id");
    expect(listed(binding)).toMatchObject({ item: "seen_movies", by: "|" });
    expect(notes).toEqual(["the history `seen` is in column `seen_movies`, without times: positions count as steps"]);
  });
  it("takes the column that is named, and says where it is none", async () => {
    const lines = rows().map(({ user, item, time, click, past }) => [
      ...[user, item, time, click, past.map((one) => `${one.item}`).join("|"), `x${item % 3}|y`],
    ]);
    const { binding } = await drafted("user_id,item_id,time,click,aa,bb", lines, { history: "aa" });
    expect(listed(binding).item).toBe("aa");
    await expect(drafted("user_id,item_id,time,click,aa,bb", lines, { history: "bb" })).rejects.toThrow(
      /--history: no value of `bb` is one of `item_id`; lists are due, or texts whose values are separated by one of "\|"/,
    );
    await expect(drafted("user_id,item_id,time,click,aa,bb", lines, { history: "cc" })).rejects.toThrow(
      /no column `cc`/,
    );
  });
});
