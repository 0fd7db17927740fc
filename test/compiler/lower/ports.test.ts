// The contract of the ports: names, types and shapes of every graph of a model, and which graphs there are.
import { describe, expect, it } from "vitest";
import { lowerGraphs, metricValues } from "../../../compiler/graphs/index.ts";
import type { Attributes, Graph } from "../../../compiler/ir/graph.ts";
import { fingerprint } from "../../../compiler/ir/hash.ts";
import { show } from "../../../compiler/ir/shape.ts";
import { modelOf } from "../../kit/any-model.ts";
import { showcase, showcaseText } from "../../kit/showcase.ts";

const ports = (graph: Graph | undefined) =>
  graph?.inputs.map((value) => `${(value.node.attributes as Attributes["input"]).name} ${show(value)}`);
const outputs = (graph: Graph | undefined) => graph?.outputs.map(({ name, value }) => `${name} ${show(value)}`);

function graphs(tables = "", outside: readonly string[] = [], layout: "request" | "batch" = "request") {
  return lowerGraphs(showcase(tables), { layout, outside: new Set(outside) });
}

describe("ports", () => {
  it("search reads rows of the table and the cross features of the bias, no item of the history", () => {
    const search = graphs("table video_keys { of: relevance.keys }").get("search");
    expect(ports(search)).toEqual([
      "candidate.item.video_id int32[candidates]",
      "candidate.item.category int32[candidates]",
      "watched.valid float32[history]",
      "watched.row int32[history]",
      "watched.ago int32[history]",
      "watched.device int32[history]",
      "watched.moods int32[history, 8]",
      "watched.share float32[history]",
      "video_keys float32[rows, 16]",
    ]);
    expect(outputs(search)).toEqual(["kept int32[candidates, 8]"]);
  });

  it("rank takes what was kept, and gives a probability and a logit", () => {
    const rank = graphs().get("rank");
    expect(ports(rank)).toContain("kept int32[candidates, 8]");
    expect(ports(rank)).toContain("user.user_id int32[1]");
    expect(outputs(rank)).toEqual(["click float32[candidates]", "click.logit float32[candidates]"]);
    expect(outputs(graphs().get("request"))?.[0]).toBe("kept int32[candidates, 8]");
  });

  it("explain shows weights and both parts of each score", () => {
    expect(outputs(graphs().get("explain"))).toEqual(
      expect.arrayContaining([
        "interest.weights float32[4, candidates, 8]",
        "interest.metric float32[4, candidates, 8]",
        "interest.bias float32[4, candidates, 8]",
        "narrow.bias float32[4, candidates, 6]",
      ]),
    );
  });

  it("the kernel's side graphs give operands of behaviours and of candidates, and take what was pooled", () => {
    const all = graphs("table video_keys { of: relevance.keys }");
    expect(outputs(all.get("kernel_user"))).toEqual([
      "relevance.bias float32[4, history]",
      "nearest.mask float32[history]",
      "interest.v float32[history, 4, 4]",
      "narrow.v float32[6, 4, 6]",
    ]);
    expect(outputs(all.get("kernel_user_fresh"))).toEqual(
      expect.arrayContaining(["relevance.k float32[history, 4, 4]", "narrow.mask float32[history]"]),
    );
    expect(outputs(all.get("kernel_query"))).toEqual(["relevance.q float32[4, candidates, 4]"]);
    const head = all.get("kernel_head");
    expect(ports(head)).toEqual(
      expect.arrayContaining(["interest.pooled float32[candidates, 16]", "narrow.pooled float32[candidates, 24]"]),
    );
    expect(ports(head)?.some((port) => port.startsWith("watched."))).toBe(false);
    expect(outputs(head)).toEqual(outputs(all.get("rank")));
    expect([...graphs("", [], "batch").keys()]).toEqual(["search", "oracle", "request"]);
  });

  it("the projector gives keys alone as keys, else a table by its name, parts side by side", () => {
    const keys = graphs("table video_keys { of: relevance.keys }").get("projector");
    expect(ports(keys)).toEqual(["item.video_id int32[items]", "item.category int32[items]"]);
    expect(outputs(keys)).toEqual(["keys float32[items, 16]"]);
    const both = graphs("table video_keys { of: [relevance.keys, narrow.values] }");
    expect(outputs(both.get("projector"))).toEqual(["video_keys float32[items, 40]"]);
  });

  it("fresh variants are there where a table holds what `keys: auto` may do without", () => {
    const names = [...graphs("table video_keys { of: relevance.keys }").keys()].sort();
    const all = [
      "explain",
      "explain_fresh",
      "kernel_head",
      "kernel_query",
      "kernel_user",
      "kernel_user_fresh",
      "oracle",
      "projector",
      "rank",
      "rank_fresh",
      "request",
      "request_fresh",
      "search",
    ];
    expect(names).toEqual(all);
    expect([...graphs().keys()].sort()).toEqual([
      "explain",
      "kernel_head",
      "kernel_query",
      "kernel_user",
      "oracle",
      "rank",
      "request",
      "search",
    ]);
    const fresh = modelOf(
      `${showcaseText.replaceAll("  over: ", "  keys: fresh\n  over: ")} table video_keys { of: relevance.keys }`,
    );
    expect([...lowerGraphs(fresh, { layout: "request", outside: new Set() }).keys()]).not.toContain("rank_fresh");
  });

  it("an embedding outside comes in as rows, and an item's rules out the request graph", () => {
    const user = graphs("", ["user.user_id.table"]);
    expect(ports(user.get("rank"))).toContain("user.user_id.rows float32[rows.user.user_id, 8]");
    expect(user.has("request")).toBe(true);
    const item = graphs("", ["item.video_id.table"]);
    expect(ports(item.get("rank"))).toContain("item.video_id.rows float32[rows.item.video_id, 16]");
    expect(item.has("request")).toBe(false);
  });

  it("two histories and tables carry their names", () => {
    const text = `model two
      item { id: id(vocab: 9, dim: 4, key: true) }
      history a { of: item max: 9 }
      history b { of: item max: 9 }
      metric am { query: item keys: a.item dim: 2 }
      metric bm { query: item keys: b.item dim: 2 }
      search as { from: a by: am keep: 2 }
      search bs { from: b by: bm keep: 3 }
      attend ai { over: as by: am }
      attend bi { over: bs by: bm }
      table at { of: am.keys }
      table av { of: ai.values }
      table bt { of: bm.keys }
      tower t { input: [ai, bi] hidden: [2] predict { click: binary } }`;
    const request = lowerGraphs(modelOf(text), { layout: "request", outside: new Set() }).get("request");
    expect(ports(request)).toEqual(
      expect.arrayContaining([
        "a.valid float32[history.a]",
        "a.at.row int32[history.a]",
        "a.av.row int32[history.a]",
        "b.row int32[history.b]",
        "at float32[rows.at, 2]",
        "bt float32[rows.bt, 2]",
      ]),
    );
    expect(outputs(request)?.slice(0, 2)).toEqual(["as.kept int32[candidates, 2]", "bs.kept int32[candidates, 3]"]);
  });

  it("a batch has its own user and history a row", () => {
    const request = graphs("", [], "batch").get("request");
    expect(ports(request)).toEqual(
      expect.arrayContaining(["watched.moods int32[batch, history, 8]", "user.age int32[batch]"]),
    );
    expect(outputs(request)).toContain("click float32[batch]");
  });
});

describe("the metric's subgraph", () => {
  const of = (text: string) => {
    const model = modelOf(text);
    return fingerprint(metricValues(model, model.metrics[0]));
  };

  it("does not depend on tables, towers or searches, and does on heads and bias", () => {
    const plain = of(showcaseText);
    expect(of(`${showcaseText} table video_keys { of: relevance.keys }`)).toBe(plain);
    expect(of(showcaseText.replace("hidden: [16]", "hidden: [4, 4]").replace("keep: 8", "keep: 9"))).toBe(plain);
    expect(of(showcaseText.replace("heads: 4", "heads: 2"))).not.toBe(plain);
    expect(of(showcaseText.replace("bias: watched.cross", "bias: [watched.ago]"))).not.toBe(plain);
  });
});
