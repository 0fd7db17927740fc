// A data set in memory with a planted interest, for the tests of training: no files but its own settings, so that a worker
// thread can open it, too. Items have a topic; a user mostly watches one topic, and mostly clicks on candidates of it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { random } from "../../contract/random.ts";
import type { Encoded } from "../../runtime/encode/encoded.ts";
import type { Batch, BatchHistory, Dataset, ItemFeatures, Part } from "../../runtime/learn/dataset.ts";

export interface MemorySettings {
  readonly features: readonly FeatureSpec[];
  readonly histories: readonly { readonly name: string; readonly max: number; readonly cross: readonly string[] }[];
  readonly labels: readonly string[];
  /** Rows of each embedding, by parameter: how far ids may go. */
  readonly rows: Readonly<Record<string, number>>;
  readonly items: number;
  readonly users: number;
  readonly topics: number;
  readonly counts: Readonly<Record<Part, number>>;
  readonly seed: number;
  /** Share of missing labels. */
  readonly missing?: number;
  /** A training sample whose plain numbers are infinite, so that its loss is no number. */
  readonly poisoned?: number;
}

const file = "memory-dataset.json";

/** Writes the settings, so that `openDataset(folder)` finds them. */
export function writeMemoryDataset(folder: string, settings: MemorySettings): void {
  writeFileSync(join(folder, file), JSON.stringify(settings));
}

export function openDataset(folder: string): Dataset {
  return new MemoryDataset(JSON.parse(readFileSync(join(folder, file), "utf8")) as MemorySettings);
}

const partNumber: Record<Part, number> = { training: 1, validation: 2, test: 3 };

export class MemoryDataset implements Dataset {
  readonly fingerprint: string;
  readonly items: ItemFeatures;
  readonly users: number;
  readonly #settings: MemorySettings;

  constructor(settings: MemorySettings) {
    this.#settings = settings;
    this.fingerprint = `memory ${settings.seed} ${settings.items} ${settings.users}`;
    this.users = settings.users;
    const columns = settings.features
      .filter(({ group, encoder }) => group === "item" && encoder.kind !== "key")
      .map((feature, f) => [feature.name, this.#itemColumn(feature, f)] as const);
    this.items = {
      count: settings.items,
      columns: Object.fromEntries(columns),
      occurrences: new Uint32Array(settings.items),
    };
  }

  count(part: Part): number {
    return this.#settings.counts[part];
  }

  whose(part: Part): { readonly user: Uint32Array; readonly time: Float64Array } {
    const all = Uint32Array.from({ length: this.count(part) }, (_, sample) => sample);
    const { user, time } = this.batch(part, all, {});
    return { user, time };
  }

  topic(item: number): number {
    return item % this.#settings.topics;
  }

  labels(part: Part, samples: Uint32Array): Pick<Batch, "labels" | "weight" | "offset"> {
    return this.batch(part, samples, {});
  }

  batch(part: Part, samples: Uint32Array, least: Readonly<Record<string, number>>): Batch {
    const { features, histories, labels, users, topics, seed, missing = 0, poisoned } = this.#settings;
    const rows = samples.length;
    const rolls = Array.from(samples, (sample) => random(seed, partNumber[part], sample));
    const user = Uint32Array.from(rolls, (roll) => roll.below(users));
    const loved = (row: number): number => user[row] % topics;
    const candidate = Int32Array.from(rolls, (roll) =>
      this.#item(roll.below, roll.next() < 0.5 ? null : roll.below(topics)),
    );
    const made = histories.map(({ name, max, cross }) => {
      const lengths = Int32Array.from(rolls, (roll) => roll.below(max + 1));
      const length = Math.max(1, least[name] ?? 0, ...lengths);
      const item = new Int32Array(rows * length);
      const columns = cross.map((one) => {
        const feature = features.find((candidate) => candidate.name === one)!;
        return [one, blank(feature, rows * length)] as const;
      });
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < lengths[row]; i++) {
          const roll = rolls[row];
          item[row * length + i] = this.#item(roll.below, roll.next() < 0.8 ? loved(row) : null);
          for (const [one, values] of columns) {
            this.#fill(one, values, row * length + i, roll.below, roll.next);
          }
        }
      }
      const history: BatchHistory = { length, lengths, item, cross: Object.fromEntries(columns) };
      return [name, history] as const;
    });
    const single = features
      .filter(({ group, encoder }) => ["user", "context", "candidate"].includes(group) && encoder.kind !== "key")
      .map((feature) => {
        const values = blank(feature, rows);
        for (const [row, roll] of rolls.entries()) {
          this.#fill(feature.name, values, row, roll.below, roll.next);
        }
        if (part === "training" && feature.encoder.kind === "number" && poisoned !== undefined) {
          samples.forEach((sample, row) => {
            if (sample === poisoned) {
              values[row] = Number.POSITIVE_INFINITY;
            }
          });
        }
        return [feature.name, values] as const;
      });
    const truth = labels.map((label) => {
      const values = Float32Array.from(rolls, ({ next }, row) => {
        const likes = this.topic(candidate[row]) === loved(row);
        return next() < missing ? Number.NaN : next() < (likes ? 0.85 : 0.15) ? 1 : 0;
      });
      return [label, values] as const;
    });
    return {
      rows,
      samples,
      histories: Object.fromEntries(made),
      candidate,
      single: Object.fromEntries(single),
      labels: Object.fromEntries(truth),
      weight: new Float32Array(rows).fill(1),
      offset: new Float32Array(rows),
      user,
      time: Float64Array.from(samples),
      row: Float64Array.from(samples, (sample) => 1000 + sample),
    };
  }

