// Where sound comes from (microphone, file) and how it is played. Samples are 16-bit, at RATE. Knows no stream.
import { RATE } from "./tape.js";

const STEP_S = 0.1;
const LATER_S = 0.6; // what is heard comes so much later than it is sent: cleaned sound needs its way

/** Something that a person can mend; `key` names the sentence. */
export class Problem extends Error {
  constructor(key, values = {}) {
    super(key);
    [this.key, this.values] = [key, values];
  }
}

/** Asks for the microphone and tells its sound until it is stopped; `gone()` where the device goes first. */
export async function openMicrophone(tell, gone) {
  if (!navigator.mediaDevices) throw new Problem(isSecureContext ? "no-microphone" : "no-secure-context");
  const input = await navigator.mediaDevices
    .getUserMedia({ audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true } })
    .catch((error) => {
      throw new Problem(error.name === "NotAllowedError" ? "microphone-refused" : "no-microphone");
    });
  for (const track of input.getTracks()) track.onended = gone;
  const [context, source] = contextOf(input);
  await context.audioWorklet.addModule("/assets/recorder.js");
  const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
  recorder.port.onmessage = ({ data }) => tell(data);
  source.connect(recorder);
  return {
    stop() {
      for (const track of input.getTracks()) track.stop();
      context.close();
    },
  };
}

/** At our rate; some browsers take a microphone only at its own, and the recorder resamples. */
function contextOf(input) {
  for (const options of [{ sampleRate: RATE }, {}]) {
    const context = new AudioContext(options);
    try {
      return [context, context.createMediaStreamSource(input)];
    } catch {
      context.close();
    }
  }
  throw new Problem("no-microphone");
}

/** A file's samples, mixed to one channel. */
export async function decode(blob, name, longest_s) {
  const bytes = await blob.arrayBuffer();
  const context = new OfflineAudioContext(1, 1, RATE);
  const sound = await context.decodeAudioData(bytes).catch(() => {
    throw new Problem("not-sound", { name });
  });
  if (sound.duration > longest_s) {
    throw new Problem("too-long", { name, minutes: Math.ceil(sound.duration / 60), most: longest_s / 60 });
  }
  const channels = Array.from({ length: sound.numberOfChannels }, (_, n) => sound.getChannelData(n));
  return Int16Array.from({ length: sound.length }, (_, n) => {
    const value = channels.reduce((sum, channel) => sum + channel[n], 0) / channels.length;
    return Math.max(-1, Math.min(1, value)) * 32767;
  });
}

/** Tells a recording in the pace of speech; `done` when all is told. */
export function pace(samples, tell, done) {
  const began = performance.now();
  let at = 0;
  const timer = setInterval(() => {
    const until = Math.min(samples.length, Math.floor((RATE * (performance.now() - began)) / 1000 + STEP_S * RATE));
    if (until > at) tell(samples.subarray(at, until));
    at = until;
    if (at === samples.length) {
      clearInterval(timer);
      done();
    }
  }, 1000 * STEP_S);
  return { stop: () => clearInterval(timer) };
}

/** Plays the original or the cleaned sound of what goes through, a little later than it is sent. */
export class Listening {
  #context = new AudioContext();
  #gains = {};
  #began = this.#context.currentTime + LATER_S;

  constructor(what, muted) {
    for (const kind of ["raw", "cleaned"]) {
      this.#gains[kind] = this.#context.createGain();
      this.#gains[kind].connect(this.#context.destination);
    }
    this.choose(what, muted);
  }

  choose(what, muted) {
    for (const [kind, gain] of Object.entries(this.#gains)) gain.gain.value = kind === what && !muted ? 1 : 0;
  }

  add(kind, samples, at) {
    const when = this.#began + at / RATE;
    if (when < this.#context.currentTime || !samples.length) return; // too late to be heard
    const source = play(this.#context, samples);
    source.connect(this.#gains[kind]);
    source.start(when);
  }

  close() {
    setTimeout(() => this.#context.close(), 1000 * (LATER_S + 1));
  }
}

function play(context, samples) {
  const buffer = context.createBuffer(1, samples.length, RATE);
  buffer.copyToChannel(Float32Array.from(samples, (value) => value / 32768), 0);
  return new AudioBufferSourceNode(context, { buffer });
}

let playing = null;

/** Play a moment by itself. */
export function playMoment(samples) {
  playing?.close();
  playing = new AudioContext();
  const source = play(playing, samples);
  source.connect(playing.destination);
  source.start();
}
