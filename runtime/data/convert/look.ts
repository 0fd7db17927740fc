// The published files, opened: what a column holds, how long lists are, where the layout itself does not say.
import { TwinError } from "../../../contract/error.ts";
import { quoted, Source } from "../database/source.ts";
import { type Profile, profile } from "../draft/profile.ts";
import type { FileForm } from "../files/file-form.ts";
import { readError } from "../files/read-error.ts";
import { openRelation, type Relation } from "../relation.ts";
import type { ListForm } from "./published.ts";

/** Rows whose lists are looked at. */
const looked = 200_000;

export interface ListProfile {
  /** Length that 95 % do not exceed, and the longest, without padding. */
  readonly usual: number;
  readonly longest: number;
  /** How many different values there are, and the largest where all are whole numbers from 0 on. */
  readonly different: number;
  readonly greatest: number | null;
  /** Of what is a number. */
  readonly quantiles: readonly number[];
}

/** A column's lists in SQL, padding and empty places left out. */
export function listSql(column: string, type: string, { by, padding }: ListForm): string {
  const lists = by === null || type.endsWith("[]") ? quoted(column) : splitSql(column, by);
  if (padding !== null && /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)\[\]$/.test(type)) {
    return `list_filter(${lists}, lambda x: x <> ${padding})`;
  }
  const text = "trim(x::VARCHAR)";
  const pad = padding === null ? "" : ` AND ${text} <> '${padding}'`;
  return `list_filter(${lists}, lambda x: x IS NOT NULL AND ${text} <> ''${pad})`;
}

const splitSql = (column: string, by: string): string =>
  `string_split(${quoted(column)}::VARCHAR, '${by.replaceAll("'", "''")}')`;

export class Look {
  readonly source: Source;
  readonly #form: FileForm;
  readonly #relations = new Map<string, Relation>();
  readonly #profiles = new Map<string, Profile>();

  private constructor(source: Source, form: FileForm) {
    this.source = source;
    this.#form = { ...form, headings: "all" };
  }

  static async open(files: readonly string[], writes: readonly string[] = [], form: FileForm = {}): Promise<Look> {
    return new Look(await Source.open({ reads: files, writes }), form);
  }

  close(): void {
    this.source.close();
  }

