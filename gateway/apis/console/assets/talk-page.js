// The page "Talk": buttons and options on one side, a talk on the other. Only wires parts together.
import { snippets } from "./code.js";
import { button, copy, make } from "./dom.js";
import { TEXTS, save, wav } from "./exports.js";
import { Picture } from "./picture.js";
import { Listening, Problem, decode, openMicrophone, pace } from "./sound.js";
import { choose, language, text, translatePage } from "./strings.js";
import { Talk, explained } from "./talk.js";
import { RATE } from "./tape.js";
import { parts, showWaterfall } from "./waterfall.js";

const EXAMPLES = { "example-desk": "desk.flac", "example-two": "two-speakers.flac", "example-one": "one-speaker.flac" };
const LONGEST_S = 30 * 60;
const TRACE_MS = 3000; // between two looks at the trace
const $ = (id) => document.getElementById(id);
const pictures = { raw: new Picture($("raw")), cleaned: new Picture($("cleaned")) };
let talk = null; // what is going on, or was last
let hear = "raw";
let muted = false;

/** What the page asks of the pipeline. */
function config() {
  const wanted = { format: { sample_rate_hz: RATE }, asr: { interim_results: true, word_times: true } };
  if ($("speakers").checked) wanted.diarize = { open_turns: true };
  if ($("clean").checked) wanted.denoise = {};
  const targets = [...document.querySelectorAll("#targets input:checked")].map((box) => box.value);
  if (targets.length) wanted.translate = targets.map((tag) => ({ target_language: tag }));
  return wanted;
}

const page = {
  state: showState,
  progress: (share) => ($("progress").value = share),
  facts: (rows) => $("facts").replaceChildren(...rows.flatMap(([name, value]) => [make("dt", "", text(name)), make("dd", "", value)])),
  hears: () => hear,
  problem: complain,
  over(problem) {
    showState(problem ? "" : "done");
    showRunning(false);
    if (problem) complain(problem);
  },
};

/** It takes the place of the one before, which stays on the page until then. */
function makeTalk(total) {
  talk?.drop();
  talk = new Talk({ config: config(), key: $("key").value, total, captions: $("captions"), pictures, page });
  return talk;
}

async function begin(open) {
  hideProblem();
  const before = $("state").textContent;
  try {
    await open();
    showRunning(true);
  } catch (error) {
    $("state").textContent = before;
    complain(error instanceof Problem ? error : new Problem("refused", { message: String(error) }));
  }
}

/** An answer, unless nobody answers. */
async function ask(path, options = {}) {
  return fetch(path, { ...options, headers: authorization() }).catch(() => {
    throw new Problem("no-answer");
  });
}

const speak = () =>
  begin(async () => {
    let early = []; // sound that comes before the talk is made
    const source = await openMicrophone((samples) => (early ? early.push(samples) : mine.hear(samples)), lose);
    const mine = makeTalk(0);
    mine.source = source;
    for (const samples of early) mine.hear(samples);
    early = null;
  });

function lose() {
  complain(new Problem("microphone-gone"));
  talk.finish();
}

const playFile = (blob, name) => begin(() => openFile(blob, name));

async function openFile(blob, name) {
  showState("opening");
  const samples = await decode(blob, name, LONGEST_S);
  const mine = makeTalk(samples.length);
  mine.listening = new Listening(hear, muted);
  mine.source = pace(samples, (some) => mine.hear(some), () => mine.stream.end());
}

const playExample = (file) => begin(async () => openFile(await (await ask(`/assets/recordings/${file}`)).blob(), file));

function showRunning(running) {
  const button = $("microphone");
  button.setAttribute("aria-pressed", running);
  button.querySelector("[data-text]").dataset.text = running ? "stop" : "speak";
  $("progress").hidden = !(running && talk?.total);
  $("listen").hidden = !talk?.total;
  $("clear").disabled = !talk;
  for (const each of $("exports").children) each.disabled = !talk;
  $("cleaned-figure").hidden = !$("clean").checked;
  translatePage($("microphone"));
}

function showState(name) {
  $("state").textContent = name ? text(name) : "";
}

function complain(problem) {
  if (["needs-key", "forbidden"].includes(problem.key)) $("key-field").hidden = false;
  $("problem").textContent = text(problem.key, problem.values);
  $("problem").hidden = false;
}

const hideProblem = () => ($("problem").hidden = true);

function offerExamples() {
  const offers = Object.entries(EXAMPLES).map(([name, file]) => {
    const made = button(text(name), () => playExample(file));
    made.dataset.text = name;
    return made;
  });
  $("examples").replaceChildren(...offers);
}

function offerExports() {
  const texts = Object.entries(TEXTS).map(([ending, { kind, write }]) =>
    button(ending.toUpperCase(), () => save(`talk.${ending}`, new Blob([write(talk.transcript)], { type: kind }))),
  );
  $("exports").replaceChildren(...texts, button("WAV", saveSound), button("FLAC", saveFlac));
  for (const each of $("exports").children) each.disabled = true;
}

