// One measurement of training in a process of its own, so that its peak memory is its own: settings in, JSON out.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffersOf } from "../../runtime/learn/assemble.ts";
import { release } from "../../runtime/learn/buffers.ts";
import type { TimedRole } from "../../runtime/learn/graphs.ts";
import { large, usual } from "../peers/models.ts";
import { type CatalogueSize, settingsFile } from "./catalogue.ts";
import { ofCatalogue } from "./model.ts";
import { openTraining } from "./open.ts";

export interface Setting extends CatalogueSize {
  /** The model of the comparison with PyTorch, or one with a table row of 32 numbers for each item of the catalogue. */
  readonly model: "large" | "catalogue";
  readonly batch: number;
  /** Samples of one user that stay side by side, of the model `large`. */
  readonly group: number;
  readonly threads: number;
  readonly warm: number;
  readonly steps: number;
}

/** Of each step, in milliseconds. */
export interface Measured {
  readonly wall: readonly number[];
  /** Processor time of all threads, the one that assembles batches among them. */
  readonly processor: readonly number[];
  /** Inside each graph. */
  readonly graphs: Readonly<Record<"search" | "step" | "update", readonly number[]>>;
  /** Distinct items of a batch. */
  readonly items: readonly number[];
  /** Resident memory of the process at its highest, bytes. */
  readonly peak: number;
  /** Parameters and state of their optimisers, bytes. */
  readonly learned: number;
}

const roles = ["search", "step", "update"] as const;

async function measure({ model: kind, batch, group, threads, warm, steps, ...size }: Setting): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "twin-train-"));
  const built =
    kind === "large"
      ? large(batch, size.world.history, usual, "relu", group)
      : ofCatalogue(size.catalogue)(batch, size.world.history);
  const data = { module: new URL("./catalogue.ts", import.meta.url), file: settingsFile, settings: size };
  const { feeder, graphs, state, stepper } = await openTraining(folder, built, data, { seed: 1, threads });

  const wall: number[] = [];
  const processor: number[] = [];
  const items: number[] = [];
  const inside: Record<(typeof roles)[number], number[]> = { search: [], step: [], update: [] };
  let next = feeder.step(1);
  for (let step = 1; step <= warm + steps; step++) {
    const before: Record<TimedRole, number> = { ...graphs.spent };
    const begun = performance.now();
    const used = process.cpuUsage();
    const assembled = await next;
    next = feeder.step(step + 1);
    await stepper.learn(assembled, step);
    const met = assembled.items.length;
    release(buffersOf(assembled));
    if (step <= warm) {
      continue;
    }
    wall.push(performance.now() - begun);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1000);
    items.push(met);
    for (const role of roles) {
      inside[role].push(graphs.spent[role] - before[role]);
    }
  }
  await next;
  await graphs.close();
  await feeder.close();
  rmSync(folder, { recursive: true, force: true });
  const tensors = [...state.parameters(), ...state.optimiser()];
  return {
    wall,
    processor,
    graphs: inside,
    items,
    peak: 1024 * process.resourceUsage().maxRSS,
    learned: tensors.reduce((sum, { data }) => sum + data.byteLength, 0),
  };
}

// Nobody is left to tell.
process.once("disconnect", () => process.exit());
process.once("message", (setting: Setting) => {
  measure(setting).then(
    (measured) => process.send!(measured, () => process.disconnect()),
    (error) => {
      console.error(error);
      process.exitCode = 1;
      process.disconnect();
    },
  );
});
