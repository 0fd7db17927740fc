// Essays: settings, arguments, values and names.

export const values = {
  "unknown-setting": `
Every block and every kind of feature has a fixed list of settings or arguments. The label offers the nearest one, or lists all.
`,
  "missing-setting": `
Some settings have no sensible default: how many behaviours a search keeps, how wide an embedding is. The label says what is
missing and what it means. What has a default is printed by \`twin show model\`.
`,
  "unnamed-argument": `
Arguments carry their names, so that a line can be read without a manual:

    video_id: id(vocab: 10k, dim: 16)

Only a few stand without, where nothing else could be meant: \`match(item.category)\`, \`watched.last(50)\`, \`own(16)\`.
`,
  "wrong-unit": `
A number says what it measures. Durations carry a unit (\`500ms\`, \`7s\`, \`15min\`, \`1h\`, \`30d\`), shares may be written as \`97%\` or as
\`0.97\`, and counts may be shortened (\`10k\`, \`4M\`, \`2B\`). Where a duration is due, \`15\` could be seconds or minutes, and is refused.

The edges of \`elapsed\` and \`gap\` may be plain numbers: they then count steps, for data that has an order and no clock.
`,
  "mixed-units": `
All edges of one list are compared with the same value. \`[1h, 24]\` would compare a duration with a plain number.
`,
  "not-ascending": `
The edges of \`bucketed\` and \`elapsed\` rise strictly. With \`at: [18, 25, 35]\` a value falls into the bucket above the last edge that it
reaches: 17 into the first, 18 into the second, 40 into the fourth. Row 0 stands for missing.
`,
  "out-of-range": `
The number lies outside what the setting can mean. Shares are at most 1, or 100%; sizes are at least 1; tables are addressed with
32-bit rows, so no table has more than 2,147,483,646 of them.
`,
  "choose-one": `
Tags need to know what their elements are: integers below \`vocab\`, anything hashed into \`buckets\`, or entries of a learned
\`vocabulary\`. Exactly one of the three is given:

    genres: tags(vocabulary: 50, max: 8, dim: 16)
`,
  "unknown-name": `
The name is not declared, here or in an imported file. The label offers the nearest name of the right kind.

Features are named with their section: \`item.category\`, \`user.age\`. What is known of a past item is \`watched.item\`, what passed
between user and item is \`watched.cross\`, or one such feature, \`watched.ago\`.
`,
  "wrong-kind": `
The name is declared, and is something else than this setting takes: a search where a metric is due, a history where an attend
is. The label says what it is.
`,
  "not-here": `
Some kinds have one place. \`elapsed\` is the time between a behaviour and the request, so it is a cross feature of a history, as \`place\` and \`gap\` are; \`key\`
identifies an item or a user; \`hour\` and \`weekday\` are the request's, so they are features of the context; \`mean\`, \`mlp\` and \`stacked\` pool behaviours without ranking them, so an attend can go by them and a
search cannot.
`,
  "does-not-apply": `
The setting is known and has no effect where it stands; silently ignoring it would hide a misunderstanding. Projected keys and
values, and tables of them, belong to attention by a metric; experts are stacks of hidden layers.
`,
} as const;
