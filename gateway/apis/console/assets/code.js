// The request of this page as code, with this host and key filled in. Pure.

const call = (key) => (key ? `-H "Authorization: Bearer ${key}" ` : "");

/** Name of the language or client -> what to write. */
export function snippets({ host, secure, key, config }) {
  const [http, ws] = secure ? ["https", "wss"] : ["http", "ws"];
  const wanted = JSON.stringify(config, null, 1).replace(/\n\s*/g, " ");
  const python = wanted.replaceAll("true", "True").replaceAll("false", "False");
  const header = key ? `, additional_headers={"Authorization": "Bearer ${key}"}` : "";
  return {
    curl: `curl ${call(key)}${http}://${host}/v1/audio/transcriptions \\\n  -F file=@talk.wav -F model=whisper-1`,
    "Python (live)": `import json
import wave

from websockets.sync.client import connect  # pip install websockets

config = ${python}
with wave.open("talk.wav") as talk, connect("${ws}://${host}/v1/pipeline"${header}) as live:
    config["format"] = {"sample_rate_hz": talk.getframerate(), "channels": talk.getnchannels()}
    live.send(json.dumps(config))
    while chunk := talk.readframes(talk.getframerate() // 10):
        live.send(chunk)
    live.send(json.dumps({"control": "end"}))
    for frame in live:
        event = json.loads(frame) if isinstance(frame, str) else {}
        if event.get("type") == "transcript" and event["is_final"]:
            print(event["speaker"], event["text"])`,
    OpenAI: `from openai import OpenAI  # pip install openai

client = OpenAI(base_url="${http}://${host}/v1", api_key="${key || "none"}")
with open("talk.wav", "rb") as talk:
    print(client.audio.transcriptions.create(model="whisper-1", file=talk).text)`,
    LiveKit: `from livekit.plugins import openai  # pip install livekit-plugins-openai

stt = openai.STT(base_url="${http}://${host}/v1", api_key="${key || "none"}", use_realtime=True)`,
    pipecat: `from pipecat.services.openai.stt import OpenAIRealtimeSTTService  # pip install "pipecat-ai[openai]"

stt = OpenAIRealtimeSTTService(base_url="${ws}://${host}/v1/realtime", api_key="${key || "none"}")`,
  };
}
