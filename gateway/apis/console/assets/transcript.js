// All that was said in one talk or recording, as the pipeline's events tell it. Knows no page and no sound.

/** "2.250s" -> 2.25 */
export const seconds = (duration) => (duration ? Number.parseFloat(duration) : 0);

const NEAR_S = 1; // a word outside every turn belongs to the one that is this close, as in the gateway

export class Transcript {
  finals = [];
  interim = null;
  notices = [];
  models = {};
  quality = null;
  #turns = new Map();
  #session = 0; // connections so far: each numbers its speakers and turns anew

  /** A connection begins at this time of the talk. */
  begin() {
    this.#session += 1;
  }

  /** One event of a connection that began `base` seconds into the talk. Returns what has changed. */
  apply(event, base = 0) {
    const at = (duration) => base + seconds(duration);
    switch (event.type) {
      case "opened":
        this.models = event.models;
        return "models";
      case "transcript":
        return event.is_final ? this.#final(event, at) : this.#guess(event, at);
      case "translation":
        return this.#translated(event, at);
      case "turn":
        this.#turn(event, at);
        return "turns";
      case "revision":
        for (const id of event.withdrawn_ids) this.#turns.delete(this.#key(id));
        for (const turn of event.turns) this.#turn(turn, at);
        return "turns";
      case "quality":
        this.quality = event;
        return "quality";
      case "notice":
        return this.note(event.interval ? at(event.interval.start) : this.end, event.message, event.stage);
      default:
        return "";
    }
  }

  /** Something did not go as asked. */
  note(at, message, stage = "") {
    this.notices.push({ at, message, stage });
    return "notice";
  }

  get end() {
    return Math.max(this.finals.at(-1)?.end ?? 0, this.interim?.end ?? 0);
  }

  /** Where the next final can begin at the earliest. */
  get settled() {
    return this.finals.at(-1)?.end ?? 0;
  }

  #final(event, at) {
    const words = event.words.map((word) => ({
      text: word.text,
      start: at(word.interval.start),
      end: at(word.interval.end),
      confidence: word.confidence,
      speaker: this.#name(word.speaker),
    }));
    const [start, end] = [at(event.interval.start), at(event.interval.end)];
    const final = { start, end, text: event.text.trim(), language: event.language, words, track: event.track };
    this.finals.push({ ...final, speaker: this.#name(event.speaker), translations: {}, spoken: this.#session });
    this.interim = null;
    return "final";
  }

  #guess(event, at) {
    const [start, end] = [at(event.interval?.start), at(event.interval?.end)];
    const committed = event.text.slice(0, event.committed_characters);
    this.interim = { start, end, committed, open: event.text.slice(event.committed_characters) };
    return "interim";
  }

  #translated(event, at) {
    const start = at(event.interval?.start);
    const final = this.finals.findLast((each) => each.start <= start + 0.01 && start < each.end) ?? this.finals.at(-1);
    if (!final) return "";
    const before = final.translations[event.target_language];
    final.translations[event.target_language] = before ? `${before} ${event.text.trim()}` : event.text.trim();
    return "translation";
  }

  #turn(turn, at) {
    const span = { start: at(turn.interval.start), end: at(turn.interval.end) };
    this.#turns.set(this.#key(turn.id), { ...span, speaker: this.#name(turn.speaker), session: this.#session });
  }

  #key(id) {
    return `${this.#session}/${id}`;
  }

  /** Number 1 of a second connection need not be number 1 of the first. */
  #name(speaker) {
    return speaker && this.#session > 1 ? `${speaker}${"′".repeat(this.#session - 1)}` : speaker;
  }

  get turns() {
    return [...this.#turns.values()].sort((one, other) => one.start - other.start);
  }

  /** Who says most of this, as far as the turns tell now; else as it was told with the words. */
  speakerOf({ start, end, speaker }) {
    const shares = new Map();
    let [near, gap] = ["", NEAR_S];
    for (const turn of this.#turns.values()) {
      const overlap = Math.min(end, turn.end) - Math.max(start, turn.start);
      if (overlap > 0) shares.set(turn.speaker, (shares.get(turn.speaker) ?? 0) + overlap);
      else if (-overlap < gap) [near, gap] = [turn.speaker, -overlap];
    }
    const best = [...shares].sort((one, other) => other[1] - one[1])[0];
    return best?.[0] ?? (near || speaker);
  }

  /** A final as runs of words of one speaker. */
  runs(final) {
    if (!final.words.length) return [{ speaker: this.speakerOf(final), words: [final] }];
    const runs = [];
    for (const word of final.words) {
      const speaker = this.speakerOf(word);
      if (runs.at(-1)?.speaker === speaker) runs.at(-1).words.push(word);
      else runs.push({ speaker, words: [word] });
    }
    return runs;
  }
}
