// Where the time of this stream goes, from its own trace: a bar a stage, of waiting, batching and computing. Knows no page.
import { make } from "./dom.js";
import { text } from "./strings.js";

const RECENT = 30; // batches of a stage
const PARTS = ["queue", "batch", "engine"];
const hexadecimal = (bytes) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");

/** A trace that every process keeps for us. */
export function newTrace() {
  const id = hexadecimal(16);
  return { id, query: { traceparent: `00-${id}-${hexadecimal(8)}-01`, tracestate: "parley=keep" } };
}

/** Spans -> stage -> the mean of each part over its last batches, in milliseconds. */
export function parts(spans) {
  const batches = new Map(spans.filter((span) => span.name === "batch").map((span) => [span.id, span]));
  const ms = (span) => (span.end_ns - span.start_ns) / 1e6;
  const found = {};
  for (const span of spans) {
    const times = (found[span.process] ??= { queue: [], batch: [], engine: [] });
    if (span.name === "queue") times.queue.push(ms(span));
    if (span.name === "engine" && batches.has(span.parent)) {
      times.engine.push(ms(span));
      times.batch.push(Math.max(0, ms(batches.get(span.parent)) - ms(span)));
    }
  }
  const mean = (values) => values.slice(-RECENT).reduce((sum, value) => sum + value, 0) / Math.min(RECENT, values.length);
  return Object.fromEntries(
    Object.entries(found)
      .filter(([, times]) => times.engine.length)
      .map(([stage, times]) => [stage, Object.fromEntries(PARTS.map((part) => [part, mean(times[part]) || 0]))]),
  );
}

/** Draws the parts, and how long the way to the gateway and back takes. */
export function showWaterfall(box, stages, network_ms) {
  const sums = Object.values(stages).map((times) => times.queue + times.batch + times.engine);
  const longest = Math.max(1, network_ms, ...sums);
  const rows = Object.entries(stages).map(([stage, times]) => bar(stage, PARTS.map((part) => [part, times[part]]), longest));
  rows.push(bar(text("network"), [["network", network_ms]], longest));
  const legend = [...PARTS, "network"].map((part) => make("span", `key ${part}`, text(`part-${part}`)));
  box.replaceChildren(...rows, make("p", "legend", ...legend));
}

/** One bar of pieces, as long as their sum beside the longest. */
export function bar(name, values, longest) {
  const sum = values.reduce((all, [, value]) => all + value, 0);
  const pieces = make("span", "bars");
  for (const [part, value] of values) {
    const piece = make("span", `piece ${part}`);
    piece.style.width = `${(100 * value) / longest}%`;
    piece.title = `${text(`part-${part}`)}: ${value.toFixed(1)} ms`;
    pieces.append(piece);
  }
  const told = values.map(([part, value]) => `${text(`part-${part}`)} ${value.toFixed(1)} ms`).join(", ");
  pieces.role = "img";
  pieces.setAttribute("aria-label", `${name}: ${told}`);
  return make("div", "fall", make("span", "", name), pieces, make("span", "sum", `${sum.toFixed(sum < 10 ? 1 : 0)} ms`));
}
