// Small files in the layouts of FuxiCTR, RecBole and EasyRec, as those projects publish them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Cell, type CellType, RowWriter, Source } from "../../runtime/data/index.ts";
import { writeFiles } from "./data-files.ts";

/** Writes Parquet files by name, each of columns with types and of rows. */
export async function writeParquet(
  folder: string,
  files: Readonly<Record<string, { columns: readonly (readonly [string, CellType])[]; rows: readonly Cell[][] }>>,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const source = await Source.open({ writes: Object.keys(files).map((name) => join(folder, name)) });
  try {
    for (const [name, { columns, rows }] of Object.entries(files)) {
      const writer = await RowWriter.create(source, "t", columns);
      for (const row of rows) {
        writer.add(...row);
      }
      await writer.save(join(folder, name));
    }
  } finally {
    source.close();
  }
}

/** The same numbers in every run. */
export function draws(seed = 1): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

export const sizes = { train: 240, valid: 60, test: 60 } as const;
const [users, items] = [20, 40];
/** Every item has one category. */
const category = (item: number): number => 1 + (item % 5);
const listOf = (draw: (below: number) => number, most: number): number[] =>
  Array.from({ length: draw(most + 1) }, () => 1 + draw(items));

/** `feature_map.json` beside encoded Parquet files with padded lists, as FuxiCTR's build_dataset writes them. */
export async function fuxiEncoded(folder: string, extra: Readonly<Record<string, object>> = {}): Promise<void> {
  const draw = draws();
  const padded = (list: readonly number[]): number[] => [...list, ...new Array<number>(6 - list.length).fill(0)];
  const columns = [
    ["label", "float64"],
    ["user_id", "int64"],
    ["item_id", "int64"],
    ["cate_id", "int64"],
    ["price", "float64"],
    ["hour", "int64"],
    ["click_history", "int32[]"],
    ["cate_history", "int32[]"],
  ] as const;
  const row = (): Cell[] => {
    const [item, list] = [1 + draw(items), listOf(draw, 6)];
    return [
      draw(2),
      BigInt(1 + draw(users)),
      BigInt(item),
      BigInt(category(item)),
      draw(1000) / 10,
      BigInt(draw(24)),
      padded(list),
      padded(list.map(category)),
    ];
  };
  await writeParquet(
    folder,
    Object.fromEntries(
      Object.entries(sizes).map(([part, n]) => [`${part}.parquet`, { columns, rows: Array.from({ length: n }, row) }]),
    ),
  );
  const feature = (source: string, vocab_size: number) => ({ source, type: "categorical", padding_idx: 0, vocab_size });
  const features = {
    user_id: feature("user", users + 2),
    item_id: feature("item", items + 2),
    cate_id: feature("item", 7),
    price: { source: "item", type: "numeric" },
    hour: feature("context", 25),
    click_history: { ...feature("user", items + 2), type: "sequence", share_embedding: "item_id", max_len: 6 },
    cate_history: { ...feature("user", 7), type: "sequence", share_embedding: "cate_id", max_len: 6 },
    ...extra,
  };
  writeFiles(folder, {
    "feature_map.json": JSON.stringify(
      {
        dataset_id: "tiny",
        num_fields: 7,
        labels: ["label"],
        features: Object.entries(features).map(([k, v]) => ({ [k]: v })),
      },
      null,
      4,
    ),
  });
}

/** `dataset_config.yaml` and CSV files as they are, with `^` in the lists, as AmazonElectronics_x1 is published. */
export function fuxiRaw(folder: string): void {
  const draw = draws(7);
  const line = (): string => {
    const [item, list] = [1 + draw(items), listOf(draw, 6)];
    const kinds = list.map((one) => 900 + category(one));
    return `${draw(2)},u${draw(users)},${item},${900 + category(item)},${list.join("^")},${kinds.join("^")}`;
  };
  const head = "label,user_id,item_id,cate_id,item_history,cate_history";
  const files = Object.fromEntries(
    Object.entries(sizes).map(([part, n]) => [
      `${part}.csv`,
      `${[head, ...Array.from({ length: n }, line)].join("\n")}\n`,
    ]),
  );
  writeFiles(folder, {
    ...files,
    "dataset_config.yaml": `### AmazonElectronics
amazon_x1:
    data_root: ../data/
    data_format: csv
    train_data: ../data/amazon_x1/train.csv
    valid_data: ../data/amazon_x1/valid.csv
    test_data: ../data/amazon_x1/test.csv
    min_categr_count: 1
    feature_cols:
        [{name: [user_id, item_id, cate_id], active: True, dtype: str, type: categorical},
         {name: brand, active: False, dtype: str, type: categorical},
         {name: weekday, active: True, dtype: str, type: categorical, preprocess: convert_weekday},
         {name: item_history, active: True, dtype: str, type: sequence, splitter: ^, max_len: 100, share_embedding: item_id},
         {name: cate_history, active: True, dtype: str, type: sequence, splitter: ^, max_len: 100, share_embedding: cate_id}]
    label_col: {name: label, dtype: float}
`,
  });
}

