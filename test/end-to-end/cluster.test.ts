// TWIN V2 from a log: clusters of it, a model trained, judged and built on them, and a request whose history is a user's record.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { patience } from "../kit/effort.ts";

const folder = temporary();
afterAll(cleanUp);

const at = (...names: readonly string[]): string => join(folder, ...names);

/** A model of the repository, small enough to learn a few steps within seconds. */
function lean(name: string, file = `models/${name}.twin`): string {
  const text = readFileSync(file, "utf8")
    .replace(/^import .*\n/m, readFileSync("models/features.twin", "utf8"))
    .replace("hidden: [200, 80]", "hidden: [8]")
    .replace("max:     100k", "max:     400");
  writeFileSync(at(`${name}.twin`), text);
  return at(`${name}.twin`);
}

it(
  "goes from a log to ranked candidates, by vectors of the data and by those that another model learned",
  async () => {
    const [model, data, out] = [lean("twin_v2"), at("ex", "data.yaml"), at("clusters")];
    await fine(["example", at("ex"), "--users", "12", "--items", "80", "--behaviours", "60"]);
    const made = await fine(["cluster", model, "--data", data, "-o", out, "--every", "60d"]);
    expect(made.stdout).toMatch(/720 samples of 12 users, .* \d+ snapshots of \d+ clusters, \d+ virtual items; /);
    expect(made.stderr).toMatch(/events in clusters: 720 of 720 \(100 %\), [\d,]+ a second/);
    const again = JSON.parse(
      (await fine(["cluster", model, "--data", data, "-o", out, "--every", "60d", "--json"])).stdout,
    );
    expect(again).toMatchObject({ reused: true, users: 12, samples: 720 });
    expect(again.virtual).toBeGreaterThan(20);
    await refused(1, ["cluster", model, "--data", data, "-o", out, "--every", "30d"], ["remove this one"]);

    const clustered = join(out, "data.yaml");
    const check = await fine(["data", "check", clustered, "--model", model]);
    expect(check.stdout).toContain("no errors");
    await fine(["train", model, "--data", clustered, "-o", at("run"), "--steps", "4"]);
    await fine(["build", model, "--weights", at("run", "weights.safetensors"), "--data", clustered, "-o", at("build")]);
    const judged = await fine(["evaluate", at("build"), "--data", clustered]);
    expect(judged.stdout).toMatch(/^click /m);

    // A user's record as the history of a request; the first of its own items as a candidate.
    const [line] = readFileSync(join(out, "users", "00000.jsonl"), "utf8").split("\n");
    const { user, until, history } = JSON.parse(line);
    const own = Object.entries<unknown[]>(history.watched.items).map(([name, values]) => [name, values.slice(0, 2)]);
    const request = {
      user: { user_id: user, age: 30 },
      time: until + 3600,
      context: { hour: 3, tab: 1 },
      history,
      candidates: { item: history.watched.item.slice(0, 2), items: Object.fromEntries(own) },
    };
    const ask = async (asked: object) => {
      writeFileSync(at("request.json"), JSON.stringify(asked));
      return JSON.parse((await fine(["rank", at("build"), "--request", at("request.json"), "--json"])).stdout);
    };
    const ranked = await ask(request);
    expect(ranked.logits.click).toHaveLength(2);
    // What the clusters' sizes add is heard.
    const { size: _, ...ones } = history.watched;
    expect((await ask({ ...request, history: { watched: ones } })).logits.click).not.toEqual(ranked.logits.click);

    const wide = ["cluster", model, "--data", data, "-o", at("learned"), "--weights", at("run")];
    await refused(1, wide, [
      /the vectors of item.video_id have 16 numbers, and item.cover of the model twin_v2 has 32/,
    ]);
    writeFileSync(
      at("wide.twin"),
      readFileSync(model, "utf8").replace("cover:     pretrained(size: 32", "cover:     pretrained(size: 16"),
    );
    wide[1] = at("wide.twin");
    await fine(wide);
    await fine(["data", "check", at("learned", "data.yaml"), "--model", at("wide.twin")]);
    expect(readFileSync(at("learned", "clusters.yaml"), "utf8")).toMatch(/^ {2}learned: [0-9a-f]{64}$/m);
    const learned = /^ {2}learned: (.*)$/m.exec(readFileSync(at("learned", "clusters.yaml"), "utf8"))![1];
    expect(readFileSync(at("learned", "data.yaml"), "utf8")).toContain(`vectors: ${learned}`);
    // A run's vectors are its own: the data's, or another's, are others.
    await refused(1, wide.slice(0, -2), ["by other vectors (--weights)"]);
    await refused(
      1,
      ["train", model, "--data", at("learned", "data.yaml"), "-o", at("other")],
      [/learned\/data.yaml:\d+:\d+: the lists hold clusters by kmeans\(on: item.cover of 16 numbers/],
    );
  },
  patience(240_000),
);
