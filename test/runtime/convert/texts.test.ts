// What published layouts become: the binding's text, and the features of the model, for each project.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseBinding } from "../../../runtime/data/binding.ts";
import { convert, type Project } from "../../../runtime/data/convert/convert.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { easyTaobao, fuxiEncoded, fuxiLong, fuxiRaw, recboleLog, recboleParts } from "../../kit/published-files.ts";

afterAll(cleanUp);

const bound = (data: string, dir: string) => parseBinding(data, join(dir, "data.yaml"));
const of = (from: Project, dir: string, said = {}) => convert({ from, dir, folder: dir, ...said });

/** Features of a block, by name. */
function block(model: string, name: string): Record<string, string> {
  const text = new RegExp(`^${name} \\{\\n([^}]*)\\}`, "m").exec(model)?.[1] ?? "";
  const lines = text
    .split("\n")
    .flatMap((line) => (/^ *(\w+): *(.+)$/.exec(line)?.slice(1) as [string, string] | undefined) ?? []);
  return Object.fromEntries(lines.flatMap((_, i) => (i % 2 === 0 ? [[lines[i], lines[i + 1]]] : [])));
}

describe("FuxiCTR", () => {
  it("reads a feature map beside encoded files with padded lists", async () => {
    const dir = temporary();
    await fuxiEncoded(dir);
    const { model, data, notes } = await of("fuxictr", dir);
    expect(notes.join("\n")).toMatch(
      /`price` is known of the candidate alone: it has several values for one `item_id`/,
    );
    expect(data).toContain(`samples:
  file: {train: train.parquet, validation: valid.parquet, test: test.parquet}
  user: user_id
  item: item_id
  histories: {seen: {item: click_history, padding: 0, columns: {item.cate_id: cate_history}}}
columns: {predict.label: label}
`);
    expect(block(model, "item")).toEqual({
      item_id: "id(vocab: 42, dim: 16, key: true)",
      cate_id: "id(vocab: 7, dim: 8)",
    });
    expect(block(model, "user")).toEqual({ user_id: "id(vocab: 22, dim: 16)" });
    expect(block(model, "context")).toEqual({ hour: "id(vocab: 25, dim: 8)" });
    expect(block(model, "candidate").price).toBe("bucketed(at: quantiles(20), dim: 4)");
    expect(model).toMatch(/history seen \{\n {2}of: {2}item\n {2}max: 6\n/);
    expect(model).toContain("ago: elapsed(at: [1, 2, 5], dim: 4)");
  });

  it("reads a configuration of columns beside files as they are", async () => {
    const dir = temporary();
    fuxiRaw(dir);
    const { model, data, notes } = await of("fuxictr", dir);
    expect(notes).toEqual(["`weekday` is left out: their code makes it (convert_weekday)"]);
    expect(data).toContain(`  user: user_id
  item: item_id
  histories: {seen: {item: item_history, by: ^, columns: {item.cate_id: cate_history}}}
`);
    expect(data).toContain("file: {train: train.csv, validation: valid.csv, test: test.csv}");
    expect(block(model, "item")).toEqual({
      item_id: "vocabulary(max: 48, min_count: 1, dim: 16, key: true)",
      cate_id: "vocabulary(max: 10, min_count: 1, dim: 8)",
    });
    expect(model).toContain("max: 100\n");
  });

  it("finds data that a configuration names from where training was started", async () => {
    const dir = temporary();
    fuxiRaw(join(dir, "data/amazon_x1"));
    mkdirSync(join(dir, "zoo/config"), { recursive: true });
    renameSync(join(dir, "data/amazon_x1/dataset_config.yaml"), join(dir, "zoo/config/dataset_config.yaml"));
    const { data } = await of("fuxictr", join(dir, "zoo/config"));
    expect(data).toContain("train: ../../data/amazon_x1/train.csv");
  });

  it("reads whole lists by user, and writes the one log of behaviours and samples that they are", async () => {
    const dir = temporary();
    const lists = await fuxiLong(dir);
    const folder = temporary();
    const { model, data, written } = await convert({ from: "fuxictr", dir, folder });
    expect(written).toBe(join(folder, "events.parquet"));
    expect(data).toContain("events: {file: events.parquet, user: user_index, item: item_index, order: seq_len}");
    expect(data).toMatch(/items: \{file: \S*item_info\.parquet, key: item_index\}/);
    expect(data).toContain("history: {seen: {where: behaviour}}");
    expect(data).toContain(`item.item_tags: 'list_filter("item_tags", lambda x: x <> 0)'`);
    expect(data).toContain("split: {by: part, column: part, train: train, validation: validation, test: test}");
    expect(block(model, "item")).toEqual({
      item_index: "key(type: int64)",
      item_id: "id(vocab: 41, dim: 8)",
      item_tags: "tags(vocab: 5, max: 2, dim: 8)",
      image_emb: "pretrained(size: 3, dim: 8)",
    });
    expect(block(model, "context")).toEqual({ tab: "id(vocab: 4, dim: 8)" });
    const rows = await readRows(join(folder, "events.parquet"));
    const behaviours = rows.filter(({ behaviour }) => behaviour === true);
    const samples = rows.filter(({ behaviour }) => behaviour === false);
    expect(samples).toHaveLength(360);
    expect(new Set(samples.map(({ part }) => part))).toEqual(new Set(["train", "validation", "test"]));
    // What a sample sees is what FuxiCTR's loader cuts: the first `seq_len` of its user's list.
    for (const { user_index, seq_len } of samples) {
      const seen = behaviours.filter((one) => one.user_index === user_index && Number(one.seq_len) < Number(seq_len));
      expect(seen.map(({ item_index }) => Number(item_index))).toEqual(
        lists[Number(user_index)].slice(0, Number(seq_len)),
      );
    }
    expect(behaviours.every(({ is_click }) => is_click === null)).toBe(true);
  });
});

describe("RecBole", () => {
  it("reads one log with its items and users", async () => {
    const dir = temporary();
    recboleLog(dir);
    const { model, data, labels } = await of("recbole", dir);
    expect(labels).toEqual(["liked"]);
    expect(data).toContain(`events: {file: ml.inter, user: user_id:token, item: item_id:token, time: timestamp:float}
items: {file: ml.item, key: item_id:token}
users: {file: ml.user, key: user_id:token}
columns:
  predict.liked: '"rating:float" >= 3'
  item.movie_title: {split: {column: movie_title:token_seq, by: " "}}
  item.release_year: release_year:token
  item.class: {split: {column: class:token_seq, by: " "}}
  item.emb: string_split("emb:float_seq", ' ')::DOUBLE[]
  user.user_id: user_id:token
  user.age: age:token
  user.gender: gender:token
  seen.rating: rating:float
split: {by: share, train: 80%, validation: 10%, test: rest}
`);
    expect(block(model, "item")).toMatchObject({
      item_id: "vocabulary(max: 48, min_count: 1, dim: 16, key: true)",
      class: "tags(vocabulary: 10, max: 2, dim: 8)",
      emb: "pretrained(size: 2, dim: 8)",
    });
    expect(model).toContain("ago: elapsed(at: log(5min, 12h, 16), dim: 4)");
  });

  it("reads fields between what a configuration says, and data.yaml says it too", async () => {
    const [dir, other] = [temporary(), temporary()];
    recboleLog(dir);
    recboleLog(other);
    for (const name of ["ml.inter", "ml.item", "ml.user"]) {
      writeFileSync(join(other, name), readFileSync(join(dir, name), "utf8").replaceAll("\t", "~"));
    }
    writeFileSync(join(other, "ml.yaml"), 'field_separator: "~"\n');
    const [usual, made] = [await of("recbole", dir), await of("recbole", other)];
    expect(made.model).toBe(usual.model);
    const columns = (data: string) => data.slice(data.indexOf("columns:"));
    expect(columns(made.data)).toBe(columns(usual.data));
    const text = bound(made.data, other);
    expect([text.events?.form, text.items?.form, text.users?.form].map((form) => form?.separator)).toEqual([
      "~",
      "~",
      "~",
    ]);
  });

  it("reads parts whose rows bring their lists", async () => {
    const dir = temporary();
    recboleParts(dir);
    const { model, data, labels } = await of("recbole", dir);
    expect(labels).toEqual(["chosen"]);
    expect(data).toContain(`samples:
  file: {train: seq.train.inter, validation: seq.valid.inter, test: seq.test.inter}
  user: user_id:token
  item: item_id:token
  time: timestamp:float
  histories:
    seen:
      item: item_id_list:token_seq
      by: " "
      time: timestamp_list:float_seq
      columns: {item.cate: cate_list:token_seq, seen.rating: rating_list:float_seq}
`);
    expect(data).toContain("negatives: {per_positive: 4, by: popularity}");
    expect(block(model, "item")).toEqual({
      item_id: "vocabulary(max: 48, min_count: 1, dim: 16, key: true)",
      cate: "vocabulary(max: 10, min_count: 1, dim: 8)",
    });
    expect(model).toContain("rating: bucketed(at: [");
  });
});

describe("EasyRec", () => {
  it("reads a configuration in protobuf's text beside files without headings", async () => {
    const dir = temporary();
    easyTaobao(dir);
    const { model, data, labels, notes } = await of("easyrec", dir);
    expect(labels).toEqual(["clk", "buy"]);
    expect(notes.join("\n")).toMatch(
      /`adgroup_id` is known of the candidate alone: it has several values for one `brand`/,
    );
    expect(data).toContain(`samples:
  file: {train: taobao_train_data.csv, validation: taobao_test_data.csv}
  user: column6
  item: column5
  histories: {seen: {item: column11, by: "|", columns: {item.cate_id: column12}}}
columns:
  predict.clk: column0
  predict.buy: column1
  item.cate_id: column4
`);
    expect(data).toContain(`candidate.age_pid: concat_ws('_', "column7", "column2")`);
    expect(data).toContain(`candidate.tags: {split: {column: column10, by: "|"}}`);
    expect(block(model, "item")).toEqual({
      brand: "hashed(buckets: 500, dim: 8, key: true)",
      cate_id: "id(vocab: 10, dim: 8)",
    });
    expect(block(model, "user")).toEqual({
      user_id: "hashed(buckets: 500, dim: 8)",
      age: "vocabulary(max: 7, min_count: 1, dim: 4)",
    });
    expect(block(model, "candidate")).toEqual({
      pid: "hashed(buckets: 10, dim: 8)",
      adgroup_id: "hashed(buckets: 1000, dim: 8)",
      price: "bucketed(at: [10, 50.5, 100], dim: 4)",
      pic_emb: "pretrained(size: 3, dim: 8)",
      tags: "tags(buckets: 50, max: 2, dim: 4)",
      age_pid: "hashed(buckets: 100, dim: 4)",
    });
  });

  it("reads columns that Hive's byte 1 parts", async () => {
    const [dir, other] = [temporary(), temporary()];
    easyTaobao(dir);
    easyTaobao(other);
    for (const name of ["taobao_train_data.csv", "taobao_test_data.csv"]) {
      writeFileSync(join(other, name), readFileSync(join(dir, name), "utf8").replaceAll(",", "\x01"));
    }
    const config = join(other, "pipeline.config");
    writeFileSync(config, readFileSync(config, "utf8").replace("batch_size: 4096", 'separator: "\\001"'));
    const [usual, made] = [await of("easyrec", dir), await of("easyrec", other)];
    expect(made.model).toBe(usual.model);
    expect(bound(made.data, other).events?.form?.separator).toBe("\x01");
    expect(made.data.replace(/^ {2}separator: .*\n/m, "")).toBe(usual.data);
  });

  it("makes cross features of lists that say several things of one item", async () => {
    const dir = temporary();
    easyTaobao(dir);
    const file = join(dir, "taobao_train_data.csv");
    const lines = readFileSync(file, "utf8").trim().split("\n");
    const changed = lines.map((line, i) =>
      line
        .split(",")
        .map((cell, k) => (k === 4 ? String(1 + (i % 9)) : cell))
        .join(","),
    );
    writeFileSync(file, `${changed.join("\n")}\n`);
    const { model, data, notes } = await of("easyrec", dir);
    expect(notes).toContain("`cate_id` is known of the candidate alone: it has several values for one `brand`");
    expect(notes.join("\n")).toMatch(/the lists `tag_category_list` became a cross feature: an item has one row/);
    expect(data).toContain("columns: {seen.tag_category_list: column12}");
    expect(block(model, "candidate").cate_id).toBe("id(vocab: 10, dim: 8)");
    expect(model).toContain("tag_category_list: id(vocab: 10, dim: 8)");
  });
});

async function readRows(path: string): Promise<Record<string, unknown>[]> {
  const { Source } = await import("../../../runtime/data/index.ts");
  const source = await Source.open({ reads: [path] });
  try {
    return await source.all(`SELECT * FROM read_parquet('${path}') ORDER BY user_index, behaviour, seq_len`);
  } finally {
    source.close();
  }
}
