// Drawn negatives: never what the user met, the same in every run, and with them the trained probability is the true one.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { random } from "../../contract/random.ts";
import { type Binding, parseBinding } from "../../runtime/data/binding.ts";
import { openDataset } from "../../runtime/data/prepare/open.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import type { Batch, Part } from "../../runtime/learn/dataset.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { shopModel, writeFiles } from "../kit/data-files.ts";
import { prepared, t0 } from "../kit/prepared.ts";

afterAll(cleanUp);
const manifest = readManifest(built(shopModel()));
const items = 40;

interface Purchase {
  readonly user: number;
  readonly sku: number;
  readonly at: number;
}

function binding(events: readonly Purchase[], negatives: string, more = ""): Binding {
  const folder = temporary();
  writeFiles(folder, {
    "events.csv": `user,sku,time,recall\n${events.map(({ user, sku, at }) => [user, sku, t0 + at, 7].join()).join("\n")}\n`,
    "items.csv": `sku\n${Array.from({ length: items }, (_, i) => i).join("\n")}\n`,
  });
  const yaml = `events: {file: events.csv, user: user, item: sku, time: time}
items: {file: items.csv, key: sku}
columns: {predict.buy: "true"}
negatives: ${negatives}
${more}`;
  return parseBinding(yaml, join(folder, "data.yaml"));
}

async function whole(folder: string, part: Part = "training"): Promise<Batch> {
  const dataset = await openDataset(folder);
  return dataset.batch(
    part,
    Uint32Array.from({ length: dataset.count(part) }, (_, i) => i),
    {},
  );
}

