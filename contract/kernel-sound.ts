// That the manifest's section `kernel` fits its graphs and tables: what it says is read as memory, unchecked.

import { kernelOf } from "./kernel-of.ts";
import {
  type KernelAttend,
  type KernelOperand,
  type KernelPlanSpec,
  type KernelProduct,
  type KernelSearch,
  pooledColumns,
} from "./kernel-spec.ts";
import type { Manifest } from "./manifest.ts";
import type { Fail } from "./manifest-upgrade.ts";

/** Ends by `fail` with the first thing that does not fit. */
export function expectKernel(manifest: Manifest, fail: Fail): void {
  const kernel = kernelOf(manifest);
  if (kernel === null || !kernel.runs) {
    return;
  }
  for (const plan of [kernel.cached, kernel.fresh]) {
    if (plan !== null) {
      new PlanCheck(manifest, plan, (what) => fail(`extensions.kernel: ${what}`)).all();
    }
  }
}

type Dim = number | string;

class PlanCheck {
  readonly #manifest: Manifest;
  readonly #plan: KernelPlanSpec;
  readonly #fail: Fail;
  readonly #products: ReadonlyMap<string, KernelProduct>;
  readonly #searches: ReadonlyMap<string, KernelSearch>;

  constructor(manifest: Manifest, plan: KernelPlanSpec, fail: Fail) {
    this.#manifest = manifest;
    this.#plan = plan;
    this.#fail = fail;
    this.#products = this.#byName(plan.products, ({ name }) => name);
    this.#searches = this.#byName(plan.searches, ({ search }) => search);
  }

  all(): void {
    const { products, searches, attends } = this.#plan;
    for (const product of products) {
      this.#product(product);
    }
    for (const search of searches) {
      this.#search(search);
    }
    const left = this.#manifest.searches.find(({ name }) => !this.#searches.has(name));
    if (left !== undefined) {
      this.#fail(`it leaves out the search ${left.name}`);
    }
    this.#byName(attends, ({ attend }) => attend);
    for (const attend of attends) {
      this.#attend(attend);
    }
    this.#pooledInputs();
  }

  #byName<T>(list: readonly T[], name: (one: T) => string): ReadonlyMap<string, T> {
    const found = new Map(list.map((one) => [name(one), one]));
    if (found.size < list.length) {
      this.#fail("it names something twice");
    }
    return found;
  }

  #product({ name, history, heads, width, query, keys, bias, match = [] }: KernelProduct): void {
    const dim = this.#historyDim(history);
    this.#output(this.#plan.query, query, [heads, "candidates", width]);
    this.#operand(keys, history, [dim, heads, width], `the keys of ${name}`);
    if (bias !== null) {
      this.#output(this.#plan.user, bias, [heads, dim]);
    }
    for (const { candidates, behaviours, worth, rows } of match) {
      this.#output(this.#plan.query, candidates, ["candidates", rows], "int32");
      this.#output(this.#plan.user, behaviours, [dim, rows], "int32");
      this.#output(this.#plan.user, worth, [heads, dim]);
    }
  }

  #search({ search, product: by, rule, keep, mask }: KernelSearch): void {
    const spec =
      this.#manifest.searches.find(({ name }) => name === search) ?? this.#fail(`there is no search ${search}`);
    const product = this.#productOf(by);
    if (spec.history !== product.history || spec.keep !== keep || spec.heads !== rule) {
      this.#fail(`the search ${search} is another one`);
    }
    this.#output(this.#plan.user, mask, [this.#historyDim(product.history)]);
  }

  #attend({ attend, product: by, over, searched, mask, width, values, strength, pooled }: KernelAttend): void {
    const spec =
      this.#manifest.attends.find(({ name }) => name === attend) ?? this.#fail(`there is no attend ${attend}`);
    const { name, history, heads } = this.#productOf(by);
    const search = over.kind === "search" ? this.#searches.get(over.search) : undefined;
    const same =
      over.kind === "search"
        ? spec.over.kind === "search" && spec.over.search === over.search && search !== undefined
        : spec.over.kind === "last" && spec.over.count === over.count;
    if (!same || spec.over.history !== history) {
      this.#fail(`the attend ${attend} is another one`);
    }
    if (searched && search?.product !== name) {
      this.#fail(`the scores of ${attend} are not those of its search`);
    }
    if (search?.rule === "per_head" && this.#productOf(search.product).heads !== heads) {
      this.#fail(`${attend} has other heads than the lists that it reads`);
    }
    this.#output(this.#plan.user, mask, [this.#historyDim(history)]);
    const behaviours = over.kind === "last" ? over.count : this.#historyDim(history);
    for (const operand of values) {
      this.#operand(operand, history, [behaviours, heads, width], `the values of ${attend}`);
    }
    const input = this.#graph(this.#plan.head).inputs.find(
      ({ source }) => source.kind === "pooled" && source.attend === attend,
    );
    const columns = heads * pooledColumns({ width, strength });
    if (input === undefined || input.name !== pooled || input.shape.join() !== `candidates,${columns}`) {
      this.#fail(`${this.#plan.head} has no input ${pooled} [candidates, ${columns}] for ${attend}`);
    }
  }

  /** Whatever the head is to be given, an attend gives. */
  #pooledInputs(): void {
    const given = new Set(this.#plan.attends.map(({ attend }) => attend));
    for (const { source } of this.#graph(this.#plan.head).inputs) {
      if (source.kind === "pooled" && !given.has(source.attend)) {
        this.#fail(`nothing gives ${this.#plan.head} what ${source.attend} pooled`);
      }
    }
  }

  #operand(operand: KernelOperand, history: string, shape: readonly [Dim, number, number], what: string): void {
    if (operand.kind === "output") {
      this.#output(this.#plan.user, operand.output, shape);
      return;
    }
    const [, heads, width] = shape;
    if (operand.kind === "lookup") {
      this.#output(this.#plan.user, operand.rows, [null, heads, width]);
      this.#output(this.#plan.user, operand.row, [this.#historyDim(history)], "int32");
      return;
    }
    const { tables } = this.#manifest;
    const { table: name, offset } = operand;
    const table = Object.hasOwn(tables, name) ? tables[name] : this.#fail(`there is no table ${name}`);
    if (table.history !== history || offset + heads * width > table.width) {
      this.#fail(`${what} are not in the rows of ${name}`);
    }
  }

  #productOf(name: string): KernelProduct {
    return this.#products.get(name) ?? this.#fail(`there is no product ${name}`);
  }

  #historyDim(name: string): string {
    const { histories } = this.#manifest;
    if (!histories.some((one) => one.name === name)) {
      this.#fail(`there is no history ${name}`);
    }
    return histories.length > 1 ? `history.${name}` : "history";
  }

  #graph(name: KernelPlanSpec["user" | "query" | "head"]) {
    return this.#manifest.graphs[name] ?? this.#fail(`there is no graph ${name}`);
  }

  /** @param shape null: any dimension */
  #output(
    graph: KernelPlanSpec["user" | "query"],
    name: string,
    shape: readonly (Dim | null)[],
    dtype: "float32" | "int32" = "float32",
  ): void {
    const found = this.#graph(graph).outputs.find((output) => output.name === name);
    const fits =
      found?.shape.length === shape.length && shape.every((dim, i) => dim === null || dim === found.shape[i]);
    if (found?.result.kind !== "operand" || found.dtype !== dtype || !fits) {
      const wanted = shape.map((dim) => dim ?? "…").join(", ");
      this.#fail(`${graph} has no output ${name} ${dtype} [${wanted}] that is an operand`);
    }
  }
}
