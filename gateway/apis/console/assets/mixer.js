// Plays tracks in step, each as loud as its fader says. Knows no page and no server.

/** Tracks of one recording: name -> the bytes of a sound file. */
export class Mixer {
  #context = new AudioContext();
  #gains = {};
  #buffers = {};
  #sources = [];
  #began = 0; // on the context's clock, when the first sample was, or would have been
  #paused = 0; // where it stands while nothing plays, in seconds

  static async of(files) {
    const mixer = new Mixer();
    for (const [name, bytes] of Object.entries(files)) {
      mixer.#buffers[name] = await mixer.#context.decodeAudioData(bytes);
      mixer.#gains[name] = mixer.#context.createGain();
      mixer.#gains[name].connect(mixer.#context.destination);
    }
    return mixer;
  }

  get names() {
    return Object.keys(this.#buffers);
  }

  get length_s() {
    return Math.max(...Object.values(this.#buffers).map((each) => each.duration));
  }

  get isPlaying() {
    return this.#sources.length > 0;
  }

  get at_s() {
    return this.isPlaying ? Math.min(this.#context.currentTime - this.#began, this.length_s) : this.#paused;
  }

  level(name) {
    return this.#gains[name].gain.value;
  }

  set(name, level) {
    this.#gains[name].gain.value = level;
  }

  /** From where it stands; from the beginning where it has ended. */
  async play() {
    await this.#context.resume();
    const from = this.#paused >= this.length_s ? 0 : this.#paused;
    const when = this.#context.currentTime + 0.05; // all begin at one moment
    this.#began = when - from;
    this.#sources = Object.entries(this.#buffers).map(([name, buffer]) => {
      const source = new AudioBufferSourceNode(this.#context, { buffer });
      source.connect(this.#gains[name]);
      source.start(when, from);
      return source;
    });
  }

  pause() {
    this.#paused = Math.max(0, this.at_s);
    for (const source of this.#sources) source.stop();
    this.#sources = [];
  }

  seek(at_s) {
    const plays = this.isPlaying;
    this.pause();
    this.#paused = at_s;
    if (plays) this.play();
  }

  close() {
    this.#context.close();
  }
}
