// Start-up of the command line: `twin check` of a 200-line file against `node -e 0`, by turns. npx tsx bench/start-up.ts
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byTurns, type Contender, table, timed } from "./measure.ts";

const root = join(import.meta.dirname, "..");
const rounds = Number(process.argv[2] ?? 31);
const target = 2.5;

/** A model of exactly `lines` lines: the sections of a real one, and as many item features as it takes. */
export function modelOf(lines: number): string {
  const around = `/// A model with many features.
model wide

item {
  video_id: id(vocab: 50k, dim: 64, key: true)
FEATURES
}

user {
  age: bucketed(at: [18, 25, 35, 50], dim: 8)
}

context {
  hour: id(vocab: 24, dim: 8)
}

history watched {
  of:  item
  max: 1000

  cross {
    ago:      elapsed(at: [1h, 1d, 7d, 30d], dim: 8)
    progress: bucketed(at: [10%, 50%, 90%], dim: 8)
    liked:    flag(dim: 4)
  }
}

metric relevance {
  query: item
  keys:  watched.item
  bias:  watched.cross
  heads: 4
  dim:   16
}

search nearest {
  from: watched
  by:   relevance
  keep: 100
}

attend interest {
  over: nearest
  by:   relevance
}

tower ranking {
  input:  [interest, item, user, context]
  hidden: [128, 64]

  predict {
    click: binary
    like:  binary(weight: 0.5)
  }
}

table video_keys {
  of:        relevance.keys
  precision: float16
  on_miss:   mask
}
`;
  const kinds = [
    (name: string) => `${name}: id(vocab: 10k, dim: 16)`,
    (name: string) => `${name}: hashed(buckets: 5k, dim: 16)`,
    (name: string) => `${name}: bucketed(at: [7s, 15s, 30s, 1min, 3min], dim: 8)`,
    (name: string) => `${name}: tags(buckets: 500, max: 8, dim: 8)`,
  ];
  const missing = lines - around.split("\n").length + 2;
  const features = Array.from({ length: missing }, (_, i) => `  ${kinds[i % kinds.length](`feature_${i}`)}`);
  return around.replace("FEATURES", features.join("\n"));
}

function command(name: string, args: readonly string[], expected: string): Contender {
  return {
    name,
    async run() {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0 || !stdout.includes(expected)) {
        throw new Error(`${name} ended with ${status}: ${stderr}`);
      }
    },
  };
}

const folder = mkdtempSync(join(tmpdir(), "twin-bench-"));
try {
  const file = join(folder, "wide.twin");
  const source = modelOf(200);
  writeFileSync(file, source);
  const lines = source.split("\n").length - 1;
  // The launcher bundles where a source is newer than the bundle: not what is measured.
  spawnSync(process.execPath, [join(root, "cli/twin.mjs"), "--version"]);
  const [bare, bundled, launched] = await byTurns(
    [
      command("node -e 0", ["-e", "0"], ""),
      command("node dist/twin.js check", [join(root, "dist/twin.js"), "check", file], "no errors"),
      command("node cli/twin.mjs check (in a checkout)", [join(root, "cli/twin.mjs"), "check", file], "no errors"),
    ],
    rounds,
  );
  const ratio = (median: number) => (median / bare.median).toFixed(2);
  console.log(`a file of ${lines} lines, ${rounds} rounds by turns; median (least–most) in ms\n`);
  console.log(
    table([
      ["", "ms", "× node -e 0", "target"],
      [bare.name, timed(bare), "1", ""],
      [bundled.name, timed(bundled), ratio(bundled.median), `≤ ${target}`],
      [launched.name, timed(launched), ratio(launched.median), ""],
    ]),
  );
  if (bundled.median / bare.median > target) {
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
