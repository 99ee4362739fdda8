// Each shadow beside the version that callers get: words that differ, how much later, how long both engines take. Knows no server.
import { table } from "./dom.js";
import { weights } from "./routes.js";
import { text } from "./strings.js";

const ms = (value) => (value === null || value === undefined ? "–" : `${value.toFixed(Math.abs(value) < 100 ? 1 : 0)} ms`);

/** The version of a stage that most of its default streams go to. */
function inUse(routes, stage) {
  return Object.entries(weights(routes[`${stage}/default`] ?? {})).sort((one, other) => other[1] - one[1])[0]?.[0];
}

export function shadowTable({ shadows, stages, routes }) {
  const rows = shadows.map(({ stage, model, outcomes, divergence, later_ms }) => {
    const heard = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
    const used = inUse(routes, stage);
    const p95 = (version) => ms(stages[stage]?.versions[version]?.engine.p95);
    return [
      `${stage} ${model}`,
      used ?? "–",
      `${outcomes.compared ?? 0} / ${heard}`,
      divergence === null ? "–" : `${(100 * divergence).toFixed(1)} %`,
      ms(later_ms),
      `${p95(model)} / ${p95(used)}`,
    ];
  });
  return table(["shadow", "in-use", "compared", "differs", "later", "both-engines"].map((name) => text(name)), rows);
}
