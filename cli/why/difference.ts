// Why one candidate stands above another: what each attention made of both, and what of the request moved them apart.
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { type Named, recordOf } from "../../contract/record.ts";
import type {
  ExplainedAttend,
  ExplainedBehaviour,
  Explanation,
  PrepareRequest,
  RankRequest,
  Twin,
} from "../../runtime/index.ts";
import { historyColumns } from "../../runtime/request/index.ts";

/** What a part of the request adds to the logits: as they are, less as they are without it. */
export interface Part {
  /** `user`, `user.age`, `history watched`, `watched.liked` … */
  readonly name: string;
  readonly item: number;
  readonly versus: number;
  /** Of the difference of both. */
  readonly difference: number;
}

/** A behaviour as an attention used it for one of both, or for both; null: it did not keep it for that one. */
export interface SharedBehaviour {
  readonly key: string;
  readonly time: number | null;
  readonly miss: boolean;
  readonly item: ExplainedBehaviour | null;
  readonly versus: ExplainedBehaviour | null;
}

/**
 * The score's two parts for one head: metric and bias (`match` among it), as means over the behaviours that it used, weighted by
 * their weights without their sign. These need not sum to one: those of `mlp` and `collision` are no softmax.
 */
export interface HeadMeans {
  readonly metric: number;
  readonly bias: number;
}

export interface AttendDifference {
  readonly attend: string;
  readonly by: string;
  readonly over: string;
  /** Kept for both, for the first alone, for the second alone. */
  readonly both: number;
  readonly itemAlone: number;
  readonly versusAlone: number;
  readonly heads: readonly { readonly item: HeadMeans; readonly versus: HeadMeans }[];
  /** From the largest difference of the weights on. */
  readonly behaviours: readonly SharedBehaviour[];
}

export interface Why {
  readonly model: string;
  readonly label: string;
  readonly untrained: boolean;
  /** Of the tables; null: there are none. */
  readonly generation: number | null;
  readonly stale: boolean;
  /** Behaviours that were not found in a table. */
  readonly misses: number;
  readonly item: Explanation;
  readonly versus: Explanation;
  /** Logit of the first less the second's. */
  readonly difference: number;
  /** From the largest share of the difference on. */
  readonly parts: readonly Part[];
  readonly attends: readonly AttendDifference[];
}

export interface Request {
  readonly prepare: PrepareRequest;
  readonly rank: RankRequest;
}

/** @throws TwinError where a key is none of the candidates, or the model has no such label */
export async function whyOf(
  twin: Twin,
  request: Request,
  item: string,
  versus: string,
  label: string | null,
): Promise<Why> {
  const { manifest } = twin;
  const name = labelOf(manifest, label);
  const asked: Request = { ...request, rank: onlyThese(request.rank, [item, versus]) };
  const prepared = await twin.prepare(asked.prepare);
  const ranking = await prepared.rank(asked.rank);
  const attends = manifest.graphs.explain === undefined ? [] : await prepared.explain(asked.rank);
  const [first, second] =
    attends.length === 2 ? attends : [0, 1].map((at) => unexplained(manifest, ranking, [item, versus], at));
  const logits = ranking.logits[name];
  const parts: Part[] = [];
  for (const { part, without } of leftOut(manifest, asked)) {
    const rest = (await (await twin.prepare(without.prepare)).rank(without.rank)).logits[name];
    const [mine, theirs] = [logits[0] - rest[0], logits[1] - rest[1]];
    parts.push({ name: part, item: mine, versus: theirs, difference: mine - theirs });
  }
  return {
    model: manifest.model,
    label: name,
    untrained: ranking.untrained,
    generation: ranking.tables.length === 0 ? null : twin.status().generation,
    stale: ranking.stale,
    misses: ranking.misses,
    item: first,
    versus: second,
    difference: logits[0] - logits[1],
    parts: parts.sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference)),
    attends: first.attends.map((one, i) => attendDifference(one, second.attends[i])),
  };
}

function labelOf({ model, labels }: Manifest, label: string | null): string {
  const names = labels.map(({ name }) => name);
  if (label !== null && !names.includes(label)) {
    throw new TwinError(`${model} has no label \`${label}\`; there are: ${names.join(", ")}`);
  }
  return label ?? names[0];
}

type Ranked = Awaited<ReturnType<Awaited<ReturnType<Twin["prepare"]>>["rank"]>>;

/** Of a model in which no attend weighs by a metric. */
function unexplained(
  { labels }: Manifest,
  { scores, logits, score }: Ranked,
  keys: readonly string[],
  at: number,
): Explanation {
  const of = (all: Named<Float32Array>) => recordOf(labels.map(({ name }) => [name, all[name][at]] as const));
  return {
    candidate: at,
    key: keys[at],
    scores: of(scores),
    logits: of(logits),
    score: score === null ? null : score[at],
    stats: [],
    attends: [],
  };
}

/** The candidates' columns at these keys, in this order. */
function onlyThese(rank: RankRequest, keys: readonly string[]): RankRequest {
  const all = Array.from(rank.candidates.item as ArrayLike<unknown>, String);
  const places = keys.map((key) => {
    const place = all.indexOf(key);
    if (place < 0) {
      throw new TwinError(
        `${key} is none of the request's ${all.length} candidates: add it to \`candidates\`, with its candidate features`,
      );
    }
    return place;
  });
  const picked = Object.entries(rank.candidates).map(([name, column]) => [name, pickedOf(column, places)] as const);
  return { ...rank, candidates: recordOf<unknown>(picked) as RankRequest["candidates"] };
}

