// `twin release`, `twin rollback`, `twin releases`: which version of a build serves.
import { aligned } from "../../contract/width.ts";
import { makeRelease, type ReleaseLine, releasesOf, rollBack } from "../../runtime/release/index.ts";
import { expectServes, recovered } from "../../runtime/serve/index.ts";
import { secondsOf } from "../duration.ts";
import { quietNativeLog } from "../native-log.ts";
import { print, printJson, say } from "../output.ts";

interface Json {
  readonly json?: boolean;
}

/** Reading and writing put a folder back that a killed build left aside. */
const there = (dir: string): string => recovered(dir, (message) => say(`warning: ${message}`));

export async function release(
  dir: string,
  { keep, grace, json }: Json & { readonly keep: number; readonly grace: string },
): Promise<void> {
  quietNativeLog();
  const made = await makeRelease(there(dir), { keep, grace: secondsOf(grace, "--grace"), check: expectServes });
  if (json) {
    printJson(made);
    return;
  }
  const { number, step, generation, pointer, removed } = made;
  print(
    `release ${number} serves ${dir}: ${of(step, generation)}${pointer.before === null ? "" : `; before it release ${pointer.before}, to which \`twin rollback ${dir}\` goes back`}`,
  );
  if (removed.length > 0) {
    print(`removed: release ${removed.join(", ")}`);
  }
}

export async function rollback(dir: string, { to, json }: Json & { readonly to?: number }): Promise<void> {
  quietNativeLog();
  const { release: number, before } = await rollBack(there(dir), to ?? null, expectServes);
  if (json) {
    printJson({ release: number, before });
  } else {
    print(`release ${number} serves ${dir}${before === null ? "" : `, as before release ${before}`}`);
  }
}

export async function releases(dir: string, { json }: Json): Promise<void> {
  const all = releasesOf(there(dir));
  if (json) {
    printJson(all);
    return;
  }
  if (all.length === 0) {
    print(`${dir} has no releases: it is served as it lies. Make one: twin release ${dir}`);
    return;
  }
  print(
    aligned(
      [["release", "", "made at", "weights", "tables", "readers"], ...all.map(line)],
      (column) => column === 5,
    ).join("\n"),
  );
}

const line = ({ number, serves, since, made_at, step, generation, published, readers }: ReleaseLine): string[] => [
  String(number),
  serves ? "serves" : since === null ? "never served" : `until ${since}`,
  made_at,
  step === null ? "" : `step ${step}`,
  [generation === null ? "" : `generation ${generation}`, published === null ? "" : published.address]
    .filter((one) => one !== "")
    .join(", "),
  String(readers),
];

const of = (step: number | null, generation: number | null): string =>
  `${step === null ? "the weights" : `the weights of step ${step}`}, ${generation === null ? "no tables in its folder" : `tables of generation ${generation}`}`;
