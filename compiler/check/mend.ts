// Applies the safe fixes of one file, round by round: what one mends may uncover the next. Pure: gives the text back.
import type { Source } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { syntaxErrors } from "../../grammar/errors.ts";
import { edited, type Fix, together } from "../../grammar/fix.ts";
import { format } from "../../grammar/format.ts";
import { type Position, positionAt } from "../../grammar/source.ts";
import { load, type Read } from "../source/load.ts";
import { type Checked, type CheckOptions, check } from "./check.ts";

/** Each round mends something; a file with more mistakes behind one another is mended by calling again. */
const rounds = 100;

export interface Applied {
  /** Of the diagnostic that it mended. */
  readonly code: string;
  readonly title: string;
  /** Where, in the file as it was before its round. */
  readonly position: Position;
}

export interface Mended {
  /** The entry's new text; null where nothing could be mended. */
  readonly text: string | null;
  readonly applied: readonly Applied[];
  /** Whether the new text was laid out anew, as the old one had been. */
  readonly formatted: boolean;
  /** Of the new text. */
  readonly checked: Checked;
}

interface Step {
  readonly diagnostic: Diagnostic;
  readonly fix: Fix;
}

/**
 * Applies the safe fixes of `entry` itself; imported files are left alone. A fix after which its diagnostic is still there, or
 * with which the file can be read less well than without, is taken back.
 */
export function mend(entry: string, read: Read, options: CheckOptions = {}): Mended {
  const look = (text: string | null) => {
    const program = load(entry, (path) => (path === entry && text !== null ? text : read(path)));
    return { source: program.entry.source, checked: check(program, options) };
  };
  const first = look(null);
  let now = first;
  const applied: Applied[] = [];
  const seen = new Set([first.source.text]);
  for (let round = 0; round < rounds; round++) {
    const next = better(now, look);
    if (!next || seen.has(next.source.text)) {
      break;
    }
    seen.add(next.source.text);
    for (const { diagnostic, fix } of next.steps) {
      const position = positionAt(now.source, diagnostic.primary.span.start);
      applied.push({ code: diagnostic.code, title: fix.title, position });
    }
    now = next;
  }
  if (applied.length === 0) {
    return { text: null, applied, formatted: false, checked: first.checked };
  }
  const laid = laidOut(first.source, now.source);
  if (laid !== null) {
    now = look(laid);
  }
  return { text: now.source.text, applied, formatted: laid !== null, checked: now.checked };
}

interface Looked {
  readonly source: Source;
  readonly checked: Checked;
}

/** The file after one round; null where no fix is left that holds. */
function better({ source, checked }: Looked, look: (text: string) => Looked): (Looked & { steps: Step[] }) | null {
  let steps = safeSteps(checked.diagnostics, source);
  while (steps.length > 0) {
    const edits = steps.flatMap(({ fix }) => fix.edits);
    const after = look(edited(source, edits));
    const moved = (offset: number): number =>
      edits.reduce(
        (to, { span, text }) => (span.end <= offset ? to + text.length - (span.end - span.start) : to),
        offset,
      );
    const left = new Set(
      after.checked.diagnostics
        .filter(({ primary: { span } }) => span.source === after.source)
        .map(({ code, primary: { span } }) => `${kindOf(code)} ${span.start}`),
    );
    const held = steps.filter(
      ({ diagnostic: { code, primary } }) => !left.has(`${kindOf(code)} ${moved(primary.span.start)}`),
    );
    if (held.length === steps.length && syntaxCount(after) <= syntaxCount({ source, checked })) {
      return { ...after, steps };
    }
    steps = held.length < steps.length ? held : steps.slice(0, Math.floor(steps.length / 2));
  }
  return null;
}

/** One error of syntax in another's place is no help; what the checker says of a name that can be read now is another matter. */
const kindOf = (code: string): string => (Object.hasOwn(syntaxErrors, code) ? "syntax" : code);

/** The first safe fix of each diagnostic that edits `source` alone, as many as can be applied together. */
function safeSteps(diagnostics: readonly Diagnostic[], source: Source): Step[] {
  const steps = diagnostics.flatMap((diagnostic) => {
    const fix = diagnostic.fixes.find(({ safe, edits }) => safe && edits.every(({ span }) => span.source === source));
    return fix ? [{ diagnostic, fix }] : [];
  });
  const chosen = new Set(together(steps.map(({ fix }) => fix)));
  return steps.filter(({ fix }) => chosen.has(fix));
}

const syntaxCount = ({ source, checked }: Looked): number =>
  checked.diagnostics.filter(({ code, primary }) => Object.hasOwn(syntaxErrors, code) && primary.span.source === source)
    .length;

/** The mended text in the canonical layout, if the file had it; null where it is in it already, or had another. */
function laidOut(before: Source, after: Source): string | null {
  const laid = format(after);
  if ("diagnostics" in laid || laid.text === after.text) {
    return null;
  }
  const was = format(before);
  if ("text" in was) {
    return was.text === before.text ? laid.text : null;
  }
  // It could not be read: it was in the layout if the formatter changes only lines that were mended.
  const lines = (text: string): string[] => text.split("\n");
  const [old, canonical] = [new Set(lines(before.text)), new Set(lines(laid.text))];
  const blank = (text: string): number => lines(text).filter((line) => line === "").length;
  const onlyMended = lines(after.text).every((line) => canonical.has(line) || !old.has(line));
  return onlyMended && blank(laid.text) === blank(after.text) ? laid.text : null;
}
