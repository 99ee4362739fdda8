// The page "Talk": microphone, file or example -> stream -> captions, pictures, files. Only wires parts together.
import { Captions } from "./captions.js";
import { snippets } from "./code.js";
import { TEXTS, save, wav } from "./exports.js";
import { Picture } from "./picture.js";
import { Listening, Problem, decode, openMicrophone, pace, playMoment } from "./sound.js";
import { Stream } from "./stream.js";
import { choose, language, text, translatePage } from "./strings.js";
import { RATE, Tape } from "./tape.js";
import { Transcript } from "./transcript.js";

const EXAMPLES = { "example-desk": "desk.flac", "example-two": "two-speakers.flac", "example-one": "one-speaker.flac" };
const LONGEST_S = 30 * 60;
const CONTEXT_S = 0.15; // around a word that is played
const $ = (id) => document.getElementById(id);
const pictures = { raw: new Picture($("raw")), cleaned: new Picture($("cleaned")) };
let talk = null; // what is going on, or was last
let hear = "raw";
let muted = false;

class Talk {
  transcript = new Transcript();
  tapes = { raw: new Tape(), cleaned: new Tape() };
  listening = null;
  source = null;
  isOver = false;

  constructor(total = 0) {
    this.total = total;
    this.captions = new Captions($("captions"), this.transcript, (start, end) => this.#play(start, end));
    for (const picture of Object.values(pictures)) picture.clear();
    this.stream = new Stream({
      config: config(),
      key: $("key").value,
      tape: this.tapes.raw,
      settled: () => this.transcript.settled,
      tell: {
        event: (event, base) => this.#event(event, base),
        audio: (samples, at) => this.#cleaned(samples, at),
        state: (name) => showState(name),
        resumed: (facts) => this.#resumed(facts),
        over: (error) => this.#over(error),
      },
    });
  }

  hear(samples) {
    const at = this.tapes.raw.end;
    this.tapes.raw.append(samples);
    this.listening?.add("raw", samples, at);
    pictures.raw.add(samples);
    this.stream.push();
    if (this.total) $("progress").value = this.tapes.raw.end / this.total;
  }

  #cleaned(samples, at) {
    const fresh = samples.subarray(Math.max(0, this.tapes.cleaned.end - at)); // after a reconnection some come again
    this.listening?.add("cleaned", fresh, this.tapes.cleaned.end);
    this.tapes.cleaned.append(fresh);
    pictures.cleaned.add(fresh);
  }

  #event(event, base) {
    if (event.type === "opened") this.transcript.begin();
    const kind = this.transcript.apply(event, base);
    if (kind === "final") this.#delay(event, base);
    this.captions.update(kind);
    if (["models", "quality", "final"].includes(kind)) this.#facts();
  }

  /** How long after the end of what was said its final words came. */
  #delay(event, base) {
    const spoken = base + Number.parseFloat(event.interval.end);
    this.delay = Math.max(0, this.tapes.raw.end / RATE - spoken);
  }

  #facts() {
    const { models, quality } = this.transcript;
    const rows = [["fact-models", Object.values(models).join(", ")]];
    if (this.delay !== undefined && !this.isOver) rows.push(["fact-delay", `${this.delay.toFixed(1)} s`]);
    if (quality && !quality.silent) {
      rows.push(["fact-quality", `${quality.input_snr_db.toFixed(0)} → ${quality.output_snr_db.toFixed(0)} dB`]);
      if (quality.clipped_share > 0.001) rows.push(["fact-clipping", `${(100 * quality.clipped_share).toFixed(1)} %`]);
    }
    $("facts").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", text(name)), element("dd", value)]));
  }

  #resumed({ from, at, seconds, missing }) {
    const facts = { seconds: seconds.toFixed(1), from: from.toFixed(1), at: at.toFixed(1) };
    const speakers = $("speakers").checked ? ` ${text("speakers-anew")}` : "";
    this.transcript.note(at, text(missing ? "missed" : "resumed", facts) + speakers);
    this.captions.update("notice");
  }

  #play(start, end) {
    const tape = this.tapes[hear].end ? this.tapes[hear] : this.tapes.raw;
    const samples = tape.cut(Math.round((start - CONTEXT_S) * RATE), Math.round((end + CONTEXT_S) * RATE));
    if (samples.length) playMoment(samples);
    else complain(new Problem("sound-gone"));
  }

  finish() {
    this.source?.stop();
    this.stream.end();
  }

  /** Nobody waits for it any more. */
  drop() {
    this.isOver = true;
    this.source?.stop();
    this.stream.stop();
    this.listening?.close();
  }

  #over(error) {
    if (this.isOver) return;
    this.drop();
    showState(error ? "" : "done");
    showRunning(false);
    if (error) complain(explained(error));
  }
}

