// `twin init [dir]`: a folder to begin with: the example model with its data, or a first draft from the user's own files.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { draft, manyRepeats } from "../../runtime/data/index.ts";
import { generate } from "../../runtime/example/index.ts";
import { attempt, writeFileAtomic } from "../../runtime/host/files.ts";
import { checkedDraft, writeTogether } from "../checked-draft.ts";
import { reportText } from "../data-report.ts";
import { WrongUsage } from "../failure.ts";
import { print, say } from "../output.ts";
import { packageModels } from "../package-home.ts";
import { showProgress, stoppable } from "../progress.ts";

interface InitOptions {
  readonly from?: string;
  readonly items?: string;
  readonly user?: string;
  readonly item?: string;
  readonly time?: string;
  readonly history?: string;
  readonly separator?: string;
  readonly itemsSeparator?: string;
}

export async function init(dir: string, options: InitOptions): Promise<void> {
  if (options.from === undefined) {
    const names = ["items", "user", "item", "time", "history", "separator", "itemsSeparator"] as const;
    const extra = names.find((name) => options[name] !== undefined);
    if (extra !== undefined) {
      throw new WrongUsage(
        `--${extra === "itemsSeparator" ? "items-separator" : extra} says something of your own files: name the events, too: --from FILE`,
      );
    }
    await initExample(dir);
  } else {
    if (options.itemsSeparator !== undefined && options.items === undefined) {
      throw new WrongUsage("--items-separator says how the items are written: name them, too: --items FILE");
    }
    await initDraft(dir, options.from, options);
  }
}

/** Nothing is ever written over. */
function refuseExisting(dir: string, names: readonly string[]): void {
  for (const name of names) {
    const path = join(dir, name);
    if (existsSync(path)) {
      throw new TwinError(`${path} is there already, and \`twin init\` overwrites nothing; name a new folder`);
    }
  }
}

async function initExample(dir: string): Promise<void> {
  refuseExisting(dir, ["twin.twin", "features.twin", "README.md", "data"]);
  attempt("write", dir, () => mkdirSync(dir, { recursive: true }));
  const size = { users: 200, items: 2000, behaviours: 300, seed: 1 };
  const onProgress = showProgress();
  const { events, bestAuc } = await stoppable((signal) =>
    generate({ dir: join(dir, "data"), ...size, onProgress, signal }),
  );
  for (const name of ["features.twin", "twin.twin"]) {
    writeFileAtomic(join(dir, name), readFileSync(join(packageModels, name)));
  }
  writeFileAtomic(join(dir, "README.md"), readme("twin.twin", "data/data.yaml", "twin"));
  print(
    `${dir}: the model twin.twin, and ${events} made-up events in data/ (the best possible AUC of click is ${bestAuc.toFixed(4)})`,
  );
  print(`next: twin data check ${join(dir, "data/data.yaml")} --model ${join(dir, "twin.twin")}`);
}

async function initDraft(dir: string, from: string, options: InitOptions): Promise<void> {
  const names = ["draft.twin", "data.yaml", "README.md"];
  refuseExisting(dir, names);
  const onProgress = showProgress();
  const { model, data, roles, repeats, skipped, notes } = await stoppable((signal) =>
    draft({ ...options, events: from, folder: dir, onProgress, signal }),
  );
  const [modelFile, dataFile] = names.map((name) => join(dir, name));
  const { model: laid, report } = await checkedDraft({ modelFile, model, dataFile, data });
  print(
    `user: ${roles.user ?? "none"}, item: ${roles.item}, clock: ${roles.clock === null ? "none" : `${roles.clock.column} (${roles.clock.format ?? roles.clock.unit})`}`,
  );
  print(
    roles.labels.length === 0
      ? `no column looks like a label: every event counts as chosen, and negatives are drawn${drawnFrom(repeats)}`
      : `labels: ${roles.labels.map(({ sql }) => sql).join(", ")}`,
  );
  for (const { column, because } of skipped) {
    say(`note: no feature was made of \`${column}\`: ${because}`);
  }
  for (const note of notes) {
    say(`note: ${note}`);
  }
  for (const warning of report.warnings.filter((one) => !notes.includes(one))) {
    say(`warning: ${warning}`);
  }
  print(reportText(report));
  const about = readme("draft.twin", "data.yaml", "draft");
  writeTogether(dir, { "draft.twin": laid, "data.yaml": data, "README.md": about });
  print(`${modelFile} and ${dataFile}: a first draft without errors; read both, and change what you know better`);
}

function drawnFrom(repeats: number): string {
  if (repeats <= manyRepeats) {
    return "";
  }
  return `, among what a user has met as well, as ${(100 * repeats).toFixed(1)} % of the events are of such items`;
}

function readme(model: string, data: string, name: string): string {
  return `# ${name}

- \`${model}\`: the model
- \`${data}\`: where its columns come from

\`\`\`sh
twin check ${model}
twin data check ${data} --model ${model}
twin train ${model} --data ${data} -o run
twin build ${model} --weights run/weights.safetensors --data ${data} -o build
twin table build build --data ${data}
twin score build --data ${data} -o scores.parquet
\`\`\`
`;
}
