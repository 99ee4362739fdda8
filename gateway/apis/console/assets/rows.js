// One caption as an element: when, who, the words and their translations; or a notice. Knows no list and no stream.
import { make } from "./dom.js";
import { text } from "./strings.js";

const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

/** `runs`: words by their speakers; `colour(speaker)` numbers them. */
export function captionRow(final, runs, colour) {
  const row = make("article", "row");
  row.append(make("time", "at", clock(final.start)), make("div", "said"), make("div", "translations"));
  fill(row, runs, colour);
  translated(row, final);
  return row;
}

/** Its words, unless they are there and are of whom they were. */
export function fill(row, runs, colour) {
  const whom = runs.map((run) => run.speaker).join("|");
  if (row.dataset.whom === whom) return;
  row.dataset.whom = whom;
  row.querySelector(".said").replaceChildren(...runs.map((run) => spoken(run, colour)));
}

function spoken({ speaker, words }, colour) {
  const line = make("p", "run");
  if (speaker) {
    line.dataset.speaker = colour(speaker);
    line.append(make("b", "who", text("speaker", { name: speaker })), " ");
  }
  for (const each of words) line.append(word(each), " ");
  return line;
}

function word({ text: said, start, end }) {
  const button = make("button", "word", said);
  button.type = "button";
  button.tabIndex = -1; // a page with a thousand stops is no use to a keyboard; arrows move inside the captions
  [button.dataset.start, button.dataset.end] = [start, end];
  return button;
}

/** Its translations, unless they are there. */
export function translated(row, { translations }) {
  const said = Object.entries(translations).sort(); // the same column for the same language
  const told = said.flat().join("\n");
  if ((row.dataset.told ?? "") === told) return;
  row.dataset.told = told;
  row.querySelector(".translations").replaceChildren(...said.map(([tag, each]) => column(tag, each)));
}

function column(tag, said) {
  const line = make("p", "translation", said);
  line.lang = tag;
  line.dataset.tag = tag;
  return line;
}

export function noticeRow({ at, message }) {
  return make("p", "notice", make("time", "at", clock(at)), " ", message);
}