/** Whole lists by user in `user_info.parquet`, as FuxiCTR's SIM, ETA, SDIM and TWIN have it. @returns the lists */
export async function fuxiLong(folder: string, shifted = false): Promise<readonly (readonly number[])[]> {
  const draw = draws(3);
  const lists = Array.from({ length: users }, () => [1, ...listOf(draw, 12)]);
  const rows = (n: number): Cell[][] =>
    Array.from({ length: n }, () => {
      const user = draw(users);
      return [BigInt(user), BigInt(1 + draw(items)), BigInt(draw(lists[user].length + 1)), draw(2), BigInt(draw(4))];
    });
  const columns = [
    ["user_index", "int64"],
    ["item_index", "int64"],
    ["seq_len", "int64"],
    ["is_click", "float64"],
    ["tab", "int64"],
  ] as const;
  await writeParquet(folder, {
    "user_info.parquet": {
      columns: [
        ["user_index", "int64"],
        ["full_item_seq", "int32[]"],
      ],
      rows: lists.map((list, i) => [BigInt(shifted ? i + 1 : i), list]),
    },
    "item_info.parquet": {
      columns: [
        ["item_index", "int64"],
        ["item_id", "int64"],
        ["item_tags", "int32[]"],
        ["image_emb", "float32[]"],
      ],
      rows: Array.from({ length: items + 1 }, (_, i) => [BigInt(i), BigInt(i), [1 + (i % 3), 0], [i / 10, 1, 0]]),
    },
    ...Object.fromEntries(Object.entries(sizes).map(([part, n]) => [`${part}.parquet`, { columns, rows: rows(n) }])),
  });
  writeFiles(folder, {
    "TWIN_tuner_config_01.yaml": `base_config: ./config/twin_config/
dataset_id: Kuai_x2
dataset_config:
    Kuai_x2:
        data_root: ./data/
        data_format: parquet
        train_data: ./data/Kuai_x2/train.parquet
        valid_data: ./data/Kuai_x2/valid.parquet
        test_data: ./data/Kuai_x2/test.parquet
        user_info: ./data/Kuai_x2/user_info.parquet
        item_info: ./data/Kuai_x2/item_info.parquet
        rebuild_dataset: False
        feature_cols:
            - {name: user_index, active: True, dtype: int, type: meta}
            - {name: item_index, active: True, dtype: int, type: meta}
            - {name: seq_len, active: True, dtype: int, type: meta}
            - {name: item_id, active: True, dtype: int, type: categorical, vocab_size: ${items + 1}, source: item}
            - {name: item_tags, active: True, dtype: int, type: sequence, max_len: 2, vocab_size: 5, source: item}
            - {name: image_emb, active: True, dtype: float, type: embedding, source: item, embedding_dim: 8}
            - {name: tab, active: True, dtype: int, type: categorical, vocab_size: 4, source: context}
        label_col: {name: is_click, dtype: float}
tuner_space:
    group_id: user_index
`,
  });
  return lists;
}

/** Atomic files: a log with ratings, items and users. */
export function recboleLog(folder: string, name = "ml"): void {
  const draw = draws(4);
  const lines = Array.from(
    { length: 300 },
    (_, i) => `${1 + draw(users)}\t${1 + draw(items)}\t${1 + draw(5)}\t${880_000_000 + 100 * i}`,
  );
  writeFiles(folder, {
    [`${name}.inter`]: `user_id:token\titem_id:token\trating:float\ttimestamp:float\n${lines.join("\n")}\n`,
    [`${name}.item`]: `item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\temb:float_seq\n${Array.from(
      { length: items },
      (_, i) => `${1 + i}\tFilm ${i}\t${1990 + (i % 9)}\t${i % 2 ? "Drama" : "Comedy Children's"}\t0.5 ${i}.25`,
    ).join("\n")}\n`,
    [`${name}.user`]: `user_id:token\tage:token\tgender:token\n${Array.from(
      { length: users },
      (_, i) => `${1 + i}\t${20 + i}\t${i % 2 ? "M" : "F"}`,
    ).join("\n")}\n`,
  });
}

