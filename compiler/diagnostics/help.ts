// The paragraphs below a diagnostic: why, and what to do. Beside the titles, so that one reads them together; names in the order in
// which the checker goes.

type Help = readonly string[];

/** What there is that would do. */
const here = (fitting: readonly string[]): string =>
  fitting.length > 0 ? ` Here: ${fitting.map((one) => `\`${one}\``).join(", ")}.` : "";

export const help = {
  // different-history
  byOfOtherHistory: (owner: string, history: string) => [
    `\`${owner}\` reads \`${history}\`. Declare a metric whose keys are \`${history}.item\`.`,
  ],
  // not-here
  pools: (doc: string, stage: string) => [
    `${doc} It pools all behaviours and ranks none, so a ${stage} has nothing to keep by.`,
  ],
  // no-model
  noModel: [
    "Begin the file with `model NAME` if it is meant to be built. A library is imported by a model, and `check` takes it as it is.",
  ],
  // missing-section
  noItem: ["Say what an item is: `item { video_id: id(vocab: 10k, dim: 16, key: true) }`."],
  noTower: [
    "Say what is predicted, and from what: `tower ranking { input: [item, user]  hidden: [64]  predict { click: binary } }`.",
  ],
  // no-width
  onlyKey: [
    "A key identifies an item and tells nothing of it. Add a feature, or learn one from the identity itself, as in `video_id: hashed(buckets: 100k, dim: 16, key: true)`.",
  ],
  // metrics-differ
  metricsDiffer: (system: string | null) => [
    system
      ? `This is ${system}'s design and is fine if meant. TWIN uses one metric for both.`
      : "This is fine if meant. TWIN uses one metric for both, so that the search keeps what the attention would.",
  ],
  // unused
  unused: (users: string) => [`It would be built and trained for nothing. Name it in ${users}, or leave it out.`],
  // two-keys
  twoKeys: ["Tables and stores are read by one key. Keep the one that the rest of your system uses."],
  // no-item-key
  noItemKey: [
    "Tables and stores are read by the item's key. Add `key: true` to the feature that identifies an item, or a feature of kind `key()` if the id is not to be learned.",
  ],
  // not-here
  keyNotHere: ["A key identifies the item or the user; nothing else is looked up."],
  // formerly-taken
  formerlyTaken: ["Old weights and data under that name can go to one feature only."],
  // feature-does-not-fit
  clustersOfVectors: ["Clusters are made of vectors: name a `pretrained` feature of `item`, or an embedded one."],
  statsCompare: (fitting: readonly string[]) => [
    `Behaviours are counted whose value equals the candidate's: of an \`id\`, \`vocabulary\`, \`hashed\`, \`bucketed\`, \`flag\` or \`tags\`.${here(fitting)} A number is bucketed first, a \`key\` becomes an \`id(…)\` or a \`vocabulary(…)\` with \`key: true\`.`,
  ],
  matchCompares: (fitting: readonly string[]) => [
    `A score gains where candidate and behaviour have one value: of an \`id\`, \`vocabulary\`, \`hashed\`, \`bucketed\`, \`flag\` or \`tags\`.${here(fitting)} A number is bucketed first, a \`key\` becomes an \`id(…)\` or a \`vocabulary(…)\` with \`key: true\`.`,
  ],
  popularOf: (fitting: readonly string[]) => [
    `Popularity is a table with a row for each value of an \`id\`, \`vocabulary\`, \`hashed\` (one hash), \`bucketed\` or \`flag\`.${here(fitting)}`,
  ],
  // no-statistic
  rateOf: (fitting: readonly string[]) => [
    `A rate is of what happened or did not: a \`flag\` among the history's cross features, or a \`number\` from 0 to 1 without a scale.${here(fitting)}`,
  ],
  lastOf: (fitting: readonly string[]) => [
    `The newest value is of one that behaviours bring: a \`flag\`, \`id\`, \`vocabulary\`, \`hashed\`, \`bucketed\` or \`number\` among the history's cross features.${here(fitting)} How long ago it was is \`since\`.`,
  ],
  statsOfClusters: [
    "Clusters hold behaviours that are no longer told apart. Declare a second history without `cluster`, and count in that.",
  ],
  popularityUnread: (name: string) => [
    `It is no inherent feature, so \`item\` does not bring it: name \`${name}\` among the inputs of a tower.`,
  ],
  statsUnread: (history: string) => [`Name them among the inputs of a tower: \`${history}.stats\`, or one of them.`],
  // too-large
  tooLarge: [
    "These are the largest parts. Take fewer rows or a smaller `dim`, share tables, or raise the limit if the machine has the memory.",
  ],
  // keys-differ
  keysDiffer: [
    "A candidate and a past item are projected alike, so that the score starts as a similarity. Name the same features on both sides, or the whole `item` and `HISTORY.item`.",
  ],
  // no-width
  metricWithoutColumns: ["A metric compares columns: give `item` a feature besides its key."],
  // query-not-inherent
  queryNotInherent: [
    "The query describes a candidate that the user has not met yet, so nothing can be known of the two together; and keys made the same way must be computable from the item alone. Use `item`, or features of it, and what is known of the request: features of `context` or `user`.",
  ],
  // different-history
  metricOfTwoHistories: ["A metric scores the behaviours of one history. Declare a metric for each."],
  biasOfOtherHistory: ["The bias says something of the same behaviour as the key, so both come from one history."],
  // log-needs-cluster
  logNeedsCluster: (history: string) => [`Leave this out, or give \`${history}\` a \`cluster\`, as TWIN V2 does.`],
  // bias-not-cross
  biasNotCross: (history: string) => [
    `The bias adds one number per head for what passed between the user and a past item. Use \`${history}.cross\`, or features of it.`,
  ],
  // name-unwanted
  nameUnwanted: (keyword: string) => [`There is one \`${keyword}\` section, and it is called \`${keyword}\`.`],
  // name-missing
  nameMissing: (keyword: string) => [`Other sections refer to a ${keyword} by its name.`],
  // name-taken
  sectionName: (name: string) => [`In a reference, \`${name}\` always means that section.`],
  // declared-twice
  declaredTwice: ["Rename one of the two, or leave one out."],
  // not-snake-case
  notSnakeCase: [
    "Names become column names of the data and input names of the graphs, so they are lower case with single underscores.",
  ],
  // shares-mismatch
  sharesMismatch: [
    "A shared table gives one value the same row and width in both features, so kind and sizes must agree. `dim` may be left out beside `shares`.",
  ],
  // shares-cycle
  sharesCycle: ["One of these features has a table of its own: give it a `dim`, and no `shares`."],
  scoreOfNothing: ["Give at least one label a weight, as in `score { click: 1 like: 0.5 }`."],
  // given-twice
  biasServed: [
    "A bias is what serving leaves out, and what the tower reads stays in. Name the tower's features one by one, without this one, or leave it out here.",
  ],
  // does-not-apply
  headsWithoutMetric: ["Only a metric has heads whose rankings could be combined. Leave this out, or name a metric."],
  // does-not-apply
  countsGroups: ["A search counts the groups that collide and sums nothing. Leave this out."],
  // heads-differ
  headsDiffer: (heads: string, search: string) => [
    `Each head attends to the list that its own ranking kept. Use a metric with ${heads} here, or let \`${search}\` keep one list for all with \`heads: round_robin\`.`,
  ],
  // list-does-not-fit
  oneList: (by: string) => [
    `\`by: ${by}\` weighs the behaviours of one list. Give each list an attend of its own, or weigh all of them together by \`encoder\`.`,
  ],
  listTwice: ["Each list is read once; a behaviour that stands in two lists is read in both."],
  wholeHistory: (history: string) => [
    `Every behaviour is weighed against every other, which takes memory by the square of their number. Take the newest, as in \`${history}.last(50)\`, or what a search keeps.`,
  ],
  listsOfHeads: (search: string) => [
    `All heads weigh the same behaviours. Let \`${search}\` keep one list for all with \`heads: round_robin\`.`,
  ],
  // does-not-apply
  projectionsWithoutMetric: [
    "Only attention by a metric has projected keys and values. Leave this out, or name a metric.",
  ],
  // product-mismatch
  productMismatch: [
    "`value: product` multiplies the past item's embeddings with the candidate's, column by column, under one head's weights; nothing is projected.",
  ],
  // own-mismatch
  ownOneHead: [
    "A score of own embeddings is one product of rows, those of the candidate and those of the past item: nothing is projected, and there is one head.",
  ],
  ownWidth: (tables: string) => [
    `Own rows stand side by side and are not projected, so \`dim\` is their width together: ${tables}.`,
  ],
  ownTables: (features: readonly string[]) => [
    "The metric keeps a table of its own for each feature, and what is a number or a vector has no rows to keep one for.",
    features.length === 0
      ? "No feature of `item` that is named has rows."
      : `Name those that have rows: ${features.map((name) => `\`${name}\``).join(", ")}.`,
  ],
  ownAsked: [
    "Nothing is projected, so the query is as wide as the keys, and these know nothing of the request or the user.",
  ],
  ownCross: [
    "Nothing is projected, so keys are as wide as the query, and no candidate has such a feature. Name it in `bias` instead.",
  ],
  // keep-exceeds-max
  keepExceedsMax: ["Every history is padded to this length, and the padding costs time without adding anything."],
  // different-history
  tableOfTwoHistories: ["One row of a table is read for one past item of one history. Declare a table for each."],
  // table-over-clusters
  tableOverClusters: [
    "A cluster belongs to one user and has no item's key, so no table read by the item's key can hold it. Its keys are projected when the user is clustered, and stored with the user; leave this table out.",
  ],
  // does-not-apply
  codesWithoutPlanes: [
    "Only `hamming` and `collision` hash items by random planes, which gives codes that a table could hold.",
  ],
  valuesWithoutMetric: ["Only attention by a metric projects values that a table could hold."],
  // table-needs-user
  tableNeedsUser: (instead: string) => [`A table holds what depends on the item alone. ${instead}`],
  // cached-twice
  cachedTwice: ["The graphs could not know which to read, and the two could differ in age. Leave it out of one."],
  // nothing-cached
  nothingCached: (part: string) => [`Declare a table of \`${part}\`, or leave \`keys\` at \`auto\`.`],
  nothingCachable: (metric: string) => [
    `Keys of \`${metric}\` hold cross features, which no table can. Name these in \`bias\` instead, or leave \`keys\` at \`auto\`.`,
  ],
  // nothing-predicted
  nothingPredicted: [
    "Name at least one label, as in `predict { click: binary }`. Each becomes an output of the model.",
  ],
  // where-cycle
  whereCycle: [
    "A condition says on which samples a label counts at all: `like: binary(where: click)` learns from clicks only.",
  ],
  // does-not-apply
  whereThrough: [
    "`where` learns from the samples where another label is one; `through` learns from all, by the product of both probabilities. Take one of them.",
  ],
  stepsHaveNoClock: [
    "Where edges have no unit, times are steps and a request says none of a clock. Give the edges durations, such as `1h`, or leave the hour out, and count statistics in behaviours.",
  ],
  layersWithoutInput: [
    "Layers are of what `input` names; `wide` adds to the logits by itself. Leave this out, or name an `input`.",
  ],
  expertsWithoutHidden: ["An expert is a stack of the hidden layers. Give `hidden` at least one width."],
  // no-width
  queryWithoutColumns: ["A query is made of columns. Leave this out, or give it features that have some."],
  inputWithoutColumns: ["A tower reads columns. Leave this out, or give it features that have some."],
  // mixed-units
  mixedUnits: ["All edges of a list are compared with the same value, so they have the same unit."],
  // not-ascending
  notAscending: ["Edges rise strictly: each begins a bucket above the one before."],
  // missing-file
  missingFile: ['An import names a file beside or below the one that imports it, as in `import "./features.twin"`.'],
  // import-outside
  importOutside: [
    "A model reads files of its own folder and below only, so that it can be moved, shipped and built anywhere. Put the shared file there.",
  ],
  // import-cycle
  importCycle: ["Move what both files need into a third one that imports neither."],
  // model-imported
  modelImported: [
    "An import brings in sections of a library. Move the sections that both need into a file without `model`.",
  ],
} as const satisfies Readonly<Record<string, Help | ((...names: never[]) => Help)>>;
