// Which array becomes which parameter: the user's map first, then the source's own names, then equal names.
import { TwinError } from "../../contract/error.ts";
import { type Assignment, assign, type Part, type Recipe } from "./assign.ts";
import type { ForeignArray } from "./foreign-weights.ts";
import type { ImportTarget, TargetParameter } from "./import-target.ts";
import type { MapEntry } from "./map-file.ts";
import { brackets, orient } from "./orient.ts";
import { fillPattern, isPattern, matchPattern } from "./pattern.ts";

export interface PlanRequest {
  readonly path: string;
  readonly arrays: ReadonlyMap<string, ForeignArray>;
  /** Arrays that cannot be read, with the sentence that says why: nothing is made of them. */
  readonly unreadable: ReadonlyMap<string, string>;
  readonly target: Pick<ImportTarget, "model" | "parameters">;
  /** Of the user's map. */
  readonly entries: readonly MapEntry[];
  /** Of a known source: they yield to the user's. */
  readonly preset: readonly MapEntry[];
  /** Names and patterns of arrays that nobody needs. */
  readonly ignore: readonly string[];
  /** The source is PyTorch's: a `weight` that fits both ways lies as nn.Linear keeps it, [out, in]. */
  readonly linear: boolean;
  /** Take embedding tables alone, and those that are there. */
  readonly partial: boolean;
}

export interface ImportPlan {
  readonly assignments: readonly Assignment[];
  /** Arrays that are the same numbers as a used one. */
  readonly shared: readonly string[];
  readonly ignored: readonly string[];
  readonly unused: readonly string[];
  /** Parameters that nothing was found for, but for what training fits: that changes nothing as it starts. */
  readonly missing: readonly string[];
}

/** @throws TwinError naming everything that does not fit: shapes, missing parameters, arrays left over */
export function planImport(request: PlanRequest): ImportPlan {
  const { path, arrays, target, partial, linear } = request;
  const wanted = new Map(
    target.parameters.filter(({ role }) => !partial || role === "embedding").map((one) => [one.name, one]),
  );
  const all = new Set(target.parameters.map(({ name }) => name));
  const made = new Map<string, Assignment>();
  const problems: Problem[] = [];
  const take = (to: string, parts: readonly Part[], recipe: Omit<Recipe, "torchKnows">) => {
    const parameter = wanted.get(to);
    if (parameter === undefined) {
      return;
    }
    const result = assign(parameter, parts, { ...recipe, torchKnows: !linear && areWeights(parts) });
    if (typeof result === "string") {
      problems.push({ parameter: to, text: `${to}: ${result}` });
    } else {
      made.set(to, result);
    }
  };
  const follow = (entry: MapEntry, own: boolean) => {
    for (const [to, parts] of expand(entry, request, own ? problems : [])) {
      if (!all.has(to) && own) {
        problems.push({ parameter: to, text: `${to} is no parameter of the model` });
      }
      if (own && made.has(to)) {
        problems.push({ parameter: to, text: `${to} is mapped twice` });
      }
      if (!made.has(to)) {
        take(to, parts, { ...entry, transpose: entry.transpose, rows: entry.rows, habit: habitOf(linear, to, parts) });
      }
    }
  };
  for (const entry of request.entries) {
    follow(entry, true);
  }
  for (const entry of request.preset) {
    follow(entry, false);
  }
  const tried = new Set(problems.map((problem) => problem.parameter));
  for (const parameter of wanted.values()) {
    const array =
      arrays.get(parameter.name) ?? (parameter.formerly === null ? undefined : arrays.get(parameter.formerly));
    if (array === undefined || made.has(parameter.name) || tried.has(parameter.name)) {
      continue;
    }
    const parts = [{ array, slices: [] }];
    const habit = habitOf(linear, array.name, parts);
    take(parameter.name, parts, { concat: 0, repeat: false, transpose: undefined, rows: undefined, habit });
  }
  const missing = [...wanted.keys()].filter((name) => !made.has(name) && wanted.get(name)?.role !== "fitted");
  const rest = leftOver(request, [...made.values()]);
  refuse({ path, problems, missing: partial ? [] : missing, unused: partial ? [] : rest.unused, request });
  if (made.size === 0) {
    throw new TwinError(
      `${path} has no embedding table of the model ${target.model}: nothing would be imported. A map (--map) says what is called how`,
    );
  }
  return { assignments: [...made.values()], ...rest, missing };
}

