// A draft from a log of events: what a user did before is what the log has of them.
import { TwinError } from "../../../contract/error.ts";
import { belongingTo, shareOfNewcomers, shareOfRepeats } from "./belonging.ts";
import { bindingText, draftedModel } from "./documents.ts";
import type { Draft, Files } from "./draft.ts";
import { featuresFrom, keyFirst, namesIn, overall } from "./features.ts";
import { type DraftFeature, type Skipped, userFeature } from "./kinds.ts";
import { type Past, pastOf } from "./past.ts";
import type { Profile } from "./profile.ts";
import { type Named, type Roles, rolesOf } from "./roles.ts";
import { mostlyNew, type Split, splitOf } from "./split-of.ts";

export interface Drafted {
  /** Of the log. */
  readonly events: number;
  readonly roles: Roles;
  readonly steps: boolean;
  readonly item: readonly DraftFeature[];
  /** The user's own column first, unless most users to come are new. */
  readonly user: readonly DraftFeature[];
  readonly cross: readonly DraftFeature[];
  /** Share of the events whose item the same user had met at an earlier time. */
  readonly repeats: number;
  readonly past: Past;
  /** Null: by shares of each user's events. */
  readonly split: Split | null;
  readonly written: Files["written"];
}

/** @throws TwinError where no column can be the user, the item or the clock */
export async function draftEvents({ source, relation, events, items, written }: Files, asked: Named): Promise<Draft> {
  const roles = rolesOf(events, items, asked);
  const skipped: Skipped[] = [];
  const ofEvents = featuresFrom(events, skipped);
  const ofItems = items === null ? ofEvents : featuresFrom(items, skipped);
  const of = (name: string): Profile => {
    const found = events.find((column) => column.name === name);
    if (found === undefined) {
      throw new TwinError(`the events have no column \`${name}\``);
    }
    return found;
  };
  const [user, item] = await Promise.all([
    overall(source, relation, of(roles.user)),
    overall(source, relation, of(roles.item)),
  ]);
  const past = await pastOf(source, relation, roles);
  const labels = roles.labels.map(({ column }) => column);
  const seen = events.filter(({ name }) => ![roles.user, roles.item, roles.clock.column].includes(name));
  const others = seen.filter(({ name }) => !labels.includes(name));
  // An items file says what an item is; without one the events do.
  const ofItem = items === null ? await belongingTo(source, relation, item, others) : [];
  const itemFeatures =
    items === null || roles.key === null
      ? ofItems([item, ...ofItem], roles.item)
      : ofItems(keyFirst(items, roles.key, item), roles.key);
  const ofUser = await belongingTo(
    source,
    relation,
    user,
    others.filter((column) => !ofItem.includes(column)),
  );
  const crossed = seen.filter((column) => ![...ofItem, ...ofUser].includes(column));
  const split = past.anew ? null : await splitOf(source, relation, roles.clock, past.total);
  const fresh = split === null ? 0 : await shareOfNewcomers(source, relation, roles, split.end);
  const isKnown = fresh < mostlyNew;
  if (!isKnown) {
    skipped.push({
      column: roles.user,
      because: `${(100 * fresh).toFixed(0)} % of the events after the training part are of users that it does not have; what is known of them is their history`,
    });
  }
  const drafted: Drafted = {
    events: past.total,
    roles,
    steps: roles.clock.unit === "steps",
    item: itemFeatures,
    user: [...(isKnown ? [userFeature(user, namesIn(events)(user.name))] : []), ...ofEvents(ofUser)],
    cross: ofEvents(crossed),
    repeats: labels.length === 0 ? await shareOfRepeats(source, relation, roles) : 0,
    past,
    split,
    written,
  };
  const texts = { model: draftedModel(drafted), data: bindingText(drafted) };
  return { ...texts, roles, repeats: drafted.repeats, skipped, notes: [] };
}
