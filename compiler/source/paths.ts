// Paths as text, with `/` between the parts: just enough to join an import to its file. Touches no file system.

/** `a/./b/../c` → `a/c`; backslashes count as slashes; leading `..` stay. */
export function normalise(path: string): string {
  const slashed = path.replaceAll("\\", "/");
  const parts: string[] = [];
  for (const part of slashed.split("/")) {
    if (part === "" || part === ".") {
      continue;
    }
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") {
      parts.pop();
    } else if (part !== ".." || !slashed.startsWith("/")) {
      parts.push(part);
    }
  }
  return (slashed.startsWith("/") ? "/" : "") + parts.join("/");
}

/** The folder of a normalised path; `""` is the folder that paths start from. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "" : end === 0 ? "/" : path.slice(0, end);
}

/** `path` as seen from `folder`; an absolute one stays as it is. */
export function join(folder: string, path: string): string {
  const slashed = path.replaceAll("\\", "/");
  const absolute = slashed.startsWith("/") || /^[A-Za-z]:/.test(slashed);
  return normalise(absolute || folder === "" ? slashed : `${folder}/${slashed}`);
}

/** Whether a normalised path lies in `folder` or below. */
export function inside(path: string, folder: string): boolean {
  if (folder === "") {
    return !path.startsWith("/") && path.split("/")[0] !== ".." && !/^[A-Za-z]:/.test(path);
  }
  return path.startsWith(folder === "/" ? "/" : `${folder}/`);
}
