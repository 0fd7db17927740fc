// Whether a change of the code's shape changed what it makes: `node test/house/same-bytes.mjs BEFORE [AFTER]`, two checkouts.
// Builds every model of models/ and test/good/ with both, prepares example data, trains 50 steps with dropout and drawn
// negatives, builds a table and ranks; then compares all files byte by byte. `--fields a,b.c`: parts of manifests and of
// dataset.yaml that may differ; `--added manifest.json`: names of files that only the later one writes. Exit 1 where anything else does. It takes minutes.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { parse } from "yaml";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    fields: { type: "string", default: "" },
    added: { type: "string", default: "" },
    keep: { type: "boolean", default: false },
  },
});
const [before, after = join(import.meta.dirname, "../..")] = positionals;
if (before === undefined) {
  throw new Error("name the checkout to compare with");
}
const free = values.fields.split(",").filter((one) => one !== "");
const added = new Set(values.added.split(","));
const home = mkdtempSync(join(tmpdir(), "twin-same-"));
const sides = [
  { root: resolve(before), out: join(home, "before") },
  { root: resolve(after), out: join(home, "after") },
];

/** Runs a checkout's command line in its folder of output. */
function twin({ root, out }, args, mayFail = false) {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(root, "cli/twin.mjs"), ...args], {
    cwd: out,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0 && !(mayFail && status === 1)) {
    throw new Error(`twin ${args.join(" ")}\n${stderr}`);
  }
  return { status, stdout, stderr };
}

function models(root) {
  return ["models", "test/good"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith(".twin") && /^model /m.test(readFileSync(join(root, folder, file), "utf8")))
      .map((file) => join(folder, file)),
  );
}

/** The quickstart's model, with all that training draws numbers for. */
const drawing = (text) =>
  text
    .replace("hidden:     [200, 80]", "hidden:     [200, 80]\n  dropout:    0.1")
    .replace("max:  10k", "max:  1k")
    .replace("like:  binary(weight: 0.5, where: click)", "like:  binary(weight: 0.5)");

function make(side, source) {
  mkdirSync(side.out, { recursive: true });
  // Sources are those of one side, so that only the code differs.
  for (const folder of ["models", "test/good"]) {
    cpSync(join(source, folder), join(side.out, folder), { recursive: true });
  }
  const said = [];
  for (const model of models(source)) {
    for (const [name, more] of [
      ["plain", []],
      ["outside", ["--embeddings", "outside"]],
      ["float16", ["--table-input", "float16"]],
    ]) {
      const { status, stderr } = twin(
        side,
        ["build", model, "-o", join("built", basename(model, ".twin"), name), ...more],
        true,
      );
      if (status !== 0) {
        said.push([`${model} ${name}`, /error\[[\w-]+\]|error: .*/.exec(stderr)?.[0]]);
      }
    }
  }
  cpSync(join(home, "data"), join(side.out, "data"), { recursive: true });
  copyFileSync(join(source, "models/features.twin"), join(side.out, "features.twin"));
  writeFileSync(join(side.out, "drawing.twin"), drawing(readFileSync(join(source, "models/twin.twin"), "utf8")));
  const data = "data/drawn.yaml";
  twin(side, ["data", "prepare", data, "--model", "drawing.twin", "-o", "cache"]);
  twin(side, [
    "train",
    "drawing.twin",
    "--data",
    data,
    "-o",
    "run",
    "--steps",
    "50",
    "--threads",
    "1",
    "--seed",
    "7",
    "--cache",
    "cache",
  ]);
  twin(side, ["build", "drawing.twin", "--weights", "run/weights.safetensors", "--data", data, "-o", "learned"]);
  twin(side, ["table", "build", "learned", "--data", data]);
  const { stdout } = twin(side, ["evaluate", "learned", "--data", data, "--cache", "cache", "--json"]);
  writeFileSync(
    join(side.out, "evaluated.json"),
    stdout.replaceAll(/"(seconds|[a-z]+PerSecond)": ?[\d.e+-]+/g, '"$1":0'),
  );
  return said;
}

/** What is compared: not the run's own times and folders. */
const chosen = (path) =>
  /^(built|cache|learned)\//.test(path) || ["run/weights.safetensors", "evaluated.json"].includes(path)
    ? !/^learned\/tables\/generations\/|\.lock$/.test(path) || /\.(table|index|store)$/.test(path)
    : false;

const files = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter(chosen)
    .sort();

function without(value, path) {
  const [first, ...rest] = path;
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, first)) {
    return value;
  }
  const { [first]: part, ...others } = value;
  return rest.length === 0 ? others : { ...others, [first]: without(part, rest) };
}

/** Headers of block files say when they were made; their payload does not. */
function payload(path, bytes) {
  return /\.(table|index|store)$/.test(path) ? bytes.subarray(4096) : bytes;
}

function differs(path) {
  const [a, b] = sides.map(({ out }) => readFileSync(join(out, path)));
  if (payload(path, a).equals(payload(path, b))) {
    return false;
  }
  if (!/(manifest|dataset)\.(yaml|json)$/.test(path)) {
    return true;
  }
  // The key of prepared data says which files they are of, by place and time.
  const [before, after] = [a, b].map((bytes) =>
    ["checksum", "key", ...free].reduce((value, field) => without(value, field.split(".")), parse(bytes.toString())),
  );
  return !isDeepStrictEqual(before, after);
}

try {
  sides[0].out = join(home, "before");
  mkdirSync(home, { recursive: true });
  const maker = { root: sides[0].root, out: home };
  twin(maker, ["example", "data", "--users", "60", "--items", "500", "--behaviours", "120", "--seed", "4"]);
  const bound = readFileSync(join(home, "data/data.yaml"), "utf8");
  const drawn = bound
    .replace("predict.click: click", 'predict.click: "true"')
    .replace("predict.like:  like", 'predict.like: "true"');
  writeFileSync(join(home, "data/drawn.yaml"), `${drawn}negatives: {per_positive: 2, by: popularity, met: allow}\n`);
  const [one, other] = sides.map((side) => make(side, sides[0].root));
  const wrong = [];
  if (!isDeepStrictEqual(one, other)) {
    wrong.push(`what is refused: ${JSON.stringify(one)} and ${JSON.stringify(other)}`);
  }
  const [left, right] = sides.map(({ out }) => files(out));
  for (const path of left.filter((name) => !right.includes(name))) {
    wrong.push(`${path}: only before`);
  }
  for (const path of right.filter((name) => !left.includes(name) && !added.has(basename(name)))) {
    wrong.push(`${path}: only after`);
  }
  const both = left.filter((name) => right.includes(name));
  for (const path of both) {
    if (differs(path)) {
      wrong.push(`${path}: differs`);
    }
  }
  const digest = createHash("sha256");
  for (const path of both) {
    digest.update(path).update(payload(path, readFileSync(join(sides[1].out, path))));
  }
  for (const line of wrong) {
    console.log(line);
  }
  console.log(
    `${both.length} files compared, ${wrong.length} differences; ${one.length} builds are refused alike; SHA-256 of all ${digest.digest("hex").slice(0, 16)}`,
  );
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  if (values.keep) {
    console.log(home);
  } else {
    rmSync(home, { recursive: true, force: true });
  }
}
