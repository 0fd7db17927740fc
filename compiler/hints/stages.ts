// Essays: metrics, searches, attends and towers.

export const stages = {
  "query-not-inherent": `
TWIN splits what is known of a past behaviour in two: what is inherent in the item, and what passed between this user and it. The
first can be projected ahead of time for every item; the second exists only for pairs that happened.

A candidate has not been met yet. So of the item a query holds inherent features only: a feature of \`candidate\`, or a cross
feature, has no counterpart among the keys. They still reach the tower, and cross features the bias. What is known of the request,
features of \`context\` or \`user\`, may join with weights of its own; the keys, and what is cached of them, know nothing of it:

    metric relevance {
      query: [item, context.hour]
      keys:  watched.item
      bias:  watched.cross
      dim:   16
    }
`,
  "keys-differ": `
Candidate and past item are projected from the same features, and the keys' projection starts as a copy of the query's, so that the
score starts as a similarity and learns from there. Name the same features on both sides:

    query: [item.video_id, item.category]
    keys:  [watched.item.video_id, watched.item.category]
`,
  "bias-not-cross": `
The bias is one number per head and behaviour, made of what passed between the user and that past item: how long ago, how far
watched, liked or not. A feature of the user or the request is the same for all behaviours and could not change their order.
`,
  "log-needs-cluster": `
\`log(watched.size)\` adds the logarithm of a cluster's size to its score (TWIN V2), so that a cluster of twenty behaviours weighs like
twenty. It needs a history that is kept as clusters:

    history watched {
      of:      item
      max:     100k
      cluster: kmeans(on: item.cover, size: 20)
    }
`,
  "different-history": `
A metric scores the behaviours of the history that its keys come from. A search, an attend or a table that uses it reads the same
one. With two histories, declare a metric for each: they may look alike.
`,
  "product-mismatch": `
\`value: product\` (DARE) weighs the past item's embeddings, multiplied column by column with the candidate's. There is no
projection, so there is one head, and values and result are as wide as the item.
`,
  "own-mismatch": `
With \`embeddings: own(dim: 16)\` (DARE) a metric reads tables of its own, one for each feature of its query and keys, and nothing
else reads them. The score is the product of the candidate's rows and the past item's, over √dim. There is no projection, so every
feature has rows, \`dim\` is the width of all own rows together, and there is one head:

    metric relevance {
      query:      [item.video_id, item.category]
      keys:       [watched.item.video_id, watched.item.category]
      dim:        32
      embeddings: own(dim: 16)
    }
`,
  "list-does-not-fit": `
\`over\` names one list of behaviours: what a search kept, a history, or its newest part. Attention by \`encoder\` weighs behaviours of
several lists against each other, so it takes a list of them, each of a known length and the same for all heads:

    attend interest {
      over: [nearest, watched.last(50)]
      by:   encoder(layers: 2, heads: 2, dim: 16)
    }
`,
  "heads-differ": `
With \`heads: per_head\` a search keeps one list for each head of its metric, and each head of the attention reads its own. So both
have the same number of heads. With \`round_robin\`, the paper's way, or \`max\`, there is one list for all.
`,
  "keep-exceeds-max": `
The search's graph always keeps the same number of behaviours: shorter histories are padded and the padding is masked. Keeping more
than the history can hold is correct, and wastes the difference on every candidate.
`,
  "metrics-differ": `
TWIN's thesis (KDD 2023) is that the two stages should agree. If the search ranks by one measure and the attention by another, the
search throws away behaviours to which the attention would have given weight, and nothing later can bring them back. The paper
calls it inconsistency and measures how many of the attention's own best the search finds.

SIM and ETA differ by design, because their search has to be cheap. If you mean it, this note may be ignored. Otherwise name one
metric in both places; a table of its keys makes it cheap enough.
`,
  "nothing-predicted": `
A tower ends in labels, one output each. A binary label is a probability, a regression is a number:

    predict {
      click:      binary
      watch_time: regression(weight: 0.1, where: click)
    }
`,
  "where-cycle": `
\`where: click\` says that a label counts only in samples where \`click\` is one. Following these conditions must end at a label
that always counts.
`,
} as const;
