// A running spectrogram with its waveform below, drawn as sound comes. Knows nothing of where it comes from.
import { RATE } from "./tape.js";

const SIZE = 512; // samples of a column's window
const HOP = RATE / 50;
const BINS = SIZE / 2;
const FLOOR_DB = -85;
const WAVE = 0.22; // share of the height

const WINDOW = Float32Array.from({ length: SIZE }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / SIZE));
const COS = Float32Array.from({ length: SIZE }, (_, n) => Math.cos((2 * Math.PI * n) / SIZE));
const SIN = Float32Array.from({ length: SIZE }, (_, n) => Math.sin((2 * Math.PI * n) / SIZE));
const REVERSED = Uint16Array.from({ length: SIZE }, (_, n) =>
  Number.parseInt(n.toString(2).padStart(9, "0").split("").reverse().join(""), 2),
);

/** Decibels below full scale of each frequency. */
export function spectrum(samples) {
  const real = Float32Array.from(REVERSED, (from) => ((samples[from] ?? 0) / 32768) * WINDOW[from]);
  const imaginary = new Float32Array(SIZE);
  for (let half = 1; half < SIZE; half *= 2) {
    const turn = SIZE / (2 * half);
    for (let start = 0; start < SIZE; start += 2 * half) {
      for (let n = 0; n < half; n++) {
        const [one, other] = [start + n, start + n + half];
        const [c, s] = [COS[n * turn], -SIN[n * turn]];
        const re = c * real[other] - s * imaginary[other];
        const im = c * imaginary[other] + s * real[other];
        [real[other], imaginary[other]] = [real[one] - re, imaginary[one] - im];
        real[one] += re;
        imaginary[one] += im;
      }
    }
  }
  return Float32Array.from({ length: BINS }, (_, n) => 20 * Math.log10((4 * Math.hypot(real[n], imaginary[n])) / SIZE + 1e-9));
}

/** 0 to 1 as a colour from dark blue over violet and orange to pale yellow. */
function colour(level) {
  const red = 255 * Math.min(1, Math.max(0, 2.2 * level - 0.25));
  const green = 255 * Math.min(1, Math.max(0, 2.4 * level - 1.2));
  const blue = 255 * (level < 0.5 ? 0.15 + 0.9 * level : Math.max(0, 1.1 - 1.0 * level));
  return [red, green, blue, 255];
}

export class Picture {
  #canvas;
  #pen;
  #left = new Int16Array(0);
  #columns = [];
  #asked = false;

  constructor(canvas) {
    [this.#canvas, this.#pen] = [canvas, canvas.getContext("2d")];
    this.clear();
  }

  clear() {
    [this.#left, this.#columns] = [new Int16Array(0), []];
    this.#pen.fillStyle = "#0b0d2a";
    this.#pen.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  add(samples) {
    const all = new Int16Array(this.#left.length + samples.length);
    all.set(this.#left);
    all.set(samples, this.#left.length);
    let at = 0;
    for (; at + SIZE <= all.length; at += HOP) this.#columns.push(all.subarray(at, at + SIZE));
    this.#left = all.slice(at);
    this.#columns = this.#columns.slice(-this.#canvas.width);
    if (this.#asked || !this.#columns.length) return;
    this.#asked = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#asked = false;
    const { width, height } = this.#canvas;
    const columns = this.#columns.splice(0);
    this.#pen.drawImage(this.#canvas, -columns.length, 0);
    const wave = Math.round(WAVE * height);
    columns.forEach((samples, n) => this.#column(samples, width - columns.length + n, height - wave, wave));
  }

  #column(samples, x, tall, wave) {
    const strip = this.#pen.createImageData(1, tall);
    const levels = spectrum(samples);
    for (let y = 0; y < tall; y++) {
      const bin = Math.floor(((tall - 1 - y) * BINS) / tall);
      strip.data.set(colour(Math.max(0, 1 - levels[bin] / FLOOR_DB)), 4 * y);
    }
    this.#pen.putImageData(strip, x, 0);
    const peak = samples.subarray(0, HOP).reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 32768;
    this.#pen.fillStyle = "#0b0d2a";
    this.#pen.fillRect(x, tall, 1, wave);
    this.#pen.fillStyle = "#8fc7ff";
    const high = Math.max(1, Math.sqrt(peak) * wave);
    this.#pen.fillRect(x, tall + (wave - high) / 2, 1, high);
  }
}
