// The selection kernel of a loaded folder: which of its requests it serves, and opened when the first of them comes.
import { TwinError } from "../../contract/error.ts";
import { kernelOf } from "../../contract/kernel-of.ts";
import type { KernelPlanSpec, KernelSpec } from "../../contract/kernel-spec.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { Kernel, type KernelOptions, type KernelShape, type KernelStatus } from "../kernel/index.ts";

/** Which way candidates are ranked: by graphs alone, or with the kernel for the searches and the attention over what they keep. */
export type Plan = "graph" | "kernel";

/** What `load` is asked for; `auto`: the kernel where the model has one, the device is the CPU and the history has a length at which it pays. */
export type WantedPlan = "auto" | Plan;

export const plans: readonly WantedPlan[] = ["auto", "graph", "kernel"];

/**
 * Behaviours, padding among them, with which `auto` takes the kernel: from `least` to `most`, and from `long` on. Below, the graph is
 * as fast. Between, packing a user costs more than 100 candidates save, where they are ranked once (`bench/plans.ts`).
 */
const takes = { least: 128, most: 2000, long: 50_000 } as const;

/** On WASM in a page the graphs cost more, and packing as much: there is no such gap (`bench/web-plans.ts`). */
export const longInPage = takes.most;

/** So many users must have room: one that another pushed out is packed again, which at such lengths is no dearer than the graphs. */
const usersAtOnce = 2;

/** Bytes that a behaviour takes in the kernel's memory, about. */
const behaviourBytes = ({ products, searches, attends }: KernelPlanSpec): number => {
  const headsOf = (name: string) => products.find((one) => one.name === name)!.heads;
  return [
    ...products.map(({ heads, width }) => 4 * heads * width),
    ...products.flatMap(({ heads, match = [] }) => match.map(({ rows }) => 4 * (rows + heads))),
    ...searches.map(({ product }) => 4 * headsOf(product)),
    ...attends.map(({ product, width }) => 4 * headsOf(product) * width),
  ].reduce((sum, bytes) => sum + bytes, 0);
};

/** What the kernel does on one way of a request, and the kernel itself. */
export class PlannedKernel {
  readonly spec: KernelPlanSpec;
  readonly #options: KernelOptions;
  #opening: Promise<Kernel> | null = null;
  #opened: Kernel | null = null;

  constructor(spec: KernelPlanSpec, options: KernelOptions) {
    this.spec = spec;
    this.#options = options;
  }

  /** @throws TwinError where this host cannot run it */
  open(): Promise<Kernel> {
    this.#opening ??= Kernel.open(kernelShape(this.spec), this.#options).then((kernel) => {
      this.#opened = kernel;
      return kernel;
    });
    return this.#opening;
  }

  /** Null until it was opened. */
  status(): KernelStatus | null {
    return this.#opened?.status() ?? null;
  }

  async close(): Promise<void> {
    const kernel = await this.#opening?.catch(() => null);
    await kernel?.close();
  }
}

/** How a loaded folder ranks, as `status()` says it. */
export interface PlanStatus {
  /** What `load` was asked for. */
  readonly wanted: WantedPlan;
  /** Why no request can go by the kernel; null: those that are long enough do. */
  readonly because: string | null;
  /** Once the kernel was used: lanes, whether memory is shared among them, bytes, users that are packed. */
  readonly kernel: KernelStatus | null;
}

export class KernelUse {
  readonly wanted: WantedPlan;
  readonly #because: string | null;
  readonly #cached: PlannedKernel | null = null;
  readonly #fresh: PlannedKernel | null = null;
  readonly #warn: (message: string) => void;
  readonly #maxBytes: number;
  readonly #long: number;
  #failed: string | null = null;