/** Items bought with falling probability; each user buys some, one after another, none twice. */
function purchases(users: number, each: number): { events: Purchase[]; share: number[] } {
  const weights = Array.from({ length: items }, (_, i) => 1 / (i + 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const draw = random(5);
  const events: Purchase[] = [];
  for (let user = 0; user < users; user++) {
    const left = [...weights];
    for (let at = 0; at < each; at++) {
      let point = draw.next() * left.reduce((sum, weight) => sum + weight, 0);
      let sku = 0;
      while (sku < items - 1 && point >= left[sku]) {
        point -= left[sku++];
      }
      left[sku] = 0;
      events.push({ user, sku, at });
    }
  }
  return { events, share: weights.map((weight) => weight / total) };
}

/** Logit of each item by logistic regression on the item alone; `corrected`: the offset is added in the loss. */
function fitted(batch: Batch, corrected: boolean): number[] {
  const logits = new Array<number>(items).fill(0);
  for (let round = 0; round < 60; round++) {
    const slope = new Float64Array(items);
    const curve = new Float64Array(items);
    for (let i = 0; i < batch.rows; i++) {
      const item = batch.candidate[i] - 1;
      const p = 1 / (1 + Math.exp(-(logits[item] + (corrected ? batch.offset[i] : 0))));
      slope[item] += batch.labels.buy[i] - p;
      curve[item] += p * (1 - p);
    }
    for (let item = 0; item < items; item++) {
      logits[item] += Math.max(-2, Math.min(2, slope[item] / (curve[item] + 1e-9)));
    }
  }
  return logits;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe("drawn negatives", () => {
  it.each(["popularity", "uniform"])("by %s give the true probability once corrected", async (by) => {
    const { events, share } = purchases(4000, 1);
    const { folder, spec } = await prepared(binding(events, `{per_positive: 3, by: ${by}}`), manifest);
    const batch = await whole(folder);
    expect(spec.negatives?.sampled).toBe(12_000);
    expect(batch.rows).toBe(16_000);
    const corrected = fitted(batch, true).map(sigmoid);
    const bought = share.map((_, sku) => events.filter((event) => event.sku === sku).length / events.length);
    // One purchase a user: the corrected probability of each item is how often it is bought.
    for (let sku = 0; sku < items; sku++) {
      const error = 4 * Math.sqrt(bought[sku] / events.length) + 0.08 * bought[sku];
      expect(Math.abs(corrected[sku] - bought[sku]), `item ${sku}`).toBeLessThan(error);
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(corrected) * items).toBeGreaterThan(0.93);
    expect(mean(corrected) * items).toBeLessThan(1.07);
    // Without the correction one in four would be bought.
    expect(mean(fitted(batch, false).map(sigmoid)) * items).toBeGreaterThan(5);
  });

  it("are nothing that the user has met by then, in every part, and the same again", async () => {
    const { events } = purchases(60, 8);
    const data = binding(events, "{per_positive: 5}", "split: {by: share, train: 50%, validation: 25%, test: rest}");
    const first = await prepared(data, manifest);
    const again = await prepared(data, manifest, { every: 50 });
    expect(again.fingerprint).toBe(first.fingerprint);
    const other = await prepared(data, manifest, { seed: 2 });
    expect(other.fingerprint).not.toBe(first.fingerprint);
    let checked = 0;
    for (const part of ["training", "validation", "test"] as const) {
      const batch = await whole(first.folder, part);
      expect(batch.rows).toBe(first.spec.samples[part]);
      const users = [...new Set(events.map(({ user }) => user))];
      for (let i = 0; i < batch.rows; i++) {
        const sku = batch.candidate[i] - 1;
        const met = events.filter(({ user, at }) => users[batch.user[i]] === user && t0 + at <= batch.time[i]);
        expect(met.some((event) => event.sku === sku)).toBe(batch.labels.buy[i] === 1);
        expect(batch.row[i] === -1).toBe(batch.labels.buy[i] === 0);
        expect(batch.single["candidate.recall"][i]).toBe(batch.labels.buy[i] === 1 ? 7 : 0);
        checked++;
      }
    }
    expect(checked).toBe(60 * 8 * 6);
  });

  it("of data with repeats give the true probability where what was met may be drawn, and too much where not", async () => {
    // Every user takes one item at each of 20 instants, with the same probabilities each time, met before or not.
    const weights = Array.from({ length: items }, (_, i) => 1 / (i + 2));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const draw = random(9);
    const events: Purchase[] = [];
    for (let user = 0; user < 400; user++) {
      for (let at = 0; at < 20; at++) {
        let point = draw.next() * total;
        let sku = 0;
        while (sku < items - 1 && point >= weights[sku]) {
          point -= weights[sku++];
        }
        events.push({ user, sku, at });
      }
    }
    const probability = async (met: string): Promise<number[]> => {
      const { folder } = await prepared(binding(events, `{per_positive: 3, by: popularity, met: ${met}}`), manifest);
      return fitted(await whole(folder), true).map(sigmoid);
    };
    const taken = weights.map((_, sku) => events.filter((event) => event.sku === sku).length / events.length);
    const allowed = await probability("allow");
    for (let sku = 0; sku < items; sku++) {
      // Draws are as many again as what is taken: their noise is that of a count, too.
      const error = 4 * Math.sqrt((2 * taken[sku]) / events.length);
      expect(Math.abs(allowed[sku] - taken[sku]), `item ${sku}`).toBeLessThan(error);
    }
    expect(allowed.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 1);
    const excluded = await probability("exclude");
    // What was met is never a negative: whoever takes it again makes it look far likelier than it is.
    expect(excluded[0] / taken[0]).toBeGreaterThan(1.5);
    const prepare = await prepared(binding(events, "{per_positive: 3, met: allow}"), manifest);
    expect(prepare.spec.negatives).toMatchObject({ perPositive: 3, by: "popularity", met: "allow" });
    const dropped = 1 - prepare.spec.negatives!.sampled / (3 * events.length);
    const expected = taken.reduce((sum, share) => sum + share * share, 0);
    expect(Math.abs(dropped - expected)).toBeLessThan(0.01);
  });

  it("are refused for data that has its own, and asked for where there are none", async () => {
    const { events } = purchases(10, 2);
    const own = {
      ...binding(events, "{per_positive: 3}"),
      columns: { "predict.buy": { kind: "sql", sql: "sku < 3" } as const },
    };
    await expect(prepared(own, manifest)).rejects.toThrow(
      /data\.yaml:4:1: negatives are drawn for data that has none, and the label `buy` is not always 1/,
    );
    const none = { ...binding(events, "{per_positive: 3}"), negatives: null };
    await expect(prepared(none, manifest)).rejects.toThrow(
      /label `buy` is always 1 in the training part .*add `negatives: \{per_positive: 4/,
    );
  });
});
