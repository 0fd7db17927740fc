// The search over a batch: rows of like length by turns, and none at all where a history is kept whole.
import { alike } from "../../contract/alike.ts";
import { recordOf } from "../../contract/record.ts";
import type { Encoded } from "../encode/encoded.ts";
import { NoRoom } from "../kernel/index.ts";
import { intsOf } from "../session/session.ts";
import type { Assembled, AssembledHistory } from "./assemble.ts";
import { Buffers, release, takenRows } from "./buffers.ts";
import { feedsOf } from "./feeds.ts";
import { Frames, type Kept } from "./frames.ts";
import { resultsOf, type TrainGraphs } from "./graphs.ts";
import { kernelSearch, kernelShape } from "./kernel-search.ts";
import { Numbering } from "./numbering.ts";
import { ownItems } from "./own-items.ts";
import type { TrainPlan } from "./plan.ts";
import { rowGroups } from "./row-groups.ts";
import type { Parameters } from "./state.ts";

/** Scoring this many behaviours takes about as long as a run of the session takes besides. */
const run = 4096;

export class Searcher {
  readonly #plan: TrainPlan;
  readonly #state: Parameters;
  readonly #graphs: TrainGraphs;
  readonly #frames: Frames;
  /** What each search keeps: lists a row, and behaviours a list. */
  readonly lists: readonly { readonly search: string; readonly keep: number; readonly lists: number }[];
  /** Histories that are searched. */
  readonly #histories: readonly string[];
  readonly #enough: number;
  readonly #items = new Numbering(1024);

  constructor(plan: TrainPlan, state: Parameters, graphs: TrainGraphs) {
    this.#plan = plan;
    this.#state = state;
    this.#graphs = graphs;
    this.#frames = new Frames(plan, new Buffers());
    const lists = plan.spec.frames.flatMap((frame) =>
      frame.kind === "search" ? [{ search: frame.search, keep: frame.length, lists: frame.heads ?? 1 }] : [],
    );
    this.lists = lists;
    this.#histories = [...new Set(plan.wholeFrames.map(({ history }) => history))];
    this.#enough = this.#histories.length === 1 ? Math.min(...lists.map(({ keep }) => keep)) : -1;
  }

  /**
   * Positions by search: [B, keep] or [heads, B, keep]. Of a history of at most `keep` all is kept, without a look at its
   * scores, unless `ranked` asks for best first: then it is the graph that searches, whose scores are those of the oracle's graph to
   * the bit. Else the selection kernel does where it can, which spends nothing on padding.
   */
  async search(batch: Assembled, ranked = false): Promise<Kept> {
    if (!this.#graphs.has("search")) {
      return {};
    }
    const { rows } = batch;
    const kept = recordOf(
      this.lists.map(({ search, keep, lists }) => [search, everything(rows, keep, lists)] as const),
    );
    const lengths = longest(this.#histories.map((name) => batch.histories[name].lengths));
    const byKernel = this.#graphs.byKernel && !ranked;
    const overhead = byKernel ? Number.POSITIVE_INFINITY : batch.items.length + run;
    for (const group of rowGroups(lengths, ranked ? -1 : this.#enough, overhead)) {
      const part = group.rows.length === rows ? batch : this.#part(batch, group.rows);
      const found = byKernel ? await this.#byKernel(part) : await this.#byGraph(part);
      for (const { search, keep, lists } of this.lists) {
        put(found[search], group.rows, { rows, keep, lists }, kept[search]);
      }
    }
    return kept;
  }

  /** What has no room in the kernel's memory the graph searches. */
  async #byKernel(batch: Assembled): Promise<Record<string, Int32Array>> {
    const searches = this.#plan.spec.kernel ?? [];
    const graph = this.#graphs.graph("operands");
    const scene = { plan: this.#plan, state: this.#state, batch, look: this.#frames.whole(batch) };
    const outputs = await this.#graphs.run("operands", feedsOf(graph, scene));
    try {
      return await this.#graphs.kernel(kernelShape(searches), (kernel) =>
        kernelSearch(kernel, searches, batch, outputs),
      );
    } catch (error) {
      if (!(error instanceof NoRoom)) {
        throw error;
      }
    } finally {
      release(Object.values(outputs).map(({ data }) => data.buffer));
    }
    return this.#byGraph(batch);
  }

  async #byGraph(batch: Assembled): Promise<Record<string, Int32Array>> {
    const graph = this.#graphs.graph("search");
    const scene = { plan: this.#plan, state: this.#state, batch, look: this.#frames.whole(batch) };
    const outputs = await this.#graphs.run("search", feedsOf(graph, scene));
    return recordOf(
      Array.from(
        resultsOf(graph, outputs, "kept"),
        ({ result, tensor }) => [result.search, intsOf(tensor, result.search)] as const,
      ),
    );
  }

  /** Some rows of a batch, with what a search reads of them. */
  #part(batch: Assembled, rows: Int32Array): Assembled {
    const histories = this.#histories.map((name) => [name, this.#history(batch.histories[name], name, rows)] as const);
    const candidate = takenRows(batch.candidate, rows, 1);
    const indices = histories.map(([, { index }]) => index);
    return {
      ...batch,
      ...ownItems(batch, this.#plan, [candidate, ...indices], this.#items),
      rows: rows.length,
      candidate,
      single: recordOf(
        Object.entries(batch.single).map(([name, values]) => [name, takenRows(values, rows, this.#plan.width[name])]),
      ),
      histories: { ...batch.histories, ...recordOf(histories) },
    };
  }

  #history({ length, lengths, index, cross }: AssembledHistory, name: string, rows: Int32Array): AssembledHistory {
    const minimum = this.#plan.histories.find((history) => history.name === name)?.minimum ?? 0;
    const own = takenRows(lengths, rows, 1);
    const most = Math.min(length, Math.max(minimum, ...own));
    const copied = <T extends Encoded>(values: T, width: number, into: T): T => {
      rows.forEach((row, i) => {
        into.set(values.subarray(row * length * width, (row * length + most) * width), i * most * width);
      });
      return into;
    };
    const read = (values: Encoded, width: number): Encoded =>
      copied(values, width, alike(values, rows.length * most * width));
    return {
      length: most,
      lengths: own,
      index: copied(index, 1, new Int32Array(rows.length * most)),
      cross: recordOf(
        Object.entries(cross).map(([feature, values]) => [feature, read(values, this.#plan.width[feature])]),
      ),
    };
  }
}

/** The first `keep` positions of every row: [lists, rows, keep]. */
function everything(rows: number, keep: number, lists: number): Int32Array {
  const all = new Int32Array(lists * rows * keep);
  for (let i = 0; i < all.length; i++) {
    all[i] = i % keep;
  }
  return all;
}

/** The longest history of each row. */
function longest(lengths: readonly Int32Array[]): Int32Array {
  const [first, ...others] = lengths;
  return first.map((length, row) => Math.max(length, ...others.map((other) => other[row])));
}

/** Puts the lists of some rows [lists, some, keep] in their places of [lists, rows, keep]. */
function put(
  found: Int32Array,
  some: Int32Array,
  { rows, keep, lists }: { rows: number; keep: number; lists: number },
  into: Int32Array,
): void {
  for (let list = 0; list < lists; list++) {
    some.forEach((row, i) => {
      const from = (list * some.length + i) * keep;
      into.set(found.subarray(from, from + keep), (list * rows + row) * keep);
    });
  }
}
