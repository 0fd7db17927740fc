// Values that no feature of their kind may have, and values out of its range, at every place of a request: for any manifest.
import { type Encoder, isComputed } from "../../contract/encoder-spec.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";

export interface Request {
  readonly user: Record<string, unknown>;
  readonly time: unknown;
  readonly history: Record<string, Record<string, unknown>>;
  readonly context: Record<string, unknown>;
  readonly candidates: Record<string, unknown>;
}

export interface Case {
  readonly place: string;
  readonly kind: Encoder["kind"];
  readonly value: unknown;
  /** The request with the value in the place of one that is right. */
  readonly request: Request;
  /** What the error has to name. */
  readonly names: readonly string[];
}

const rows = 3;

/** One that is right. */
function right({ encoder }: FeatureSpec): unknown {
  switch (encoder.kind) {
    case "flag":
      return true;
    case "tags":
      return encoder.of.kind === "id" ? [1, 2] : ["a", 7];
    case "pretrained":
      return Array(encoder.size).fill(0.5);
    case "vocabulary":
      return "a";
    default:
      return 1;
  }
}

const rounded = 2 ** 53;
const noScalar = [true, { a: 1 }, [1]];

/** What is refused, wherever it stands. */
function wrong(encoder: Encoder): unknown[] {
  if (isComputed(encoder)) {
    return [1];
  }
  switch (encoder.kind) {
    case "id":
      return ["1", 1.5, Number.POSITIVE_INFINITY, ...noScalar];
    case "vocabulary":
    case "hashed":
      return [rounded, -rounded, 2 ** 60 + 2 ** 10, 1.5, Number.NEGATIVE_INFINITY, ...noScalar];
    case "bucketed":
      return ["1", "high", ...noScalar];
    case "number":
      return ["1", Number.POSITIVE_INFINITY, ...(encoder.scale === "none" ? [1e300] : []), ...noScalar];
    case "members":
      return ["1", Number.POSITIVE_INFINITY, 1e300, ...noScalar];
    case "flag":
      return [2, -1, 0.5, "true", { a: 1 }, [1]];
    case "tags":
      return [1, "a", { a: 1 }, ...wrong(encoder.of).map((one) => [one])];
    case "pretrained": {
      const vector = (one: unknown) => [...Array(encoder.size - 1).fill(0), one];
      const numbers = [Number.NaN, Number.POSITIVE_INFINITY, 1e300, "1", null, 1n, [1]];
      return [1, "a", [], Array(encoder.size + 1).fill(0), ...numbers.map(vector)];
    }
    case "centroid":
    case "key":
      return [];
  }
}

/** What is taken, and lies outside of what the model knows. */
function outside(encoder: Encoder): unknown[] {
  switch (encoder.kind) {
    case "id":
      return [-1, -5n, encoder.vocab, encoder.vocab + 1, 2 ** 31, rounded, -(2 ** 60), 10n ** 30n, Number.NaN, null];
    case "vocabulary":
      return ["nobody", "", -1, -7n, 10n ** 30n, Number.NaN, null];
    case "hashed":
      return ["", "-1", -1, 10n ** 30n, Number.NaN, null];
    case "bucketed":
      return [-1e308, 1e308, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 10n ** 400n, Number.NaN, null];
    case "number":
      return [-3e38, 3e38, Number.NaN, null];
    case "members":
      return [-3, 0, 3e38, Number.NaN, null];
    case "flag":
      return [0n, Number.NaN, null];
    case "tags":
      return [[], null, [null], outside(encoder.of), Array(1000).fill(outside(encoder.of)[0])];
    default:
      return [null];
  }
}

/** Of item keys: integers or texts. */
const wrongKeys = (texts: boolean): unknown[] => [
  ...[1.5, rounded, -rounded, Number.NaN, null, true, { a: 1 }, [1]],
  ...(texts ? [] : ["first", "", " 1", "01", "1.0", 2n ** 63n, "9223372036854775808"]),
];

export function rightRequest(manifest: Manifest): Request {
  const of = (group: FeatureSpec["group"]) => manifest.features.filter((feature) => feature.group === group);
  const single = (group: FeatureSpec["group"]) =>
    Object.fromEntries(
      of(group)
        .filter(({ encoder }) => !isComputed(encoder))
        .map((feature) => [feature.column, right(feature)]),
    );
  const columns = (features: readonly FeatureSpec[]) =>
    Object.fromEntries(
      features
        .filter(({ encoder }) => !isComputed(encoder) && encoder.kind !== "key")
        .map((feature) => [feature.column, Array(rows).fill(right(feature))]),
    );
  const items = () => ({ item: [1, 2, 3], items: columns(of("item")) });
  return {
    user: single("user"),
    time: 1_700_000_000,
    history: Object.fromEntries(
      manifest.histories.map(({ name, cross }) => [
        name,
        {
          ...items(),
          time: [1_600_000_001, 1_600_000_002, 1_600_000_003],
          ...columns(manifest.features.filter((feature) => cross.includes(feature.name))),
        },
      ]),
    ),
    context: single("context"),
    candidates: { ...items(), ...columns(of("candidate")) },
  };
}

/** Every value at every place: as the user's or the context's, in a column, among the features of items. */
export function hostileCases(manifest: Manifest, values: "wrong" | "outside"): Case[] {
  const base = rightRequest(manifest);
  const found: Case[] = [];
  const put = (place: string, feature: FeatureSpec, value: unknown, path: readonly string[], one: boolean) => {
    const column = Array(rows).fill(right(feature));
    column[1] = value;
    const names = [feature.name];
    found.push({ place, kind: feature.encoder.kind, value, request: withAt(base, path, one ? value : column), names });
  };
  const draw = values === "wrong" ? wrong : outside;
  for (const feature of manifest.features) {
    const { group, column, encoder, name } = feature;
    // Nobody brings what is computed of times.
    const taken = encoder.kind !== "key" && (!isComputed(encoder) || values === "wrong");
    for (const value of taken ? draw(encoder) : []) {
      if (group === "user" || group === "context") {
        put(group, feature, value, [group, column], true);
      } else if (group === "candidate") {
        put("candidates", feature, value, ["candidates", column], false);
      } else if (group === "item") {
        put("candidates' items", feature, value, ["candidates", "items", column], false);
        for (const history of manifest.histories) {
          put("a history's items", feature, value, ["history", history.name, "items", column], false);
        }
      } else {
        const history = manifest.histories.find(({ cross }) => cross.includes(name));
        put("a history", feature, value, ["history", history?.name ?? "", column], false);
      }
    }
  }
  return values === "wrong" ? [...found, ...keyCases(manifest, base)] : found;
}

function keyCases(manifest: Manifest, base: Request): Case[] {
  const key = manifest.features.find((feature) => feature.group === "item" && feature.key);
  const texts = key?.encoder.kind === "key" && key.encoder.type === "string";
  const places = [["candidates", "item"], ...manifest.histories.map(({ name }) => ["history", name, "item"])];
  return places.flatMap((path) =>
    wrongKeys(texts).map((value) => ({
      place: `keys of ${path.at(-2)}`,
      kind: "key" as const,
      value,
      request: withAt(base, path, [1, value, 3]),
      names: ["key 1"],
    })),
  );
}

function withAt<T>(object: T, [name, ...rest]: readonly string[], value: unknown): T {
  const own = object as Record<string, unknown>;
  return { ...object, [name]: rest.length === 0 ? value : withAt(own[name], rest, value) };
}
