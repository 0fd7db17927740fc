// A whole model in the formatter's style that uses every construct of the language: what the grammar's tests start from.

export const sample = `// TWIN (KDD 2023): one relevance metric searches a lifetime of behaviours, then attends to what it kept.

model twin

import "./features.twin"
import "./more \\"quoted\\".twin" // brought in

/// What a video is, whoever looks at it. Only these features reach the lookup table.
item {
  video_id:  vocabulary(max: 4M, min_count: 5, dim: 64, key: true)
  author_id: hashed(buckets: 1M, dim: 32)
  duration:  bucketed(at: [7s, 15s, 30s, 1min, 3min], dim: 8)
  // a remark
  cover:     pretrained(size: 128, dim: 32) // behind

  search: number(scale: none, at: [[1, -2.5], []], of: f())
}

context {}

/// Every video this user watched,
/// newest first.
history watched {
  of:  item
  max: 10k

  /// What passed between this user and one past video.
  cross {
    progress: bucketed(at: [10%, 50%, 90%], dim: 8)
    liked:    flag(dim: 4)
  }
}

attend recent {
  over: watched.last(50)
  by:   relevance
}

tower ranking {
  hidden: [
    200, // wide
    // then narrow
    80,
  ]
  inputs: [
    recent,
    watched_by_the_user_who_asks,
    item_as_it_is_known_ahead,
    context_of_the_request,
    candidate,
  ]

  predict {
    click: binary
    like:  binary(weight: 0.5, where: click)
  }
}

train {
  dense: adam(rate: 1e-3)
}
// the end
`;
