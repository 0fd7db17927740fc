// What each port of each graph means, in a sentence: for manifest.yaml, and for whoever opens a graph.
import { partName } from "../../contract/by-spec.ts";
import { type Encoder, together } from "../../contract/encoder-spec.ts";
import { metricOf } from "../model/by.ts";
import { embeddingsOf } from "../model/embeddings.ts";
import type { Feature, Model } from "../model/model.ts";
import {
  keptPort,
  labelPort,
  lookupPorts,
  matchPorts,
  operandPort,
  pooledPort,
  projectorPort,
  rawPorts,
  rowPort,
  scalePort,
  scoreOutput,
  scoresPort,
  validPort,
} from "../model/ports.ts";
import { partOf } from "../model/table-layout.ts";

/** Port name → meaning, for every port that a graph of the model may have. */
export function meanings(model: Model): ReadonlyMap<string, string> {
  return new Map([
    ...featurePorts(model),
    ...historyPorts(model),
    ...tablePorts(model),
    ...stagePorts(model),
    ...kernelPorts(model),
  ]);
}

function* featurePorts(model: Model): Iterable<[string, string]> {
  const { item, popularity, user, context, candidate, histories } = model;
  for (const feature of item.features) {
    yield [`item.${feature.name}`, `of each item: ${value(feature)}`];
    yield [`candidate.item.${feature.name}`, `of each candidate's item: ${value(feature)}`];
    for (const { name } of histories) {
      yield [`${name}.item.${feature.name}`, `of the item of each behaviour in ${name}: ${value(feature)}`];
    }
  }
  for (const { port, feature } of rawPorts(model)) {
    yield [port, `counted in the table itself: ${value(feature)}`];
  }
  for (const feature of user.features) {
    yield [feature.qualified, `of the user: ${value(feature)}`];
  }
  for (const feature of context.features) {
    yield [feature.qualified, `of the request: ${value(feature)}`];
  }
  for (const feature of popularity.features) {
    yield [feature.qualified, `of each candidate: ${value(feature)}`];
  }
  for (const feature of candidate.features) {
    yield [feature.qualified, `of each candidate: ${value(feature)}`];
  }
  for (const { name, cross, stats } of histories) {
    for (const feature of stats.features) {
      yield [feature.qualified, `of each candidate, counted in ${name}: ${value(feature)}`];
    }
    for (const feature of cross.features) {
      yield [feature.qualified, `between the user and each behaviour in ${name}: ${value(feature)}`];
    }
  }
}

function numberText({ scale, mean, deviation }: Extract<Encoder, { kind: "number" }>): string {
  if (scale === "log") {
    return "sign(x) * ln(1 + |x|); 0: missing";
  }
  if (scale === "none" || mean === undefined || deviation === undefined) {
    return "the number; 0: missing";
  }
  return deviation === 0 ? "0, as it was always the same" : `(x - ${mean}) / ${deviation}; 0: missing, or the mean`;
}

/** What one encoded value says. */
function value({ encoder, doc }: Feature): string {
  const there = "zone" in encoder ? `in ${encoder.zone}` : "";
  const of = "of" in encoder && typeof encoder.of === "string" ? encoder.of : "";
  const on = "on" in encoder ? encoder.on : undefined;
  const equal =
    on === undefined
      ? "that count"
      : encoder.kind === "popularity" || encoder.kind === "gap"
        ? on
        : `with the candidate's ${on}`;
  const text = {
    id: "row of its table, the id + 1; 0: missing or out of range",
    vocabulary: "row of its table, the place in the vocabulary counted from 1; 0: unseen",
    hashed:
      together(encoder) === 1
        ? "row of its table, 1 + xxHash64(text) mod buckets; 0: missing"
        : "two rows of its table, 1 + xxHash64(text) mod buckets by the seeds 0 and 1; 0, 0: missing",
    bucketed: "row of its table, 1 + the number of edges <= the value; 0: missing",
    elapsed: "row of its table, 1 + the number of edges <= the time that passed; 0: unknown",
    place: "row of its table, 1 + the number of edges <= its place, from the newest, which is 1; 0: padding",
    gap: `row of its table, 1 + the number of edges <= what passed since the behaviour before${on === undefined ? "" : ` with an equal ${on}`}; 0: there is none`,
    hour: `row of its table, 1 + the hour of the request's time ${there}; 0: time missing`,
    weekday: `row of its table, 1 + the weekday of the request's time ${there}, from Monday; 0: time missing`,
    flag: "row of its table: 0 missing, 1 false, 2 true",
    tags: "rows of its table, filled up with -1",
    pretrained: "the vector; zeros: missing",
    centroid: `1 + the cluster of ${of}; 0: missing`,
    number: encoder.kind === "number" ? numberText(encoder) : "",
    members: "how many behaviours the cluster holds, at least 1; 0: padding",
    key: "the key",
    met: `ln(1 + n) of n behaviours ${equal}`,
    rate: `logit of the smoothed rate of ${of} among the behaviours ${equal}`,
    recent: `logit of the smoothed rate of ${of} among the behaviours ${equal}, newer ones weighing more`,
    last:
      encoder.kind === "last" && encoder.rows === undefined
        ? `${of} of the newest behaviour ${equal}; 0: missing, or none`
        : `row of its table, that of ${of} of the newest behaviour ${equal}; 0: missing, or none`,
    popularity: `row of what was counted by ${equal}, that of the value in its table; 0: missing or unknown`,
    since: `row of its table, 1 + the number of edges <= what passed since the newest behaviour ${equal}; 0: none`,
  }[encoder.kind];
  const described = doc.split("\n")[0].trim();
  return described === "" ? text : `${described} (${text})`;
}

