// `twin why`: what each part of a request adds, against requests without it; two candidates the other way round; what it refuses.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Why } from "../../cli/why/difference.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { type ExampleBuild, exampleBuild, type RequestFile, readRequest } from "../kit/example-build.ts";

let example: ExampleBuild;
let keys: string[];
beforeAll(async () => {
  example = await exampleBuild();
  keys = (readRequest(example.request).candidates.item as unknown[]).map(String);
});
afterAll(cleanUp);

const asked = (item: string, versus: string, ...more: string[]): string[] => [
  "why",
  example.dir,
  ...["--request", example.request, "--item", item, "--versus", versus, ...more],
];

const why = async (item: string, versus: string): Promise<Why> =>
  JSON.parse((await fine(asked(item, versus, "--json"))).stdout);

/** Logits of the candidates where the request is changed. */
async function logits(change: (request: RequestFile) => unknown): Promise<number[]> {
  const request = readRequest(example.request);
  change(request);
  const path = join(temporary(), "request.json");
  writeFileSync(path, JSON.stringify(request));
  return JSON.parse((await fine(["rank", example.dir, "--request", path, "--json"])).stdout).logits.click;
}

it("says what each part adds: the logits as they are less those of a request without it", async () => {
  const found = await why(keys[1], keys[4]);
  const whole = await logits(() => undefined);
  expect(found.difference).toBeCloseTo(whole[1] - whole[4], 5);
  const history = (request: RequestFile) => {
    for (const name of Object.keys(request.history)) {
      request.history[name] = [];
    }
  };
  const parts: readonly (readonly [string, (request: RequestFile) => unknown])[] = [
    ["user", (request) => Object.assign(request, { user: {} })],
    ["context", (request) => Object.assign(request, { context: {} })],
    ["context.tab", (request) => delete request.context.tab],
    ["history watched", history],
    ["watched.liked", ({ history: all }) => Object.assign(all, { liked: (all.item as unknown[]).map(() => null) })],
  ];
  for (const [name, change] of parts) {
    const without = await logits(change);
    const part = found.parts.find((one) => one.name === name);
    expect(part?.item, name).toBeCloseTo(whole[1] - without[1], 4);
    expect(part?.versus, name).toBeCloseTo(whole[4] - without[4], 4);
    expect(part?.difference, name).toBeCloseTo((part?.item ?? 0) - (part?.versus ?? 0), 9);
  }
  expect(found.parts.map(({ name }) => name)).toContain("candidate");
});

it("counts each behaviour once, for both or for one, and its weights sum to one", async () => {
  const { attends } = await why(keys[1], keys[4]);
  expect(attends.map(({ attend }) => attend)).toEqual(["interest", "recent"]);
  for (const { both, itemAlone, versusAlone, behaviours, heads } of attends) {
    expect(both + itemAlone + versusAlone).toBe(behaviours.length);
    expect(both + itemAlone).toBe(both + versusAlone);
    expect(heads.length).toBe(4);
    for (const side of ["item", "versus"] as const) {
      expect(behaviours.reduce((sum, one) => sum + (one[side]?.weight ?? 0), 0)).toBeCloseTo(1, 4);
    }
  }
});

it("is the other way round where the candidates are", async () => {
  const [one, other] = [await why(keys[1], keys[4]), await why(keys[4], keys[1])];
  expect(other.difference).toBeCloseTo(-one.difference, 5);
  const signs = new Map(other.parts.map(({ name, difference }) => [name, difference]));
  for (const { name, difference } of one.parts) {
    expect(signs.get(name)).toBeCloseTo(-difference, 4);
  }
});

it("writes a page without scripts or anything from elsewhere, and text", async () => {
  const page = join(temporary(), "why.html");
  const { stdout } = await fine(asked(keys[1], keys[4], "--page", page));
  expect(stdout).toContain("what each part of the request adds to the log-odds");
  const text = readFileSync(page, "utf8");
  expect(text).toContain(keys[1]);
  expect(text).not.toMatch(/<script|(?:src|href)=/);
});

it("refuses a candidate that is none of the request's, one candidate twice, and a label that is not there", async () => {
  await refused(1, asked("12", keys[0]), [/12 is none of the request's 20 candidates: add it/]);
  await refused(2, asked(keys[0], keys[0]), [/are the same candidate: name two/]);
  await refused(1, asked(keys[0], keys[1], "--label", "share"), [/no label `share`; there are: click, like/]);
});
