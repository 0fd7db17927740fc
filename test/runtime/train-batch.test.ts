// A batch on its way to the graphs: items numbered, histories, frames at the kept positions, rows of large tables; each
// held against the data set, value by value.
import { afterAll, describe, expect, it } from "vitest";
import { Assembler } from "../../runtime/learn/assemble.ts";
import { Buffers } from "../../runtime/learn/buffers.ts";
import { Compactor } from "../../runtime/learn/compact.ts";
import { Frames } from "../../runtime/learn/frames.ts";
import { trainPlan } from "../../runtime/learn/plan.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

const samples = Uint32Array.from({ length: 50 }, (_, i) => 3 * i);

function assembled(source = topicSource("", 5000)) {
  const found = topicModel(source);
  const { dataset, plan } = found;
  const least = Object.fromEntries(plan.histories.map(({ name, minimum }) => [name, minimum]));
  const raw = dataset.batch("training", samples, least);
  const batch = new Assembler(dataset, plan).assemble("training", samples, null);
  return { ...found, raw, batch };
}

/** Positions as a search gives them: any, padding included. */
const keptOf = (rows: number, keep: number, length: number) =>
  Int32Array.from({ length: rows * keep }, (_, i) => (7 * i) % length);

describe("an assembled batch", () => {
  const { dataset, raw, batch, plan } = assembled();
  const history = batch.histories.watched;

  it("counts items by number, the unknown one first, and has their features", () => {
    expect(batch.items[0]).toBe(0);
    expect(new Set(batch.items).size).toBe(batch.items.length);
    expect([...history.index].map((number) => batch.items[number])).toEqual([...raw.histories.watched.item]);
    expect([...batch.candidate].map((number) => batch.items[number])).toEqual([...raw.candidate]);
    for (const name of plan.itemFeatures) {
      const width = plan.width[name];
      const column = dataset.items.columns[name];
      batch.items.forEach((ordinal, number) => {
        const [got, due] = [batch.itemFeatures[name], column].map((values, i) => {
          const at = (i === 0 ? number : ordinal) * width;
          return [...values.subarray(at, at + width)];
        });
        expect(got).toEqual(due);
      });
    }
  });

  it("pads to what the graphs need", () => {
    expect(history.length).toBeGreaterThanOrEqual(plan.histories[0].minimum);
    expect([...history.lengths]).toEqual([...raw.histories.watched.lengths]);
  });
});

describe("samples that train cold", () => {
  const { dataset, plan } = topicModel(topicSource("cold: 30%"));
  const assembler = new Assembler(dataset, plan);
  const lengthsOf = (draw: Parameters<typeof assembler.assemble>[2]) =>
    assembler.assemble("training", samples, draw).histories.watched.lengths;
  const given = lengthsOf(null);
  const emptied = (step: number, seed = 1) =>
    [...lengthsOf({ seed, step, epoch: 0 })].map((one, row) => one === 0 && given[row] > 0);

  it("are the share that is asked for, others in each step, the same in each run; none is where the model is scored", () => {
    const known = [...given].filter((length) => length > 0).length;
    expect(known).toBeGreaterThan(40);
    const steps = Array.from({ length: 100 }, (_, step) => emptied(step));
    const share = steps.flat().filter(Boolean).length / (100 * known);
    // Four standard deviations.
    expect(Math.abs(share - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / (100 * known)));
    expect(emptied(1)).not.toEqual(emptied(2));
    expect(emptied(1, 2)).not.toEqual(emptied(1));
    expect(emptied(1)).toEqual(steps[1]);
    const { lengths } = dataset.batch("training", samples, {}).histories.watched;
    expect([...given]).toEqual([...lengths]);
  });

  it("are of a user of whom nothing is known: padding in every place, and the others as they were", () => {
    const scored = assembler.assemble("training", samples, null);
    const batch = assembler.assemble("training", samples, { seed: 1, step: 3, epoch: 0 });
    const { length, lengths, index } = batch.histories.watched;
    const before = scored.histories.watched;
    for (let row = 0; row < batch.rows; row++) {
      const own = (numbers: Int32Array, items: Int32Array) =>
        [...numbers.subarray(row * length, (row + 1) * length)].map((number) => items[number]);
      if (lengths[row] === before.lengths[row]) {
        expect(own(index, batch.items)).toEqual(own(before.index, scored.items));
      } else {
        expect(lengths[row]).toBe(0);
        expect(own(index, batch.items)).toEqual(new Array(length).fill(0));
      }
    }
  });
});