/** Which way a matrix lies that fits both: an array of the model's own name lies as the model's. */
function habitOf(linear: boolean, to: string, parts: readonly Part[]): boolean | null {
  if (linear && areWeights(parts)) {
    return true;
  }
  return parts.every(({ array }) => array.name === to) ? false : null;
}

/** Whether these are called as nn.Linear calls its matrices. */
const areWeights = (parts: readonly Part[]): boolean => parts.every(({ array }) => array.name.endsWith("weight"));

/** What an entry maps to what: one pair, or one for each array that fits its pattern. */
function expand({ from, to }: MapEntry, { arrays, unreadable }: PlanRequest, problems: Problem[]): [string, Part[]][] {
  if (typeof from === "string" && isPattern(from)) {
    const pairs: [string, Part[]][] = [];
    for (const array of arrays.values()) {
      const texts = matchPattern(from, array.name);
      if (texts !== null) {
        pairs.push([fillPattern(to, texts), [{ array, slices: [] }]]);
      }
    }
    if (pairs.length === 0) {
      problems.push({ parameter: to, text: `${to}: no array fits the pattern ${from}` });
    }
    return pairs;
  }
  const list = Array.isArray(from) ? from : [from];
  const parts: Part[] = [];
  for (const one of list) {
    const { name, slice = [] } = typeof one === "string" ? { name: one } : one;
    const array = arrays.get(name);
    if (array === undefined) {
      const why = unreadable.get(name) ?? `there is no array called ${name}`;
      problems.push({ parameter: to, text: `${to}: ${why}` });
    } else {
      parts.push({ array, slices: Array.isArray(slice) ? slice : [slice] });
    }
  }
  return parts.length === list.length ? [[to, parts]] : [];
}

function leftOver({ arrays, unreadable, ignore }: PlanRequest, made: readonly Assignment[]) {
  const taken = made.flatMap(({ parts }) => parts.map(({ array }) => array));
  const used = new Set(taken.map(({ name }) => name));
  const places = new Set(taken.map(({ place }) => place));
  const ignores = (name: string) => ignore.some((pattern) => matchPattern(pattern, name) !== null);
  const rest = [...arrays.values()].filter(({ name }) => !used.has(name));
  const shared = rest.filter(({ place }) => places.has(place));
  const others = [...rest.filter(({ place }) => !places.has(place)).map(({ name }) => name), ...unreadable.keys()];
  return {
    shared: shared.map(({ name }) => name),
    ignored: others.filter(ignores),
    unused: others.filter((name) => !ignores(name)),
  };
}

/** What does not fit, as it is told, and what it is about: a parameter of the model, or what a map takes for one. */
interface Problem {
  readonly parameter: string;
  readonly text: string;
}

interface Faults {
  readonly path: string;
  readonly problems: readonly Problem[];
  readonly missing: readonly string[];
  readonly unused: readonly string[];
  readonly request: PlanRequest;
}

function refuse({ path, problems, missing, unused, request }: Faults): void {
  if (problems.length + missing.length + unused.length === 0) {
    return;
  }
  const { arrays, unreadable, target } = request;
  const faulty = new Set(problems.map((problem) => problem.parameter));
  const fits = ({ shape }: TargetParameter) =>
    unused.filter((name) => {
      const array = arrays.get(name);
      const wish = { transpose: undefined, habit: false, torchKnows: false };
      return array !== undefined && typeof orient(array.shape, shape, wish) !== "string";
    });
  const lines = [
    ...problems.map(({ text }) => text),
    ...target.parameters
      .filter(({ name }) => missing.includes(name) && !faulty.has(name))
      .map((parameter) => {
        const close = fits(parameter).slice(0, 3);
        const hint = close.length === 0 ? "" : `; by its shape it could be ${close.join(", ")}`;
        return `${parameter.name} ${brackets(parameter.shape)} is missing${hint}`;
      }),
    ...unused.map((name) => {
      const array = arrays.get(name);
      return array === undefined
        ? `${name} is not ignored: ${unreadable.get(name)}`
        : `${name} ${brackets(array.shape)} is used for nothing`;
    }),
  ];
  const shown = lines.slice(0, 40).map((line) => `  ${line}`);
  const more = lines.length > 40 ? `\n  … and ${lines.length - 40} more` : "";
  throw new TwinError(
    `${path} does not make the weights of the model ${target.model}:\n${shown.join("\n")}${more}\nA map (--map) says what is called how and what to \`ignore\`; --partial takes embeddings only`,
  );
}
