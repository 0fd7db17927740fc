// The text of a data.yaml over published files.
import { relative } from "node:path";
import { recordOf } from "../../../contract/record.ts";
import { yamlText } from "../../../contract/yaml-write.ts";
import type { DraftHistory } from "../draft/model-text.ts";
import type { Bound } from "./kinds.ts";
import type { Published, PublishedHistory } from "./published.ts";

export interface NamedHistory {
  readonly text: DraftHistory;
  readonly published: PublishedHistory | null;
  /** By feature, the lists that run parallel. */
  readonly columns: Readonly<Record<string, string>>;
}

/** @param folder that the text is for: its paths are relative to it @param separator between the fields of its texts */
export function bindingText(
  published: Published,
  columns: Readonly<Record<string, Bound>>,
  histories: readonly NamedHistory[],
  folder: string,
  separator?: string,
): string {
  const { project, rows, files, user, item, clock, items, users, drawn, split, where, remarks, writes, weight } =
    published;
  const path = (file: string): string => relative(folder, file).replaceAll("\\", "/");
  const byPart = Object.entries(files).map(([part, file]) => [part, path(file)] as const);
  const file = writes !== null ? path(writes.file) : byPart.length === 1 ? path(files.train) : recordOf(byPart);
  const time =
    clock === null
      ? {}
      : clock.unit === "steps"
        ? { order: clock.column }
        : { time: clock.unit === "s" ? clock.column : { column: clock.column, unit: clock.unit } };
  const form = separator === undefined ? {} : { separator: separator === "\x01" ? "^A" : separator };
  const head = { file, ...form, ...(user === null ? {} : { user }), item, ...time };
  const lists = histories.flatMap(({ text, published: of, columns: parallel }) => {
    if (of === null) {
      return [];
    }
    const { by, padding } = of.list;
    return [
      [
        text.name,
        {
          item: of.column,
          ...(by === null ? {} : { by }),
          ...(padding === null ? {} : { padding }),
          ...(of.times === null || clock === null
            ? {}
            : { time: clock.unit === "s" ? of.times : { column: of.times, unit: clock.unit } }),
          ...(Object.keys(parallel).length === 0 ? {} : { columns: parallel }),
        },
      ] as const,
    ];
  });
  const value = {
    ...(rows === "events" ? { events: head } : { samples: { ...head, histories: recordOf(lists) } }),
    ...(items === null ? {} : { items: { file: path(items.file), ...form, key: items.key } }),
    ...(users === null ? {} : { users: { file: path(users.file), ...form, key: users.key } }),
    ...(where === null ? {} : { history: { seen: { where } } }),
    columns,
    ...(weight === null ? {} : { weight }),
    ...(drawn ? { negatives: { per_positive: 4, by: "popularity" } } : {}),
  };
  const lines = [
    `Made by \`twin data convert\` from what ${project} published: a first draft. Read it, and change what you know better.`,
    ...remarks,
  ];
  const comments = lines.map((line) => `# ${line.replaceAll("\n", " ")}\n`).join("");
  return `${comments}${yamlText(value)}${split === null ? "" : `split: ${split}\n`}`;
}
