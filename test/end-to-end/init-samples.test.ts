// `twin init` of rows that bring their history as lists: the draft trains, builds, has tables and scores.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine } from "../kit/cli.ts";
import { writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);

it("drafts what trains, builds, has tables and scores, from JSON lines with odd headings", async () => {
  const folder = temporary();
  const lines = Array.from({ length: 60 }, (_, user) => {
    const met = Array.from({ length: 10 }, (_, i) => ({
      item: `p${(user * 7 + i * i * 5) % 40}`,
      time: 1.6e9 + 3600 * (24 * i + (user % 20)),
      stars: 1 + ((user + i) % 5),
    }));
    return met.map(({ item, time }, i) => {
      const past = met.slice(0, i);
      return JSON.stringify({
        ...{
          "user id": `u${user}`,
          商品: item,
          at: time * 1000,
          clicked: (user + i * i) % 3 === 0,
          row: (user * i) % 7,
        },
        ...{ 历史: past.map((one) => one.item), "历史 时间": past.map((one) => one.time * 1000) },
        ...{ "历史 星级": past.map((one) => one.stars) },
      });
    });
  }).flat();
  writeFiles(folder, { "samples.jsonl": `${lines.join("\n")}\n` });
  const dir = join(folder, "draft");
  const { stdout, stderr } = await fine(["init", dir, "--from", join(folder, "samples.jsonl")]);
  expect(stdout).toContain("user: user id, item: 商品, clock: at (ms)");
  expect(stderr).toContain("the history `seen` is in column `历史`, its times in `历史 时间`");
  const [model, data] = [join(dir, "draft.twin"), join(dir, "data.yaml")];
  expect(readFileSync(data, "utf8")).toMatch(/samples:\n[\s\S]*seen: \{item: 历史, newest: last, time: 历史 时间/);
  await fine(["check", model]);
  await fine(["data", "check", data, "--model", model]);
  const [run, built] = [join(folder, "run"), join(folder, "built")];
  await fine(["train", model, "--data", data, "-o", run, "--steps", "2"]);
  await fine(["build", model, "--weights", join(run, "weights.safetensors"), "--data", data, "-o", built]);
  expect((await fine(["table", "build", built, "--data", data])).stdout).toMatch(/generation 1, 40 items/);
  await fine(["score", built, "--data", data, "-o", join(folder, "scores.csv")]);
  expect(readFileSync(join(folder, "scores.csv"), "utf8").split("\n").length).toBeGreaterThan(600);
});
