// A model's kernel plan on an execution provider: operands and queries by its graphs there, the kernel there, its head there.
// In the two parts of docs/decisions/0008: lists by the literal loop on the kernel's own scores, index for index; and given these
// lists what it pools beside plain loops, the labels of its head beside the float64 reference, and beside the graph `rank`.
import { kernelSection } from "../../compiler/emit/kernel-section.ts";
import { keptPort, rowPort } from "../../compiler/graphs/index.ts";
import { evaluate } from "../../compiler/ir/evaluate.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import { validPort } from "../../compiler/model/ports.ts";
import type { KernelPlanSpec } from "../../contract/kernel-spec.ts";
import type { GraphName } from "../../contract/manifest.ts";
import { parityPlace, parityPlaceName } from "../../contract/parity-place.ts";
import { encodeSafetensors } from "../../contract/safetensors.ts";
import type { UserSide } from "../../runtime/request/index.ts";
import { operandsOf } from "../../runtime/request/kernel-side.ts";
import { kernelShape } from "../../runtime/request/kernel-use.ts";
import { floats, ints } from "../../runtime/session/session.ts";
import { type KernelCase, literalLists, pooledBy, scoresOf } from "./kernel-case.ts";
import { type ResultWire, type RunKernel, toWire } from "./kernel-wire.ts";
import { tolerance } from "./provider-judge.ts";
import type { ProviderGraph, ProviderModel } from "./provider-models.ts";
import type { RunCases } from "./provider-run.ts";

/** Of what is pooled, from plain loops. */
const besideLoops = 1e-5;

/**
 * Of labels, between the kernel's plan and the graph on the same provider: 1e-5, and what float32 leaves open of scores of such
 * a size, four of their last bits, which softmax makes parts of a weight.
 */
const besideGraph = (largest: number): number => 1e-5 + largest * 2 ** -22;

export interface HeldKernel {
  readonly faults: string[];
  readonly plans: number;
  readonly cases: number;
  /** Lists that were compared, one a candidate; of `per_head` one a head. */
  readonly lists: number;
  readonly numbers: number;
  /** Labels that are farther from those of the graph than `besideGraph` says: a fault, but where a tower makes much of little. */
  readonly beyond: string[];
  /** Largest abs(a − b) / max(1, abs(b)): of what is pooled from the loops, of labels from the head's reference and from the graph. */
  readonly pooled: number;
  readonly head: number;
  readonly graph: number;
}

type Counted = { -readonly [K in keyof HeldKernel]: HeldKernel[K] };
type Feeds = Record<string, Tensor>;

/** Null where the kernel runs nothing of the model, or not all of its graphs are tried. */
export async function holdsKernel(model: ProviderModel, run: RunCases, kernel: RunKernel): Promise<HeldKernel | null> {
  const section = kernelSection(model.model);
  const named = new Map(model.graphs.map((graph) => [graph.name as GraphName, graph]));
  const ways = section.runs
    ? ([
        [section.cached, "rank"],
        [section.fresh, named.has("rank_fresh") ? "rank_fresh" : "rank"],
      ] as const)
    : [];
  const held: Counted = {
    faults: [],
    beyond: [],
    plans: 0,
    cases: 0,
    lists: 0,
    numbers: 0,
    pooled: 0,
    head: 0,
    graph: 0,
  };
  for (const [plan, rank] of ways) {
    if (plan === null) {
      continue;
    }
    const graphs = [plan.user, plan.query, plan.head, rank].map((name) => named.get(name));
    const [user, query, head, graph] = graphs;
    if (user === undefined || query === undefined || head === undefined || graph === undefined) {
      continue;
    }
    held.plans++;
    await new Way(model, plan, { user, query, head, rank: graph }, held).hold(run, kernel);
  }
  return held.plans === 0 ? null : held;
}

interface Graphs {
  readonly user: ProviderGraph;
  readonly query: ProviderGraph;
  readonly head: ProviderGraph;
  readonly rank: ProviderGraph;
}

/** One way of a request: over tables as they are, or with keys and values made afresh. */
class Way {
  readonly #model: ProviderModel;
  readonly #plan: KernelPlanSpec;
  readonly #graphs: Graphs;
  readonly #held: Counted;

  constructor(model: ProviderModel, plan: KernelPlanSpec, graphs: Graphs, held: Counted) {
    this.#model = model;
    this.#plan = plan;
    this.#graphs = graphs;
    this.#held = held;
  }

