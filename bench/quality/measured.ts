// Arms measured on all users of a data set, by seed.
import { join } from "node:path";
import { literal } from "../../runtime/data/database/source.ts";
import type { ScoredRows } from "../../runtime/metrics/many-systems.ts";
import { Database } from "../../test/kit/database.ts";
import { type Addition, type Arm, arms } from "./arms.ts";
import { type Choice, merit } from "./choose.ts";
import { type Bound, type DataSet, dataOf } from "./data-sets.ts";
import { type ModelParts, textOf } from "./model-parts.ts";
import { shown, tried } from "./trial.ts";

/** A row of the table. */
export interface System {
  readonly name: string;
  readonly opponent: boolean;
  /** What it is chosen by, on the validation part. */
  readonly validation: number;
  readonly figures: readonly string[];
  /** Of the test part's rows, by seed. */
  readonly scores: readonly Float64Array[];
  readonly seeds: number;
  readonly trials: number;
  /** Of a run. */
  readonly seconds: number;
}

export class Measured {
  readonly #set: DataSet;
  readonly #folder: string;
  readonly #data: Bound;
  readonly #choice: Choice;
  readonly #train: ModelParts["train"];
  #rows: string | null = null;

  private constructor(set: DataSet, folder: string, data: Bound, choice: Choice, train: ModelParts["train"]) {
    this.#set = set;
    this.#folder = folder;
    this.#data = data;
    this.#choice = choice;
    this.#train = train;
  }

  /** @param train settings of all arms in place of their own */
  static async open(set: DataSet, folder: string, choice: Choice, train: ModelParts["train"] = {}): Promise<Measured> {
    return new Measured(set, folder, await set.bind(folder), choice, train);
  }

  /** Whether the data set has anything of what an arm adds. */
  has({ additions }: Arm): boolean {
    return additions.length === 0 || additions.some((one) => this.#change(one) !== null);
  }

  async run(arm: Arm, seeds: number): Promise<System> {
    const parts = this.#parts(arm);
    const text = (seed: number) => textOf({ ...parts, train: { ...parts.train, ...this.#train } }, seed);
    const called = arm.name.replace(/\W+/g, "-");
    const found = Array.from({ length: seeds }, (_, i) =>
      tried({
        stem: join(this.#folder, `${called}-${i + 1}`),
        text: text(i + 1),
        data: dataOf(this.#data, parts),
        cache: join(this.#folder, `prepared-${called}`),
      }),
    );
    this.#rows ??= found[0].rows;
    const figures = shown(found.map(({ test }) => test));
    console.error(`${this.#set.name}, ${arm.name}: ${figures.join("  ")}, ${seeds} seeds`);
    const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;
    return {
      name: arm.name,
      opponent: false,
      validation: mean(found.map(({ validation }) => merit(validation))),
      figures,
      scores: await Promise.all(found.map(({ rows }) => this.#scores(rows))),
      seeds,
      trials: arm === this.#choice.gained ? this.#choice.gained.trials : this.#trials(arm),
      seconds: mean(found.map(({ seconds }) => seconds)),
    };
  }

  /** Prepared data with all counters, in which opponents find theirs. */
  countedRows(): string {
    const arm = arms.find(({ name }) => name === countedArm)!;
    return join(this.#folder, `prepared-${arm.name.replace(/\W+/g, "-")}`);
  }

  /** The test part's rows, in the order of all scores. */
  async scoredRows(): Promise<ScoredRows> {
    const found = await read(this.#rows!, `"user" AS u, CAST("${this.#set.label}.label" AS DOUBLE) AS l`);
    const users = new Map<unknown, number>();
    const user = Uint32Array.from(found, ({ u }) => users.get(u) ?? users.set(u, users.size).size - 1);
    return { label: Uint8Array.from(found, ({ l }) => l as number), user, users: users.size };
  }

  async #scores(rows: string): Promise<Float64Array> {
    const found = await read(rows, `CAST("${this.#set.label}.logit" AS DOUBLE) AS s`);
    return Float64Array.from(found, ({ s }) => s as number);
  }

  #parts({ past, additions }: Arm): ModelParts {
    return additions.reduce((parts, one) => this.#change(one)?.(parts, this.#set) ?? parts, this.#set.model(past));
  }

  #change(addition: Addition): ((parts: ModelParts, set: DataSet) => ModelParts) | null {
    const settings = addition.settings(this.#set).filter(({ change }) => change !== null);
    return settings[this.#choice.setting.get(addition) ?? 0]?.change ?? null;
  }

  #trials({ additions }: Arm): number {
    return additions.reduce((sum, one) => sum + (this.#choice.trials.get(one) ?? 0), 0);
  }
}

const countedArm = "no history + stats and popularity";

async function read(path: string, columns: string): Promise<Record<string, unknown>[]> {
  const source = await Database.open();
  try {
    return await source.all(`SELECT ${columns} FROM read_parquet(${literal(path)}) ORDER BY "row"`);
  } finally {
    source.close();
  }
}
