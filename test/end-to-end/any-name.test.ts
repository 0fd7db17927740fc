// A model whose every name is one of JavaScript's own goes the whole path, with the numbers that it has under plain names.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../contract/safetensors.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import { load } from "../../runtime/index.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine } from "../kit/cli.ts";
import { long } from "../kit/effort.ts";

afterAll(cleanUp);

const roles = [
  ...["model", "kind", "topics", "age", "hour", "price", "history", "ago", "liked"],
  ...["metric", "search", "attend", "tower", "click", "stay", "table", "met", "rate", "last"],
] as const;
type Names = Readonly<Record<(typeof roles)[number], string>>;

const source = (n: Names): string => `model ${n.model}
item {
  video: id(vocab: 60, dim: 4, key: true)
  ${n.kind}: vocabulary(max: 8, dim: 4)
  ${n.topics}: tags(vocab: 6, max: 2, dim: 4)
}
user { ${n.age}: bucketed(at: [18, 35], dim: 2) }
context { ${n.hour}: id(vocab: 24, dim: 2) }
candidate { ${n.price}: number(scale: log) }
history ${n.history} {
  of: item
  max: 12
  cross {
    ${n.ago}: elapsed(at: [1h, 1d], dim: 2)
    ${n.liked}: flag(dim: 2)
  }
  stats {
    ${n.met}: met(on: item.${n.topics})
    ${n.rate}: rate(on: item.${n.kind}, of: ${n.liked})
    ${n.last}: last(of: ${n.history}.${n.liked}, dim: 2)
  }
}
metric ${n.metric} { query: item keys: ${n.history}.item bias: ${n.history}.cross heads: 2 dim: 4 }
search ${n.search} { from: ${n.history} by: ${n.metric} keep: 3 }
attend ${n.attend} { over: ${n.search} by: ${n.metric} }
tower ${n.tower} {
  input: [${n.attend}, item, user, context, candidate, ${n.history}.stats]
  hidden: [4]
  predict { ${n.click}: binary ${n.stay}: regression }
}
table ${n.table} { of: ${n.metric}.keys precision: float32 }
train { batch: 16 }
`;

const binding = (n: Names): string => `events: {file: events.csv, user: user, item: video, time: time}
items: {file: items.jsonl, key: video}
split: {by: time, train: ..2020-09-13T13:26:40, validation: ..2020-09-13T14:16:40, test: rest}
columns:
  item.${n.kind}: kind
  item.${n.topics}: topics
  user.${n.age}: age
  context.${n.hour}: hour
  candidate.${n.price}: price
  ${n.history}.${n.liked}: click
  predict.${n.click}: click
  predict.${n.stay}: stay
`;

const count = 300;
const events = `user,video,time,age,hour,price,click,stay\n${Array.from({ length: count }, (_, i) => {
  const [user, video] = [i % 5, (i * 7) % 40];
  return [user, video, 1_600_000_000 + 40 * i, 20 + 7 * user, i % 24, 1 + (i % 9), Number(i % 3 === 0), (i % 5) / 2];
})
  .map((row) => row.join(","))
  .join("\n")}\n`;
const items = `${Array.from({ length: 40 }, (_, i) => JSON.stringify({ video: i, kind: `k${i % 5}`, topics: [i % 3, i % 6] })).join("\n")}\n`;

/** Start values are drawn by name, so weights go from one naming to the other: `item.kind.table` by its parts. */
function renamed(path: string, from: Names, to: Names): Uint8Array {
  const tensors = openTensors(path);
  const names = new Map(roles.map((role) => [from[role], to[role]]));
  const all = [...tensors.entries].map(([name, { shape }]) => ({
    name: name
      .split(".")
      .map((part) => names.get(part) ?? part)
      .join("."),
    shape,
    data: tensors.read(name),
  }));
  tensors.close();
  return encodeSafetensors(all);
}

