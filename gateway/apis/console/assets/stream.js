// One talk through Parley's WebSocket. A connection that breaks is opened anew from the last final words on, as long as
// the sound since then is kept. Knows neither the page nor where the sound comes from.
import { RATE } from "./tape.js";

const CHUNK = RATE / 10; // samples a frame
const AHEAD = 1 << 18; // bytes that wait in the socket; then it is given time
const PAUSES_S = [0.5, 1, 2, 4, 8, 8, 8];
const LOST = { code: "UNAVAILABLE", reason: "LOST", message: "" };
const TRY_AGAIN = new Set([1001, 1006, 1011, 1012, 1013]); // what may be over soon; anything else is final

export class Stream {
  #config;
  #key;
  #query;
  #tape;
  #tell;
  #settled;
  #socket = null;
  #sent = 0; // samples of the tape
  #base = 0; // where this connection began
  #heard = 0; // samples of cleaned sound
  #ended = false;
  #stopped = false;
  #failures = 0;
  #lostAt = 0;
  #refusal = null;
  #wasOpen = false;

  /**
   * `query` goes into the address; `tape` keeps the sound; `settled()` says how far the words are final, in seconds; `tell` gets what happens:
   * event(event, base), audio(samples, at), state(name), resumed({from, at, seconds, missing}), over(error or null).
   */
  constructor({ config, key, query, tape, settled, tell }) {
    [this.#config, this.#key, this.#query] = [config, key, query];
    [this.#tape, this.#settled, this.#tell] = [tape, settled, tell];
    this.#open();
  }

  /** More is on the tape. */
  push() {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    while (this.#sent < this.#tape.end && socket.bufferedAmount < AHEAD) {
      const samples = this.#tape.cut(this.#sent, Math.min(this.#tape.end, this.#sent + CHUNK));
      socket.send(samples);
      this.#sent += samples.length;
    }
    if (this.#sent < this.#tape.end) setTimeout(() => this.push(), 20);
    else if (this.#ended) socket.send('{"control": "end"}');
  }

  /** Nothing more will be. */
  end() {
    this.#ended = true;
    this.#tell.state("finishing");
    this.push();
  }

  /** Hang up, whatever is still to come. */
  stop() {
    this.#stopped = true;
    this.#socket?.close();
  }

  #open() {
    this.#tell.state(this.#failures ? "reconnecting" : "opening");
    const address = new URL("/v1/pipeline", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.search = new URLSearchParams(this.#query);
    const offered = this.#key ? ["parley", `openai-insecure-api-key.${this.#key}`] : ["parley"];
    const socket = new WebSocket(address, offered);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#begin(socket);
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#event(JSON.parse(data)) : this.#sound(data));
    socket.onclose = ({ code }) => this.#closed(code);
    this.#socket = socket;
  }

  #begin(socket) {
    this.#wasOpen = true;
    const wanted = this.#lostAt ? Math.round(this.#settled() * RATE) : 0;
    this.#base = Math.max(wanted, this.#tape.start);
    [this.#sent, this.#heard, this.#refusal] = [this.#base, this.#base, null];
    socket.send(JSON.stringify(this.#config));
    this.push();
    if (!this.#lostAt) return;
    const away = (performance.now() - this.#lostAt) / 1000;
    this.#lostAt = 0;
    this.#tell.resumed({ from: wanted / RATE, at: this.#base / RATE, seconds: away, missing: this.#base > wanted });
  }

  #event(event) {
    if (event.type === "error") {
      this.#refusal = event;
      return;
    }
    if (event.type === "opened") this.#tell.state(this.#ended ? "finishing" : "listening");
    if (event.type === "transcript") this.#failures = 0;
    this.#tell.event(event, this.#base / RATE);
  }

  #sound(data) {
    const samples = new Int16Array(data);
    this.#tell.audio(samples, this.#heard);
    this.#heard += samples.length;
  }

  async #closed(code) {
    if (this.#stopped || code === 1000) return this.#tell.over(null);
    const pause = PAUSES_S[this.#failures];
    const isFirst = this.#failures === 0 && !this.#wasOpen;
    if (!TRY_AGAIN.has(code) || pause === undefined || isFirst) {
      return this.#tell.over(this.#refusal ?? (await whyNot(this.#key, isFirst)));
    }
    this.#lostAt ||= performance.now();
    this.#failures += 1;
    this.#tell.state("reconnecting");
    setTimeout(() => (this.#stopped ? this.#tell.over(null) : this.#open()), 1000 * pause);
  }
}

/** Browsers do not say why a WebSocket was refused; the same key asks once more, plainly. */
async function whyNot(key, isFirst) {
  const answer = await fetch("/v1/models", { headers: key ? { authorization: `Bearer ${key}` } : {} }).catch(() => null);
  if (answer && !answer.ok) return (await answer.json()).error;
  return answer || !isFirst ? LOST : { ...LOST, reason: "NO_ANSWER" };
}
