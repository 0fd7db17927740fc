// Published folders that are not whole, broken or hold what is not known: what is said, and where.
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { convert, type Project } from "../../../runtime/data/convert/convert.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { writeFiles } from "../../kit/data-files.ts";
import {
  easyTaobao,
  fuxiEncoded,
  fuxiLong,
  fuxiRaw,
  recboleLog,
  recboleParts,
  writeParquet,
} from "../../kit/published-files.ts";

afterAll(cleanUp);

const of = (from: Project, dir: string, said = {}) => convert({ from, dir, folder: dir, ...said });

/** A folder made by `make` and then changed. */
async function changed(make: (dir: string) => unknown, change: (dir: string) => void): Promise<string> {
  const dir = temporary();
  await make(dir);
  change(dir);
  return dir;
}

const config = (columns: string, more = ""): string =>
  `set:\n    train_data: train.csv\n    feature_cols: [${columns}]\n    label_col: {name: y, dtype: float}\n${more}`;

describe("FuxiCTR", () => {
  it.each<[string, (dir: string) => void, RegExp]>([
    [
      "no map's data",
      (dir) => rmSync(join(dir, "train.parquet")),
      /has a feature_map\.json and no train\.parquet beside it/,
    ],
    [
      "arrays",
      (dir) => renameSync(join(dir, "train.parquet"), join(dir, "train.npz")),
      /train\.npz: Twin reads Parquet, .*in Python: d = np\.load/,
    ],
    [
      "records",
      (dir) => renameSync(join(dir, "train.parquet"), join(dir, "train.tfrecord")),
      /train\.tfrecord: Twin reads Parquet, .*data_format: parquet/,
    ],
    [
      "broken JSON",
      (dir) => writeFiles(dir, { "feature_map.json": '{\n  "labels": ["label"],\n  "features": [}\n}' }),
      /feature_map\.json:3:16: this is no JSON: Unexpected token/,
    ],
    [
      "half a JSON",
      (dir) => writeFiles(dir, { "feature_map.json": '{\n  "labels": [' }),
      /feature_map\.json:2:14: this is no JSON: Unexpected end/,
    ],
    [
      "another JSON",
      (dir) => writeFiles(dir, { "feature_map.json": "[1]" }),
      /is no feature_map\.json of FuxiCTR: it has no list `features`/,
    ],
    [
      "no label",
      (dir) =>
        writeFiles(dir, {
          "feature_map.json": '{"labels": [], "features": [{"item_id": {"type": "categorical", "vocab_size": 9}}]}',
        }),
      /no label is named; it has `label`, /,
    ],
    [
      "another label",
      (dir) =>
        writeFiles(dir, {
          "feature_map.json":
            '{"labels": ["clk"], "features": [{"item_id": {"type": "categorical", "vocab_size": 9}}]}',
        }),
      /the label `clk` is no column of it/,
    ],
    [
      "nothing like an item",
      (dir) =>
        writeFiles(dir, {
          "feature_map.json": '{"labels": ["label"], "features": [{"hour": {"type": "categorical", "vocab_size": 9}}]}',
        }),
      /which column is the item\? Say it: --item COLUMN, one of `label`/,
    ],
  ])("refuses %s", async (_, change, message) => {
    await expect(of("fuxictr", await changed(fuxiEncoded, change))).rejects.toThrow(message);
  });

  it.each<[string, (dir: string) => void, RegExp]>([
    [
      "no data",
      (dir) => rmSync(join(dir, "train.csv")),
      /dataset_config\.yaml: the data of amazon_x1 are not there: `train_data` is \.\.\/data\/amazon_x1\/train\.csv/,
    ],
    [
      "broken YAML",
      (dir) => writeFiles(dir, { "dataset_config.yaml": "a: [1\nb: 2\n" }),
      /dataset_config\.yaml:\d:\d: /,
    ],
    [
      "a list",
      (dir) => writeFiles(dir, { "dataset_config.yaml": "- 1\n" }),
      /dataset_config\.yaml:1:1: a map of names is due/,
    ],
    [
      "no columns",
      (dir) => writeFiles(dir, { "dataset_config.yaml": "set: {train_data: train.csv}\n" }),
      /dataset_config\.yaml: `feature_cols` is missing/,
    ],
    [
      "two data sets",
      (dir) => writeFiles(dir, { "other.yaml": config("") }),
      /describes 2 data sets whose files are there: amazon_x1, set/,
    ],
  ])("refuses a configuration with %s", async (_, change, message) => {
    await expect(of("fuxictr", await changed(fuxiRaw, change))).rejects.toThrow(message);
  });

  it("refuses what is no folder of it", async () => {
    const dir = temporary();
    await expect(of("fuxictr", dir)).rejects.toThrow(/is no folder of FuxiCTR: neither feature_map\.json/);
    await expect(of("fuxictr", join(dir, "nowhere"))).rejects.toThrow(/nowhere: there is no such folder/);
    writeFiles(dir, { file: "" });
    await expect(of("fuxictr", join(dir, "file"))).rejects.toThrow(
      /is a file, and the folder with the published files is due/,
    );
  });

  it("refuses an item that is no id, or no column", async () => {
    const dir = temporary();
    await fuxiEncoded(dir);
    await expect(of("fuxictr", dir, { item: "price" })).rejects.toThrow(/`price` cannot be the item: it is no id/);
    await expect(of("fuxictr", dir, { item: "ghost" })).rejects.toThrow(/has no column `ghost` \(--item\)/);
    await expect(of("fuxictr", dir, { user: "ghost" })).rejects.toThrow(/there is no column `ghost` \(--user\)/);
  });

  it("says which types of features are not known, and leaves them out", async () => {
    const dir = temporary();
    await fuxiEncoded(dir, { hour: { source: "context", type: "quantum" }, ghost: { type: "numeric" } });
    const { notes, model } = await of("fuxictr", dir);
    expect(notes).toContain("`hour` is left out: `quantum` is no type of feature that is known");
    expect(notes).toContain("`ghost` is left out: no file has it");
    expect(model).not.toContain("hour");
  });

  it("refuses lists by user that are not in the order of the users", async () => {
    const dir = temporary();
    await fuxiLong(dir, true);
    await expect(of("fuxictr", dir)).rejects.toThrow(
      /user_info\.parquet, row 1: its user_index is not the row's number from 0 on/,
    );
  });

  it("refuses lists by user without items, or without lists", async () => {
    const dir = temporary();
    await fuxiLong(dir);
    await writeParquet(dir, { "user_info.parquet": { columns: [["user_index", "int64"]], rows: [[0n]] } });
    await expect(of("fuxictr", dir)).rejects.toThrow(/user_info\.parquet has no column `full_item_seq`/);
    rmSync(join(dir, "item_info.parquet"));
    await expect(of("fuxictr", dir)).rejects.toThrow(/user_info\.parquet has no item_info\.parquet beside it/);
  });
});