/** Everything that the model says, with its names put back into roles. @param given weights under these names */
async function wholePath(names: Names, given: string | null): Promise<{ weights: string; said: unknown }> {
  const dir = temporary();
  mkdirSync(dir, { recursive: true });
  const at = (name: string): string => join(dir, name);
  writeFileSync(at("m.twin"), source(names));
  writeFileSync(at("data.yaml"), binding(names));
  writeFileSync(at("events.csv"), events);
  writeFileSync(at("items.jsonl"), items);
  const cells = (column: (i: number) => unknown, length: number) => Array.from({ length }, (_, i) => column(i));
  const request = `{
    "user": {"${names.age}": 30}, "time": 1600020000, "context": {"${names.hour}": 7},
    "history": {"${names.history}": {"item": ${JSON.stringify(cells(String, 9))}, "time": ${JSON.stringify(cells((i) => 1_600_000_000 + i, 9))}, "${names.liked}": ${JSON.stringify(cells((i) => i % 2 === 0, 9))}}},
    "candidates": {"item": ["3", "11"], "${names.price}": [2, 3], "items": {"${names.kind}": ["k1", "k2"], "${names.topics}": [[1], [2, 3]]}}
  }`;
  writeFileSync(at("request.json"), request);
  const json = async (...words: string[]) => JSON.parse((await fine([...words, "--json"])).stdout);

  await fine(["check", at("m.twin")]);
  for (const what of ["model", "graph", "cost", "parameters", "diagram", "kernel"]) {
    await fine(["show", what, at("m.twin")]);
  }
  const checked = await json("data", "check", at("data.yaml"), "--model", at("m.twin"));
  const words = ["--data", at("data.yaml"), "--steps", "4", "--seed", "3"];
  await fine(["train", at("m.twin"), ...words, "-o", at("run")]);
  const learned = at("run/weights.safetensors");
  const weights = at("weights.safetensors");
  writeFileSync(weights, given === null ? renamed(learned, names, names) : renamed(given, harmless, names));
  await fine(["build", at("m.twin"), "-o", at("build"), "--data", at("data.yaml"), "--weights", weights]);
  await json("diff", at("build"), at("m.twin"));
  const build = at("build");
  await fine(["table", "build", build, "--data", at("data.yaml")]);
  await fine(["table", "verify", build]);
  const ranked = await json("rank", build, "--request", at("request.json"), "--explain");
  expect(Object.keys(ranked.scores)).toEqual([names.click, names.stay]);
  await fine(["rank", build, "--request", at("request.json"), "--explain"]);
  const parsed = JSON.parse(request);
  const { user, time, history, context, candidates } = parsed;
  const answers: number[][] = [];
  for (const workers of [0, 1]) {
    const twin = await load(build, { workers, threads: 1 });
    try {
      const ranking = await (await twin.prepare({ user, time, history })).rank({ context, candidates });
      answers.push([...ranking.scores[names.click], ...ranking.scores[names.stay]]);
    } finally {
      await twin.close();
    }
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[0]).toEqual([...ranked.scores[names.click], ...ranked.scores[names.stay]].map(Math.fround));
  await fine(["score", build, "--data", at("data.yaml"), "-o", at("scores.parquet")]);
  await fine(["score", build, "--data", at("data.yaml"), "--serving", "-o", at("served.parquet")]);
  const words2 = ["--data", at("data.yaml"), "--predictions", at("scores.parquet"), "--hit-rate", "3"];
  const report = await json("evaluate", build, ...words2);
  const served = await json("evaluate", build, "--data", at("data.yaml"), "--serving");
  await fine(["evaluate", build, "--self-test", "--requests", "2"]);

  const back = new Map<string, string>(roles.map((role) => [names[role], `«${role}»`]));
  const pattern = new RegExp(`(?<![A-Za-z0-9_])(${[...back.keys()].join("|")})(?![A-Za-z0-9_])`, "g");
  const plain = (value: unknown): string =>
    JSON.stringify(value)
      .replaceAll(pattern, (name) => back.get(name)!)
      .replaceAll(dir, "DIR");
  const { tables: _, ...rest } = ranked;
  const said = [checked, rest, report.labels, report.comparison, served.labels].map(plain);
  return { weights, said };
}

const harmless = Object.fromEntries(roles.map((role, i) => [role, `name${String.fromCharCode(97 + i)}`])) as Names;
const own = [
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "isPrototypeOf", "toLocaleString"],
  ...["propertyIsEnumerable", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"],
  ...["then", "length", "prototype", "toJSON", "bind", "call", "apply"],
];
const turned = (by: number): Names =>
  Object.fromEntries(roles.map((role, i) => [role, own[(i + by) % own.length]])) as Names;

describe("names of JavaScript", () => {
  let expected: Awaited<ReturnType<typeof wholePath>>;
  beforeAll(async () => {
    expected = await wholePath(harmless, null);
  }, 60_000);
  // Turned by each number, each name would stand in each role; by six, the worst ones stand where keys are read: labels
  // are called __proto__ and constructor, statistics hasOwnProperty and valueOf, a history then.
  it.each(long ? [0, 3, 6, 9, 12, 15] : [6])("are names like others, turned by %i", async (by) => {
    expect((await wholePath(turned(by), expected.weights)).said).toEqual(expected.said);
  });
});
