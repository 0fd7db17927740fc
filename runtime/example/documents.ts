// The two texts of an example data set: its data binding and its README.
import { scenarioOf, type WorldSize } from "../planted/index.ts";

/** data.yaml: binds every feature and label of the model `twin`. */
export function binding(): string {
  return `# Where the columns of the model come from. Item, user, context, candidate and cross features have columns of their own name.
events: {file: events.parquet, user: user_id, item: video_id, time: time}
items:  {file: items.parquet, key: video_id}
users:  {file: users.parquet, key: user_id}
columns:
  predict.click: click
  predict.like:  like
split: {by: share, train: 80%, validation: 10%, test: rest}
`;
}

export function readme(size: WorldSize, events: number, bestAuc: number): string {
  return `# Example data with planted interests

Generated, not collected: seed ${size.seed}, ${size.users} users, ${size.items} items in ${size.categories} categories, ${events} events in the year 2023.

- \`items.parquet\`: video_id (sparse, beyond 2^53), author_id, category, duration (s), topics, cover
- \`users.parquet\`: user_id, age
- \`events.parquet\`: user_id, video_id, time (s), progress, liked, hour, tab, recall_score, the labels click and like, and
  \`truth\`: the probability by which the click was drawn
- \`data.yaml\`: the binding

${scenarioOf(size).text}

The best AUC that any model can reach on the labelled clicks is that of \`truth\`: ${Number.isNaN(bestAuc) ? "not defined here (one class is missing)" : bestAuc.toFixed(4)}.
`;
}
