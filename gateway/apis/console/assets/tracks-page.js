// The page "Tracks": a recording in, its voice and its music out, a fader each. Only wires parts together.
import { button, make } from "./dom.js";
import { save } from "./exports.js";
import { Mixer } from "./mixer.js";
import { Problem } from "./sound.js";
import { choose, language, text, translatePage } from "./strings.js";
import { explained } from "./talk.js";
import { unzip } from "./zip.js";

const EXAMPLE = "over-music.flac";
const TICK_MS = 100;
const $ = (id) => document.getElementById(id);
let mixer = null;

const authorization = () => ($("key").value ? { authorization: `Bearer ${$("key").value}` } : {});

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: authorization() }).catch(() => {
    throw new Problem("no-answer");
  });
  if (!answer.ok) throw explained((await answer.json()).error);
  return answer;
}

/** The tracks of a recording, name -> bytes. */
async function separated(blob, name) {
  const body = new FormData();
  body.append("file", blob, name);
  body.append("response_format", "zip");
  body.append("config", JSON.stringify({ keep_channels: true }));
  const answer = await ask("/v1/audio/separate", { method: "POST", body });
  return unzip(await answer.arrayBuffer());
}

async function open(get, name) {
  $("problem").hidden = true;
  say("separating");
  for (const each of [$("file"), $("example")]) each.disabled = true;
  try {
    const files = await separated(await get(), name);
    await show(files, name);
    say("");
  } catch (error) {
    say("");
    complain(error instanceof Problem ? error : new Problem("refused", { message: String(error) }));
  }
  for (const each of [$("file"), $("example")]) each.disabled = false;
}

async function show(files, name) {
  const saved = Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file, new Blob([bytes], { type: "audio/flac" })]));
  const made = await Mixer.of(Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file.replace(/\.flac$/, ""), bytes])));
  mixer?.pause();
  mixer?.close();
  mixer = made;
  $("mixer-title").textContent = name;
  $("position").max = mixer.length_s;
  $("faders").replaceChildren(...mixer.names.map((track) => fader(track, saved[`${track}.flac`])));
  $("mixer").hidden = false;
  tick();
}

/** A track's name, its fader, what alone makes of the others, and the file. */
function fader(track, blob) {
  const [label, range] = [make("label", "", called(track)), make("input")];
  [range.type, range.min, range.max, range.step, range.value, range.id] = ["range", 0, 1, "any", 1, `fader-${track}`];
  label.htmlFor = range.id;
  range.oninput = () => mixer.set(track, Number(range.value));
  const alone = button(text("alone"), () => {
    for (const other of mixer.names) {
      $(`fader-${other}`).value = other === track ? 1 : 0;
      mixer.set(other, other === track ? 1 : 0);
    }
  });
  const row = make("div", "fader", label, range, alone, button("FLAC", () => save(`${track}.flac`, blob)));
  row.dataset.track = track;
  return row;
}

/** In the reader's language, where there is a word for it. */
function called(track) {
  const known = { voice: text("track-voice"), music: text("track-music") };
  return known[track] ?? track;
}

function tick() {
  if (!mixer) return;
  if (mixer.isPlaying && mixer.at_s >= mixer.length_s) mixer.pause();
  if (document.activeElement !== $("position")) $("position").value = mixer.at_s;
  $("time").textContent = `${mixer.at_s.toFixed(1)} / ${mixer.length_s.toFixed(1)} s`;
  $("play").setAttribute("aria-pressed", mixer.isPlaying);
  $("play").dataset.text = mixer.isPlaying ? "pause" : "play";
  $("play").textContent = mixer.isPlaying ? text("pause") : text("play");
}

function say(name) {
  $("state").textContent = name ? text(name) : "";
}

function complain(problem) {
  if (["needs-key", "forbidden"].includes(problem.key)) $("key-field").hidden = false;
  $("problem").textContent = text(problem.key, problem.values);
  $("problem").hidden = false;
}

$("file").onchange = ({ target }) => {
  const [file] = target.files;
  if (file) open(async () => file, file.name);
  target.value = "";
};
$("example").onclick = () => open(async () => (await ask(`/assets/recordings/${EXAMPLE}`)).blob(), EXAMPLE);
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) open(async () => file, file.name);
});
$("play").onclick = () => (mixer.isPlaying ? Promise.resolve(mixer.pause()) : mixer.play()).then(tick);
$("position").onchange = ({ target }) => {
  mixer.seek(Number(target.value));
  target.blur();
};
$("key-field").onsubmit = (event) => event.preventDefault();
$("language").onchange = ({ target }) => {
  choose(target.value);
  for (const label of document.querySelectorAll(".fader label")) label.textContent = called(label.htmlFor.replace("fader-", ""));
};

$("language").value = language();
translatePage();
setInterval(tick, TICK_MS);
