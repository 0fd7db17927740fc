// What messages call a vocabulary: that of centroids is a clustering to whoever wrote `cluster(item.cover, groups: 1000)`.

/** The feature and the groups behind `item.cover.cluster_1000`, a name that no file can declare; null: another vocabulary. */
export function clusteringOf(vocabulary: string): { readonly of: string; readonly groups: number } | null {
  const [, of, groups] = /^(.+\..+)\.cluster_(\d+)$/.exec(vocabulary) ?? [];
  return of === undefined ? null : { of, groups: Number(groups) };
}

/** The bare name of the vector whose clusters a feature holds: `cover` of `cover.cluster_1000`. */
export const vectorOf = (name: string): string => name.slice(0, name.indexOf("."));

/** `the vocabulary of item.author`, or `the clustering of item.cover (groups: 1000)`. */
export function vocabularyName(name: string): string {
  const clustering = clusteringOf(name);
  return clustering === null
    ? `the vocabulary of ${name}`
    : `the clustering of ${clustering.of} (groups: ${clustering.groups})`;
}
