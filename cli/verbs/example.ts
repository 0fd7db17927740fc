// `twin example DIR`: example data with planted interests, from a seed.
import { generate, type ScenarioName } from "../../runtime/example/index.ts";
import { print } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";

interface ExampleOptions {
  readonly scenario: ScenarioName;
  readonly users?: number;
  readonly items?: number;
  readonly behaviours?: number;
  readonly seed: number;
}

export async function example(dir: string, options: ExampleOptions): Promise<void> {
  const { data, items, users, events, bestAuc } = await stoppable((signal) =>
    generate({ dir, ...options, onProgress: showProgress(), signal }),
  );
  print(
    `${dir}: ${users} users, ${items} items, ${events} events; the best possible AUC of click is ${bestAuc.toFixed(4)}`,
  );
  print(`${data} binds them to models/twin.twin`);
}
