// The stages as cards: replicas, versions, times of the last hour, a line of the streams. Knows no server.
import { button, make, redraw, table } from "./dom.js";
import { text } from "./strings.js";

const LINE = 120; // points
const history = new Map(); // stage -> streams at each event

const ms = (value) => (value === null ? "–" : value >= 100 ? value.toFixed(0) : value.toFixed(1));

/** `open(stage, version)` shows a model's card. */
export function showStages(box, stages, open) {
  redraw(box, ...Object.entries(stages).map(([name, stage]) => card(name, stage, open)));
}

function card(name, { replicas, versions }, open) {
  const streams = replicas.reduce((sum, replica) => sum + replica.streams, 0);
  const line = [...(history.get(name) ?? []), streams].slice(-LINE);
  history.set(name, line);
  const able = replicas.filter((replica) => replica.health === "SERVING").length;
  const state = make("span", able === replicas.length ? "good" : able ? "unsure" : "bad", name);
  const made = make("article", "stage", make("h2", "", state, sparkline(line, name)));
  made.dataset.stage = name;
  made.append(replicaTable(replicas), versionTable(versions, (version) => open(name, version)));
  return made;
}

function replicaTable(replicas) {
  const rows = replicas.map((each) => {
    const kind = each.health !== "SERVING" ? "bad" : each.breaker !== "closed" || each.is_late ? "unsure" : "good";
    const states = [each.health, each.breaker === "closed" ? "" : text("breaker", { state: each.breaker }), each.is_late ? text("late") : ""];
    return [make("span", kind, short(each.address)), states.filter(Boolean).join(", "), each.streams];
  });
  return table([text("replica"), text("state"), text("streams")], rows);
}

const short = (address) => address.split("/").at(-1);

function versionTable(versions, open) {
  const rows = Object.entries(versions).map(([name, it]) => {
    const called = button(name, () => open(name));
    called.className = "link";
    called.title = [it.backend, it.device, it.license, it.languages.join(" ")].filter(Boolean).join(" · ");
    const times = [it.queue, it.engine].map(({ p50, p95, p99 }) => [p50, p95, p99].map(ms).join(" / "));
    return [called, it.streams, it.waiting, ...times];
  });
  return table([text("version"), text("streams"), text("waiting"), text("queue"), text("engine")], rows);
}

function sparkline(values, name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const most = Math.max(1, ...values);
  const points = values.map((value, n) => `${LINE - values.length + n},${29 - (27 * value) / most}`).join(" ");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  for (const [key, value] of Object.entries({ points, fill: "none", stroke: "currentColor", "stroke-width": 2 })) line.setAttribute(key, value);
  svg.setAttribute("viewBox", `0 0 ${LINE} 30`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", text("streams-of", { stage: name, count: values.at(-1) }));
  svg.append(line);
  return svg;
}
