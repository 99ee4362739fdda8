// Server-sent events with a key, which EventSource cannot send. Connects again when the stream ends.

const PAUSE_MS = 2000;

/** Tells every event until the signal; `refused` gets a refusal that no waiting mends; `lost` hears that the server is away. */
export async function follow(path, headers, signal, { event, refused, lost }) {
  for (;;) {
    const answer = await fetch(path, { headers: headers(), signal }).catch(() => null);
    if (answer && !answer.ok) return refused((await answer.json()).error);
    if (answer) await read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), event).catch(() => {});
    if (signal.aborted) return;
    lost();
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}

async function read(reader, event) {
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (text + value).split("\n\n");
    text = frames.pop();
    for (const frame of frames) event(JSON.parse(frame.slice("data: ".length)));
  }
}
