// Runs beside the microphone: gathers a tenth of a second at 16 kHz and hands it over as 16-bit samples.
const RATE = 16000;
const STEP = sampleRate / RATE; // samples of the microphone for one of ours
const REACH = 16 * STEP; // to both sides of a sample; what is above half our rate would be heard as something else

/** A low-pass of half our rate, at a distance in samples of the microphone. */
function weight(distance) {
  const x = (Math.PI * distance) / STEP;
  const hann = 0.5 + 0.5 * Math.cos((Math.PI * distance) / REACH);
  return (x === 0 ? 1 : Math.sin(x) / x) * (hann / STEP);
}

class Recorder extends AudioWorkletProcessor {
  #samples = new Int16Array(RATE / 10);
  #filled = 0;
  #heard = new Float32Array(0); // what the next samples are made of
  #at = 0; // where the next sample lies in it

  process([[channel]]) {
    if (!channel) return true;
    if (STEP === 1) for (const value of channel) this.#tell(value);
    else this.#resample(channel);
    return true;
  }

  #resample(channel) {
    const all = new Float32Array(this.#heard.length + channel.length);
    all.set(this.#heard);
    all.set(channel, this.#heard.length);
    for (; this.#at + REACH < all.length; this.#at += STEP) this.#tell(around(all, this.#at));
    const gone = Math.max(0, Math.floor(this.#at - REACH));
    this.#heard = all.slice(gone);
    this.#at -= gone;
  }

  #tell(value) {
    this.#samples[this.#filled++] = Math.max(-1, Math.min(1, value)) * 32767;
    if (this.#filled < this.#samples.length) return;
    this.port.postMessage(this.#samples.slice());
    this.#filled = 0;
  }
}

function around(all, at) {
  let sum = 0;
  for (let n = Math.max(0, Math.ceil(at - REACH)); n <= at + REACH; n++) sum += all[n] * weight(n - at);
  return sum;
}

registerProcessor("recorder", Recorder);
