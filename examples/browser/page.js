// Loads a build folder, ranks one request and explains what is chosen. `?build=ADDRESS&request=ADDRESS` name others.
import { load, parseRequest, TwinError } from "../../node_modules/twin-compiler/dist/web.js";

const asked = new URLSearchParams(location.search);
const build = asked.get("build") ?? "first/twin/";
const request = asked.get("request") ?? "first/request.json";
const shown = 10;

const $ = (id) => document.getElementById(id);
const element = (name, className, text) => Object.assign(document.createElement(name), { className, textContent: text });
const percent = (value) => `${(100 * value).toFixed(1)}\u00a0%`;

function showStatus(twin, milliseconds) {
  const { provider, worker, crossOriginIsolated, generation, traffic, notes } = twin.status();
  const threads = provider.name === "wasm" ? `, ${provider.threads === 1 ? "one thread" : `${provider.threads} threads`}` : "";
  const facts = {
    Model: `${twin.manifest.model}, tables of generation ${generation ?? "none"}`,
    Provider: `${provider.name}${threads}: ${provider.because}`,
    Place: `${worker ? "a Web Worker" : "this page"}${crossOriginIsolated ? ", cross-origin isolated" : ""}`,
    Fetched: `${(traffic.network / 1e6).toFixed(1)} MB from the network, ${(traffic.cache / 1e6).toFixed(1)} MB kept from before`,
    Ranked: `${milliseconds.toFixed(0)} ms, with the opening of the graphs`,
    Notes: [...twin.warnings, ...notes].join("; ") || "none",
  };
  $("status").replaceChildren(
    ...Object.entries(facts).flatMap(([name, text]) => [element("dt", "", name), element("dd", "", text)]),
  );
}

async function explain(prepared, rank, index, button) {
  for (const other of $("ranked").querySelectorAll("button")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  const one = (columns) => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, [values[index]]]));
  const [why] = await prepared.explain({ ...rank, candidates: one(rank.candidates) });
  const [attend] = why.attends;
  $("why").textContent = `Why ${why.key}: ${attend.attend}, over ${attend.behaviours.length} behaviours`;
  const most = [...attend.behaviours].sort((a, b) => b.weight - a.weight).slice(0, 8);
  $("behaviours").replaceChildren(
    ...most.map(({ key, time, weight }) => {
      const line = element("li", "behaviour", "");
      const date = time === null ? "" : new Date(1000 * time).toISOString().slice(0, 10);
      line.append(element("span", "key", key), element("span", "number", date), element("span", "number", percent(weight)));
      return line;
    }),
  );
}

function showRanked(label, scores, prepared, rank) {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
  $("title").textContent = `The best ${Math.min(shown, order.length)} of ${order.length} candidates, by ${label}`;
  const buttons = order.slice(0, shown).map((candidate, place) => {
    const button = Object.assign(element("button", "", ""), { type: "button" });
    const bar = element("span", "bar", "");
    bar.style.width = `${(100 * scores[candidate]) / scores[order[0]]}%`;
    const key = element("span", "key", String(rank.candidates.item[candidate]));
    button.append(element("span", "number", place + 1), key, element("span", "number", percent(scores[candidate])), bar);
    button.addEventListener("click", () => explain(prepared, rank, candidate, button).catch(fail));
    return button;
  });
  $("ranked").replaceChildren(
    ...buttons.map((button) => {
      const line = document.createElement("li");
      line.append(button);
      return line;
    }),
  );
  return explain(prepared, rank, order[0], buttons[0]);
}

function fail(error) {
  $("progress").hidden = true;
  $("state").className = "bad";
  $("state").textContent = error instanceof TwinError ? error.message : `Something went wrong: ${error}`;
  console.error(error);
}

async function main() {
  const answer = await fetch(request);
  if (!answer.ok) {
    throw new TwinError(`${request}: the server answers ${answer.status}. Make it with: npx twin quickstart first`);
  }
  const { prepare, rank } = parseRequest(await answer.text(), request);
  const progress = ({ done, total }) => Object.assign($("progress"), { value: done, max: Math.max(1, total) });
  const twin = await load(build, { progress });
  $("state").textContent = "Opening the graphs …";
  $("progress").removeAttribute("value");
  const begun = performance.now();
  const prepared = await twin.prepare(prepare);
  const { scores, coverage } = await prepared.rank(rank);
  const took = performance.now() - begun;
  const [[label, values]] = Object.entries(scores);
  $("progress").hidden = true;
  $("state").textContent = `Ranked here, by files alone: nothing of this user's history has left the page. ${percent(coverage)} of it is in the tables.`;
  $("result").hidden = false;
  await showRanked(label, values, prepared, rank);
  showStatus(twin, took);
}

main().catch(fail);
