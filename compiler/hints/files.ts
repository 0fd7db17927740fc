// Essays: files and what they import.

export const files = {
  "missing-file": `
An import could not be read: the file is not there, is too large, or is not to be read by this process. The label says which.

The path is seen from the file that imports, not from the folder you work in:

    import "./features.twin"        // beside this file
    import "./shared/item.twin"     // in a folder below
`,
  "import-cycle": `
Two files import each other, directly or by way of others. The places that lead round are shown in order.

Move what both need into a third file that imports neither, and import that one from both.
`,
  "import-outside": `
A model reads files of its own folder and of folders below, never above or elsewhere on the machine. So a model can be
moved, packed, sent and built anywhere, and a file that you were sent cannot read others of yours.

Put what several models share into one folder with them, as \`models/features.twin\` is.
`,
  "model-imported": `
A file that says \`model NAME\` is a whole: it is built. A file without it is a library: it is imported. A model that imports a
model would be two at once.

Move the sections that both need into a library, and import it from both.
`,
  "no-model": `
This file is a library of sections, and libraries are imported, not built. If it is meant to be a model, begin it so:

    model shop

\`twin check\` takes libraries too.
`,
  "missing-section": `
A model needs an \`item\` section, because everything it ranks is an item, and at least one \`tower\`, because something has to be
predicted. \`user\`, \`context\`, \`candidate\`, histories and all else are there where you need them.
`,
  "declared-twice": `
Sections with names, features of one section, and labels of the whole model are each declared once. Both places are shown;
with imports they may lie in different files. Rename one or leave it out: nothing is ever overridden silently.
`,
  "name-taken": `
Some names mean something already where this one stands. A label cannot be \`kept\`, which is the search's output, nor bear a
table's name, which is an input of the graphs. A cross feature cannot be called \`item\`, \`cross\`, \`last\`, \`size\`, \`time\`, \`valid\` or
\`row\`: \`watched.item\` and its like are part of the language or of the graphs. A named section cannot be called \`user\` or
\`item\`.
`,
  "not-snake-case": `
Names become column names of your data, inputs of the ONNX graphs and keys of requests. Lower case with single
underscores survives all of them unquoted. This is a warning: the name works, and an editor offers the better one.

Where data or weights already carry the old name, keep them readable:

    video_id: id(vocab: 1k, dim: 8, formerly: videoId)
`,
  unused: `
The section is declared, and nothing names it. A metric without a search or an attend, or an attend that is no tower's input,
would be built and trained without any effect.
`,
} as const;
