// Versions on trial: their share, the curve of the evidence that decides, and what each measure says. Knows no server.
import { button, make, redraw, table } from "./dom.js";
import { text } from "./strings.js";

const [WIDTH, HEIGHT, LOWEST, HIGHEST] = [600, 150, -1, 1.2];
const NAMES = new Set(["alias", "model", "streams"]); // of a point of the curve that are no measure

const number = (value) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(3))));

/** `end(alias, promote)` ends a trial; `open(canary)` shows one that has ended. */
export function showCanaries(box, { running, ended }, { end, open }) {
  const past = ended.map((each) => make("li", "", button(`${each.alias}: ${each.model}`, () => open(each)), ` ${outcome(each)}`));
  const list = past.length ? [make("h3", "", text("trials-ended")), make("ul", "trials", ...past)] : [];
  redraw(box, ...running.map((each) => trial(each, end)), ...list);
}

const outcome = ({ state, why }) => `${text(`trial-${state.replace(" ", "-")}`)}. ${why}`;

function trial(canary, end) {
  const acts = make("div", "bar", button(text("promote"), () => end(canary, true)), button(text("take-back"), () => end(canary, false)));
  const made = make("article", "trial", make("h3", "", `${canary.alias}: ${canary.model}`), ...canaryPage(canary), acts);
  made.dataset.alias = canary.alias;
  return made;
}

/** Where a trial stands, or ended, with the evidence. */
export function canaryPage(canary) {
  const { share, plan, streams, waits_for: waits } = canary;
  const facts = { share, plan: plan.join(", "), streams, waits };
  const said = canary.state === "running" ? text(waits ? "trial-waits" : "trial-runs", facts) : outcome(canary);
  return [make("p", "rest", said), curve(canary), make("p", "rest", text("curve-says")), measures(canary)];
}

function measures({ measures: all }) {
  const rows = Object.entries(all).map(([name, it], n) => [
    make("span", `key line-${n}`, text(`measure-${name}`)),
    it.streams ? number(it.new) : "–",
    it.old_streams ? number(it.old) : "–",
    number(it.strength),
    it.said,
  ]);
  return table(["measure", "trial-new", "trial-old", "evidence", "meaning"].map((name) => text(name)), rows);
}

function curve({ model, curve: points, measures: all }) {
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", class: "curve" });
  const told = Object.entries(all).map(([name, { strength }]) => `${text(`measure-${name}`)} ${number(strength)}`);
  svg.setAttribute("aria-label", text("curve-of", { model, values: told.join(", ") }));
  svg.append(level(1, "limit"), level(0, "zero"));
  const last = Math.max(1, points.at(-1)?.streams ?? 1);
  Object.keys(all).forEach((name, n) => {
    const line = points.filter((point) => name in point && !NAMES.has(name)).map((point) => `${(WIDTH * point.streams) / last},${height(point[name])}`);
    svg.append(element("polyline", { points: line.join(" "), class: `line-${n}` }));
  });
  return svg;
}

const height = (strength) => (HEIGHT * (HIGHEST - Math.min(HIGHEST, Math.max(LOWEST, strength)))) / (HIGHEST - LOWEST);
const level = (strength, name) => element("line", { x1: 0, x2: WIDTH, y1: height(strength), y2: height(strength), class: name });

function element(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** What can be tried: an alias, and a version of its stage that is not all of it already. */
export function offerTrials(form, routes, versions) {
  fill(form.elements.alias, Object.keys(routes));
  fill(form.elements.model, versions[form.elements.alias.value.split("/")[0]] ?? []);
}

/** A hand may be on it: options are only replaced by others. */
function fill(select, names) {
  if ([...select.options].map((option) => option.value).join() === names.join()) return;
  select.replaceChildren(...names.map((name) => new Option(name, name)));
}
