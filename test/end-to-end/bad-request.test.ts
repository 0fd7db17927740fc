// Bad requests to `twin rank`: each refused with the place in the request and the way out; extremes that are allowed rank.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { type ExampleBuild, exampleBuild, type RequestFile, readRequest } from "../kit/example-build.ts";

let example: ExampleBuild;
beforeAll(async () => {
  example = await exampleBuild();
});
afterAll(cleanUp);

/** Arguments of `rank` with the example's request, changed. */
function changed(change: (request: RequestFile) => unknown): string[] {
  const request = readRequest(example.request);
  const result = change(request) ?? request;
  const path = join(temporary(), "request.json");
  writeFileSync(path, typeof result === "string" ? result : JSON.stringify(result));
  return ["rank", example.dir, "--request", path];
}

const set = (part: string, column: string, value: unknown) => (request: RequestFile) => {
  (request[part] as Record<string, unknown>)[column] = value;
};
const repeat = (value: unknown, times: number) => Array.from({ length: times }, () => value);

describe("requests that are refused", () => {
  it.each<[string, (request: RequestFile) => unknown, RegExp[]]>([
    ["no JSON", () => "{history", [/request\.json is no JSON/]],
    ["an empty file", () => "", [/request\.json is no JSON/]],
    ["a list", () => [1, 2], [/request\.json must hold an object/]],
    ["null", () => "null", [/request\.json must hold an object/]],
    ["a member that is not known", (r) => ({ ...r, candidate: {} }), [/candidate/, /candidates/]],
    ["a member given twice", () => '{"candidates": {"item": [1]}, "candidates": {"item": [2]}}', [/twice/]],
    ["no candidates", (r) => ({ ...r, candidates: undefined }), [/has no candidates/, /"item": \[keys\]/]],
    ["no history", (r) => ({ ...r, history: undefined }), [/no history/, /watched: \{item: \[\]\}/]],
    ["a history that is text", (r) => ({ ...r, history: "all" }), [/history/]],
    ["candidates without keys", (r) => ({ ...r, candidates: { recall_score: [1] } }), [/candidates/, /item/]],
    ["an unknown history column", set("history", "loved", repeat(true, 50)), [/loved/]],
    ["an unknown candidate column", set("candidates", "recal_score", repeat(1, 20)), [/recal_score/, /recall_score/]],
    ["an unknown user feature", set("user", "shoe_size", 43), [/shoe_size/]],
    ["an unknown context feature", set("context", "moon", 1), [/moon/]],
    ["columns of different lengths", set("history", "liked", [true]), [/liked/, /50/]],
    ["a rounded 64-bit key", set("candidates", "item", [2 ** 60 + 2 ** 10]), [/candidates: key 0 /, /string/]],
    ["a rounded key of a behaviour", set("history", "item", repeat(2 ** 60, 50)), [/watched: key 0 /, /string/]],
    ["a key beyond 64 bits", set("candidates", "item", ["99999999999999999999"]), [/candidates: key 0 /]],
    ["a key that is no whole number", set("candidates", "item", [1.5]), [/candidates: key 0 /]],
    ["a key that is a word", set("candidates", "item", ["first"]), [/candidates: key 0 /]],
    ["a key that is null", set("candidates", "item", [null]), [/candidates: key 0 /]],
    ["a key that is an object", set("candidates", "item", [{}]), [/candidates: key 0 /]],
    ["keys that are no list", set("candidates", "item", "1,2"), [/candidates .*`item`.* array/]],
    ["a number that is text", set("candidates", "recall_score", repeat("high", 20)), [/recall_score/, /high/]],
    ["a flag that is text", set("history", "liked", repeat("maybe", 50)), [/liked/, /maybe/]],
    ["a user feature that is a list", set("user", "age", [30]), [/age/]],
    ["a time that is none", (r) => ({ ...r, time: "yesterday" }), [/time/, /yesterday/]],
    ["a time in milliseconds", (r) => ({ ...r, time: 1704015178000 }), [/time/]],
    ["times that are no times", set("history", "time", repeat("noon", 50)), [/time/, /noon/]],
  ])("%s", async (_name, change, patterns) => {
    await refused(1, changed(change), [/^error: /m, ...patterns]);
  });

  it("names the request's file when it is missing or a folder", async () => {
    const rank = ["rank", example.dir, "--request"];
    await refused(1, [...rank, join(example.folder, "none.json")], [/none\.json: there is no such file/]);
    await refused(1, [...rank, example.folder], [example.folder, /folder/]);
  });
});

describe("requests that are allowed", () => {
  const scores = async (change: (request: RequestFile) => unknown): Promise<{ click: number[]; stderr: string }> => {
    const { stdout, stderr } = await fine([...changed(change), "--json"]);
    return { click: JSON.parse(stdout).scores.click, stderr };
  };

  const nulls = (rows: number) => ({ progress: repeat(null, rows), liked: repeat(null, rows) });

  it("ranks without behaviours, with one, with none that is known, and no candidates at all", async () => {
    expect((await scores((r) => ({ ...r, history: { item: [] } }))).click).toHaveLength(20);
    expect(
      (await scores((r) => ({ ...r, history: { item: ["5"], time: [r.time as number], ...nulls(1) } }))).click,
    ).toHaveLength(20);
    const unknown = await scores((r) => ({
      ...r,
      history: { watched: { item: ["-1", "7", "9223372036854775807"], ...nulls(3), time: repeat(r.time, 3) } },
    }));
    expect(unknown.click.every((one) => one > 0 && one < 1)).toBe(true);
    expect((await scores((r) => ({ ...r, candidates: { item: [], recall_score: [] } }))).click).toEqual([]);
  });

  it("says which features were not given and which candidates are unknown", async () => {
    const args = changed((r) => ({
      history: r.history,
      candidates: { item: ["12345", ...repeat("5", 2)], recall_score: [1, null, null] },
    }));
    const { stderr } = await fine(args);
    expect(stderr).toMatch(/candidates are not in the item store/);
    expect(stderr).toMatch(/not given, so unknown: .*user\.age/);
  });
});
