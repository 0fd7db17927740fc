// What users did strictly before a moment, as one select: of a log its events, of samples the lists that they bring.
import { TwinError } from "../../../contract/error.ts";
import { meant } from "../../../contract/nearest.ts";
import type { Binding } from "../binding.ts";
import { double, type Source } from "../database/source.ts";
import type { Events } from "../events.ts";
import { behavioursOf } from "../lists/behaviours.ts";
import type { OpenList } from "../lists/open-lists.ts";
import { condition } from "../resolve.ts";

/**
 * A select of u (whose past it is), k (the item), and t and r, which order a past from its oldest behaviour on. Labels do not
 * count. A behaviour that stands in many lists is there once: told by user, item and time; of lists without times a user's
 * newest before the moment is taken.
 * @param history what data.yaml says of this one makes a behaviour; null: every event, and all lists, each a past of its own
 * @throws TwinError where nothing says what lies before the moment
 */
export async function behavioursBefore(
  source: Source,
  binding: Binding,
  events: Events,
  until: number,
  history: string | null,
): Promise<string> {
  const known = Object.keys(binding.lists ?? binding.history);
  if (history !== null && !known.includes(history)) {
    const where = binding.lists === null ? "`history:`" : "`samples.histories`";
    throw new TwinError(`--history ${history}: ${where} of ${binding.path} has no such entry${meant(history, known)}`);
  }
  if (events.lists !== null) {
    if (binding.events?.clock === null) {
      throw new TwinError(
        `${binding.place("samples")}: the samples have no \`time\`, so that nothing says what lies before --until; name their clock`,
      );
    }
    const lists = events.lists.filter((list) => history === null || list.history === history);
    return lists
      .map((list, i) => `SELECT {h: ${i}, u: u} AS u, k, t, r FROM (${listed(events, list, until)})`)
      .join(" UNION ALL ");
  }
  const where = history === null ? null : (binding.history[history]?.where ?? null);
  const keep =
    where === null
      ? "true"
      : await condition(source, events.relation, where, binding.place("history", history ?? "", "where"));
  return `SELECT "#user" AS u, "#item" AS k, "#time" AS t, "#row" AS r FROM (${events.select}) WHERE "#time" < ${double(until)} AND coalesce(${keep}, false)`;
}

function listed(events: Events, list: OpenList, until: number): string {
  const all = behavioursOf(events, list);
  if (list.time !== null) {
    return `SELECT DISTINCT "#user" AS u, "#key" AS k, "#at" AS t, 0 AS r FROM (${all}) WHERE "#at" < ${double(until)}`;
  }
  const newest = `SELECT arg_max("#row", {t: "#time", r: "#row"}) FROM (${events.select}) WHERE "#time" < ${double(until)} GROUP BY "#user"`;
  return `SELECT "#user" AS u, "#key" AS k, "#place"::DOUBLE AS t, 0 AS r FROM (${all}) WHERE "#row" IN (${newest})`;
}