function explained({ code, reason, message }) {
  if (code === "UNAUTHENTICATED") return new Problem("needs-key");
  if (code === "PERMISSION_DENIED") return new Problem("forbidden", { message });
  return reason === "LOST" ? new Problem("lost") : new Problem("refused", { message });
}

/** What the page asks of the pipeline. */
function config() {
  const wanted = { format: { sample_rate_hz: RATE }, asr: { interim_results: true, word_times: true } };
  if ($("speakers").checked) wanted.diarize = { open_turns: true };
  if ($("clean").checked) wanted.denoise = {};
  const targets = [...document.querySelectorAll("#targets input:checked")].map((box) => box.value);
  if (targets.length) wanted.translate = targets.map((tag) => ({ target_language: tag }));
  return wanted;
}

async function begin(open) {
  hideProblem();
  talk?.drop();
  try {
    await open();
    showRunning(true);
  } catch (error) {
    showState("");
    showRunning(false);
    complain(error instanceof Problem ? error : new Problem("refused", { message: String(error) }));
  }
}

const speak = () =>
  begin(async () => {
    let early = []; // sound that comes before the talk is made
    const source = await openMicrophone((samples) => (early ? early.push(samples) : talk.hear(samples)));
    talk = new Talk();
    talk.source = source;
    for (const samples of early) talk.hear(samples);
    early = null;
  });

const playFile = (blob, name) =>
  begin(async () => {
    showState("opening");
    const samples = await decode(blob, name, LONGEST_S);
    const mine = new Talk(samples.length);
    talk = mine;
    mine.listening = new Listening(hear, muted);
    mine.source = pace(samples, (some) => mine.hear(some), () => mine.stream.end());
  });

const playExample = async (file) => playFile(await (await fetch(`/assets/recordings/${file}`)).blob(), file);

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

const showState = (name) => ($("state").textContent = name ? text(name) : "");

function complain(problem) {
  if (["needs-key", "forbidden"].includes(problem.key)) $("key-field").hidden = false;
  $("problem").textContent = text(problem.key, problem.values);
  $("problem").hidden = false;
}

const hideProblem = () => ($("problem").hidden = true);

function element(tag, said) {
  const made = document.createElement(tag);
  made.textContent = said;
  return made;
}

function button(said, act) {
  const made = element("button", said);
  made.type = "button";
  made.onclick = act;
  return made;
}

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

const kept = () => {
  const tape = talk.tapes.cleaned.end ? talk.tapes.cleaned : talk.tapes.raw;
  return tape.cut(tape.start, tape.end);
};
const saveSound = () => save("talk.wav", wav(kept(), RATE));

/** The service writes the FLAC: it cleans the recording once more, with all of it at hand. */
async function saveFlac() {
  const body = new FormData();
  body.append("file", wav(talk.tapes.raw.cut(talk.tapes.raw.start, talk.tapes.raw.end), RATE), "talk.wav");
  body.append("response_format", "flac");
  const answer = await fetch("/v1/audio/denoise", { method: "POST", body, headers: authorization() });
  if (answer.ok) save("talk.flac", await answer.blob());
  else complain(explained((await answer.json()).error));
}

const authorization = () => ($("key").value ? { authorization: `Bearer ${$("key").value}` } : {});

/** The languages that the translator has. */
async function offerTargets() {
  const answer = await fetch("/languages", { headers: authorization() });
  if (answer.status === 401) $("key-field").hidden = false;
  const known = answer.ok ? await answer.json() : [];
  const names = new Intl.DisplayNames([language()], { type: "language" });
  const checked = new Set([...document.querySelectorAll("#targets input:checked")].map((box) => box.value));
  const boxes = known.map(({ code }) => {
    const [label, box] = [element("label", ""), document.createElement("input")];
    [box.type, box.value, box.checked] = ["checkbox", code, checked.has(code)];
    label.append(box, ` ${names.of(code)}`);
    return label;
  });
  const legend = $("targets").querySelector("legend");
  $("targets").replaceChildren(legend, ...boxes);
  $("targets").hidden = !boxes.length;
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
  const empty = element("p", text("empty"));
  [empty.className, empty.dataset.text] = ["empty", "empty"];
  $("captions").replaceChildren(empty);
  $("facts").replaceChildren();
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
$("clear").onclick = clear;
$("copy").onclick = async () => {
  await navigator.clipboard.writeText($("code-text").textContent);
  $("copy").textContent = text("copied");
  setTimeout(() => ($("copy").textContent = text("copy")), 1500);
};
$("code").ontoggle = showCode;
$("key").onchange = () => {
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
