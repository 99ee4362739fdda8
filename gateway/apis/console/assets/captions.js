// The transcript on the page: final words solid, guesses lighter, a colour a speaker. Rows stand in blocks, and a block
// that is out of sight keeps its height and nothing else, so that hours stay light. Knows no stream.
import { make } from "./dom.js";
import { captionRow, fill, noticeRow, translated } from "./rows.js";

const COLOURS = 8;
const ROWS = 12; // of a block
const NEAR = "300px 0px"; // blocks so close to what is seen have their rows
const AT_THE_END = 40; // pixels

/** Some rows in a row. */
class Block {
  element = make("div", "block");
  items = []; // finals and notices
  isNear = true;
  #draw;
  #update;

  constructor(draw, update) {
    [this.#draw, this.#update] = [draw, update];
  }

  add(item) {
    this.items.push(item);
    if (this.isOpen) this.element.append(this.#draw(item));
  }

  get isOpen() {
    return !this.element.style.height;
  }

  open() {
    if (this.isOpen) return;
    this.element.style.height = "";
    this.element.replaceChildren(...this.items.map(this.#draw));
  }

  /** Its place stays. What is opened again later is not read out anew. */
  fold() {
    if (!this.isOpen) return;
    this.element.style.height = `${this.element.getBoundingClientRect().height}px`;
    this.element.ariaLive = "off";
    this.element.replaceChildren();
  }

  update() {
    if (this.isOpen) this.items.forEach((item, n) => this.#update(this.element.children[n], item));
  }
}

export class Captions {
  #box;
  #transcript;
  #blocks = [];
  #byElement = new Map();
  #shown = { finals: 0, notices: 0 };
  #guess = make("p", "guess");
  #changed = new Set();
  #colours = new Map();
  #sight;

  constructor(box, transcript, play) {
    [this.#box, this.#transcript] = [box, transcript];
    this.#sight = new IntersectionObserver((seen) => this.#see(seen), { root: box, rootMargin: NEAR });
    this.#guess.ariaLive = "off"; // only what is final is read out
    box.replaceChildren();
    box.onclick = ({ target }) => target.matches(".word") && play(Number(target.dataset.start), Number(target.dataset.end));
    box.onkeydown = (event) => this.#step(event);
    box.onscroll = () => (box.dataset.follows = this.#isAtTheEnd);
    new ResizeObserver(() => box.dataset.follows !== "false" && this.#toTheEnd()).observe(box);
  }

  /** Something of this kind has changed; it is drawn with the next frame. */
  update(kind) {
    if (!this.#changed.size) requestAnimationFrame(() => this.#draw());
    this.#changed.add(kind);
  }

  get #isAtTheEnd() {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < AT_THE_END;
  }

  #toTheEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  #draw() {
    const follows = this.#isAtTheEnd;
    const { finals, notices } = this.#transcript;
    for (; this.#shown.finals < finals.length; this.#shown.finals++) this.#add(finals[this.#shown.finals]);
    for (; this.#shown.notices < notices.length; this.#shown.notices++) this.#add(notices[this.#shown.notices]);
    if (this.#changed.has("turns") || this.#changed.has("translation")) for (const block of this.#blocks) block.update();
    this.#showGuess();
    this.#changed.clear();
    if (follows) this.#toTheEnd();
  }

  #add(item) {
    const last = this.#blocks.at(-1);
    if (last && last.items.length < ROWS) return last.add(item);
    if (last && !last.isNear) last.fold();
    const block = new Block((each) => this.#row(each), (row, each) => this.#refresh(row, each));
    this.#blocks.push(block);
    this.#byElement.set(block.element, block);
    this.#box.insertBefore(block.element, this.#guess.isConnected ? this.#guess : null);
    this.#sight.observe(block.element);
    block.add(item);
  }

  #row(item) {
    return item.message ? noticeRow(item) : captionRow(item, this.#transcript.runs(item), (speaker) => this.#colour(speaker));
  }

  #refresh(row, item) {
    if (item.message) return;
    fill(row, this.#transcript.runs(item), (speaker) => this.#colour(speaker));
    translated(row, item);
  }

  /** The last block stays open: rows are still added to it. */
  #see(seen) {
    for (const { target, isIntersecting } of seen) {
      const block = this.#byElement.get(target);
      block.isNear = isIntersecting;
      if (isIntersecting) block.open();
      else if (block !== this.#blocks.at(-1)) block.fold();
    }
  }

  #colour(speaker) {
    if (!this.#colours.has(speaker)) this.#colours.set(speaker, this.#colours.size % COLOURS);
    return this.#colours.get(speaker);
  }

  #showGuess() {
    const said = this.#transcript.interim;
    if (!said) return this.#guess.remove();
    if (!this.#guess.isConnected) this.#box.append(this.#guess);
    this.#guess.replaceChildren(make("span", "", said.committed), make("span", "open", said.open));
  }

  /** Arrows go from word to word. */
  #step(event) {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    const words = [...this.#box.querySelectorAll(".word")];
    const at = words.indexOf(document.activeElement);
    words.at(at < 0 ? -1 : Math.min(words.length - 1, Math.max(0, at + way)))?.focus();
    event.preventDefault();
  }
}
