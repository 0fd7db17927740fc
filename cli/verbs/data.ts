// `twin data check` and `twin data prepare`: what there is to train on, and the same read once for all.
import { existsSync } from "node:fs";
import { TwinError } from "../../contract/error.ts";
import { withNumbers } from "../../contract/learned-numbers.ts";
import { type Binding, checkData, type DataReport, prepareDataset, readBinding } from "../../runtime/data/index.ts";
import { dataModel } from "../data-model.ts";
import { reportText } from "../data-report.ts";
import { learnOf } from "../learned.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";
import { checked } from "./show.ts";

interface CheckDataOptions {
  readonly model?: string;
  readonly json?: boolean;
}

interface PrepareDataOptions {
  readonly model: string;
  readonly output: string;
  readonly json?: boolean;
}

export async function checkDataSet(data: string, options: CheckDataOptions): Promise<void> {
  const binding = bindingOf(data);
  const model = options.model === undefined ? null : dataModel(checked(options.model));
  const report = await stoppable((signal) => checkData(binding, model, { onProgress: showProgress(), signal }));
  tell(report, options.json);
  if (!options.json) {
    print(`${data}: no errors${model === null ? "; --model FILE checks features and labels, too" : ""}`);
  }
}

export async function prepareDataSet(data: string, options: PrepareDataOptions): Promise<void> {
  const binding = bindingOf(data);
  const model = dataModel(checked(options.model));
  const onProgress = showProgress();
  const done = await stoppable(async (signal) => {
    const { vocabularies, numbers } = await learnOf(binding, model.features);
    const learned = { ...model, features: withNumbers(model.features, numbers) };
    return prepareDataset(binding, learned, options.output, {
      vocabularies,
      onProgress,
      signal,
      note: say,
      verify: true,
    });
  });
  const { training, validation, test } = done.spec.samples;
  if (options.json) {
    printJson({ folder: done.folder, fingerprint: done.fingerprint, reused: done.reused, report: done.report });
    return;
  }
  tell(done.report);
  const drawn = done.spec.negatives === null ? "" : `, ${done.spec.negatives.sampled} of them drawn negatives`;
  print(
    `${done.folder}: ${training} training, ${validation} validation and ${test} test samples${drawn}${done.reused ? "; it was prepared already" : ""}`,
  );
}

/** A data binding that must be there. */
export function bindingOf(data: string): Binding {
  if (!existsSync(data)) {
    throw new TwinError(`${data}: there is no such file; name a data binding (data.yaml)`);
  }
  return readBinding(data);
}

function tell(report: DataReport, json = false): void {
  for (const warning of report.warnings) {
    say(`warning: ${warning}`);
  }
  if (json) {
    printJson(report);
  } else {
    print(reportText(report));
  }
}
