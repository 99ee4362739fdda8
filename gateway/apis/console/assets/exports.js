// A transcript as files. Pure: text out.

const stamp = (s, mark) => {
  const ms = Math.round(1000 * s);
  const part = (value, width = 2) => String(Math.floor(value)).padStart(width, "0");
  return `${part(ms / 3600000)}:${part((ms / 60000) % 60)}:${part((ms / 1000) % 60)}${mark}${part(ms % 1000, 3)}`;
};
const said = (transcript, final) =>
  transcript
    .runs(final)
    .map(({ speaker, words }) => `${speaker ? `${speaker}: ` : ""}${words.map((word) => word.text).join(" ")}`)
    .join("\n");

export const TEXTS = {
  txt: { kind: "text/plain", write: (t) => t.finals.map((final) => said(t, final)).join("\n") + "\n" },
  srt: {
    kind: "application/x-subrip",
    write: (t) => t.finals.map((f, n) => `${n + 1}\n${stamp(f.start, ",")} --> ${stamp(f.end, ",")}\n${said(t, f)}\n`).join("\n"),
  },
  vtt: {
    kind: "text/vtt",
    write: (t) => "WEBVTT\n\n" + t.finals.map((f) => `${stamp(f.start, ".")} --> ${stamp(f.end, ".")}\n${said(t, f)}\n`).join("\n"),
  },
  json: {
    kind: "application/json",
    write: (t) => {
      const finals = t.finals.map((f) => ({ ...f, words: f.words.map((word) => ({ ...word, speaker: t.speakerOf(word) })) }));
      return JSON.stringify({ models: t.models, finals, turns: t.turns, notices: t.notices }, null, 2);
    },
  },
  rttm: {
    kind: "text/plain",
    write: (t) =>
      t.turns
        .map((turn) => {
          const [start, length] = [turn.start.toFixed(3), (turn.end - turn.start).toFixed(3)];
          return `SPEAKER talk 1 ${start} ${length} <NA> <NA> ${turn.speaker.replaceAll(" ", "_")} <NA> <NA>\n`;
        })
        .join(""),
  },
};

/** Samples as a WAV file. */
export function wav(samples, rate) {
  const head = new DataView(new ArrayBuffer(44));
  const letters = (at, word) => [...word].forEach((letter, n) => head.setUint8(at + n, letter.charCodeAt(0)));
  letters(0, "RIFF");
  head.setUint32(4, 36 + samples.byteLength, true);
  letters(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, rate, true);
  head.setUint32(28, 2 * rate, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  letters(36, "data");
  head.setUint32(40, samples.byteLength, true);
  return new Blob([head, samples], { type: "audio/wav" });
}

export function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