describe("RecBole", () => {
  it.each<[string, (dir: string) => void, RegExp]>([
    ["no log", (dir) => rmSync(join(dir, "ml.inter")), /is no folder of RecBole: no file ends in \.inter/],
    [
      "two sets",
      (dir) => writeFiles(dir, { "other.inter": "user_id:token\titem_id:token\n1\t2\n" }),
      /holds 2 data sets \(ml, other\)/,
    ],
    [
      "headings without types",
      (dir) => writeFiles(dir, { "ml.inter": "user_id\titem_id\n1\t2\n" }),
      /ml\.inter, line 1: the heading `user_id` has no type/,
    ],
    [
      "no clock",
      (dir) => writeFiles(dir, { "ml.inter": "user_id:token\titem_id:token\n1\t2\n" }),
      /has no column `timestamp`, and a history needs an order/,
    ],
    [
      "no user",
      (dir) => writeFiles(dir, { "ml.inter": "uid:token\titem_id:token\n1\t2\n" }),
      /has no column `user_id`, which is the user; name it: --user COLUMN, one of `uid`, `item_id`/,
    ],
    [
      "items of others",
      (dir) => writeFiles(dir, { "ml.item": "movie:token\n1\n" }),
      /ml\.item has no column `item_id`, which says whose its rows are/,
    ],
    ["a broken configuration", (dir) => writeFiles(dir, { "ml.yaml": "load_col: {\n" }), /ml\.yaml:\d:\d: /],
  ])("refuses %s", async (_, change, message) => {
    await expect(of("recbole", await changed(recboleLog, change))).rejects.toThrow(message);
  });

  it("refuses parts without the one to train by", async () => {
    const dir = await changed(recboleParts, (folder) => rmSync(join(folder, "seq.train.inter")));
    await expect(of("recbole", dir)).rejects.toThrow(/and seq\.train\.inter is missing/);
  });

  it("says which types are not known, and goes by the names of a configuration", async () => {
    const dir = temporary();
    writeFiles(dir, {
      "d.inter": `uid:token\tiid:token\tts:float\tstars:float\tpicture:image\n${Array.from({ length: 40 }, (_, i) => `u${i % 5}\ti${i % 7}\t${i}\t${i % 5}\tx`).join("\n")}\n`,
      "d.yaml":
        "USER_ID_FIELD: uid\nITEM_ID_FIELD: iid\nTIME_FIELD: ts\nRATING_FIELD: stars\nthreshold: {stars: 3.5}\n",
    });
    const { notes, data } = await of("recbole", dir);
    expect(notes.join("\n")).toMatch(/`picture` of .*d\.inter is left out: `image` is no type of an atomic file/);
    expect(data).toContain("events: {file: d.inter, user: uid:token, item: iid:token, order: ts:float}");
    expect(data).toContain(`predict.liked: '"stars:float" >= 3.5'`);
  });
});

