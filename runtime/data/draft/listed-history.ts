// The histories of a draft from samples: how long they are, how far back they reach, what runs parallel to them.
import { quoted, type Source } from "../database/source.ts";
import type { Relation } from "../relation.ts";
import { behavioursOf, type FoundHistory, whole } from "./histories.ts";
import { type DraftFeature, draftFeature, type Skipped } from "./kinds.ts";
import type { ListShape } from "./list-shapes.ts";
import { Names, namesOf } from "./names.ts";
import { closest, newestOf, parallelTo, saysOfItem, type Times, timesIn, valuesOf } from "./parallel.ts";
import { timeSql } from "./past.ts";
import { oftenIn, type Profile } from "./profile.ts";
import type { SampleRoles } from "./roles.ts";
import { mostlyNew } from "./split-of.ts";

export interface DraftedList {
  readonly name: string;
  readonly column: string;
  readonly by: string | null;
  readonly newest: "last" | "first";
  readonly padding: string | null;
  readonly times: string | null;
  /** As many behaviours as 99 % of the rows do not exceed. */
  readonly events: number;
  /** Seconds, or steps where there are no times. */
  readonly ago: { readonly low: number; readonly high: number } | null;
  readonly cross: readonly DraftFeature[];
  /** By feature of the history, or of its items. */
  readonly columns: readonly (readonly [string, string])[];
}

/** Behaviours that are looked at for a vocabulary. */
const most = 20_000_000;

export class Lists {
  readonly #source: Source;
  readonly #rows: string;
  readonly #relation: Relation;
  readonly #found: readonly FoundHistory[];
  readonly #parallel: ReadonlyMap<FoundHistory, readonly ListShape[]>;
  readonly #events: readonly Profile[];
  /** All that are part of a history. */
  readonly columns: ReadonlySet<string>;

  private constructor(
    source: Source,
    rows: string,
    relation: Relation,
    events: readonly Profile[],
    parallel: ReadonlyMap<FoundHistory, readonly ListShape[]>,
  ) {
    this.#source = source;
    this.#rows = rows;
    this.#relation = relation;
    this.#events = events;
    this.#found = [...parallel.keys()];
    this.#parallel = parallel;
    this.columns = new Set([...parallel].flatMap(([{ column }, more]) => [column, ...more.map((one) => one.column)]));
  }

  /** Each list that runs parallel to several histories is of the one that is called most alike. */
  static async open(
    source: Source,
    rows: string,
    relation: Relation,
    found: readonly FoundHistory[],
    events: readonly Profile[],
  ): Promise<Lists> {
    const own = new Set(found.map(({ column }) => column));
    const others = events.filter(({ name }) => !own.has(name));
    const all = new Map<FoundHistory, ListShape[]>();
    for (const one of found) {
      all.set(one, await parallelTo(source, rows, one, others));
    }
    const of = (column: string): FoundHistory =>
      closest(
        column,
        found.filter((one) => all.get(one)?.some((list) => list.column === column)),
      );
    const parted = new Map(found.map((one) => [one, (all.get(one) ?? []).filter(({ column }) => of(column) === one)]));
    return new Lists(source, rows, relation, events, parted);
  }

