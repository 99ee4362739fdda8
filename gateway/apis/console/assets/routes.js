// The routes with a slider a version. What is being moved is not overwritten by what the server says. Knows no server.
import { button, make, redraw } from "./dom.js";
import { text } from "./strings.js";

const moved = new Map(); // alias -> {version: weight} that is not applied yet

/** A route is its versions' weights, or has them beside its rules, fallbacks and shadows. */
export const weights = (table) => table.versions ?? table;
const others = (table) => Object.fromEntries(Object.entries(table.versions ? table : {}).filter(([name]) => name !== "versions"));
const changed = (table, wanted) => (table.versions ? { ...table, versions: wanted } : wanted);

/** `versions`: stage -> what its replicas have. `change(alias, table)` and `ask(question)` are the page's. */
export function showRoutes(box, routes, versions, { change, ask }) {
  if (box.contains(document.activeElement) && document.activeElement.type === "range") return; // a hand is on it
  redraw(box, ...Object.entries(routes).map(([alias, table]) => route(alias, table, versions, { change, ask })));
}

function route(alias, table, versions, { change, ask }) {
  const known = versions[alias.split("/")[0]] ?? [];
  const now = { ...Object.fromEntries(known.map((version) => [version, 0])), ...weights(table), ...moved.get(alias) };
  const shares = make("div");
  const apply = button(text("apply"), async () => {
    const wanted = Object.fromEntries(Object.entries(moved.get(alias)).filter(([, weight]) => weight > 0));
    if (!(await ask(text("ask-apply", { alias, split: split(wanted) })))) return;
    if (await change(alias, changed(table, wanted))) moved.delete(alias);
  });
  apply.disabled = !moved.has(alias);
  const move = (version, weight) => {
    moved.set(alias, { ...now, ...moved.get(alias), [version]: weight });
    apply.disabled = Object.values(moved.get(alias)).every((each) => each === 0);
    tell();
  };
  const outputs = {};
  const tell = () => {
    const all = { ...now, ...moved.get(alias) };
    const sum = Object.values(all).reduce((one, other) => one + other, 0);
    for (const [version, output] of Object.entries(outputs)) output.textContent = `${sum ? Math.round((100 * all[version]) / sum) : 0} %`;
  };
  for (const [version, weight] of Object.entries(now)) {
    const slider = make("input");
    Object.assign(slider, { type: "range", min: 0, max: 100, value: Math.round(weight), oninput: () => move(version, Number(slider.value)) });
    slider.setAttribute("aria-label", `${alias} ${version}`);
    outputs[version] = make("output");
    const whole = button(text("all-here"), async () => {
      if (!(await ask(text("ask-apply", { alias, split: `${version} 100 %` })))) return;
      if (await change(alias, changed(table, { [version]: 100 }))) moved.delete(alias);
    });
    const isAlone = Object.keys(now).length === 1;
    slider.disabled = whole.disabled = isAlone;
    shares.append(make("div", "share", make("span", "", version), slider, outputs[version], isAlone ? "" : whole));
  }
  tell();
  const rest = Object.entries(others(table)).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  if (rest.length) shares.append(make("p", "rest", rest.join(", ")));
  const made = make("div", "route", make("h3", "", alias), shares, apply);
  made.dataset.alias = alias;
  apply.hidden = Object.keys(now).length === 1;
  return made;
}

function split(table) {
  const sum = Object.values(table).reduce((one, other) => one + other, 0);
  return Object.entries(table).map(([version, weight]) => `${version} ${Math.round((100 * weight) / sum)} %`).join(", ");
}