/** Of a column, or of columns by name as inline items may be. */
function pickedOf(column: unknown, places: readonly number[]): unknown {
  if (Array.isArray(column) || ArrayBuffer.isView(column)) {
    return places.map((place) => (column as ArrayLike<unknown>)[place]);
  }
  if (typeof column === "object" && column !== null) {
    return recordOf<unknown>(Object.entries(column).map(([name, one]) => [name, pickedOf(one, places)] as const));
  }
  return column;
}

interface LeftOut {
  readonly part: string;
  readonly without: Request;
}

/** The request without each thing that it brings: groups and their features, histories and their cross features. */
function leftOut(manifest: Manifest, { prepare, rank }: Request): LeftOut[] {
  const found: LeftOut[] = [];
  const single = (
    group: string,
    given: Readonly<Record<string, unknown>>,
    put: (left: Record<string, unknown>) => Request,
  ) => {
    const names = Object.keys(given);
    if (names.length > 0) {
      found.push({ part: group, without: put({}) });
    }
    for (const name of names.length > 1 ? names : []) {
      const left = recordOf<unknown>(Object.entries(given).filter(([other]) => other !== name));
      found.push({ part: `${group}.${name}`, without: put(left) });
    }
  };
  single("user", prepare.user ?? {}, (user) => ({ prepare: { ...prepare, user } as PrepareRequest, rank }));
  single("context", rank.context ?? {}, (context) => ({ prepare, rank: { ...rank, context } as RankRequest }));
  const { item, items, ...features } = rank.candidates;
  single("candidate", features, (left) => ({
    prepare,
    rank: {
      ...rank,
      candidates: { item, ...(items !== undefined && { items }), ...nulled(features, left) },
    } as RankRequest,
  }));
  const histories = historyColumns(manifest, prepare);
  const putHistory = (name: string, columns: Readonly<Record<string, unknown>>): Request => {
    const all = histories.map((one) => [one.spec.name, one.spec.name === name ? columns : one.columns] as const);
    return { prepare: { ...prepare, history: recordOf<unknown>(all) } as PrepareRequest, rank };
  };
  for (const { spec, columns } of histories) {
    const length = (columns.item as ArrayLike<unknown>).length;
    if (length === 0) {
      continue;
    }
    const empty = Object.entries(columns).map(([name, column]) => [name, pickedOf(column, [])] as const);
    found.push({ part: `history ${spec.name}`, without: putHistory(spec.name, recordOf<unknown>(empty)) });
    for (const name of Object.keys(columns).filter((one) => !["item", "items", "time"].includes(one))) {
      const unknown = { ...columns, [name]: new Array(length).fill(null) };
      found.push({ part: `${spec.name}.${name}`, without: putHistory(spec.name, unknown) });
    }
  }
  return found;
}

/** Candidate columns that are left out stand there without values: a column that is missing would be an error. */
const nulled = (all: Readonly<Record<string, unknown>>, left: Readonly<Record<string, unknown>>) =>
  recordOf<unknown>(
    Object.entries(all).map(([name, column]) => [name, Object.hasOwn(left, name) ? column : [null, null]] as const),
  );

function attendDifference(mine: ExplainedAttend, theirs: ExplainedAttend): AttendDifference {
  const byPosition = (all: readonly ExplainedBehaviour[]) => new Map(all.map((one) => [one.position, one]));
  const [first, second] = [byPosition(mine.behaviours), byPosition(theirs.behaviours)];
  const positions = [...new Set([...first.keys(), ...second.keys()])];
  const behaviours = positions.map((position): SharedBehaviour => {
    const [item, versus] = [first.get(position) ?? null, second.get(position) ?? null];
    const { key, time, miss } = (item ?? versus)!;
    return { key, time, miss, item, versus };
  });
  const apart = ({ item, versus }: SharedBehaviour) => Math.abs((item?.weight ?? 0) - (versus?.weight ?? 0));
  const heads = Math.max(...[...mine.behaviours, ...theirs.behaviours].map((one) => one.heads.length), 0);
  return {
    attend: mine.attend,
    by: mine.by,
    over: mine.over,
    both: behaviours.filter(({ item, versus }) => item !== null && versus !== null).length,
    itemAlone: behaviours.filter(({ versus }) => versus === null).length,
    versusAlone: behaviours.filter(({ item }) => item === null).length,
    heads: Array.from({ length: heads }, (_, a) => ({
      item: headMeans(mine.behaviours, a),
      versus: headMeans(theirs.behaviours, a),
    })),
    behaviours: behaviours.sort((a, b) => apart(b) - apart(a)),
  };
}

function headMeans(behaviours: readonly ExplainedBehaviour[], head: number): HeadMeans {
  let [metric, bias, weights] = [0, 0, 0];
  for (const { heads } of behaviours) {
    const share = heads[head];
    if (share !== null && share !== undefined) {
      metric += share.weight * share.metric;
      bias += share.weight * share.bias;
      weights += Math.abs(share.weight);
    }
  }
  return weights === 0 ? { metric: 0, bias: 0 } : { metric: metric / weights, bias: bias / weights };
}