describe("the frames of the attentions", () => {
  it("hold what stands at the kept positions", () => {
    const { batch, plan, raw } = assembled();
    const { length, lengths, item, cross } = raw.histories.watched;
    const kept = keptOf(batch.rows, 6, length);
    const look = new Frames(plan, new Buffers()).kept(batch, { nearest: kept });
    const frame = look.frames.nearest;
    expect(frame.shape).toEqual([batch.rows, 6]);
    const video = plan.keptItemFeatures.indexOf("item.video");
    expect(video).toBeGreaterThanOrEqual(0);
    const ids = look.itemFeatures["item.video"];
    expect(look.items).toBeLessThan(batch.items.length);
    for (let row = 0; row < batch.rows; row++) {
      for (let k = 0; k < 6; k++) {
        const at = row * 6 + k;
        const from = row * length + kept[at];
        const ordinal = item[from];
        expect(ids[frame.index[at]]).toBe(ordinal === 0 ? 0 : 1 + (ordinal % 5000));
        expect(frame.cross["watched.ago"][at]).toBe(cross["watched.ago"][from]);
        expect(frame.valid[at]).toBe(kept[at] < lengths[row] ? 1 : 0);
      }
    }
  });

  it("take the newest of a `last(n)`, read no further, and lists of each head", () => {
    const source = topicSource()
      .replace(
        "over: nearest\n  by:   relevance\n}",
        "over: nearest\n  by:   relevance\n}\n\nattend recent {\n  over: watched.last(5)\n  by:   relevance\n}",
      )
      .replace("[interest,", "[interest, recent,")
      .replace("keep: 6", "keep: 6\n  heads: per_head");
    const { batch, plan } = assembled(source);
    const { length, index } = batch.histories.watched;
    const kept = keptOf(2 * batch.rows, 6, length);
    const { frames } = new Frames(plan, new Buffers()).kept(batch, { nearest: kept });
    const last = Object.values(frames).find(({ shape }) => shape.at(-1) === 5)!;
    const lists = Object.values(frames).find(({ shape }) => shape.length === 3)!;
    expect(lists.shape).toEqual([2, batch.rows, 6]);
    // Numbers differ from look to look; equal items must have equal numbers.
    const seen = new Map<number, number>();
    const same = (number: number, item: number): void => {
      if (!seen.has(number)) {
        seen.set(number, item);
      }
      expect(seen.get(number)).toBe(item);
    };
    for (let row = 0; row < batch.rows; row++) {
      for (let k = 0; k < 5; k++) {
        same(last.index[row * 5 + k], index[row * length + k]);
      }
    }
    lists.index.forEach((number, at) => {
      const row = Math.floor(at / 6) % batch.rows;
      same(number, index[row * length + kept[at]]);
    });
  });
});

describe("rows of large tables", () => {
  it("count in a compact table whose rows are those of the whole", () => {
    const { batch, plan } = assembled();
    expect(plan.spaces.map(({ tables, item }) => [tables, item])).toEqual([[["item.video.table"], ["item.video"]]]);
    const buffers = new Buffers();
    const look = new Frames(plan, buffers).kept(batch, {
      nearest: keptOf(batch.rows, 6, batch.histories.watched.length),
    });
    const before = Int32Array.from(look.itemFeatures["item.video"]);
    const { itemFeatures, rows } = new Compactor(plan, buffers).compact(look, batch.single);
    const list = rows.get("item.video.table")!;
    expect(list[0]).toBe(0);
    expect([...itemFeatures["item.video"]].map((row) => list[row])).toEqual([...before]);
    expect(itemFeatures["item.topic"]).toEqual(look.itemFeatures["item.topic"]);
  });

  it("share one list where a metric has embeddings of its own", () => {
    const { manifest } = topicModel(topicSource("", 5000));
    const [table] = manifest.train.tables;
    const parameter = "relevance.own.video.table";
    const tables = [table, { ...table, parameter, dim: 4 }];
    const shared = manifest.embeddings.find((one) => one.parameter === table.parameter)!;
    const embeddings = [...manifest.embeddings, { ...shared, parameter }];
    const [space, ...others] = trainPlan({ ...manifest, embeddings, train: { ...manifest.train, tables } }).spaces;
    expect(others).toEqual([]);
    expect([...space.tables].sort()).toEqual(["item.video.table", "relevance.own.video.table"]);
  });
});

describe("ids masked to unknown", () => {
  it("are the same in the search and in the step, and none in scoring", () => {
    const source = topicSource("", 300).replace("key: true)", "key: true, unknown: 30%)");
    const { dataset, plan } = topicModel(source);
    const assembler = new Assembler(dataset, plan);
    const plain = assembler.assemble("training", samples, null);
    const masked = assembler.assemble("training", samples, { seed: 1, step: 5, epoch: 0 });
    const [all, some] = [plain, masked].map(({ itemFeatures }) => itemFeatures["item.video"]);
    const hidden = [...some].filter((row, i) => row === 0 && all[i] > 0).length;
    expect(hidden / some.length).toBeGreaterThan(0.2);
    expect(hidden / some.length).toBeLessThan(0.4);
    expect([...all].slice(1).every((row) => row > 0)).toBe(true);
    const { length } = masked.histories.watched;
    const kept = Int32Array.from({ length: masked.rows * 6 }, (_, i) => i % 6);
    const look = new Frames(plan, new Buffers()).kept(masked, { nearest: kept });
    kept.forEach((position, at) => {
      const row = Math.floor(at / 6);
      const whole = masked.histories.watched.index[row * length + position];
      expect(look.itemFeatures["item.video"][look.frames.nearest.index[at]]).toBe(some[whole]);
    });
  });
});
