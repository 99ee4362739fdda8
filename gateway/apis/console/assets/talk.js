// One talk: sound in, and what comes back to captions, pictures and facts. Knows no buttons.
import { Captions } from "./captions.js";
import { Problem, playMoment } from "./sound.js";
import { Stream } from "./stream.js";
import { text } from "./strings.js";
import { RATE, Tape } from "./tape.js";
import { Transcript } from "./transcript.js";
import { newTrace } from "./waterfall.js";

const CONTEXT_S = 0.15; // around a word that is played

export class Talk {
  transcript = new Transcript();
  trace = newTrace();
  tapes = { raw: new Tape(), cleaned: new Tape() };
  listening = null;
  source = null;
  isOver = false;

  /** `total` samples will come, if that is known; `page` shows what happens: state(name), progress(share), facts(rows), problem(it), over(). */
  constructor({ config, key, total = 0, captions, pictures, page }) {
    Object.assign(this, { config, total, pictures, page });
    this.captions = new Captions(captions, this.transcript, (start, end) => this.#play(start, end));
    for (const picture of Object.values(pictures)) picture.clear();
    this.stream = new Stream({
      config,
      key,
      query: this.trace.query,
      tape: this.tapes.raw,
      settled: () => this.transcript.settled,
      tell: {
        event: (event, base) => this.#event(event, base),
        audio: (samples, at) => this.#cleaned(samples, at),
        state: (name) => page.state(name),
        resumed: (facts) => this.#resumed(facts),
        over: (error) => this.#over(error),
      },
    });
  }

  hear(samples) {
    const at = this.tapes.raw.end;
    this.heardAt = performance.now();
    this.tapes.raw.append(samples);
    this.listening?.add("raw", samples, at);
    this.pictures.raw.add(samples);
    this.stream.push();
    if (this.total) this.page.progress(this.tapes.raw.end / this.total);
  }

  #cleaned(samples, at) {
    const tape = this.tapes.cleaned;
    if (at > tape.end) tape.append(new Int16Array(at - tape.end)); // what a broken connection took along
    const fresh = samples.subarray(Math.max(0, tape.end - at)); // after a reconnection some come again
    this.listening?.add("cleaned", fresh, tape.end);
    tape.append(fresh);
    this.pictures.cleaned.add(fresh);
  }

  #event(event, base) {
    if (event.type === "opened") this.transcript.begin();
    const kind = this.transcript.apply(event, base);
    if (kind === "final") this.#delay(event, base);
    if (kind) this.captions.update(kind);
    if (["models", "quality", "final"].includes(kind)) this.#facts();
  }

  /** How long after the end of what was said its final words came. */
  #delay(event, base) {
    const spoken = base + Number.parseFloat(event.interval.end);
    const since = (performance.now() - this.heardAt) / 1000; // after the end of a recording nothing more is heard
    this.delay = Math.max(0, this.tapes.raw.end / RATE - spoken + since);
  }

  #facts() {
    const { models, quality } = this.transcript;
    const rows = [["fact-models", Object.values(models).join("\n")]];
    if (this.delay !== undefined && !this.isOver) rows.push(["fact-delay", `${this.delay.toFixed(1)} s`]);
    if (quality && !quality.silent) {
      rows.push(["fact-quality", `${quality.input_snr_db.toFixed(0)} → ${quality.output_snr_db.toFixed(0)} dB`]);
      if (quality.clipped_share > 0.001) rows.push(["fact-clipping", `${(100 * quality.clipped_share).toFixed(1)} %`]);
    }
    this.page.facts(rows);
  }

  #resumed({ from, at, seconds, missing }) {
    const facts = { seconds: seconds.toFixed(1), from: from.toFixed(1), at: at.toFixed(1) };
    const speakers = this.config.diarize ? ` ${text("speakers-anew")}` : "";
    this.transcript.note(at, text(missing ? "missed" : "resumed", facts) + speakers);
    this.captions.update("notice");
  }

  #play(start, end) {
    const tape = this.sound(this.page.hears());
    const samples = tape.cut(Math.round((start - CONTEXT_S) * RATE), Math.round((end + CONTEXT_S) * RATE));
    if (samples.length) playMoment(samples);
    else this.page.problem(new Problem("sound-gone"));
  }

  /** What is kept of the original or the cleaned sound; of the original where there is no other. */
  sound(what) {
    return this.tapes[what].end ? this.tapes[what] : this.tapes.raw;
  }

  /** No more sound; what is still to be answered is awaited. */
  finish() {
    this.#silence();
    this.stream.end();
  }

  #silence() {
    this.source?.stop();
    this.source = null;
  }

  /** Nobody waits for it any more. */
  drop() {
    if (this.isOver) return;
    this.isOver = true;
    this.#silence();
    this.stream.stop();
    this.listening?.close();
  }

  #over(error) {
    if (this.isOver) return;
    this.drop();
    this.page.over(error ? explained(error) : null);
  }
}

/** What a refusal asks of the person who reads it. */
export function explained({ code, reason, message }) {
  if (code === "UNAUTHENTICATED") return new Problem("needs-key");
  if (code === "PERMISSION_DENIED") return new Problem("forbidden", { message });
  const sentence = { LOST: "lost", NO_ANSWER: "no-answer" }[reason];
  return sentence ? new Problem(sentence) : new Problem("refused", { message });
}
