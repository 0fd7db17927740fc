// What the user gave beside the source (weights, vocabularies) does not fit the model.

/** The message names the place and the way out; it is shown without a stack trace. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** One error for many problems: all are counted, the first ten are named. */
export function inputError(summary: string, problems: readonly string[], wayOut: string): InputError {
  const shown = problems.slice(0, 10).map((problem) => `  ${problem}`);
  if (problems.length > shown.length) {
    shown.push(`  … and ${problems.length - shown.length} more`);
  }
  return new InputError([summary, ...shown, wayOut].join("\n"));
}
