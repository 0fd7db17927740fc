// FuxiCTR's TWIN cuts the mask of its short window from an array that is one shorter than the items (it lacks the target), so a
// history that fits into the window loses its oldest behaviour there. The same in a model of ours, to tell it from wrong weights.
import { isDeepStrictEqual } from "node:util";
import { type Model, metricOf } from "../compiler/index.ts";
import type { BatchPort } from "../contract/batch-port.ts";
import type { Samples } from "../runtime/import/index.ts";
import type { Tensor } from "../runtime/session/session.ts";

export interface ShortWindow {
  /** The model with a history of its own for the short window. */
  readonly model: Model;
  readonly attend: string;
  readonly history: string;
  /** Name of the second history. */
  readonly own: string;
  readonly count: number;
}

/** @returns null where no attend over the newest n has a metric of its own */
export function ownShortWindow(model: Model): ShortWindow | null {
  const attend = model.attends.find(({ over }) => over.kind === "last");
  const metric = attend ? metricOf(attend.by) : null;
  if (attend?.over.kind !== "last" || metric === null) {
    return null;
  }
  const { history, count } = attend.over;
  const shares = (by: { readonly kind: string; readonly metric?: unknown }): boolean => by.metric === metric;
  const others = [...model.attends.filter((one) => one !== attend), ...model.searches];
  if (others.some(({ by }) => shares(by)) || history.cross.features.length > 0) {
    return null;
  }
  const own = `${history.name}_short`;
  if (model.histories.some(({ name }) => name === own)) {
    return null;
  }
  const second = { ...history, name: own };
  const ownMetric = { ...metric, history: second };
  const ownAttend = {
    ...attend,
    over: { ...attend.over, history: second },
    by: { kind: "metric" as const, metric: ownMetric },
  };
  return {
    attend: attend.name,
    history: history.name,
    own,
    count,
    model: {
      ...model,
      histories: [...model.histories, second],
      metrics: model.metrics.map((one) => (one === metric ? ownMetric : one)),
      attends: model.attends.map((one) => (one === attend ? ownAttend : one)),
      towers: model.towers.map((tower) => ({
        ...tower,
        input: tower.input.map((one) =>
          one.kind === "attend" && one.attend === attend ? { ...one, attend: ownAttend } : one,
        ),
      })),
    },
  };
}

/**
 * Samples whose short window is masked as FuxiCTR does it.
 * @param ports those of the model with a history of its own for the short window
 */
export function maskedAsThere(
  samples: Samples,
  { history, own, count }: ShortWindow,
  ports: readonly BatchPort[],
): Samples {
  const feeds = new Map<string, Tensor>();
  for (const { name, source } of ports) {
    const second = "history" in source && source.history === own;
    const wanted = second ? { ...source, history } : source;
    const given = samples.ports.find((port) => isDeepStrictEqual(port.source, wanted));
    const tensor = given && samples.feeds.get(given.name);
    if (tensor === undefined) {
      throw new Error(`the samples have nothing for the input ${name}`);
    }
    feeds.set(name, second && source.kind === "valid" ? masked(tensor, samples.count, count) : tensor);
  }
  return { ...samples, ports, feeds };
}

/** The marks of the behaviours that are there, without the oldest of what fits into the window. */
function masked(valid: Tensor, samples: number, count: number): Tensor {
  const length = valid.shape[1];
  const data = Float32Array.from(valid.data);
  for (let row = 0; row < samples; row++) {
    const behaviours = data.subarray(row * length, (row + 1) * length).reduce((sum, one) => sum + one, 0);
    if (behaviours > 0 && behaviours <= count) {
      data[row * length + behaviours - 1] = 0;
    }
  }
  return { dtype: "float32", shape: valid.shape, data };
}
