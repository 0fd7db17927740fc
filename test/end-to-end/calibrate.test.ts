// Labels calibrated on the validation part, by the command line: what training says, what is stored, and what evaluation shows.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { calibrated } from "../../contract/calibration.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { Database } from "../kit/database.ts";

afterAll(cleanUp);

const source = (click: string) => `model shown

item {
  song: id(vocab: 60, dim: 2, key: true)
  mood: vocabulary(max: 10, dim: 2)
}

history heard {
  of:  item
  max: 4
}

tower ranking {
  wide: [item.mood, item.song]

  predict {
    click: ${click}
  }
}

train {
  embeddings: adam(rate: 0.05)
  dense:      adam(rate: 0.05)
  batch:      64
  epochs:     2
}
`;

let folder: string;
const path = (name: string): string => join(folder, name);

/** Songs are clicked less and less; what is learned early promises too much later. */
beforeAll(() => {
  folder = temporary();
  let last = 5;
  const draw = (below: number) => {
    last = (last * 48271) % 2147483647;
    return last % below;
  };
  const lines = ["user,song,mood,time,clicked"];
  for (let row = 0; row < 8000; row++) {
    const song = draw(60);
    const odds = 0.8 * ((song % 5) - 2) - (row < 6400 ? 0 : 1.2);
    const clicked = draw(10_000) < 10_000 / (1 + Math.exp(-odds));
    lines.push([draw(50), song, `mood ${song % 5}`, 1_700_000_000 + row * 60, Number(clicked)].join(","));
  }
  writeFileSync(path("events.csv"), `${lines.join("\n")}\n`);
  const data = (split: string) =>
    `events: {file: events.csv, user: user, item: song, time: time}
columns: {item.mood: mood, predict.click: clicked}
split: ${split}
`;
  writeFileSync(path("data.yaml"), data("{by: share, train: 0.8, validation: 0.1}"));
  writeFileSync(path("few.yaml"), data("{by: share, train: 0.8, validation: 0.003}"));
  writeFileSync(path("none.yaml"), data("{by: share, train: 0.8, validation: 0}"));
});

interface Label {
  readonly auc: number;
  readonly gauc: number;
  readonly logloss: number;
  readonly calibration: { readonly ratio: number };
  readonly calibrated?: { readonly by: string; readonly logloss: number; readonly ratio: number };
}

async function trained(name: string, click: string, data = "data.yaml") {
  writeFileSync(path(`${name}.twin`), source(click));
  const { stdout, stderr } = await fine([
    ...["train", path(`${name}.twin`), "--data", path(data), "-o", path(`${name}.run`)],
  ]);
  await fine(["build", path(`${name}.twin`), "-o", path(name), "--weights", path(`${name}.run/weights.safetensors`)]);
  return stdout + stderr;
}

async function evaluated(name: string, ...more: string[]): Promise<Label> {
  const { stdout } = await fine(["evaluate", path(name), "--data", path("data.yaml"), "--json", ...more]);
  return (JSON.parse(stdout) as { labels: Label[] }).labels[0];
}

describe.each(["platt", "isotonic"] as const)("%s", (kind) => {
  beforeAll(() => (existsSync(path("plain")) ? undefined : trained("plain", "binary")));

  it("mends what the data have changed to, leaves the order as it is, and is said wherever figures are", async () => {
    const said = await trained(kind, `binary(calibrate: ${kind})`);
    expect(said).toMatch(
      new RegExp(
        `click is calibrated \\(${kind}\\) on the 799 rows of the validation part: their logloss 0\\.\\d+ → 0\\.\\d+`,
      ),
    );
    const lines = readFileSync(path(`${kind}.run/metrics.jsonl`), "utf8")
      .trim()
      .split("\n");
    const { calibrated: kept } = JSON.parse(lines.findLast((line) => line.includes('"calibrated"'))!);
    expect(kept[0]).toMatchObject({ label: "click", kind, rows: 799, why: null });
    expect(kept[0].logloss.after).toBeLessThan(kept[0].logloss.before);

    const [mended, plain] = [await evaluated(kind), await evaluated("plain")];
    expect(plain.calibrated).toBeUndefined();
    expect(mended.calibrated).toEqual({
      by: kind,
      logloss: plain.logloss,
      ratio: plain.calibration.ratio,
      ece: expect.any(Number),
    });
    expect([mended.auc, mended.gauc]).toEqual([plain.auc, plain.gauc]);
    expect(plain.calibration.ratio).toBeGreaterThan(1.3);
    expect(Math.abs(mended.calibration.ratio - 1)).toBeLessThan((plain.calibration.ratio - 1) / 2);
    expect(mended.logloss).toBeLessThan(plain.logloss - 0.02);
    const { stdout } = await fine(["evaluate", path(kind), "--data", path("data.yaml")]);
    expect(stdout).toContain(`before its calibration (${kind}): logloss ${plain.logloss.toFixed(4)}`);

    await fine(["table", "build", path(kind), "--data", path("data.yaml")]);
    const served = await evaluated(kind, "--serving");
    expect(served.logloss).toBeCloseTo(mended.logloss, 4);
  });

  it("gives out in files what the stored values say", async () => {
    const file = openTensors(path(`${kind}.run/weights.safetensors`));
    const values = file.read("ranking.click.calibration");
    file.close();
    await fine(["score", path(kind), "--data", path("data.yaml"), "-o", path("scores.parquet")]);
    await fine(["score", path(kind), "--data", path("data.yaml"), "-o", path("served.parquet"), "--serving"]);
    await fine(["evaluate", path(kind), "--data", path("data.yaml"), "--rows", path("rows.parquet")]);
    const source = await Database.open();
    try {
      for (const name of ["scores", "served", "rows"]) {
        const rows = await source.all(
          `SELECT CAST("click.score" AS DOUBLE) AS p, CAST("click.logit" AS DOUBLE) AS z FROM '${path(`${name}.parquet`)}'`,
        );
        expect(rows.length).toBeGreaterThan(700);
        for (const { p, z } of rows as { p: number; z: number }[]) {
          expect(Math.abs(p - 1 / (1 + Math.exp(-calibrated(kind, values, z))))).toBeLessThan(1e-5);
        }
      }
    } finally {
      source.close();
    }
  });
});

it("goes on to the same bytes where it was stopped", async () => {
  const run = (name: string, ...more: string[]) =>
    fine([
      "train",
      path("platt.twin"),
      "--data",
      path("data.yaml"),
      "-o",
      path(name),
      "--evaluate-every",
      "50",
      ...more,
    ]);
  await run("half", "--steps", "100");
  await run("half", "--resume", "--steps", "200");
  await run("whole", "--steps", "200");
  expect(readFileSync(path("half/weights.safetensors"))).toEqual(readFileSync(path("whole/weights.safetensors")));
});

it("says why where there are too few rows, and gives out the logit's own probability", async () => {
  const said = await trained("few", "binary(calibrate: isotonic)", "few.yaml");
  expect(said).toMatch(
    /warning: click is not calibrated, and gives out the probability of its logit: the validation part has \d+ rows with a 1 and \d+ with a 0, and 20 of each are due/,
  );
  const { logloss, calibrated: before } = await evaluated("few");
  expect(before!.logloss).toBeCloseTo(logloss, 6);
});

it("asks for a validation part before it begins", async () => {
  writeFileSync(path("none.twin"), source("binary(calibrate: platt)"));
  await refused(
    1,
    ["train", path("none.twin"), "--data", path("none.yaml"), "-o", path("none.run")],
    [/click is to be calibrated, which is fitted on the validation part, and there is none/],
  );
});
