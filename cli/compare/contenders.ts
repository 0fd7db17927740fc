// The models of a comparison, as their files are read.
import { basename } from "node:path";
import { check, joined, load, type Model } from "../../compiler/index.ts";
import { TwinError } from "../../contract/error.ts";
import { WrongUsage } from "../failure.ts";
import { say } from "../output.ts";
import { reader } from "../sources.ts";
import { checked } from "../verbs/show.ts";

export interface Contender {
  readonly name: string;
  readonly file: string;
  readonly model: Model;
  /** Without imports. */
  readonly text: string;
}

/** @throws WrongUsage where two have one name, or there is none */
export function contendersAmong(files: readonly string[]): Contender[] {
  const contenders = modelsAmong(files).map(contender);
  expectNames(contenders);
  return contenders;
}

/** What the others import, and a shell's pattern brings along, is left out. */
function modelsAmong(files: readonly string[]): string[] {
  const models = files.filter((file) => {
    const { entry } = load(file, reader(file));
    const isLibrary = entry.model === undefined && entry.source.text !== "" && entry.sections.length > 0;
    if (isLibrary) {
      say(`note: ${file} has no \`model\`: it is left out`);
    }
    return !isLibrary;
  });
  if (models.length === 0) {
    throw new WrongUsage("there is no model among these files: name at least one");
  }
  return models;
}

function contender(file: string): Contender {
  checked(file);
  const text = joined(load(file, reader(file)));
  const alone = check(load(file, () => text)).model;
  if (alone === null) {
    throw new Error(`${file} without its imports is no model any more`);
  }
  return { name: basename(file, ".twin"), file, model: alone, text };
}

function expectNames(contenders: readonly Contender[]): void {
  const twice = contenders.find(({ name }, i) => contenders.findIndex((one) => one.name === name) !== i);
  if (twice !== undefined) {
    const { file } = contenders.find(({ name }) => name === twice.name)!;
    throw new WrongUsage(
      `${file} and ${twice.file} would have one name, ${twice.name}, in the report: give one file another name`,
    );
  }
}

/** @throws TwinError naming the labels that there are */
export function expectLabel(file: string, { towers }: Model, label: string): void {
  const names = towers.flatMap(({ tasks }) => tasks.filter(({ kind }) => kind === "binary").map((task) => task.label));
  if (!names.includes(label)) {
    throw new TwinError(
      names.length === 0
        ? `${file} has no binary label to be compared by`
        : `${file} has no binary label \`${label}\` to compare by; there are: ${names.join(", ")}`,
    );
  }
}

export const labelOf = ({ towers }: Model): string =>
  towers.flatMap(({ tasks }) => tasks).find(({ kind }) => kind === "binary")?.label ?? "";
