// The kernel's plan of a model on one provider, as every suite of parity asks it of each model that has one.
import { expect } from "vitest";
import type { RunKernel } from "./kernel-wire.ts";
import { type HeldKernel, holdsKernel } from "./provider-kernel.ts";
import type { ProviderModel } from "./provider-models.ts";
import type { RunCases } from "./provider-run.ts";

/** A model has a plan where it has the user's side graph; it is put beside those that were held before. */
export async function expectPlanHeld(
  model: ProviderModel,
  run: RunCases,
  kernel: RunKernel,
  all: HeldKernel[],
): Promise<void> {
  const held = await holdsKernel(model, run, kernel);
  expect(held !== null).toBe(model.graphs.some(({ name }) => name === "kernel_user"));
  if (held !== null) {
    all.push(held);
    expect(held).toMatchObject({ faults: [], beyond: [] });
  }
}
