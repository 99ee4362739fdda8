// The load test's reports: what was promised and what was measured. Knows no server.
import { button, make, table } from "./dom.js";
import { text } from "./strings.js";

const CLASSES = { HELD: "good", BROKEN: "bad" };
const UNITS = { share: " %", s: " s", count: "", ratio: "", least: "", most: "" };

const verdict = (word) => make("span", CLASSES[word] ?? "unsure", text(`verdict-${word}`));

/** A row a run; `open(name)` shows one. */
export function reportList(reports, open) {
  if (!reports.length) return make("p", "rest", text("no-reports"));
  const rows = reports.map(({ name, verdict: word, when, commit, machine }) => [
    button(when ?? name, () => open(name)),
    verdict(word),
    commit ?? "",
    [machine?.cpu, machine?.cores && text("cores", { count: machine.cores })].filter(Boolean).join(", "),
  ]);
  return table([text("when"), text("verdict"), text("commit"), text("machine")], rows);
}

/** One run: each scenario with its promises. */
export function reportPage({ scenarios }) {
  return scenarios.flatMap((each) => [
    make("h3", "", `${each.name} `, verdict(each.verdict)),
    make("p", "rest", [each.about, ...(each.doubts ?? [])].filter(Boolean).join(" ")),
    table([text("promise"), text("limit"), text("measured"), text("verdict")], (each.promises ?? []).map(promise)),
  ]);
}

function promise({ measure, statistic, limit, value, verdict: word }) {
  const name = statistic.endsWith("_ms") ? `${measure} ${statistic.slice(0, -3)}` : measure;
  return [name, `${statistic === "least" ? "≥" : "≤"} ${shown(limit, statistic)}`, shown(value, statistic), verdict(word)];
}

function shown(value, statistic) {
  if (value === null || value === undefined) return "–";
  const number = statistic === "share" ? 100 * value : value;
  return `${Number(number.toPrecision(3))}${UNITS[statistic] ?? " ms"}`;
}