describe("EasyRec", () => {
  const edit = (from: RegExp | string, to: string) => async (): Promise<string> => {
    const dir = temporary();
    easyTaobao(dir);
    const { readFileSync } = await import("node:fs");
    const text = readFileSync(join(dir, "pipeline.config"), "utf8");
    expect(text).toMatch(from);
    writeFiles(dir, { "pipeline.config": text.replace(from, to) });
    return dir;
  };

  it.each<[string, () => Promise<string>, RegExp]>([
    [
      "a bracket that is not closed",
      edit("export_config {", "export_config { {"),
      /pipeline\.config:\d+:\d+: `\{` has no meaning here/,
    ],
    [
      "a table",
      edit("input_type: CSVInput\n", "input_type: OdpsInputV2\n"),
      /pipeline\.config:\d+:\d+: OdpsInputV2 is read from elsewhere/,
    ],
    ["no fields", edit(/ {2}input_fields .*\n/g, ""), /pipeline\.config:\d+:\d+: `data_config` has no `input_fields`/],
    [
      "a field too few",
      edit(/ {2}input_fields .*'pid'.*\n/, ""),
      /names 12 input_fields, and .*taobao_train_data\.csv has 13 columns/,
    ],
    [
      "no such file",
      edit("taobao_train_data.csv", "gone.csv"),
      /pipeline\.config:1:19: there is no file data\/test\/tb_data\/gone\.csv/,
    ],
    ["several files", edit("taobao_train_data.csv", "a.csv,b.csv"), /pipeline\.config:1:19: several files are named/],
    [
      "a separator that is none",
      edit("batch_size: 4096", 'separator: ":::::"'),
      /pipeline\.config:\d+:\d+: a separator has at most 4 bytes, and ":::::" has 5/,
    ],
    ["no label", edit(/label_fields: '(clk|buy)'/g, ""), /no `label_fields` name a column/],
    ["no data", edit("data_config {", "other {"), /there is no `data_config`/],
    ["no features", edit("feature_config:", "other:"), /there is neither `feature_config` nor `feature_configs`/],
    [
      "a size that is none",
      edit("hash_bucket_size: 1000", "hash_bucket_size: many"),
      /pipeline\.config:\d+:\d+: `hash_bucket_size` is `many`, and a number is due/,
    ],
  ])("refuses %s", async (_, make, message) => {
    await expect(of("easyrec", await make())).rejects.toThrow(message);
  });

  it("refuses a folder without a configuration, or with several", async () => {
    const dir = temporary();
    await expect(of("easyrec", dir)).rejects.toThrow(/is no folder of EasyRec: there is no pipeline\.config/);
    writeFiles(dir, { "a.config": "", "b.config": "" });
    await expect(of("easyrec", dir)).rejects.toThrow(/has several configurations; name the one: .*a\.config/);
    await expect(of("easyrec", join(dir, "a.config"))).rejects.toThrow(/a\.config: there is no `data_config`/);
  });

  it("says which features it leaves out, and why", async () => {
    const dir = temporary();
    easyTaobao(
      dir,
      [
        "features { input_names: 'price' feature_name: 'a' feature_type: ExprFeature expression: 'price > 3' }",
        "features { input_names: 'tags' feature_name: 'b' feature_type: TagFeature kv_separator: ':' }",
        "features { input_names: 'tags' feature_name: 'c' feature_type: LookupFeature }",
        "features { input_names: 'tags' feature_name: 'd' feature_type: HoloFeature }",
        "features { input_names: 'pic_emb' feature_name: 'e' feature_type: RawFeature seq_multi_sep: ';' }",
        "features { input_names: 'ghost' feature_type: IdFeature }",
      ].join("\n"),
    );
    const { notes } = await of("easyrec", dir);
    for (const note of [
      /`a` is left out: an ExprFeature is computed: write it as SQL under `columns` \(price > 3\)/,
      /`b` is left out: its tags have weights/,
      /`c` is left out: a LookupFeature/,
      /`d` is left out: `HoloFeature` is no type of feature that is known/,
      /`e` is left out: each of its values is a list of lists/,
      /`ghost` is left out: .* has no column `ghost`/,
    ]) {
      expect(notes.join("\n")).toMatch(note);
    }
  });

  it("takes a link with an ending for a file without one", async () => {
    const dir = await edit("taobao_train_data.csv", "taobao_train_data")();
    renameSync(join(dir, "taobao_train_data.csv"), join(dir, "taobao_train_data"));
    await expect(of("easyrec", dir)).rejects.toThrow(
      /taobao_train_data has no ending that says its format; give it one by a link: ln -s taobao_train_data /,
    );
    renameSync(join(dir, "taobao_train_data"), join(dir, "taobao_train_data.csv"));
    writeFiles(dir, { taobao_train_data: "" });
    expect((await of("easyrec", dir)).data).toContain("train: taobao_train_data.csv");
  });
});
