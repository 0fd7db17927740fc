// The lists of behaviours that training's graphs look at.
import type { TrainFrame } from "../../contract/training-spec.ts";
import { givenOf } from "../graphs/attend.ts";
import type { History, Model, Over } from "../model/model.ts";
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
    ...model.attends.map(({ over }) => over),
  ];
  const frames = new Map<string, PlannedFrame>();
  for (const over of overs) {
    const given = givenOf(over);
    const spec: TrainFrame = {
      name: given.name,
      kind: over.kind === "history" ? "whole" : over.kind,
      history: over.history.name,
      search: over.kind === "search" ? over.search.name : null,
      length: given.length,
      heads: given.heads,
    };
    frames.set(given.name, { history: over.history, given, spec });
  }
  return [...frames.values()];
}
