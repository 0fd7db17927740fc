// The files of a folder of FuxiCTR: its map or configuration, and the parts of the data.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { isPlain, type Plain, readYamlMap, textOf } from "./broken-text.ts";
import { isFolder, namesIn, resolved } from "./find-files.ts";
import { type FuxiSpecs, specsOfConfig, specsOfMap } from "./fuxictr-specs.ts";
import type { PartFiles, PartName } from "./published.ts";

export interface FuxiFiles extends FuxiSpecs {
  readonly files: PartFiles;
  /** Ids are indices already, 0 being padding; else values as they are. */
  readonly encoded: boolean;
  readonly userInfo: string | null;
  readonly itemInfo: string | null;
  /** The column that their GAUC goes by. */
  readonly group: string | null;
}

const parts = { train: "train", validation: "valid", test: "test" } as const satisfies Record<PartName, string>;

/** @throws TwinError naming what is missing, and the way out */
export function fuxictrFiles(dir: string): FuxiFiles {
  const names = namesIn(dir);
  const datasets = names.filter((name) => /\.ya?ml$/.test(name)).flatMap((name) => datasetsOf(join(dir, name)));
  const nested = join(dir, "dataset_config");
  if (isFolder(nested)) {
    datasets.push(
      ...namesIn(nested)
        .filter((name) => /\.ya?ml$/.test(name))
        .flatMap((name) => datasetsOf(join(nested, name))),
    );
  }
  const home = names.includes("feature_map.json")
    ? dir
    : names.map((name) => join(dir, name)).find((path) => isFolder(path) && existsSync(join(path, "feature_map.json")));
  if (home !== undefined && namesIn(home).some((name) => /^train(\.|$)/.test(name))) {
    return ofMap(home, datasets);
  }
  const there = datasets.filter(({ params }) => found(dir, params, "train_data") !== null);
  const [chosen, other] = there;
  if (chosen !== undefined && other === undefined) {
    return ofConfig(dir, chosen);
  }
  if (other !== undefined) {
    throw new TwinError(
      `${dir} describes ${there.length} data sets whose files are there: ${there.map(({ id }) => id).join(", ")}; put the one into a folder of its own`,
    );
  }
  const [unfound] = datasets;
  if (unfound !== undefined) {
    throw new TwinError(
      `${unfound.where}: the data of ${unfound.id} are not there: \`train_data\` is ${textOf(unfound.params.train_data) ?? "not given"}; paths are tried from ${dir}, from the folders above it, and by their last name in it`,
    );
  }
  if (home !== undefined) {
    throw new TwinError(
      `${home} has a feature_map.json and no train.parquet beside it; put train.parquet, valid.parquet and test.parquet there`,
    );
  }
  throw new TwinError(
    `${dir} is no folder of FuxiCTR: neither feature_map.json beside train.parquet nor a dataset_config.yaml is there`,
  );
}

interface Dataset {
  readonly id: string;
  readonly params: Plain;
  readonly where: string;
}

/** Data sets that a configuration describes, also one of the tuner. */
function datasetsOf(path: string): Dataset[] {
  const map = readYamlMap(path);
  const described = isPlain(map.dataset_config) ? map.dataset_config : map;
  return Object.entries(described).flatMap(([id, params]) =>
    isPlain(params) && (params.train_data !== undefined || params.feature_cols !== undefined)
      ? [{ id, params: { ...params, group_id: params.group_id ?? groupOf(map) }, where: path }]
      : [],
  );
}

const groupOf = (map: Plain): unknown => (isPlain(map.tuner_space) ? map.tuner_space.group_id : undefined);

function ofMap(home: string, datasets: readonly Dataset[]): FuxiFiles {
  const names = namesIn(home);
  const at = (name: string): string | null => (names.includes(name) ? join(home, name) : null);
  const files = (part: string): string | null => {
    const stored = ["parquet", "csv"].map((format) => at(`${part}.${format}`)).find((path) => path !== null);
    if (stored !== undefined) {
      return stored;
    }
    const folder = join(home, part);
    return isFolder(folder) ? join(folder, "*.parquet") : null;
  };
  const train = files(parts.train);
  if (train === null) {
    throw unreadable(home, names);
  }
  const groups = datasets.map(({ params }) => textOf(params.group_id)).filter((group) => group !== null);
  return {
    ...specsOfMap(join(home, "feature_map.json")),
    files: byPart(train, files(parts.validation), files(parts.test)),
    encoded: true,
    userInfo: at("user_info.parquet"),
    itemInfo: at("item_info.parquet"),
    group: groups[0] ?? null,
  };
}

/** Formats that Twin does not read. */
function unreadable(home: string, names: readonly string[]): TwinError {
  const name = names.find((one) => /^train\./.test(one)) ?? "train";
  const lines: Readonly<Record<string, string>> = {
    npz: `d = np.load(p + ".npz"); pd.DataFrame({k: list(d[k]) for k in d})`,
    h5: `d = h5py.File(p + ".h5"); pd.DataFrame({k: list(d[k][:]) for k in d})`,
  };
  const ending = name.slice(name.lastIndexOf(".") + 1);
  const way = lines[ending];
  return new TwinError(
    way === undefined
      ? `${join(home, name)}: Twin reads Parquet, CSV and JSON lines; write train, valid and test as Parquet (in FuxiCTR: data_format: parquet)`
      : `${join(home, name)}: Twin reads Parquet, CSV and JSON lines; for p in "train", "valid", "test", in Python: ${way}.to_parquet(p + ".parquet")`,
  );
}

function byPart(train: string, validation: string | null, test: string | null): PartFiles {
  return {
    train,
    ...(validation === null || validation === train ? {} : { validation }),
    ...(test === null || test === train || test === validation ? {} : { test }),
  };
}

/** A file of a configuration, or the files of a folder that it names. */
function found(dir: string, params: Plain, key: string): string | null {
  const written = textOf(params[key]);
  const format = textOf(params.data_format) ?? "csv";
  if (written === null) {
    return null;
  }
  const path = resolved(dir, written) ?? resolved(dir, `${written}.${format}`);
  return path !== null && isFolder(path) ? join(path, `*.${format}`) : path;
}

function ofConfig(dir: string, { id, params, where }: Dataset): FuxiFiles {
  const train = found(dir, params, "train_data");
  if (train === null) {
    throw new TwinError(`${where}: \`train_data\` of ${id} is missing`);
  }
  if (!/\.(parquet|csv)$/.test(train)) {
    throw new TwinError(`${train}: Twin reads Parquet, CSV and JSON lines; write it as Parquet`);
  }
  return {
    ...specsOfConfig(params, where),
    files: byPart(train, found(dir, params, "valid_data"), found(dir, params, "test_data")),
    encoded: params.rebuild_dataset === false,
    userInfo: found(dir, params, "user_info"),
    itemInfo: found(dir, params, "item_info"),
    group: textOf(params.group_id),
  };
}
