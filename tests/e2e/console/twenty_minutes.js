// In place of the server: twenty minutes of a talk's events in one, and what the page's frames and tasks took meanwhile.
(() => {
  const MINUTES = 20;
  const SPEED = 40; // times as fast as speech
  const STEP_S = 0.5; // between two guesses
  const WORDS = "so we should look at the numbers of the last week before anybody decides what to build next".split(" ");
  const span = (start, end) => ({ start: `${start.toFixed(3)}s`, end: `${end.toFixed(3)}s` });
  const frames = { gaps: [], tasks: [] };
  window.talked = frames;
  let last = 0;
  const frame = (now) => {
    if (last) frames.gaps.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };

  /** A final of twelve words every four seconds, guesses in between, three people, a revision every half minute. */
  function* events() {
    yield [0, { type: "opened", models: { asr: "asr@1", diarize: "diarize@1" } }];
    for (let s = STEP_S, n = 0; s <= 60 * MINUTES; s += STEP_S) {
      const start = 4 * Math.floor((s - 0.001) / 4);
      const said = WORDS.slice(0, Math.ceil(3 * (s - start)));
      yield [s, { type: "transcript", is_final: false, text: said.join(" "), committed_characters: said[0].length, interval: span(start, s) }];
      if (s % 1 === 0) yield [s, { type: "turn", id: `t${Math.floor(s / 5)}`, speaker: `${1 + (Math.floor(s / 5) % 3)}`, interval: span(5 * Math.floor(s / 5), s) }];
      if (s % 30 === 0) {
        const turns = [{ id: `r${s}`, speaker: `${1 + ((s / 30) % 3)}`, interval: span(s - 5, s) }];
        yield [s, { type: "revision", withdrawn_ids: [`t${s / 5 - 1}`], turns }];
      }
      if (s % 4 === 0) {
        const words = said.map((text, n) => ({ text, confidence: 0.9, speaker: "", interval: span(start + n / 3, start + (n + 1) / 3) }));
        yield [s, { type: "transcript", is_final: true, text: said.join(" "), words, speaker: "", interval: span(start, s) }];
        yield [s, { type: "translation", text: `Satz ${(n += 1)} auf Deutsch, etwa so lang wie er`, target_language: "de", interval: span(start, s) }];
      }
    }
  }

  window.WebSocket = class extends EventTarget {
    static OPEN = 1;
    readyState = 1;
    bufferedAmount = 0;
    #script = events();
    #next = this.#script.next();
    constructor() {
      super();
      setTimeout(() => this.onopen());
    }
    send(data) {
      if (!this.began && typeof data === "string") {
        this.began = performance.now();
        new PerformanceObserver((list) => frames.tasks.push(...list.getEntries().map((task) => task.duration))).observe({ type: "longtask" });
        requestAnimationFrame(frame);
        setTimeout(() => this.tick());
      }
    }
    tick() {
      const now = ((performance.now() - this.began) / 1000) * SPEED;
      while (!this.#next.done && this.#next.value[0] <= now) {
        this.onmessage({ data: JSON.stringify(this.#next.value[1]) });
        this.#next = this.#script.next();
      }
      frames.minutes = now / 60;
      if (this.#next.done) frames.over = true;
      else setTimeout(() => this.tick(), 10);
    }
    close() {}
  };
})();
