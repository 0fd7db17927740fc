// The settings that a comparison tries for each model: the same draws for all of them, of which each takes what it has.
import type { Model } from "../../compiler/index.ts";
import { streams } from "../../contract/random.ts";
import { format, type Put, putSetting, type Source } from "../../grammar/index.ts";

/** A model's settings as one trial has them. */
export interface Trial {
  /** From 1. */
  readonly number: number;
  /** As they are printed: `dense rate 0.002`; none of the first, which is the file as it stands. */
  readonly changes: readonly string[];
  /** The whole model, in the canonical layout. */
  readonly text: string;
}

const factors = [0.25, 0.5, 1, 2, 4];
const penalties = [0, 1e-6, 1e-5, 1e-4];
const dropouts = [0, 0.1, 0.2, 0.3];
const shares = [0.5, 1, 2];

/**
 * The first trial is the file as it is written. In the others the rates of embeddings and of all else are a quarter to four times
 * the file's, and l2 of embeddings, dropout of towers with layers, and `keep` of searches are drawn, by seed and number: the same
 * for every model of a comparison.
 * @param text one file without imports, whose model is `model`
 */
export function trialsOf(text: string, model: Model, count: number, seed: number): Trial[] {
  const laid = laidOut(text);
  return Array.from({ length: count }, (_, i): Trial => {
    if (i === 0) {
      return { number: 1, changes: [], text: laid };
    }
    const puts = drawn(model, seed, i + 1).filter(({ differs }) => differs);
    const changed = puts.reduce((now, { put }) => putSetting(source(now), put), laid);
    return { number: i + 1, changes: puts.map(({ shown }) => shown), text: laidOut(changed) };
  });
}

interface Drawn {
  readonly put: Put;
  readonly shown: string;
  readonly differs: boolean;
}

/** Each draw is made whether the model has a use for it or not, so that the next ones are the same for all. */
function drawn({ train, towers, searches }: Model, seed: number, number: number): Drawn[] {
  const { below } = streams.trial(seed, number);
  const one = <T>(values: readonly T[]): T => values[below(values.length)];
  const [embeddings, dense, penalty, dropout, share] = [
    one(factors),
    one(factors),
    one(penalties),
    one(dropouts),
    one(shares),
  ];
  const rate = (setting: "embeddings" | "dense", factor: number): Drawn => {
    const { kind, rate: own } = train[setting];
    const text = written(own * factor);
    const argument = { name: "rate", call: kind };
    return { put: { ...ofTrain, setting, text, argument }, shown: `${setting} rate ${text}`, differs: factor !== 1 };
  };
  const l2 = `{ embeddings: ${written(penalty)} dense: ${written(train.l2.dense)} }`;
  return [
    rate("embeddings", embeddings),
    rate("dense", dense),
    {
      put: { ...ofTrain, setting: "l2", text: l2 },
      shown: `l2 of embeddings ${written(penalty)}`,
      differs: penalty !== train.l2.embeddings,
    },
    ...towers.map(
      ({ name, hidden, dropout: own }): Drawn => ({
        put: { section: "tower", name, setting: "dropout", text: written(dropout) },
        shown: `dropout ${written(dropout)}`,
        differs: hidden.length > 0 && dropout !== own,
      }),
    ),
    ...searches.map(({ name, keep: own, from }): Drawn => {
      const keep = Math.max(1, Math.min(from.max, Math.round(own * share)));
      return {
        put: { section: "search", name, setting: "keep", text: `${keep}` },
        shown: `keep ${keep}`,
        differs: keep !== own,
      };
    }),
  ];
}

const ofTrain = { section: "train", name: null } as const;

/** Without the binary tail of a product. */
const written = (value: number): string => `${Number(value.toPrecision(6))}`;

const source = (text: string): Source => ({ path: "a model of the comparison", text });

function laidOut(text: string): string {
  const formatted = format(source(text));
  if (!("text" in formatted)) {
    throw new Error(`a model of the comparison cannot be laid out: ${formatted.diagnostics[0]?.title}`);
  }
  return formatted.text;
}
