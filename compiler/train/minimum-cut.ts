// Minimum cut of a network (Edmonds and Karp, JACM 1972).

/** By which the source itself is come to. */
const none = -1;

/** Vertices are numbered as they are asked for; capacities may be infinite. */
export class Network {
  readonly #edges: { readonly to: number; left: number }[] = [];
  readonly #from: number[][] = [];

  vertex(): number {
    return this.#from.push([]) - 1;
  }

  edge(from: number, to: number, capacity: number): void {
    this.#from[from].push(this.#edges.push({ to, left: capacity }) - 1);
    this.#from[to].push(this.#edges.push({ to: from, left: 0 }) - 1);
  }

  /** The vertices on the source's side of the smallest minimum cut. Throws where the cut would be infinite. */
  cut(source: number, sink: number): ReadonlySet<number> {
    for (;;) {
      const reached = this.#search(source);
      let edge = reached.get(sink);
      if (edge === undefined) {
        return new Set(reached.keys());
      }
      const path: number[] = [];
      while (edge !== undefined && edge !== none) {
        path.push(edge);
        edge = reached.get(this.#edges[edge ^ 1].to);
      }
      const flow = Math.min(...path.map((one) => this.#edges[one].left));
      if (flow === Number.POSITIVE_INFINITY) {
        throw new Error("the network has no finite cut");
      }
      for (const one of path) {
        this.#edges[one].left -= flow;
        this.#edges[one ^ 1].left += flow;
      }
    }
  }

  /** By vertex, the edge by which a breadth-first search over what is left of the edges came to it. */
  #search(source: number): ReadonlyMap<number, number> {
    const reached = new Map([[source, none]]);
    // A map is walked in the order of insertion, what is added on the way included.
    for (const [at] of reached) {
      for (const edge of this.#from[at]) {
        const { to, left } = this.#edges[edge];
        if (left > 0 && !reached.has(to)) {
          reached.set(to, edge);
        }
      }
    }
    return reached;
  }
}
