// Which stage is slow, in one look: a bar a version that had work, of waiting and computing. Knows no server.
import { make } from "./dom.js";
import { text } from "./strings.js";
import { bar } from "./waterfall.js";

export function showSlowest(box, stages) {
  const all = Object.entries(stages).flatMap(([stage, { versions }]) =>
    Object.entries(versions)
      .filter(([, { engine }]) => engine.count)
      .map(([version, { queue, engine }]) => [`${stage} ${version}`, { queue: queue.p95 ?? 0, engine: engine.p95 }]),
  );
  const longest = Math.max(1, ...all.map(([, { queue, engine }]) => queue + engine));
  const legend = ["queue", "engine"].map((part) => make("span", `key ${part}`, text(`part-${part}`)));
  box.parentElement.hidden = !all.length;
  box.replaceChildren(...all.map(([name, times]) => bar(name, Object.entries(times), longest)), make("p", "legend", ...legend));
}
