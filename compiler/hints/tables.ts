// Essays: tables, sizes and what cannot be built.

export const tables = {
  "table-needs-user": `
A lookup table is computed ahead of all requests, once for every item, and is the same for every user. It can hold only what depends
on the item alone: a metric's keys, \`relevance.keys\`, the inherent part of an attend's values, \`interest.values\`, and the codes that
a stage by \`hamming\` or \`collision\` compares, \`nearest.codes\`.

Cross features exist for a pair of user and item; candidate and context features for one request. The places shown lead from what
the table names to the feature that makes it impossible. What depends on the request is added when it arrives: of the cross
features, one number per feature and head.
`,
  "table-over-clusters": `
A history kept as clusters (TWIN V2) consists of virtual items: means of what one user did. No item key leads to them, so no shared
table can hold them. Their keys are projected when the user is clustered and stored with the user's clusters.
`,
  "cached-twice": `
Two tables hold the same columns. The graphs read each from one input, and two tables may be built at different times, so there
would be two truths. Keep one; precision, coverage and shards are its settings.
`,
  "nothing-cached": `
\`keys: cached\` says that the attention reads projected keys, or codes, from a table and never computes them. Some table must then hold them. With
\`auto\`, rows are used where a fresh table is at hand, and computed otherwise.
`,
  "too-large": `
The sizes follow from the source: rows times columns of every embedding table, the dense parameters, and lookup tables with a row
for every item. They are compared with the limit that was given, before anything is allocated. The largest parts are shown.

Fewer \`buckets\` or a smaller \`dim\`, \`shares\`, or a table in \`float16\` or \`uint8\` with \`coverage: 97%\` all help. \`twin show parameters\` lists
every parameter with its bytes.
`,
} as const;
