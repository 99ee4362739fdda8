// The transcript as rows on the page: final words solid, guesses lighter, a colour a speaker. Knows no stream.
import { make } from "./dom.js";
import { text } from "./strings.js";

const COLOURS = 8;
const WHOLE = 400; // rows whose words can be clicked; older ones keep their text alone, so that hours stay light

const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

export class Captions {
  #box;
  #transcript;
  #play;
  #rows = []; // one a final
  #guess = null;
  #notes = 0;
  #colours = new Map();

  constructor(box, transcript, play) {
    [this.#box, this.#transcript, this.#play] = [box, transcript, play];
    box.replaceChildren();
  }

  /** Something of this kind has changed. */
  update(kind) {
    const stays = this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < 40;
    if (kind === "final") this.#addFinal();
    if (kind === "translation") this.#translate();
    if (kind === "turns") this.#recolour();
    if (kind === "notice") this.#addNotices();
    if (kind === "interim" || kind === "final") this.#showGuess();
    if (stays) this.#box.scrollTop = this.#box.scrollHeight;
  }

  #addFinal() {
    const final = this.#transcript.finals.at(-1);
    const row = make("article", "row");
    row.append(make("time", "at", clock(final.start)), make("div", "said"), make("div", "translations"));
    this.#box.insertBefore(row, this.#guess);
    this.#rows.push(row);
    this.#fill(row, final);
    const old = this.#rows.length - WHOLE;
    if (old > 0) this.#fade(this.#rows[old - 1], this.#transcript.finals[old - 1]);
  }

  #fill(row, final) {
    const runs = this.#transcript.runs(final);
    const whom = runs.map((run) => run.speaker).join("|");
    if (row.dataset.whom === whom) return;
    row.dataset.whom = whom;
    row.querySelector(".said").replaceChildren(...runs.map((run) => this.#run(run)));
  }

  #run({ speaker, words }) {
    const line = make("p", "run");
    if (speaker) {
      line.dataset.speaker = this.#colour(speaker);
      line.append(make("b", "who", text("speaker", { name: speaker })), " ");
    }
    for (const word of words) line.append(this.#word(word), " ");
    return line;
  }

  #word(word) {
    const button = make("button", "word", word.text);
    button.type = "button";
    button.tabIndex = -1; // a page with a thousand stops is no use to a keyboard; arrows move inside the captions
    button.onclick = () => this.#play(word.start, word.end);
    return button;
  }

  #fade(row, final) {
    row.dataset.whom = "faded";
    const runs = this.#transcript.runs(final);
    row.querySelector(".said").textContent = runs.map((run) => run.words.map((word) => word.text).join(" ")).join(" — ");
  }

  #colour(speaker) {
    if (!this.#colours.has(speaker)) this.#colours.set(speaker, this.#colours.size % COLOURS);
    return this.#colours.get(speaker);
  }

  #recolour() {
    const first = Math.max(0, this.#rows.length - WHOLE);
    for (let n = first; n < this.#rows.length; n++) this.#fill(this.#rows[n], this.#transcript.finals[n]);
  }

  #translate() {
    const first = Math.max(0, this.#rows.length - 3); // it comes soon after its final
    for (let n = first; n < this.#rows.length; n++) {
      const all = Object.entries(this.#transcript.finals[n].translations);
      this.#rows[n].querySelector(".translations").replaceChildren(...all.map(([tag, said]) => column(tag, said)));
    }
  }

  #addNotices() {
    for (const notice of this.#transcript.notices.slice(this.#notes)) {
      const row = make("p", "notice");
      row.append(make("time", "at", clock(notice.at)), " ", notice.message);
      this.#box.insertBefore(row, this.#guess);
    }
    this.#notes = this.#transcript.notices.length;
  }

  #showGuess() {
    const said = this.#transcript.interim;
    if (!said) {
      this.#guess?.remove();
      this.#guess = null;
      return;
    }
    this.#guess ??= this.#box.appendChild(make("p", "guess"));
    this.#guess.replaceChildren(make("span", "", said.committed), make("span", "open", said.open));
  }
}

function column(tag, said) {
  const line = make("p", "translation", said);
  line.lang = tag;
  line.dataset.tag = tag;
  return line;
}
