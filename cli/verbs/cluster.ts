// `twin cluster FILE --data DATA -o DIR`: a log as samples whose histories are clusters of a whole life of behaviours.
import { join } from "node:path";
import { clusterLog } from "../../runtime/data/index.ts";
import { dataModel } from "../data-model.ts";
import { learnedVectors } from "../learned-vectors.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";
import { bindingOf } from "./data.ts";
import { checked } from "./show.ts";

interface ClusterVerbOptions {
  readonly data: string;
  readonly output: string;
  readonly every: string;
  readonly seed: number;
  readonly weights?: string;
  readonly json?: boolean;
}

export async function cluster(file: string, options: ClusterVerbOptions): Promise<void> {
  const { data, output, every, seed, weights } = options;
  const model = dataModel(checked(file));
  const binding = bindingOf(data);
  const vectors = weights === undefined ? null : await learnedVectors(weights, model);
  const begun = performance.now();
  const { counts, reused } = await stoppable((signal) =>
    clusterLog(binding, model, output, {
      ...{ every, seed, vectors, signal, onProgress: showProgress() },
      note: (message) => say(`warning: ${message}`),
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  if (options.json) {
    printJson({ folder: output, reused, seconds, ...counts });
    return;
  }
  const number = (value: number): string => value.toLocaleString("en-GB");
  const { users, samples, snapshots, clusters, virtual, entries } = counts;
  print(
    `${output}: ${number(samples)} samples of ${number(users)} users, with ${number(entries)} entries in their lists; ${number(snapshots)} snapshots of ${number(clusters)} clusters, ${number(virtual)} virtual items${reused ? "; it was made already" : `; ${seconds.toFixed(1)} s`}`,
  );
  print(`next: twin train ${file} --data ${join(output, "data.yaml")} -o RUN`);
}
