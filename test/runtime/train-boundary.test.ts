// The warning of an epoch whose beginning costs the validation part.
import { describe, expect, it } from "vitest";
import { type Before, boundaryWarning } from "../../runtime/learn/boundary.ts";
import type { TaskMetrics } from "../../runtime/learn/validate.ts";

const perEpoch = 100;
const tasks = (logloss: number, label = "click"): TaskMetrics[] => [
  {
    label: "rating",
    kind: "regression",
    rows: 9,
    drawn: 0,
    auc: Number.NaN,
    gauc: Number.NaN,
    logloss: Number.NaN,
    rmse: 1,
  },
  { label, kind: "binary", rows: 9, drawn: 0, auc: 0.7, gauc: 0.6, logloss, rmse: Number.NaN },
];
const at = (step: number, logloss: number | null): Before => ({ step, validation: { label: "click", logloss } });

describe("the warning at an epoch's boundary", () => {
  it("comes where the loss rises between one epoch's evaluation and the next one's, and says what to do", () => {
    const said = boundaryWarning(at(100, 0.5), 125, tasks(0.51), perEpoch)!;
    expect(said).toMatch(
      /^the logloss of click on the validation part rose from 0\.5000 \(step 100\) to 0\.5100 \(step 125\) as epoch 2 began/,
    );
    expect(said).toMatch(/renew: embeddings.*l2.*stop/);
    expect(boundaryWarning(at(75, 0.5), 150, tasks(0.51), perEpoch)).toMatch(/epoch 2 began/);
    expect(boundaryWarning(at(200, 0.5), 300, tasks(0.6), perEpoch)).toMatch(/epoch 3 began/);
  });

  it("does not come within an epoch, where it falls or stays, or where there is nothing to compare with", () => {
    expect(boundaryWarning(at(50, 0.5), 100, tasks(0.51), perEpoch)).toBeNull();
    expect(boundaryWarning(at(101, 0.5), 200, tasks(0.51), perEpoch)).toBeNull();
    expect(boundaryWarning(at(100, 0.5), 125, tasks(0.49), perEpoch)).toBeNull();
    expect(boundaryWarning(at(100, 0.5), 125, tasks(0.5004), perEpoch)).toBeNull();
    expect(boundaryWarning(null, 125, tasks(0.51), perEpoch)).toBeNull();
    expect(boundaryWarning(at(0, 0.5), 50, tasks(0.51), perEpoch)).toBeNull();
    expect(boundaryWarning(at(100, null), 125, tasks(0.51), perEpoch)).toBeNull();
    expect(boundaryWarning(at(100, 0.5), 125, tasks(Number.NaN), perEpoch)).toBeNull();
    expect(boundaryWarning(at(100, 0.5), 125, tasks(0.51, "like"), perEpoch)).toBeNull();
  });
});