  close(): void {}

  /** An item of a topic, or any; never the unknown one. */
  #item(below: (count: number) => number, topic: number | null): number {
    const { items, topics } = this.#settings;
    if (topic === null) {
      return 1 + below(items - 1);
    }
    const of = Math.floor((items - 1 - topic) / topics);
    return topic + topics * (topic === 0 ? 1 + below(Math.max(1, of)) : below(of + 1));
  }

  #limit({ embedding }: FeatureSpec): number {
    return embedding === null ? 1 : this.#settings.rows[embedding];
  }

  /** Ids of items are their ordinals, `topic` is the topic, all else is drawn. */
  #itemColumn(feature: FeatureSpec, number: number): Encoded {
    const { items, topics, seed } = this.#settings;
    const width = feature.shape.reduce((product, size) => product * size, 1);
    const { below, next } = random(seed, 9, number);
    const values = sharedLike(feature, items * width);
    for (let item = 1; item < items; item++) {
      if (feature.column === "topic") {
        values[item] = 1 + (item % topics);
      } else if (feature.key) {
        values[item] = 1 + (item % (this.#limit(feature) - 1));
      } else {
        this.#fill(feature.name, values, item, below, next);
      }
    }
    return values;
  }

  #fill(name: string, values: Encoded, place: number, below: (count: number) => number, next: () => number): void {
    const feature = this.#settings.features.find((one) => one.name === name)!;
    const width = feature.shape.reduce((product, size) => product * size, 1);
    const used = feature.encoder.kind === "tags" ? below(width + 1) : width;
    for (let j = 0; j < used; j++) {
      values[place * width + j] = values instanceof Int32Array ? below(this.#limit(feature)) : next() - 0.5;
    }
  }
}

function blank({ dtype, shape, encoder }: FeatureSpec, rows: number): Encoded {
  const length = rows * shape.reduce((product, size) => product * size, 1);
  if (dtype === "float32") {
    return new Float32Array(length);
  }
  return encoder.kind === "tags" ? new Int32Array(length).fill(-1) : new Int32Array(length);
}

/** As real item columns are: over shared memory. */
function sharedLike(feature: FeatureSpec, rows: number): Encoded {
  const values = blank(feature, rows);
  const shared = new SharedArrayBuffer(values.byteLength);
  const copy = values instanceof Int32Array ? new Int32Array(shared) : new Float32Array(shared);
  copy.set(values);
  return copy;
}
