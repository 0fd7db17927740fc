// Finds a key that a JSON text names twice in one object: `JSON.parse` would silently keep the last.

/** The first repeated key of any object in a valid JSON text, or null. Time linear in the text. */
export function repeatedKey(json: string): string | null {
  const objects: (Set<string> | null)[] = [];
  let at = 0;
  while (at < json.length) {
    const sign = json[at];
    if (sign === "{") {
      objects.push(new Set());
    } else if (sign === "[") {
      objects.push(null);
    } else if (sign === "}" || sign === "]") {
      objects.pop();
    } else if (sign === '"') {
      const end = stringEnd(json, at);
      let next = end;
      while (next < json.length && " \t\r\n".includes(json[next])) {
        next++;
      }
      const keys = objects.at(-1);
      if (json[next] === ":" && keys) {
        const key: string = JSON.parse(json.slice(at, end));
        if (keys.has(key)) {
          return key;
        }
        keys.add(key);
      }
      at = end;
      continue;
    }
    at++;
  }
  return null;
}

/** Offset after the closing quote of the string that starts here. */
function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') {
    at += json[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}