/** Parts whose rows bring their lists, as RecBole's benchmark files. */
export function recboleParts(folder: string): void {
  const draw = draws(5);
  const head = [
    "user_id:token",
    "item_id:token",
    "timestamp:float",
    "cate:token",
    "item_id_list:token_seq",
    "timestamp_list:float_seq",
    "cate_list:token_seq",
    "rating_list:float_seq",
  ];
  const line = (i: number): string => {
    const [item, list, now] = [1 + draw(items), listOf(draw, 6), 900_000_000 + 1000 * i];
    const times = list.map((_, k) => now - 600 * (list.length - k));
    const past = [list, times, list.map((one) => `c${category(one)}`), list.map(() => 1 + draw(5))];
    return [1 + draw(users), item, now, `c${category(item)}`, ...past.map((one) => one.join(" "))].join("\t");
  };
  writeFiles(
    folder,
    Object.fromEntries(
      Object.entries(sizes).map(([part, n]) => [
        `seq.${part}.inter`,
        `${[head.join("\t"), ...Array.from({ length: n }, (_, i) => line(i + n))].join("\n")}\n`,
      ]),
    ),
  );
}

/** A pipeline.config beside CSV files without headings. */
export function easyTaobao(folder: string, features = ""): void {
  const draw = draws(6);
  const fields =
    "clk buy pid adgroup_id cate_id brand user_id age price pic_emb tags tag_brand_list tag_category_list".split(" ");
  const line = (): string => {
    const [brand, list] = [1 + draw(items), listOf(draw, 6)];
    const lists = [list, list.map(category)].map((one) => one.join("|"));
    const [emb, tags] = [`0.5|${draw(9)}|1`, draw(2) ? "new|sale" : "new"];
    return [
      draw(2),
      draw(3) ? 0 : 1,
      `p_${draw(2)}`,
      draw(90),
      category(brand),
      brand,
      `u${draw(users)}`,
      draw(7),
      draw(500),
      emb,
      tags,
      ...lists,
    ].join(",");
  };
  const lines = (n: number): string => `${Array.from({ length: n }, line).join("\n")}\n`;
  writeFiles(folder, {
    "taobao_train_data.csv": lines(sizes.train),
    "taobao_test_data.csv": lines(sizes.test),
    "pipeline.config": `train_input_path: "data/test/tb_data/taobao_train_data.csv"
eval_input_path: "data/test/tb_data/taobao_test_data.csv"
model_dir: "experiments/din_taobao_ckpt"
# how it is trained
train_config { optimizer_config: { adam_optimizer: { learning_rate: { constant_learning_rate { learning_rate: 1e-3 } } } } }
eval_config { metrics_set: { gauc { uid_field: 'user_id' } } }
data_config {
${fields.map((name) => `  input_fields { input_name: '${name}' input_type: ${name === "clk" ? "INT32" : "STRING"} }`).join("\n")}
  label_fields: 'clk'
  label_fields: 'buy'
  batch_size: 4096
  input_type: CSVInput
}
feature_config: {
  features: { input_names: 'pid' feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 10 }
  features: { input_names: 'adgroup_id' feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 1000 }
  features: { input_names: 'cate_id' feature_type: IdFeature embedding_dim: 8 num_buckets: 10 }
  features: { input_names: 'brand' feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 500 }
  features: { input_names: 'user_id' feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 500 }
  features: { input_names: 'age' feature_type: IdFeature embedding_dim: 4 vocab_list: ['0', '1', '2', '3', '4', '5', '6'] }
  features: { input_names: 'price' feature_type: RawFeature boundaries: [10, 50.5, 100] embedding_dim: 4 }
  features: { input_names: 'pic_emb' feature_type: RawFeature separator: '|' raw_input_dim: 3 }
  features: { input_names: 'tags' feature_type: TagFeature hash_bucket_size: 50 embedding_dim: 4 }
  features: { feature_name: 'age_pid' input_names: ['age', 'pid'] feature_type: ComboFeature hash_bucket_size: 100 embedding_dim: 4 }
  features: { input_names: 'tag_brand_list' feature_type: SequenceFeature separator: '|' hash_bucket_size: 500 embedding_dim: 8 }
  features: { input_names: 'tag_category_list' feature_type: SequenceFeature num_buckets: 10 embedding_dim: 8 }
${features}}
model_config: {
  model_class: 'MultiTowerDIN'
  feature_groups: { group_name: 'user' feature_names: ['user_id', 'age'] wide_deep: DEEP }
  feature_groups: { group_name: 'item' feature_names: ['adgroup_id', 'cate_id', 'brand', 'price', 'pid', 'pic_emb', 'tags'] }
  seq_att_groups: {
    group_name: "din"
    seq_att_map: { key: "brand" hist_seq: "tag_brand_list" }
    seq_att_map: { key: "cate_id" hist_seq: "tag_category_list" }
  }
  multi_tower { din_towers { input: "din" dnn { hidden_units: [128, 64, 32, 1] } } l2_regularization: 5e-7 }
}
export_config { multi_placeholder: false }
`,
  });
}