  async hold(run: RunCases, kernel: RunKernel): Promise<void> {
    const { user, query, head, rank } = this.#graphs;
    const [operands, queries] = [await run(this.#model, user), await run(this.#model, query)];
    const scenarios = user.places.map((place) => parityPlace(place)!.scenario);
    const at = ({ name }: ProviderGraph, scenario: string) =>
      parityPlaceName({ graph: name as GraphName, type: null, scenario });
    const cases = scenarios.map((scenario) =>
      this.#case({ ...operands[at(user, scenario)], ...queries[at(query, scenario)] }, this.#feeds(scenario)),
    );
    const results = await kernel(cases.map(toWire));
    const given = scenarios.map((_, i) => this.#given(cases[i], results[i]));
    const feeds = new Map(
      [head, rank].flatMap((graph) =>
        scenarios.map((scenario, i) => {
          const place = at(graph, scenario);
          return [place, { ...this.#model.feeds(place), ...only(graph, given[i]) }] as const;
        }),
      ),
    );
    const forced = fed(this.#model, [head, rank], feeds);
    const [labels, wanted] = [await run(forced, forced.graphs[0]), await run(forced, forced.graphs[1])];
    for (const [i, scenario] of scenarios.entries()) {
      const where = `${this.#model.name}, ${this.#plan.user}, ${scenario || "typical"}`;
      this.#lists(where, cases[i], results[i]);
      this.#pooled(where, cases[i], results[i]);
      const found = labels[at(head, scenario)];
      const near = besideGraph(largestScore(cases[i]));
      const reference = evaluate(head.reference, feeds.get(at(head, scenario))!, this.#model.read);
      for (const [name, { data }] of Object.entries(reference)) {
        const graph = wanted[at(rank, scenario)][name].data;
        // Where a tower makes much of float32's last bits the graph is off as well: twice as far at most.
        const most = Math.max(tolerance, 2 * farthest(graph, data));
        this.#close("head", found[name].data, data, most, `${where}: ${name}`);
        this.#close("graph", found[name].data, graph, near, `${where}: ${name}`);
      }
      this.#held.cases++;
    }
  }

  /** All that goes into any graph of one request. */
  #feeds(scenario: string): Feeds {
    const places = this.#model.graphs.flatMap(({ places: all }) => all);
    const own = places.filter((place) => {
      const found = parityPlace(place);
      return found?.type === null && found.scenario === scenario && found.graph !== "projector";
    });
    return Object.assign({}, ...own.map((place) => this.#model.feeds(place)));
  }

  #case(outputs: Feeds, feeds: Feeds): KernelCase {
    const { model } = this.#model;
    // A table that nothing reads is fed to nothing.
    const read = model.tables.filter(({ name }) => feeds[name] !== undefined);
    const tables = read.map((table) => {
      const [rows, row] = [feeds[table.name], feeds[rowPort(model, table)]];
      return [table.name, { rows: asFloats(rows), row: ints(Int32Array.from(row.data), ...row.shape) }] as const;
    });
    const histories = model.histories.map((one) => [one.name, { length: feeds[validPort(one)].shape[0] }] as const);
    const side = { histories: new Map(histories), tables: new Map(tables) } as unknown as UserSide;
    const dtypes = new Map(this.#graphs.user.graph.outputs.map(({ name, value }) => [name, value.dtype]));
    const typed = Object.entries(outputs).map(([name, one]) => {
      const tensor = dtypes.get(name) === "int32" ? ints(Int32Array.from(one.data), ...one.shape) : asFloats(one);
      return [name, tensor] as const;
    });
    const { products } = this.#plan;
    return {
      shape: kernelShape(this.#plan),
      user: operandsOf(this.#plan, side, Object.fromEntries(typed)),
      queries: products.map((product) => Float32Array.from(outputs[product.query].data)),
      rows: products.map(({ match = [] }) => match.map(({ candidates }) => Int32Array.from(outputs[candidates].data))),
      candidates: outputs[products[0].query].shape[1],
    };
  }

  /** What the kernel gave, by the ports that take it. */
  #given({ candidates, shape }: KernelCase, { kept, pooled }: ResultWire): Feeds {
    const { searches } = this.#model.model;
    const lists = this.#plan.searches.map(({ search, rule, keep }, i) => {
      const port = keptPort(this.#model.model, searches.find(({ name }) => name === search)!);
      const heads = rule === "per_head" ? [shape.products[shape.searches[i].product].heads] : [];
      return [port, { shape: [...heads, candidates, keep], data: kept[i] }] as const;
    });
    const sums = this.#plan.attends.map(({ pooled: port }, i) => {
      return [port, { shape: [candidates, pooled[i].length / candidates], data: pooled[i] }] as const;
    });
    return Object.fromEntries([...lists, ...sums]);
  }

  #lists(where: string, one: KernelCase, { kept }: ResultWire): void {
    for (const [i, wanted] of literalLists(one).entries()) {
      const differ = wanted.filter((position, at) => kept[i][at] !== position).length;
      if (differ > 0 || kept[i].length !== wanted.length) {
        const { search } = this.#plan.searches[i];
        this.#held.faults.push(
          `${where}: ${differ} of ${wanted.length} positions of ${search} are not of the literal loop`,
        );
      }
      this.#held.lists += wanted.length / one.shape.searches[i].keep;
    }
  }

  #pooled(where: string, one: KernelCase, { kept, pooled }: ResultWire): void {
    const lists = kept.map((list) => Int32Array.from(list));
    for (const [i, found] of pooled.entries()) {
      this.#close("pooled", found, pooledBy(one, lists, i), besideLoops, `${where}: ${this.#plan.attends[i].pooled}`);
    }
  }

  #close(
    part: "pooled" | "head" | "graph",
    found: ArrayLike<number>,
    wanted: ArrayLike<number>,
    most: number,
    where: string,
  ): void {
    for (let i = 0; i < wanted.length; i++) {
      const [a, b] = [found[i], wanted[i]];
      const off = apart(a, b);
      this.#held[part] = Math.max(this.#held[part], off);
      // NaN is larger than any tolerance.
      if (!(off <= most)) {
        const to = part === "graph" ? this.#held.beyond : this.#held.faults;
        to.push(`${where}, ${part}: number ${i} is ${a} instead of ${b}`);
        return;
      }
    }
    this.#held.numbers += wanted.length;
  }
}

const apart = (a: number, b: number): number => Math.abs(a - b) / Math.max(1, Math.abs(b));

const farthest = (found: ArrayLike<number>, wanted: ArrayLike<number>): number =>
  Array.from(wanted).reduce((worst, b, i) => Math.max(worst, apart(found[i], b)), 0);

/** Masks aside. */
const largestScore = (one: KernelCase): number =>
  Math.max(...one.shape.products.map((_, i) => scoresOf(one, i, null).reduce((a, b) => Math.max(a, Math.abs(b)), 0)));

const asFloats = ({ data, shape }: Tensor) => floats(Float32Array.from(data), ...shape);

const only = ({ graph }: ProviderGraph, all: Feeds): Feeds => {
  const inputs = new Set(graph.inputs.map(({ node }) => node.attributes.name));
  return Object.fromEntries(Object.entries(all).filter(([name]) => inputs.has(name)));
};

/** The model with other cases. */
function fed(model: ProviderModel, graphs: readonly ProviderGraph[], feeds: ReadonlyMap<string, Feeds>): ProviderModel {
  const tensors = graphs.flatMap((graph) => {
    const dtypes = new Map(graph.graph.inputs.map(({ node, dtype }) => [node.attributes.name, dtype]));
    return [...feeds].flatMap(([place, all]) =>
      parityPlace(place)!.graph !== graph.name
        ? []
        : Object.entries(all).map(([input, { shape, data }]) => ({
            name: `${place}/in/${input}`,
            shape,
            data: dtypes.get(input) === "int32" ? Int32Array.from(data) : Float32Array.from(data),
          })),
    );
  });
  return {
    ...model,
    parity: encodeSafetensors(tensors, {}),
    graphs: graphs.map((graph) => ({
      ...graph,
      places: [...feeds.keys()].filter((place) => parityPlace(place)!.graph === graph.name),
    })),
    feeds: (place) => feeds.get(place)!,
  };
}

/** Runs each graph of a model once, whoever asks. */
export function onceEach(run: RunCases): RunCases {
  const known = new Map<ProviderGraph, ReturnType<RunCases>>();
  return (model, graph) => {
    const running = known.get(graph) ?? run(model, graph);
    known.set(graph, running);
    return running;
  };
}

/** What `npm test` says of some models at its end. */
export function heldKernelText(all: readonly HeldKernel[]): string {
  const sum = (key: "plans" | "cases" | "lists" | "numbers") => all.reduce((total, one) => total + one[key], 0);
  const [pooled, head, graph] = (["pooled", "head", "graph"] as const).map((key) =>
    Math.max(0, ...all.map((one) => one[key])).toExponential(1),
  );
  return [
    `${sum("plans")} plans of ${all.length} models, ${sum("cases")} cases, ${sum("lists")} lists as the literal loop`,
    `${sum("numbers")} numbers, worst ${pooled} of what is pooled, ${head} of labels behind it, ${graph} from the graph`,
  ].join("; ");
}
