// `twin why` of models without an attention by a metric: there are no weights to show, and what is left out tells all the same.
import { afterAll, describe, expect, it } from "vitest";
import { whyOf } from "../../cli/why/difference.ts";
import { renderWhy } from "../../cli/why/page.ts";
import { unweighed, whyText } from "../../cli/why/text.ts";
import { LocalTwin } from "../../runtime/serve/index.ts";
import { built, cleanUp, writeTables } from "../kit/built-twin.ts";

afterAll(cleanUp);

const modelOf = (attend: string, input = "interest, item, user"): string => `model small

item {
  song: id(vocab: 12, dim: 4, key: true)
  mood: id(vocab: 5, dim: 4)
}

user {
  age: bucketed(at: [30, 50], dim: 4)
}

history heard {
  of:  item
  max: 8

  cross {
    liked: flag(dim: 2)
  }
}

${attend}

tower ranking {
  input:  [${input}]
  hidden: [8]

  predict {
    click: binary
  }
}

train {
  batch:  4
  epochs: 1
}
`;
const attend = (by: string, over = "heard") => `attend interest {\n  over: ${over}\n  by:   ${by}\n}`;
/** Whether its attend has weights of the behaviours to show, and the model. */
const models: Record<string, readonly [boolean, string]> = {
  "pooled mean": [false, modelOf(attend("mean"))],
  DIN: [true, modelOf(attend("mlp(hidden: [4])"))],
  SDIM: [true, modelOf(attend("collision(item, hashes: 8, width: 2)"))],
  STCA: [true, modelOf(attend("stacked(layers: 2, heads: 2, dim: 4)"))],
  "an encoder over a search": [
    false,
    modelOf(
      `search nearest {\n  from: heard\n  by:   match(item.mood)\n  keep: 3\n}\n\n${attend("encoder(layers: 1, heads: 2, dim: 4)", "[nearest, heard.last(2)]")}`,
    ),
  ],
};
const keys = Array.from({ length: 9 }, (_, i) => i + 1);
const moods = keys.map((key) => key % 4);
const now = 1_700_000_000;
const history = {
  item: [5, 2, 7, 2, 9],
  time: [10, 20, 30, 40, 50].map((ago) => now - ago),
  liked: [1, 0, null, 1, 0],
};
const request = {
  prepare: { user: { age: 41 }, history: { heard: history }, time: now },
  rank: { candidates: { item: [3, 5, 8, 1] }, time: now },
} as unknown as Parameters<typeof whyOf>[1];

describe.each(Object.entries(models))("why of %s", (_, [weighed, source]) => {
  it("says what each part adds, and shows its weights or that there are none", async () => {
    const dir = built(source);
    await writeTables(dir, keys, { mood: moods });
    const twin = await LocalTwin.open(dir, { threads: 1 });
    try {
      const logits = async (prepare: unknown) =>
        (await (await twin.prepare(prepare as never)).rank(request.rank)).logits.click;
      const whole = await logits(request.prepare);
      const found = await whyOf(twin, request, "8", "5", null);
      expect(found.item).toMatchObject({ key: "8", candidate: 0 });
      expect(found.versus.key).toBe("5");
      expect(found.item.logits.click).toBeCloseTo(whole[2], 5);
      expect(found.versus.logits.click).toBeCloseTo(whole[1], 5);
      expect(found.difference).toBeCloseTo(whole[2] - whole[1], 5);
      expect(found.attends.length).toBe(weighed ? 1 : 0);
      expect(found.item.attends.length).toBe(found.attends.length);
      for (const one of found.attends) {
        // Nothing is searched: both candidates see the whole history, newest first.
        expect([one.both, one.itemAlone, one.versusAlone]).toEqual([5, 0, 0]);
        const seen = [...one.behaviours].sort((a, b) => a.item!.position - b.item!.position);
        expect(seen.map(({ key }) => Number(key))).toEqual(history.item);
        one.heads.forEach(({ item: mean }, a) => {
          const metrics = seen.map(({ item }) => Math.abs(item!.heads[a]!.metric));
          expect(Math.abs(mean.metric)).toBeLessThanOrEqual(Math.max(...metrics) * (1 + 1e-6));
        });
        const alone = await (await twin.prepare(request.prepare)).explain(request.rank);
        const due = alone[2].attends[0].behaviours;
        for (const { item } of seen) {
          const same = due.find(({ position }) => position === item!.position)!;
          expect(item!.weight).toBeCloseTo(same.weight, 6);
        }
      }
      const parts: Record<string, unknown> = {
        "history heard": { ...request.prepare, history: { heard: { item: [], time: [], liked: [] } } },
        "heard.liked": { ...request.prepare, history: { heard: { ...history, liked: history.item.map(() => null) } } },
        user: { ...request.prepare, user: {} },
      };
      expect(found.parts.map(({ name }) => name).sort()).toEqual(Object.keys(parts).sort());
      for (const [name, without] of Object.entries(parts)) {
        const rest = await logits(without);
        const part = found.parts.find((one) => one.name === name);
        expect(part?.item, name).toBeCloseTo(whole[2] - rest[2], 5);
        expect(part?.versus, name).toBeCloseTo(whole[1] - rest[1], 5);
      }
      expect(found.parts.find(({ name }) => name === "history heard")?.item).not.toBe(0);
      for (const text of [whyText(found), renderWhy(found)]) {
        expect(text.includes(unweighed)).toBe(!weighed);
        expect(text).not.toMatch(/undefined|NaN/);
      }
    } finally {
      await twin.close();
    }
  });
});
