// The last half hour of a sound, as 16-bit samples: what is older goes. Knows nothing of where it comes from.
export const RATE = 16000;
const PIECE = 60 * RATE; // samples
const KEPT = 30; // pieces

export class Tape {
  #pieces = []; // Int16Array of PIECE samples each; the last one is being filled
  #first = 0; // number of the first piece that is kept
  end = 0; // samples ever written

  get start() {
    return this.#first * PIECE;
  }

  append(samples) {
    for (let at = 0; at < samples.length; ) {
      const inside = this.end % PIECE;
      if (inside === 0) this.#add();
      const some = samples.subarray(at, at + PIECE - inside);
      this.#pieces.at(-1).set(some, inside);
      at += some.length;
      this.end += some.length;
    }
  }

  #add() {
    this.#pieces.push(new Int16Array(PIECE));
    if (this.#pieces.length > KEPT) {
      this.#pieces.shift();
      this.#first += 1;
    }
  }

  /** Samples of an interval; of what is no longer kept nothing. */
  cut(from, to) {
    const [start, end] = [Math.max(from, this.start), Math.min(to, this.end)];
    const out = new Int16Array(Math.max(0, end - start));
    for (let at = start; at < end; ) {
      const inside = at % PIECE;
      const some = this.#pieces[Math.floor(at / PIECE) - this.#first].subarray(inside, inside + end - at);
      out.set(some, at - start);
      at += some.length;
    }
    return out;
  }
}
