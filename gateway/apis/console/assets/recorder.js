// Runs beside the microphone: gathers a tenth of a second and hands it over as 16-bit samples.
class Recorder extends AudioWorkletProcessor {
  #samples = new Int16Array(sampleRate / 10);
  #filled = 0;

  process([[channel]]) {
    for (const value of channel ?? []) {
      this.#samples[this.#filled++] = Math.max(-1, Math.min(1, value)) * 32767;
      if (this.#filled === this.#samples.length) {
        this.port.postMessage(this.#samples.slice());
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
