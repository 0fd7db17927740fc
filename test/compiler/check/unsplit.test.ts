// Keys with cross features: what they may name, and what refuses them, with its reason and the way out.
import { describe, expect, it } from "vitest";
import { check } from "../../../compiler/check/check.ts";
import { load } from "../../../compiler/source/load.ts";
import { render } from "../../../grammar/report.ts";
import { modelOf } from "../../kit/any-model.ts";

const text = (metric: string, more = "", attend = "") => `model unsplit
item { id: id(vocab: 6, dim: 3, key: true) }
history watched { of: item max: 50 cross { ago: id(vocab: 4, dim: 2) liked: flag(dim: 2) } }
history bought { of: item max: 50 cross { paid: flag(dim: 2) } }
metric relevance { query: item ${metric} dim: 3 }
metric other { query: item keys: bought.item dim: 3 }
search nearest { from: watched by: relevance keep: 4 }
attend interest { over: nearest by: relevance ${attend} }
attend buys { over: bought by: other }
tower ranking { input: [interest, buys, item] hidden: [] predict { click: binary } }
${more}`;

const said = (...given: Parameters<typeof text>): string =>
  render(check(load("unsplit.twin", () => text(...given))).diagnostics, { color: false });

describe("keys with cross features", () => {
  it("name all of a history's, or some, once", () => {
    const keys = (metric: string) => modelOf(text(metric)).metrics[0].crossKeys.map(({ name }) => name);
    expect(keys("keys: [watched.item, watched.cross]")).toEqual(["ago", "liked"]);
    expect(keys("keys: [watched.liked, watched.item, watched.liked]")).toEqual(["liked"]);
    expect(keys("keys: watched.item")).toEqual([]);
  });

  it("need the item's beside them, of the same history", () => {
    expect(said("keys: watched.cross")).toContain("`id` is in the query only");
    expect(said("keys: [watched.item, bought.cross]")).toContain("reads `bought`");
  });

  it("are no table's, which says by which way they depend on the user, and what to do", () => {
    const message = said("keys: [watched.item, watched.cross]", "table cache { of: relevance.keys }");
    expect(message).toContain("table-needs-user");
    expect(message).toContain("depends on `watched.cross`");
    expect(message).toContain("by way of these keys");
    expect(message).toMatch(/Name the cross features in `bias`\s+instead of `keys`/);
    expect(said("keys: [watched.item, watched.cross]", "table cache { of: interest.values }")).toBe("");
  });

  it("cannot be asked of a table", () => {
    const message = said("keys: [watched.item, watched.cross]", "", "keys: cached");
    expect(message).toContain("nothing-cached");
    expect(message).toMatch(/Keys of `relevance` hold cross features, which no table can/);
  });

  it("do not go with own embeddings, which nothing projects", () => {
    const message = said("keys: [watched.item, watched.ago] embeddings: own(dim: 3)");
    expect(message).toContain("own-mismatch");
    expect(message).toContain("`watched.ago` is known of no candidate");
  });
});