  /** @param expected columns that the file should have: they tell headings from data */
  async relation(file: string, expected: readonly string[] = []): Promise<Relation> {
    const known = this.#relations.get(file);
    if (known !== undefined) {
      return known;
    }
    const relation = await openRelation(this.source, file, "convert", expected, this.#form);
    this.#relations.set(file, relation);
    return relation;
  }

  async columns(file: string): Promise<ReadonlyMap<string, string>> {
    return (await this.relation(file)).columns;
  }

  /** @throws TwinError where the file has no such column, or no rows */
  async profile(file: string, column: string): Promise<Profile> {
    const key = `${file}\0${column}`;
    const known = this.#profiles.get(key);
    if (known !== undefined) {
      return known;
    }
    const relation = await this.relation(file);
    if (!relation.columns.has(column)) {
      throw new TwinError(`${relation.name} has no column \`${column}\`; it has ${named(relation.columns.keys())}`);
    }
    const [found] = await profile(this.source, relation, [column]);
    this.#profiles.set(key, found);
    return found;
  }

  async lists(file: string, column: string, form: ListForm): Promise<ListProfile> {
    const relation = await this.relation(file);
    const list = listSql(column, relation.columns.get(column) ?? "", form);
    const rows = `(SELECT ${list} AS l FROM ${relation.sql()} LIMIT ${looked})`;
    const values = `(SELECT unnest(l)::VARCHAR AS x FROM ${rows})`;
    return this.#asked(relation, async () => {
      const [lengths] = await this.source.all(
        `SELECT quantile_disc(len(l), 0.95)::DOUBLE AS usual, max(len(l))::DOUBLE AS longest FROM ${rows} WHERE len(l) > 0`,
      );
      const [found] = await this.source.all(
        `SELECT count(DISTINCT x)::DOUBLE AS different, CASE WHEN bool_and(regexp_full_match(x, '[0-9]{1,18}')) THEN max(try_cast(x AS BIGINT))::DOUBLE END AS greatest, array_to_string(quantile_cont(try_cast(x AS DOUBLE), [0.1, 0.25, 0.5, 0.75, 0.9]), ' ') AS quantiles FROM ${values}`,
      );
      return {
        usual: Math.max(1, Number(lengths?.usual ?? 1)),
        longest: Math.max(1, Number(lengths?.longest ?? 1)),
        different: Number(found?.different ?? 0),
        greatest: found?.greatest === null || found?.greatest === undefined ? null : Number(found.greatest),
        quantiles: String(found?.quantiles ?? "")
          .split(" ")
          .filter(Boolean)
          .map(Number)
          .filter(Number.isFinite),
      };
    });
  }

  /** Whether two columns' lists are equally long in every row that is looked at. */
  async parallel(
    file: string,
    one: { readonly column: string; readonly by: string | null },
    other: { readonly column: string; readonly by: string | null },
  ): Promise<boolean> {
    const relation = await this.relation(file);
    const length = ({ column, by }: typeof one): string =>
      by === null || relation.columns.get(column)?.endsWith("[]")
        ? `coalesce(len(${quoted(column)}), 0)`
        : `CASE WHEN coalesce(trim(${quoted(column)}::VARCHAR), '') = '' THEN 0 ELSE len(${splitSql(column, by)}) END`;
    return this.#asked(relation, async () => {
      const [row] = await this.source.all(
        `SELECT coalesce(bool_and(a = b), true) AS alike FROM (SELECT ${length(one)} AS a, ${length(other)} AS b FROM ${relation.sql()} LIMIT ${looked})`,
      );
      return row?.alike === true;
    });
  }

  /** Which of some columns have several values for more than a hundredth of the values of `key`: an id for all that is unknown is one. */
  async varying(file: string, key: string, columns: readonly string[]): Promise<ReadonlySet<string>> {
    const relation = await this.relation(file);
    return this.#asked(relation, async () => {
      const counts = columns.map((name, i) => `count(DISTINCT ${quoted(name)}) AS c${i}`).join(", ");
      const many = columns.map((_, i) => `count(*) FILTER (c${i} > 1)::DOUBLE AS c${i}`).join(", ");
      const [row] = await this.source.all(
        `SELECT count(*)::DOUBLE AS n, ${many} FROM (SELECT ${counts} FROM ${relation.sql()} GROUP BY ${quoted(key)})`,
      );
      return new Set(columns.filter((_, i) => Number(row?.[`c${i}`] ?? 0) > Math.max(1, Number(row?.n ?? 0) / 100)));
    });
  }

  async count(file: string): Promise<number> {
    const relation = await this.relation(file);
    return this.#asked(relation, async () => {
      const [row] = await this.source.all(`SELECT count(*)::DOUBLE AS n FROM ${relation.sql()}`);
      return Number(row?.n ?? 0);
    });
  }

  /** Of the time from the behaviours of lists to their row, in the clock's own unit: 2 % lie below, and 98 %; zeros where nothing lies before. */
  async since(file: string, clock: string, times: string, form: ListForm): Promise<readonly [number, number]> {
    const relation = await this.relation(file);
    const list = listSql(times, relation.columns.get(times) ?? "", form);
    const gaps = `(SELECT try_cast(${quoted(clock)} AS DOUBLE) - try_cast(x AS DOUBLE) AS gap FROM (SELECT ${quoted(clock)}, unnest(${list}) AS x FROM ${relation.sql()} LIMIT ${looked}))`;
    return this.#asked(relation, async () => {
      const [row] = await this.source.all(
        `SELECT quantile_disc(gap, 0.02) AS low, quantile_disc(gap, 0.98) AS high FROM ${gaps} WHERE gap > 0`,
      );
      return [Number(row?.low ?? 0), Number(row?.high ?? 0)];
    });
  }

  /** Rows of the value of a column that has most. */
  async most(file: string, column: string): Promise<number> {
    const relation = await this.relation(file);
    return this.#asked(relation, async () => {
      const [row] = await this.source.all(
        `SELECT max(n)::DOUBLE AS n FROM (SELECT count(*) AS n FROM ${relation.sql()} GROUP BY ${quoted(column)})`,
      );
      return Number(row?.n ?? 0);
    });
  }

  async #asked<T>(relation: Relation, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (cause) {
      throw await readError(this.source, relation, cause);
    }
  }
}

/** Names for a message, not too many of them. */
export function named(names: Iterable<string>): string {
  const all = [...names];
  const shown = all.slice(0, 20).map((name) => `\`${name}\``);
  return shown.join(", ") + (all.length > shown.length ? ` and ${all.length - shown.length} more` : "");
}
