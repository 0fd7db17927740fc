// Essays: features.

export const features = {
  "no-item-key": `
Lookup tables and the item store are read by the item's key: the raw value that your system knows an item by, never a row or a
hash. One feature of \`item\` says that it is the key:

    item {
      video_id: vocabulary(max: 50k, dim: 16, key: true)
    }

If the identity is not to be learned, as with items that live for an hour, give it the kind \`key\`: it names the item and reaches no graph.

    item {
      ad_id: key(type: string)
    }
`,
  "two-keys": `
Tables and stores have one key. Keep the one that requests and item files carry; the other can stay as an ordinary feature.
`,
  "shares-mismatch": `
\`shares: item.video_id\` reads another feature's table, so that one value means the same vector in both places. That holds only if
both turn values into rows alike: the same kind, the same \`vocab\`, \`buckets\` or \`max\`, the same edges. Tags share with the kind
that their elements are of.

    user {
      favourite: id(vocab: 10k, shares: item.video_id)
    }

\`dim\` may be left out: it is the shared table's.
`,
  "shares-cycle": `
Each of these features wants to read the other's table, and none has one. One of them gets a \`dim\` and no \`shares\`.
`,
  "formerly-taken": `
\`formerly: old_name\` keeps weights and data of before a rename readable. A name can be the earlier name of one feature only, and of
none while a feature bears it.
`,
  "feature-does-not-fit": `
\`match\` compares categories: ids, hashes, tags, flags, buckets. \`inner_product\`, \`cluster\` and \`kmeans\` compare vectors: \`pretrained\`
features, or embedded ones. A plain number is neither.
`,
  "no-width": `
A key identifies and brings no columns, and a section that is not there brings none either. A tower's inputs, and a metric's
query, must bring some.
`,
} as const;