function* historyPorts(model: Model): Iterable<[string, string]> {
  for (const history of model.histories) {
    yield [validPort(history), `1 for each behaviour in ${history.name}, newest first, then 0 for padding`];
  }
  for (const { embedding, input } of embeddingsOf(model)) {
    yield [input, `fetched rows of ${embedding.parameter}; the ids of its features count in them`];
  }
}

function* tablePorts(model: Model): Iterable<[string, string]> {
  for (const table of model.tables) {
    const parts = table.of.map((part) => partName(partOf(part)));
    yield [table.name, `rows of the table ${table.name}: ${parts.join(", then ")}; row 0 is the miss row, zeros`];
    yield [
      scalePort(table),
      `of each row of the table ${table.name}: scale and offset of each head; value = offset + scale * stored`,
    ];
    yield [rowPort(model, table), `row of ${table.name} of each behaviour in ${table.history.name}; 0: a miss`];
    yield [projectorPort(model, table), `row of ${table.name} of each item: ${parts.join(", then ")}`];
  }
}

function* stagePorts(model: Model): Iterable<[string, string]> {
  for (const search of model.searches) {
    const order = search.heads === "per_head" ? "for each head and candidate" : "for each candidate";
    yield [
      keptPort(model, search),
      `${order}, the positions in ${search.from.name} that ${search.name} kept, the most relevant first`,
    ];
    yield [
      scoresPort(model, search),
      `of each head, candidate and behaviour in ${search.from.name}: the attention's score, bias included; padding is -1e30`,
    ];
  }
  for (const { name, by } of model.attends) {
    yield [
      `${name}.weights`,
      `of each head and candidate: the weight that ${name} gives to each behaviour it attends to`,
    ];
    yield [`${name}.metric`, `of each head and candidate: the inherent part of each score of ${name}`];
    yield [
      `${name}.bias`,
      `of each head and candidate: the cross features' part of each score of ${name}${metricOf(by)?.match.length ? ", and what matches" : ""}`,
    ];
  }
  for (const { label, kind } of model.towers.flatMap(({ tasks }) => tasks)) {
    yield [
      labelPort(label),
      kind === "binary" ? `of each candidate: probability of ${label}` : `of each candidate: expected ${label}`,
    ];
    yield [
      `${label}.logit`,
      kind === "binary"
        ? `of each candidate: log-odds of ${label}`
        : `of each candidate: expected ${label}, as ${label}`,
    ];
  }
  const { score } = model;
  if (score !== null) {
    const terms = score.of.map(({ label, weight }) => `${weight} ln ${label}`);
    yield [scoreOutput, `of each candidate: what it is ranked by, ${terms.join(" + ")}`];
  }
}

function* kernelPorts({ metrics, searches, attends }: Model): Iterable<[string, string]> {
  for (const { name, history, match } of metrics) {
    for (const feature of match) {
      const { candidates, behaviours, worth } = matchPorts(name, feature);
      yield [candidates, `of each candidate: rows of ${feature.qualified}; -2 where unknown`];
      yield [behaviours, `of each behaviour in ${history.name}: rows of ${feature.qualified}`];
      yield [worth, `of each head and behaviour in ${history.name}: what a score of ${name} gains where both agree`];
    }
    yield [operandPort(name, "query"), `of each head and candidate: the query of ${name}, over the root of its width`];
    yield [operandPort(name, "keys"), `of each head and behaviour in ${history.name}: the key of ${name}`];
    yield [operandPort(name, "bias"), `of each head and behaviour in ${history.name}: the bias of ${name}`];
  }
  for (const { name, from } of searches) {
    yield [operandPort(name, "query"), `of each candidate: the vector by which ${name} ranks`];
    yield [operandPort(name, "keys"), `of each behaviour in ${from.name}: the vector by which ${name} ranks`];
    yield [operandPort(name, "bias"), `of each behaviour in ${from.name}: what is added to its score in ${name}`];
    yield [operandPort(name, "mask"), `1 for each behaviour in ${from.name} that ${name} may keep, else 0`];
  }
  for (const attend of attends) {
    const { name, over } = attend;
    yield [operandPort(name, "mask"), `1 for each behaviour in ${over.history.name} that counts for ${name}, else 0`];
    yield [
      operandPort(name, "values"),
      `of each head and behaviour in ${over.history.name}: the value of ${name}, or what is to be added to its table's`,
    ];
    for (const feature of over.history.cross.features) {
      const { rows, row } = lookupPorts(attend, feature);
      yield [rows, `of each row of ${feature.qualified} and head: what it adds to the value of ${name}`];
      yield [row, `of each behaviour in ${over.history.name}: the row of ${feature.qualified}`];
    }
    yield [
      pooledPort(attend),
      `of each candidate, heads side by side: what ${name} pooled, the sum of weight times value over its behaviours${attend.strength ? ", then its greatest score and the sum of e to the power of each below it" : ""}`,
    ];
  }
}
