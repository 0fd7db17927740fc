// Everything that is right: all models and good fixtures check without an error, and mean what the texts beside them say.
// UPDATE=1 rewrites the texts.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { calls as byCalls } from "../compiler/by/kinds.ts";
import { blocks, clusterKinds, embeddingsKinds } from "../compiler/catalog/blocks.ts";
import { featureKinds } from "../compiler/catalog/features.ts";
import type { Signature } from "../compiler/catalog/signature.ts";
import { optimisers, schedules, stops, tasks } from "../compiler/catalog/training.ts";
import { check } from "../compiler/check/check.ts";
import type { Model } from "../compiler/model/model.ts";
import { showDiagram } from "../compiler/show/show-diagram.ts";
import { showModel } from "../compiler/show/show-model.ts";
import { showParameters } from "../compiler/show/show-parameters.ts";
import { load } from "../compiler/source/load.ts";
import { format } from "../grammar/format.ts";

const root = join(import.meta.dirname, "..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");
const files = ["models", "test/good"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".twin"))
    .map((file) => `${folder}/${file}`),
);
const models = files.filter((path) => /^model /m.test(text(path)));

const checked = (path: string, read: (path: string) => string = text) => check(load(path, read), { library: true });
const golden = (path: string, suffix: string): string =>
  `test/good/${path.replace(/^.*\/(.*)\.twin$/, "$1")}.${suffix}`;

function modelOf(path: string, read?: (path: string) => string): Model {
  const { model, diagnostics } = checked(path, read);
  expect(diagnostics.filter(({ severity }) => severity !== "note")).toEqual([]);
  return model!;
}

describe("good programs", () => {
  it.each(files)("%s is as the formatter leaves it", (path) => {
    expect(format({ path, text: text(path) })).toEqual({ text: text(path) });
  });

  it.each(files)("%s has no errors and no warnings", (path) => {
    expect(checked(path).diagnostics.filter(({ severity }) => severity !== "note")).toEqual([]);
  });

  it.each(models)("%s means what its texts say", (path) => {
    const model = modelOf(path);
    const shown = { model: showModel(model), parameters: showParameters(model), mmd: showDiagram(model) };
    for (const [suffix, now] of Object.entries(shown)) {
      if (process.env.UPDATE === "1") {
        writeFileSync(join(root, golden(path, suffix)), now);
      }
      expect(now).toBe(text(golden(path, suffix)));
    }
  });

  it.each(models)("%s is the same model when it is read back from what is shown", (path) => {
    const shown = showModel(modelOf(path));
    const again = modelOf("again.twin", () => shown);
    expect(showModel(again)).toBe(shown);
    expect(showParameters(again)).toBe(showParameters(modelOf(path)));
  });
});

describe("the catalogue", () => {
  const all = files.map(text).join("\n");
  const calls: Record<string, Signature> = {
    ...featureKinds,
    ...Object.fromEntries(byCalls.map(({ name, call }) => [name, call.signature])),
    ...clusterKinds,
    ...embeddingsKinds,
    ...optimisers,
    ...schedules,
    ...stops,
    ...tasks,
  };

  it.each(Object.entries(calls))("%s and its arguments occur in a good program", (name, { arguments: args }) => {
    const uses = [...all.matchAll(new RegExp(`\\b${name}(\\(.*\\))?`, "g"))].map(([use]) => use);
    expect(uses).not.toEqual([]);
    for (const [argument, { unnamed }] of Object.entries(args)) {
      expect(unnamed || uses.some((use) => use.includes(`${argument}:`)), `${name}(${argument}: …)`).toBe(true);
    }
  });

  it.each(Object.entries(blocks))("%s and its settings occur in a good program", (keyword, block) => {
    const sections = [...all.matchAll(new RegExp(`^${keyword}\\b[^{]*\\{([^]*?)^\\}`, "gm"))]
      .map(([section]) => section)
      .join("\n");
    expect(sections).not.toBe("");
    for (const setting of Object.keys(block.arguments)) {
      expect(sections).toMatch(new RegExp(`\\b${setting}:`));
    }
  });

  it("says one line about everything", () => {
    const documented = [...Object.values(calls), ...Object.values(blocks)].flatMap((entry) => [
      entry,
      ...Object.values((entry as Signature).arguments),
    ]);
    for (const { doc } of documented) {
      expect(doc).toMatch(/^\S[^\n]*\.$|^\S[^\n]*\)$/);
    }
  });
});
