// Names of a draft: each column has its own, always the same one, and none means something else to the language.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { dataModel } from "../../cli/data-model.ts";
import { blocks } from "../../compiler/catalog/blocks.ts";
import { check, load } from "../../compiler/index.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { draft } from "../../runtime/data/draft/draft.ts";
import { namesOf } from "../../runtime/data/draft/names.ts";
import { checkData } from "../../runtime/data/index.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);

describe("names of columns", () => {
  it.each([
    [
      ["性别", "等级", "城市"],
      ["column_1", "column_2", "column_3"],
    ],
    // A name keeps itself, whichever stands first.
    [
      ["AGE", "age", "Age", "a g e"],
      ["age_2", "age", "age_3", "a_g_e"],
    ],
    [
      ["cross", "row", "cross_value"],
      ["cross_value_2", "row_value", "cross_value"],
    ],
    [
      ["column_1", "列", "１号", "!", ""],
      ["column_1", "column_2", "column_1_2", "column_3", "column_4"],
    ],
    [
      ["Zürich Straße", "watchTime", "__proto__", "constructor"],
      ["zurich_stra_e", "watch_time", "proto", "constructor"],
    ],
  ])("%j are %j", (columns, names) => {
    const given = namesOf(columns);
    expect(columns.map((column) => given.get(column))).toEqual(names);
  });
  it("do not depend on columns that come later", () => {
    const columns = ["用户", "性别", "x y", "X_Y"];
    const all = namesOf(columns);
    expect([...namesOf(columns.slice(0, 2))]).toEqual([...all].filter(([column]) => columns.indexOf(column) < 2));
  });
});

/** What sections are called, what a draft declares, what graphs, requests and YAML know, and what no one calls a column. */
const words = [
  ...Object.keys(blocks),
  ..."seen relevance nearest interest item_keys ranking ago items row valid last size time kept keys values predict".split(
    " ",
  ),
  ..."true null yes n weight chosen liked hashed max dim".split(" "),
  ...["性别", "等级", "a.b", 'say "hi"', "it's", "-- x", "a: b", "#row!"],
];

async function drafted(columns: readonly string[], cell: (row: number, column: number) => string) {
  const folder = temporary();
  const csv = (cells: readonly string[]): string => cells.map((one) => `"${one.replaceAll('"', '""')}"`).join();
  const lines = Array.from({ length: 120 }, (_, i) =>
    csv([
      String(i % 11),
      String((i * 7) % 23),
      String(1.6e9 + i * 60),
      String(i % 2),
      ...columns.map((_, j) => cell(i, j)),
    ]),
  );
  writeFiles(folder, {
    "log.csv": `${csv(["user_id", "video_id", "moment", "clicked", ...columns])}\n${lines.join("\n")}\n`,
  });
  const made = await draft({
    events: join(folder, "log.csv"),
    folder,
    user: "user_id",
    item: "video_id",
    time: "moment",
  });
  const { model, diagnostics } = check(load("draft.twin", () => made.model));
  expect(diagnostics.map(({ title }) => title)).toEqual([]);
  const binding = parseBinding(made.data, join(folder, "data.yaml"));
  if (model === null) {
    throw new Error("no model");
  }
  return { ...made, report: await checkData(binding, dataModel(model)), binding };
}

describe("a draft", () => {
  it("passes every check with columns called anything, each read from the column of its own", async () => {
    const unique = [...new Set(words)];
    // In turn they belong to the event, the item and the user.
    const { skipped, report, binding, model } = await drafted(unique, (row, column) => {
      const of = [row, (row * 7) % 23, row % 11][column % 3];
      return String(((of + 1) * (1 + (column % 5))) % 7);
    });
    expect(skipped).toEqual([]);
    expect(report.warnings.filter((warning) => !warning.includes("alone"))).toEqual([]);
    const bound = Object.values(binding.columns).map((one) => JSON.stringify(one));
    expect(new Set(bound).size).toBe(bound.length);
    expect(model.match(/ column_[12]: /g)?.length).toBe(2);
  });
});
describe("headings of other languages", () => {
  const roles = async (headings: string, items?: string) => {
    const folder = temporary();
    const line = (i: number) => [`u${i % 9}`, (i * 7) % 23, 1.6e9 + i * 60, i % 2, 1 + (i % 4), `城${i % 3}`].join();
    writeFiles(folder, {
      "log.csv": `${headings}\n${Array.from({ length: 300 }, (_, i) => line(i)).join("\n")}\n`,
      ...(items !== undefined && {
        "items.csv": `${items}\n${Array.from({ length: 23 }, (_, i) => `${i},${i % 5}`).join("\n")}\n`,
      }),
    });
    const made = await draft({
      events: join(folder, "log.csv"),
      ...(items !== undefined && { items: join(folder, "items.csv") }),
      folder,
    });
    const { model, diagnostics } = check(load("draft.twin", () => made.model));
    expect(diagnostics).toEqual([]);
    if (model === null) {
      throw new Error("no model");
    }
    await checkData(parseBinding(made.data, join(folder, "data.yaml")), dataModel(model));
    return made;
  };
  it.each([
    ["用户,商品,时间,点击,评分,城市"],
    ["用户编号,物品编号,行为时间,是否点击,打分,所在城市"],
    ["會員ID,視頻ID,日期,標籤,評分,城市"],
    ["用户ＩＤ,商品ＩＤ,时间戳,购买,分数,城市"],
    ["ユーザー,アイテム,日時,クリック,評価,都市"],
    ["사용자,상품,시간,클릭,평점,도시"],
    ["Benutzer,Artikel,Datum,Kauf,Bewertung,Stadt"],
    ["usuario,artículo,fecha,compra,puntuación,ciudad"],
    ["пользователь,товар,дата,клик,оценка,город"],
  ])("%s tell the roles, and each column is kept", async (headings) => {
    const names = headings.split(",");
    const { roles: found, skipped, model, data } = await roles(headings);
    expect([found.user, found.item, found.clock?.column]).toEqual(names.slice(0, 3));
    expect(found.labels.map(({ column }) => column)).toEqual([names[3]]);
    expect(skipped).toEqual([]);
    for (const name of names.slice(3)) {
      expect(`${data}${model}`).toContain(name);
    }
    const declared = [...model.matchAll(/^ +(\S+): +(vocabulary|bucketed|flag|id|elapsed)\(/gm)].map(
      ([, name]) => name,
    );
    expect(declared).toHaveLength(6);
    for (const name of declared) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    }
  });
  it("a rating in the place of a label, a step in that of a clock, the items' key by its name", async () => {
    const { roles: found } = await roles("用户,商品,步骤号,评价,评分,城市", "商品,类别");
    expect(found).toMatchObject({ user: "用户", item: "商品", key: "商品" });
    expect(found.labels).toMatchObject([{ name: "liked", column: "评分" }]);
  });
  it("what says something of a user is not the user", async () => {
    const { roles: found } = await roles("用户,商品,时间,点击,用户等级,商品类别");
    expect([found.user, found.item]).toEqual(["用户", "商品"]);
    // Whichever stands first.
    const folder = temporary();
    const line = (i: number) => [i % 3, i % 5, `u${i % 9}`, (i * 7) % 23, 1.6e9 + i * 60, i % 2].join();
    writeFiles(folder, {
      "log.csv": `用户等级,商品类别,用户,商品,时间,点击\n${Array.from({ length: 300 }, (_, i) => line(i)).join("\n")}\n`,
    });
    const made = await draft({ events: join(folder, "log.csv"), folder });
    expect([made.roles.user, made.roles.item]).toEqual(["用户", "商品"]);
  });
});