function saveSound() {
  const tape = talk.sound("cleaned");
  save("talk.wav", wav(tape.cut(tape.start, tape.end), RATE));
}

/** The service writes the FLAC: it cleans the recording once more, with all of it at hand. */
async function saveFlac() {
  const body = new FormData();
  body.append("file", wav(talk.tapes.raw.cut(talk.tapes.raw.start, talk.tapes.raw.end), RATE), "talk.wav");
  body.append("response_format", "flac");
  const answer = await ask("/v1/audio/denoise", { method: "POST", body }).catch(complain);
  if (answer?.ok) save("talk.flac", await answer.blob());
  else if (answer) complain(explained((await answer.json()).error));
}

const authorization = () => ($("key").value ? { authorization: `Bearer ${$("key").value}` } : {});

/** The languages that the translator has. */
async function offerTargets() {
  const answer = await ask("/languages").catch(complain);
  if (answer?.status === 401) $("key-field").hidden = false;
  const known = answer?.ok ? await answer.json() : [];
  const names = new Intl.DisplayNames([language()], { type: "language" });
  const checked = new Set([...document.querySelectorAll("#targets input:checked")].map((box) => box.value));
  const boxes = known.map(({ code }) => {
    const [label, box] = [make("label"), make("input")];
    [box.type, box.value, box.checked] = ["checkbox", code, checked.has(code)];
    label.append(box, ` ${names.of(code)}`);
    return label;
  });
  const legend = $("targets").querySelector("legend");
  $("targets").replaceChildren(legend, ...boxes);
  $("targets").hidden = !boxes.length;
}

/** The trace of what is going on, and the time that the question itself took. */
async function showTime() {
  if (!talk || talk.isOver || document.hidden) return;
  const began = performance.now();
  const alive = await fetch("/healthz").catch(() => null);
  const network_ms = performance.now() - began;
  const answer = alive && (await fetch(`/v1/traces?id=${talk.trace.id}`, { headers: authorization() }).catch(() => null));
  const stages = answer?.ok ? parts((await answer.json()).spans) : {};
  $("time").hidden = !Object.keys(stages).length;
  showWaterfall($("waterfall"), stages, network_ms);
}

/** Browsers keep the microphone from pages that came over plain http from elsewhere. */
function offerFilesOnly() {
  $("microphone").disabled = true;
  $("microphone").classList.remove("primary");
  document.querySelector("label[for=file]").classList.add("primary");
  complain(new Problem("no-secure-context"));
}

function showCode() {
  const all = snippets({ host: location.host, secure: location.protocol === "https:", key: $("key").value, config: config() });
  const shown = $("code-tabs").dataset.shown ?? Object.keys(all)[0];
  const tabs = Object.keys(all).map((name) => {
    const tab = button(name, () => {
      $("code-tabs").dataset.shown = name;
      showCode();
    });
    tab.role = "tab";
    tab.setAttribute("aria-selected", name === shown);
    return tab;
  });
  $("code-tabs").replaceChildren(...tabs);
  $("code-text").textContent = all[shown];
}

function listenTo(what, isMuted) {
  [hear, muted] = [what, isMuted];
  $("hear-raw").setAttribute("aria-pressed", what === "raw");
  $("hear-clean").setAttribute("aria-pressed", what === "cleaned");
  $("mute").setAttribute("aria-pressed", isMuted);
  talk?.listening?.choose(what, isMuted);
}

function clear() {
  talk?.drop();
  talk = null;
  hideProblem();
  showState("");
  showRunning(false);
  const empty = make("p", "empty", text("empty"));
  empty.dataset.text = "empty";
  $("captions").replaceChildren(empty);
  $("facts").replaceChildren();
  $("time").hidden = true;
  for (const picture of Object.values(pictures)) picture.clear();
}

$("microphone").onclick = () => (talk && !talk.isOver ? talk.finish() : speak());
$("file").onchange = ({ target }) => {
  if (target.files[0]) playFile(target.files[0], target.files[0].name);
  target.value = "";
};
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) playFile(file, file.name);
});
$("hear-raw").onclick = () => listenTo("raw", muted);
$("hear-clean").onclick = () => listenTo("cleaned", muted);
$("mute").onclick = () => listenTo(hear, !muted);
$("newest").onclick = () => ($("captions").scrollTop = $("captions").scrollHeight);
$("clear").onclick = clear;
$("copy").onclick = async () => {
  await copy($("code-text"));
  $("copy").textContent = text("copied");
  setTimeout(() => ($("copy").textContent = text("copy")), 1500);
};
$("code").ontoggle = showCode;
document.querySelector(".options").addEventListener("change", showCode);
$("key-field").onsubmit = (event) => event.preventDefault();
$("key").onchange = () => {
  hideProblem();
  showCode();
  offerTargets();
};
$("language").onchange = ({ target }) => {
  choose(target.value);
  offerTargets();
};

$("language").value = language();
offerExamples();
offerExports();
translatePage();
showRunning(false);
offerTargets();
setInterval(showTime, TRACE_MS);
if (!isSecureContext) offerFilesOnly();
