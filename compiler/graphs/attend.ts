// The exact stage (ESU): attention over what a search kept, a whole history, or its newest part.
import type { Attended, AttendRule, AttendTables, Looked } from "../by/kind.ts";
import { attendRule } from "../by/kinds.ts";
import type { Value } from "../ir/graph.ts";
import { type Frame, givenFrame, kept, newest, whole } from "../lower/frame.ts";
import { countable } from "../lower/mask.ts";
import type { KeySource } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import { found } from "../lower/table.ts";
import { type By, listsOf, metricOf } from "../model/by.ts";
import type { Attend, Metric, Over, Search, Table } from "../model/model.ts";
import { oversOf } from "../model/over.ts";
import type { Given } from "../model/site.ts";
import { tableMayBeStale } from "../model/table-layout.ts";
import { searchSource, selectable, selectableScores } from "./search.ts";

/** Where a graph takes what stages exchange. */
export interface Wiring {
  /** The positions that a search kept: an input of `rank`, computed in `request`. */
  kept(search: Search): Value;
  /** Whether the search's scores are in the graph, to be shared. */
  readonly searches: boolean;
  /** Keys and values from tables where `keys` allows it; false: from those alone that are never stale, else from items' features. */
  readonly cached: boolean;
}

function ruleOf({ name, by }: Attend): AttendRule<By["kind"]> {
  const rule = attendRule(by);
  if (rule === null) {
    throw new Error(`attend ${name}: by ${by.kind} is not lowered`);
  }
  return rule;
}

/** The part of the history that an attend looks at. */
function frameOf(scene: Scene, over: Over, wiring: Wiring): Frame {
  if (scene.training !== null) {
    return givenFrame(over.history, givenOf(over));
  }
  switch (over.kind) {
    case "history":
      return whole(scene, over.history);
    case "last":
      return newest(scene, over.history, over.count);
    case "search":
      return scene.once(`frame ${over.search.name}`, () => kept(scene, over.search, wiring.kept(over.search)));
  }
}

/** The list that training's host gathers for an attend; attends over one search share it. */
export function givenOf(over: Over): Given {
  switch (over.kind) {
    case "history":
      return { name: over.history.name, length: null, heads: null };
    case "last":
      return { name: `${over.history.name}.last${over.count}`, length: over.count, heads: null };
    case "search":
      return { name: over.search.name, length: over.search.keep, heads: listsOf(over.search) };
  }
}

const noTables: AttendTables = { keys: null, values: null };

/**
 * Tables that an attend may read its keys or codes and its values from: none for `keys: fresh`.
 * @param cached false: only those that are never stale
 */
export function attendTables(scene: Scene, attend: Attend, cached: boolean): AttendTables {
  const { keys, values } = ruleOf(attend).tables?.(scene, attend, attend.by) ?? noTables;
  const read = (held: KeySource) => (cached || (held !== null && !tableMayBeStale(held.table)) ? held : null);
  return { keys: read(keys), values: read(values) };
}

/** Which behaviours an attend counts: what its search could keep, and what the tables that it reads hold. */
function attendMask(scene: Scene, name: string, over: Over, frame: Frame, reads: readonly Table[]): Value {
  if (over.kind !== "search") {
    return frame.rows(countable(scene, frame, reads));
  }
  const searched = searchSource(scene, over.search)?.table;
  const others = new Set(reads.filter((table) => table.onMiss === "mask" && table !== searched));
  const b = scene.b.at(name);
  // What the search could keep is a behaviour already: the other tables' rows alone are looked at, and these are read anyway.
  return [...others].reduce(
    (mask, table) => b.mul(mask, frame.rows(found(scene, table))),
    selectable(scene, over.search, frame),
  );
}

export function lowerAttend(scene: Scene, attend: Attend, wiring: Wiring): Attended {
  return scene.once(`attend ${attend.name}`, () => {
    const [first, ...beside] = oversOf(attend).map((over): Looked => {
      const frame = frameOf(scene, over, wiring);
      return { frame, mask: (reads) => attendMask(scene, attend.name, over, frame, reads) };
    });
    return ruleOf(attend).lower(scene, attend, attend.by, {
      ...first,
      beside,
      tables: attendTables(scene, attend, wiring.cached),
      searched: (metric, source) => searchedScores(scene, attend.over, metric, source, wiring),
    });
  });
}

/** Where the search by the same keys is in the graph: its masked scores at the kept positions. */
function searchedScores(scene: Scene, over: Over, metric: Metric, source: KeySource, wiring: Wiring): Value | null {
  if (!wiring.searches || scene.layout !== "request" || over.kind !== "search") {
    return null;
  }
  const { search } = over;
  if (metricOf(search.by) !== metric) {
    return null;
  }
  if ((searchSource(scene, search)?.table ?? null) !== (source?.table ?? null)) {
    return null;
  }
  return scene.once(`kept scores ${search.name}`, () => {
    const scores = selectableScores(scene, search);
    if (scores === null) {
      return null;
    }
    const b = scene.b.at(metric.name).at("kept");
    const positions = wiring.kept(search);
    const heads = Array.from({ length: metric.heads }, () => b.unsqueeze(positions, 0));
    const everyHead = positions.shape.length === 3 ? positions : heads.length === 1 ? heads[0] : b.concat(heads, 0);
    return b.gatherElements(scores, everyHead, 2);
  });
}
