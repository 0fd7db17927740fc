// What one run of a comparison came to: its figures and its scores of the rows, in one file that is there whole or not at all.
import { existsSync } from "node:fs";
import { digestOf } from "../../contract/digest.ts";
import { TwinError } from "../../contract/error.ts";
import { encodeSafetensors } from "../../contract/safetensors.ts";
import { writeFileAtomic } from "../../runtime/host/files.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import type { Drawn } from "../../runtime/learn/index.ts";

export interface Figure {
  readonly auc: number;
  readonly gauc: number;
  readonly logloss: number;
}

export interface CurvePoint {
  readonly samples: number;
  /** Of training so far, evaluations among it. */
  readonly seconds: number;
  readonly auc: number;
}

/** Raised where an outcome holds more than one of before: what was kept is then made anew. */
export const outcomeForm = 2;

export interface Outcome extends Figure {
  readonly seed: number;
  /** Step of the weights. */
  readonly step: number;
  /** Of training. */
  readonly samples: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** As training went on, of the validation part, for the label that decides there. */
  readonly curve: readonly CurvePoint[];
  /** Of the weights, on the validation part, where another part was judged; null: it was not evaluated at their step. */
  readonly validation: Figure | null;
  /** Users that were trained on; null: all. */
  readonly users: Drawn | null;
  /** By the number of behaviours before the row. */
  readonly byHistory: readonly (Figure & { readonly name: string; readonly rows: number })[];
}

/** Rows of the part in the order of the prepared data, by user and newest first, of which one label is judged. */
export interface OutcomeRows {
  /** Number of the row in the event log; −1: a drawn negative. */
  readonly row: Int32Array;
  readonly user: Int32Array;
  readonly label: Float32Array;
  /** Logits as they are judged. */
  readonly score: Float32Array;
}

const columns = ["row", "user", "label", "score"] as const;

/** @param fingerprint of everything that decided the outcome */
export function writeOutcome(path: string, fingerprint: string, outcome: Outcome, rows: OutcomeRows): void {
  const tensors = columns.map((name) => ({ name, shape: [rows[name].length], data: rows[name] }));
  const text = JSON.stringify(outcome);
  writeFileAtomic(path, encodeSafetensors(tensors, { fingerprint, outcome: text, digest: digestOfAll(rows, text) }));
}

/** Over the columns and the outcome's text. */
function digestOfAll(rows: OutcomeRows, outcome: string): string {
  const each = columns.map((name) => {
    const { buffer, byteOffset, byteLength } = rows[name];
    return digestOf(new Uint8Array(buffer, byteOffset, byteLength));
  });
  return digestOf(each.join() + outcome);
}

/** Null where there is none, or one of something else. @throws TwinError where it is damaged */
export function readOutcome(path: string, fingerprint: string): { outcome: Outcome; rows: OutcomeRows } | null {
  if (!existsSync(path)) {
    return null;
  }
  const file = openTensors(path);
  try {
    if (file.metadata.fingerprint !== fingerprint) {
      return null;
    }
    const rows: OutcomeRows = {
      row: file.readInt32("row"),
      user: file.readInt32("user"),
      label: file.read("label"),
      score: file.read("score"),
    };
    const { outcome, digest } = file.metadata;
    if (digestOfAll(rows, outcome) !== digest) {
      throw new TwinError(`${path} is damaged: remove it, and what it held is computed again`);
    }
    return { outcome: JSON.parse(outcome) as Outcome, rows };
  } finally {
    file.close();
  }
}
