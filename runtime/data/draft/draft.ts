// A first model and binding from the columns of a user's own files: `twin init --from`.
import { relative } from "node:path";
import { meter, type OnProgress } from "../../host/progress.ts";
import { interruptible } from "../database/interruptible.ts";
import { localFile } from "../database/local-file.ts";
import { Source } from "../database/source.ts";
import type { FileForm } from "../files/file-form.ts";
import { openRelation, type Relation, saidRenamed } from "../relation.ts";
import { draftEvents } from "./draft-events.ts";
import { draftSamples } from "./draft-samples.ts";
import type { Skipped } from "./kinds.ts";
import { type Profile, profile } from "./profile.ts";
import type { Named, SampleRoles } from "./roles.ts";
import { formBy, formText, requireFields } from "./separators.ts";

export interface DraftOptions extends Named {
  /** The events' file or glob. */
  readonly events: string;
  readonly items?: string;
  /** What separates fields of CSV, where the lines do not tell. */
  readonly separator?: string;
  readonly itemsSeparator?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Folder that the texts are for: paths in data.yaml are relative to it. */
  readonly folder: string;
}

export interface Draft {
  readonly model: string;
  readonly data: string;
  readonly roles: SampleRoles;
  /** Share of the rows whose item the same user had met before; 0 where labels are found. */
  readonly repeats: number;
  /** Columns that no feature was made of, and why. */
  readonly skipped: readonly Skipped[];
  /** What is said beside that: of the files, and of histories that rows bring. */
  readonly notes: readonly string[];
}

/** The files of a draft, looked at. */
export interface Files {
  readonly source: Source;
  readonly relation: Relation;
  readonly events: readonly Profile[];
  /** Null: no items file is named. */
  readonly items: readonly Profile[] | null;
  /** In data.yaml: paths, and what stands beside them of how the files are written. */
  readonly written: {
    readonly events: string;
    readonly eventsForm: string;
    readonly items: string | null;
    readonly itemsForm: string;
  };
}

/** @throws TwinError where a file cannot be read, or no column can be the user, the item or the clock */
export async function draft(options: DraftOptions): Promise<Draft> {
  const log = localFile(options.events, "--from");
  const catalogue = options.items === undefined ? null : localFile(options.items, "--items");
  const form = formBy(options.separator, log, "--separator");
  const itemsForm = catalogue === null ? {} : formBy(options.itemsSeparator, catalogue, "--items-separator");
  const source = await Source.open({ reads: catalogue === null ? [log] : [log, catalogue] });
  try {
    return await interruptible(source, options.signal, "looking at the data was stopped; nothing was written", () =>
      drafted(source, { log, catalogue, form, itemsForm }, options),
    );
  } finally {
    source.close();
  }
}

interface NamedFiles {
  readonly log: string;
  readonly catalogue: string | null;
  readonly form: FileForm;
  readonly itemsForm: FileForm;
}

async function drafted(
  source: Source,
  { log, catalogue, form, itemsForm }: NamedFiles,
  options: DraftOptions,
): Promise<Draft> {
  const look = async (
    file: string,
    role: string,
    form: FileForm,
    expected: readonly string[] = [],
  ): Promise<{ relation: Relation; columns: Profile[] }> => {
    const relation = await openRelation(source, file, role, expected, form);
    const progress = meter(`columns of ${relation.name}`, relation.columns.size, options.onProgress);
    const columns = await profile(source, relation, undefined, () => progress.add(1));
    progress.done();
    return { relation, columns };
  };
  const { user, item, time, history } = options;
  const asked = [user, item, time, history].filter((one) => one !== undefined);
  const { relation, columns: events } = await look(log, "--from", form, asked);
  requireFields(relation);
  const looked = catalogue === null ? null : await look(catalogue, "--items", itemsForm);
  const path = (file: string): string => relative(options.folder, file).replaceAll("\\", "/");
  const files: Files = {
    source,
    relation,
    events,
    items: looked?.columns ?? null,
    written: {
      events: path(log),
      eventsForm: formText(relation, form),
      items: catalogue === null ? null : path(catalogue),
      itemsForm: looked === null ? "" : formText(looked.relation, itemsForm),
    },
  };
  const made = (await draftSamples(files, looked?.relation ?? null, options)) ?? (await draftEvents(files, options));
  const notes = [relation, ...(looked === null ? [] : [looked.relation])].flatMap(saidRenamed);
  return { ...made, notes: [...notes, ...made.notes] };
}
