// The page "Operate": one stream of events on one side, stages, routes and happenings on the other. Only wires parts.
import { canaryPage, offerTrials, showCanaries } from "./canaries.js";
import { make, redraw, table } from "./dom.js";
import { follow } from "./events.js";
import { Jobs } from "./jobs.js";
import { markdown } from "./markdown.js";
import { showRoutes } from "./routes.js";
import { shadowTable } from "./shadows.js";
import { reportList, reportPage } from "./sla.js";
import { showSlowest } from "./slowest.js";
import { showStages } from "./stages.js";
import { choose, language, locale, text, translatePage } from "./strings.js";

const $ = (id) => document.getElementById(id);
let state = null;
let watching = new AbortController();
let isLost = false; // the events; what is said of that goes when they come again

let jobs = null;

const headers = () => ($("key").value ? { authorization: `Bearer ${$("key").value}` } : {});

function show() {
  if (!state) return;
  const faults = state.routes_fault ? [text("routes-fault", { message: state.routes_fault })] : [];
  $("summary").textContent = [text("summary", { streams: state.streams, time: time(state.at) }), ...faults].join(" ");
  showSlowest($("slowest"), state.stages);
  showStages($("stages"), state.stages, showCard);
  const versions = Object.fromEntries(Object.entries(state.stages).map(([name, stage]) => [name, Object.keys(stage.versions)]));
  showRoutes($("routes"), state.routes, versions, { change: (alias, wanted) => post("routes/change", { [alias]: wanted }), ask });
  offerTrials($("try"), state.routes, versions);
  showCanaries($("trials"), state.rollouts, { end: endTrial, open: showTrial });
  $("happenings").replaceChildren(...state.happenings.map(happening));
  if (!state.happenings.length) $("happenings").append(make("li", "", text("nothing-yet")));
  showCounts();
}

const time = (at) => new Date(1000 * at).toLocaleTimeString(locale());

function happening({ at, kind, what, before, now }) {
  const counts = kind === "notice" || kind === "refusal";
  const told = counts ? `${what}: ${now} (+${Number(now) - Number(before)})` : `${what}: ${before} → ${now}`;
  return make("li", "", make("time", "", time(at)), `${text(`kind-${kind}`)} ${told}`);
}

function showCounts() {
  const counted = Object.entries(state.counted).map(([name, counts]) => [text(name), Object.entries(counts)]);
  const tables = counted.filter(([, rows]) => rows.length);
  $("counts").parentElement.hidden = !tables.length;
  $("shadows").parentElement.hidden = !state.shadows.length;
  redraw($("shadows"), shadowTable(state));
  redraw($("counts"), ...tables.map(([name, rows]) => table([name, ""], rows)));
}

/** An answer's body; what is refused, or does not come, is said. */
async function read(path, query = {}) {
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`, { headers: headers() }).catch(() => null);
  const body = answer ? await answer.json() : { error: { message: text("gateway-lost") } };
  if (!body.error) return body;
  complain(body.error.message);
  return null;
}

function showPaper(title, ...inside) {
  $("paper-title").textContent = title;
  $("paper-text").replaceChildren(...inside);
  $("paper").showModal();
  $("paper-text").scrollTop = 0;
}

async function showCard(stage, model) {
  const card = await read("/v1/card", { stage, model });
  if (card) showPaper(`${stage}: ${model}`, ...markdown(card.text));
}

async function showReports() {
  const found = await read("/v1/sla");
  if (found) $("reports").replaceChildren(reportList(found.reports, showReport));
}

async function showReport(name) {
  const report = await read("/v1/sla", { name });
  if (report) showPaper(text("report-of", { when: report.when ?? name }), ...reportPage(report));
}

/** What it changes is in the answer: routes, or versions on trial. */
async function post(what, body) {
  $("problem").hidden = true;
  const sent = { method: "POST", headers: { "content-type": "application/json", ...headers() }, body: JSON.stringify(body) };
  const answer = await fetch(`/v1/${what}`, sent).catch(() => null);
  const found = answer ? await answer.json() : { error: { message: text("gateway-lost") } };
  if (found.error) complain(found.error.message);
  else if (found.routes) state.routes = found.routes;
  else state.rollouts = found;
  show();
  return !found.error;
}

async function beginTrial() {
  const { alias, model, plan } = $("try").elements;
  const steps = plan.value.split(/[ ,]+/).filter(Boolean).map(Number);
  const question = text("ask-try", { model: model.value, alias: alias.value, plan: steps.join(", ") });
  if (await ask(question)) post("rollouts/begin", { alias: alias.value, model: model.value, plan: steps });
}

async function endTrial({ alias, model }, promote) {
  if (await ask(text(promote ? "ask-promote" : "ask-take-back", { alias, model }))) post("rollouts/stop", { alias, promote });
}

/** One that has ended; its curve is not in every event. */
async function showTrial({ alias, model, why }) {
  const found = await read("/v1/rollouts");
  const canary = found?.ended.find((each) => each.alias === alias && each.model === model && each.why === why);
  if (canary) showPaper(`${alias}: ${model}`, ...canaryPage(canary));
}

function ask(question) {
  $("confirm-text").textContent = question;
  $("confirm").returnValue = "";
  $("confirm").showModal();
  return new Promise((done) => ($("confirm").onclose = () => done($("confirm").returnValue === "yes")));
}

function complain(message) {
  $("problem").textContent = message;
  $("problem").hidden = false;
}

/** With the key as it is now. */
function watch() {
  watching.abort();
  watching = new AbortController();
  follow("/v1/operations", headers, watching.signal, {
    event(now) {
      if (!state) showReports();
      if (isLost) $("problem").hidden = true;
      [state, isLost] = [now, false];
      show();
      jobs.refresh();
    },
    refused({ message }) {
      $("key-field").hidden = false;
      isLost = true; // until a right key is given
      complain(message);
    },
    lost() {
      isLost = true;
      complain(text("gateway-lost"));
    },
  });
}

$("rollback").onclick = async () => (await ask(text("ask-rollback"))) && post("routes/rollback", {});
$("try").onsubmit = (event) => {
  event.preventDefault();
  beginTrial();
};
$("try").elements.alias.onchange = show;
$("key").onchange = watch;
$("key-field").onsubmit = (event) => event.preventDefault();
$("language").onchange = ({ target }) => {
  choose(target.value);
  show();
  showReports();
};
$("language").value = language();
translatePage();
jobs = new Jobs($("jobs"), { headers, ask, complain });
watch();