  /** @param ofItem columns that say what an item is @param noFile whether no items file says it @param skipped takes lists that no feature is made of */
  async drafted(
    roles: SampleRoles,
    ofItem: readonly Profile[],
    noFile: boolean,
    skipped: Skipped[],
  ): Promise<DraftedList[]> {
    const names = new Names(["relevance", "nearest", "interest", "recent", "item_keys", "ranking"]);
    const itemNames = namesOf(this.#events.filter(({ name }) => !this.columns.has(name)).map(({ name }) => name));
    const drafted: DraftedList[] = [];
    for (const history of this.#found) {
      const name = this.#found.length === 1 ? "seen" : names.give(history.column);
      const lists = this.#parallel.get(history) ?? [];
      const times =
        roles.clock === null
          ? null
          : await timesIn(this.#source, this.#rows, this.#relation, roles.clock, history, lists);
      const own = new Names(["ago"]);
      const [cross, columns] = [[] as DraftFeature[], [] as [string, string][]];
      const said = new Set<string>();
      for (const list of lists.filter(({ column }) => column !== times?.column)) {
        const open = noFile ? ofItem.filter((one) => !said.has(one.name)) : [];
        const item = await saysOfItem(this.#source, this.#rows, roles.item, history, list, open);
        if (item !== null) {
          said.add(item);
          columns.push([`item.${itemNames.get(item)}`, list.column]);
          continue;
        }
        const type = this.#relation.columns.get(list.column) ?? "";
        const made = draftFeature(await valuesOf(this.#source, this.#rows, list, type), own.give(list.column));
        if ("because" in made) {
          skipped.push({ column: list.column, because: `of its values, ${made.because}` });
          continue;
        }
        cross.push(made);
        columns.push([`${name}.${made.name}`, list.column]);
      }
      drafted.push({ name, ...(await this.#sizes(history, roles, times)), cross, columns });
    }
    return drafted;
  }

  async #sizes(history: FoundHistory, roles: SampleRoles, times: Times | null) {
    const { column, by, padding } = history;
    const behaviours = behavioursOf(history);
    const [row] = await this.#source.all(
      `SELECT quantile_disc(len(l), 0.99)::DOUBLE AS events FROM (SELECT ${behaviours} AS l FROM ${this.#relation.sql()}) WHERE len(l) > 0`,
    );
    const events = Math.max(1, Number(row?.events ?? 1));
    const newest =
      times !== null
        ? times.falling
          ? ("first" as const)
          : ("last" as const)
        : await newestOf(this.#source, this.#rows, this.#relation, roles.user, roles.clock, behaviours);
    const steps = { low: 1, high: events };
    return {
      column,
      by,
      newest,
      padding,
      times: times?.column ?? null,
      events,
      ago: times === null ? steps : times.ago,
    };
  }

  /** The item as candidates and behaviours have it: how many there are, how often each comes. A behaviour counts once, in however many lists it stands. */
  async counted({ user, item }: SampleRoles, profile: Profile): Promise<Profile> {
    const all = this.#relation.sql();
    const who = user === null ? "0" : quoted(user);
    const lengths = this.#found.map((one) => `len(${behavioursOf(one)})`).join(" + ");
    const [{ mean }] = await this.#source.all(`SELECT avg(${lengths})::DOUBLE AS mean FROM ${this.#rows}`);
    const some = `(SELECT * FROM ${all} LIMIT ${Math.max(1000, Math.floor(most / Math.max(1, Number(mean))))})`;
    const lists = this.#found.map(
      (one) =>
        `SELECT DISTINCT u, ${whole("x")} AS x FROM (SELECT ${who} AS u, unnest(${behavioursOf(one)}) AS x FROM ${some})`,
    );
    const own = `SELECT trim(CAST(${quoted(item)} AS VARCHAR)) AS x FROM ${all}`;
    const mentions = quoted("#mentions");
    await this.#source.all(
      `CREATE OR REPLACE TEMP TABLE ${mentions} AS SELECT x FROM (${[own, ...lists.map((one) => `SELECT x FROM (${one})`)].join(" UNION ALL ")}) WHERE x IS NOT NULL`,
    );
    const [{ n }] = await this.#source.all(`SELECT count(DISTINCT x)::DOUBLE AS n FROM ${mentions}`);
    return { ...profile, different: Number(n), often: await oftenIn(this.#source, mentions, "x") };
  }

  /** Whether users of later samples mostly are of the training part, too. */
  async known({ user, clock }: SampleRoles, end: number): Promise<boolean> {
    if (user === null || clock === null) {
      return false;
    }
    const late = `${timeSql(this.#relation, clock)} > ${end}`;
    const each = `SELECT count(*) FILTER (${late}) AS late, bool_and(${late}) AS fresh FROM ${this.#relation.sql()} WHERE ${quoted(user)} IS NOT NULL GROUP BY ${quoted(user)}`;
    const [row] = await this.#source.all(
      `SELECT (sum(late) FILTER (fresh) / sum(late))::DOUBLE AS share FROM (${each})`,
    );
    return Number(row?.share ?? 0) < mostlyNew;
  }

  /** The share of the rows whose item is in one of their own lists. */
  async repeats(item: string): Promise<number> {
    const own = `trim(CAST(${quoted(item)} AS VARCHAR))`;
    const met = this.#found.map((one) => `list_contains(${behavioursOf(one)}, ${own})`).join(" OR ");
    const [row] = await this.#source.all(`SELECT avg((${met})::INTEGER)::DOUBLE AS share FROM ${this.#rows}`);
    return Number(row?.share ?? 0);
  }
}
