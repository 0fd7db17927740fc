// YAML as we write it: equal objects, equal bytes.
import { Document, isCollection, isPair, isScalar } from "yaml";

/** Keys in the order of the object, no anchors, short collections on one line. */
export function yamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  settle(document.contents);
  if (isCollection(document.contents)) {
    document.contents.flow = false;
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

const longestLine = 110;

/** Puts short collections on one line; returns about how long a node is as one line. */
function settle(node: unknown): number {
  if (isPair(node)) {
    return settle(node.key) + settle(node.value) + 4;
  }
  if (!isCollection(node)) {
    return isScalar(node) ? String(node.value).length + 2 : 0;
  }
  const length = node.items.reduce<number>((sum, item) => sum + settle(item), 0);
  node.flow = length <= longestLine;
  return length;
}