  /**
   * @param device why requests on this device are not the kernel's; null: they are
   * @param long behaviours from which on `auto` takes it where two such users have room
   * @throws TwinError where the kernel is asked for, and the model has none or the device is another
   */
  constructor(
    manifest: Manifest,
    wanted: WantedPlan,
    device: string | null,
    options: KernelOptions,
    long: number = takes.long,
  ) {
    this.#long = long;
    this.wanted = wanted;
    this.#maxBytes = options.maxBytes;
    this.#warn = options.warn ?? (() => undefined);
    const spec = kernelOf(manifest);
    this.#because = wanted === "graph" ? "the plan `graph` was asked for" : (device ?? reasonOf(spec));
    if (wanted === "kernel" && this.#because !== null) {
      throw new TwinError(
        `load: plan is "kernel", and ${manifest.model} has none here: ${this.#because}. Ask for "auto"`,
      );
    }
    if (this.#because === null && spec?.runs === true) {
      this.#cached = new PlannedKernel(spec.cached, options);
      this.#fresh = spec.fresh === null ? this.#cached : new PlannedKernel(spec.fresh, options);
    }
  }

  /** The kernel for a user whose longest searched history has `length` places; null: graphs rank. */
  of(fresh: boolean, length: number): PlannedKernel | null {
    const planned = fresh ? this.#fresh : this.#cached;
    if (this.#failed !== null || planned === null) {
      return null;
    }
    return this.wanted === "kernel" || this.#pays(planned.spec, length) ? planned : null;
  }

  /** What the kernel does where keys and values are made afresh; null: nothing. */
  freshPlan(): KernelPlanSpec | null {
    return this.#fresh?.spec ?? null;
  }

  #pays(spec: KernelPlanSpec, length: number): boolean {
    const room = usersAtOnce * length * behaviourBytes(spec) <= this.#maxBytes;
    return (length >= takes.least && length <= takes.most) || (length >= this.#long && room);
  }

  /**
   * Told that a user could not be packed, or the kernel not be opened.
   * @param lasting whether that holds for all that come
   * @throws the error itself where the kernel was asked for, or it is none that the graph could help with
   */
  give(error: unknown, lasting: boolean): void {
    if (this.wanted === "kernel" || !(error instanceof TwinError) || error.code === "closed") {
      throw error;
    }
    this.#warn(`the graphs rank instead of the selection kernel: ${error.message}`);
    if (lasting) {
      this.#failed = error.message;
    }
  }

  status(): PlanStatus {
    const kernel = this.#cached?.status() ?? this.#fresh?.status() ?? null;
    return { wanted: this.wanted, because: this.#because ?? this.#failed, kernel };
  }

  async close(): Promise<void> {
    await Promise.all([this.#cached?.close(), this.#fresh?.close()]);
  }
}

function reasonOf(spec: KernelSpec | null): string | null {
  if (spec === null) {
    return "it was built before there was one: build it again with `twin build`";
  }
  return spec.runs ? null : spec.because;
}

/** The section's names as the numbers of a shape. */
export function kernelShape({ products, searches, attends }: KernelPlanSpec): KernelShape {
  const histories = historiesOf(products);
  const product = (name: string) => products.findIndex((one) => one.name === name);
  return {
    histories: histories.length,
    products: products.map(({ history, heads, width, match = [] }) => ({
      history: histories.indexOf(history),
      heads,
      width,
      match: match.map(({ rows, any }) => ({ rows, any })),
    })),
    searches: searches.map(({ product: by, rule, keep }) => ({ product: product(by), rule, keep })),
    attends: attends.map(({ product: by, over, searched, width, strength }) => ({
      product: product(by),
      over:
        over.kind === "last"
          ? { last: over.count }
          : { search: searches.findIndex(({ search }) => search === over.search) },
      searched,
      width,
      strength: strength === true,
    })),
  };
}

/** The histories of a plan, in the order in which its users bring them. */
export const historiesOf = (products: KernelPlanSpec["products"]): string[] => [
  ...new Set(products.map(({ history }) => history)),
];
