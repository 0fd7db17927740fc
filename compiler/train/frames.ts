// The lists of behaviours that training's graphs look at.
import type { TrainFrame } from "../../contract/training-spec.ts";
import { givenOf } from "../graphs/attend.ts";
import type { History, Model, Over } from "../model/model.ts";
import { oversOf } from "../model/over.ts";
import type { Given } from "../model/site.ts";

export interface PlannedFrame {
  readonly history: History;
  readonly given: Given;
  readonly spec: TrainFrame;
}

/** Every history as a whole, and every list that an attend is over; those that no graph reads among them. */
export function framesOf(model: Model): PlannedFrame[] {
  const overs: Over[] = [
    ...model.histories.map((history) => ({ kind: "history" as const, history })),
    ...model.attends.flatMap(oversOf),
  ];
  const frames = new Map<string, PlannedFrame>();
  for (const over of overs) {
    const given = givenOf(over);
    const spec = frameSpec(over, given);
    frames.set(given.name, { history: over.history, given, spec });
  }
  return [...frames.values()];
}

function frameSpec(over: Over, { name, heads }: Given): TrainFrame {
  const history = over.history.name;
  switch (over.kind) {
    case "history":
      return { kind: "whole", name, history };
    case "last":
      return { kind: "last", name, history, length: over.count };
    case "search":
      return { kind: "search", name, history, search: over.search.name, length: over.search.keep, heads };
  }
}
