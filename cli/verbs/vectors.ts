// `twin vectors --data DATA --until T -o FOLDER`: vectors of items from what stands together in users' pasts.
import { featureText, makeVectors } from "../../runtime/data/index.ts";
import { print, printJson } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";
import { bindingOf } from "./data.ts";

interface VectorsOptions {
  readonly data: string;
  readonly until: string;
  readonly output: string;
  readonly history?: string;
  readonly dim: number;
  readonly window: number;
  readonly minCount: number;
  readonly shift: number;
  readonly seed: number;
  readonly json?: boolean;
}

const number = (value: number): string => value.toLocaleString("en-GB");

export async function vectors(options: VectorsOptions): Promise<void> {
  const binding = bindingOf(options.data);
  const made = await stoppable((signal) =>
    makeVectors(binding, options.output, { ...options, onProgress: showProgress(), signal }),
  );
  if (options.json) {
    printJson(made);
    return;
  }
  const { record, without } = made;
  print(
    `${made.path}: vectors of ${number(made.items)} items, from ${number(record.pairs)} pairs in ${number(record.behaviours)} behaviours before ${options.until}`,
  );
  if (without.rare + without.alone > 0) {
    print(
      `without a vector: ${number(without.rare)} items with fewer than ${record.min_count} behaviours, ${number(without.alone)} that nothing else tells of`,
    );
  }
  if (record.least > 1) {
    print(
      `pairs that occur fewer than ${number(record.least)} times were left out: there are more than memory should hold`,
    );
  }
  if (made.rank < record.dim) {
    print(
      `${number(made.rank)} numbers tell all that the pairs have to say; the other ${number(record.dim - made.rank)} are 0`,
    );
  }
  print(`\nadd to ${options.data}:\n${made.needed.trimEnd().replaceAll(/^/gm, "  ")}`);
  print(`and to the model, in item:\n  ${featureText(record.dim)}`);
}
