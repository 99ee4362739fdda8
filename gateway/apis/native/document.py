"""The part of the OpenAPI document that describes Parley's own API. Must not know how it is served."""

from gateway.apis.native import admin, captions, data, jobs_document, reading, rollouts, voices
from gateway.apis.native.stage_alone import shapes
from gateway.http.document.phrases import CALL, FILE, MODEL, SERVED, TALK, TEXT, content, fields, good, operation
from gateway.http.document.schema import Json, ref, schemas
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineResponse
from parley.wire.pipeline import ADDED, FIELDS
from parley.wire.stages import STAGES, StageContract

TURN = {"id": "t1", "speaker": "1", "interval": {"start": "0s", "end": "2.250s"}, "confidence": 0.9}
TURN |= {"track": "", "is_open": False}
SOUND: Json = {"type": "string", "format": "binary"}
NO_EVENTS = {"model": "echo@1", "events": []}
ABLE: Json = {"type": "object", "additionalProperties": {"type": "boolean"}}
READY = fields(ready={"type": "boolean"}, missing={"type": "array", "items": TEXT}, stages=ABLE)
ALL_READY = {"ready": True, "missing": [], "stages": dict.fromkeys(sorted(STAGES), True)}
STAGE: Json = {
    "name": "stage",
    "in": "query",
    "description": "Which stages are asked about. Absent: those of `[ready] needs` in the config.",
    "schema": {"type": "array", "items": {"enum": sorted(STAGES)}},
}
PIPELINE = """A WebSocket. Send a PipelineConfig as the first text frame, then PCM as binary frames and controls as text
frames: {"control": "flush"} answers everything so far, {"control": "end"} ends the audio. Back come events as text
frames, each one field of PipelineResponse with its name in `type`, and cleaned audio as binary frames. What cannot go
on ends with {"type": "error", "code", "reason", "message"} and a close: 1008 and 1009 are yours to mend, 1013 means
come back, 1011 is ours. With `resumable` in the config a
stream outlives its connection: events are numbered, and {"resume": {"session", "after"}} instead of a config goes on.
A stage without a field of its own stands in `stages`, with its config's type in `@type`, and
its events come back as `stage_event`."""
CONFIG = {"format": {"sample_rate_hz": 16000}, "asr": {"interim_results": True}, "diarize": {}}
CLEANED = """The cleaned recording, sent as it comes into being. Its header says how long it is where a WAV or a FLAC
file of 8 to 48 kHz was sent. Of other files that is not known at the start: then a WAV claims 4 GiB, as live recordings
do, and a FLAC says nothing. An answer that breaks off has no proper end, and clients say so."""


def _alone(stage: StageContract) -> Json:
    """The endpoint of a stage of sound that has none written for it."""
    config = ref(stage.config.DESCRIPTOR.name) | {
        "description": "As JSON, without its format: that is the recording's."
    }
    form = {"file": FILE, "model": MODEL, "config": config}
    events: Json = {"type": "array", "items": {"type": "object"}}
    heard = fields(("model", "events"), model=TEXT, events=events)
    answer = good("What it says, in order; `type` names each.", content("application/json", heard, NO_EVENTS), SERVED)
    if stage.is_filter:
        form["response_format"] = {"type": "string", "enum": list(shapes(stage)), "default": "wav"}
        sounds = content("audio/wav", SOUND, "RIFF...") | content("audio/flac", SOUND, "fLaC...")
        if stage.gives_tracks:
            sounds |= content("application/zip", SOUND, "PK...")
        answer = good("The recording as the stage made it, sent as it comes into being.", sounds, SERVED)
    body = content("multipart/form-data", fields(("file",), **form), {"file": "talk.wav", "config": "{}"})
    curl = f"{CALL} -F config={{}} {TALK}/{stage.name}"
    return {"post": operation(f"A recording through the stage {stage.name} alone", answer, body, curl=curl)}


PATHS: Json = {
    **admin.PATHS,
    **voices.PATHS,
    **data.PATHS,
    **captions.PATHS,
    **reading.PATHS,
    **rollouts.PATHS,
    **jobs_document.PATHS,
    **{f"/v1/audio/{stage.name}": _alone(stage) for stage in ADDED},
    "/v1/audio/denoise": {
        "post": operation(
            "A recording without its noise, at the rate it came in",
            good(
                CLEANED,
                content("audio/wav", SOUND, "RIFF...") | content("audio/flac", SOUND, "fLaC..."),
                SERVED,
            ),
            content(
                "multipart/form-data",
                fields(
                    ("file",),
                    file=FILE,
                    model=MODEL,
                    attenuation_limit_db={"type": "number", "minimum": 0, "maximum": 200, "default": 0},
                    response_format={"type": "string", "enum": ["wav", "flac"], "default": "wav"},
                ),
                {"file": "talk.wav", "attenuation_limit_db": 24},
            ),
            curl=f"{CALL} -o clean.wav {TALK}/denoise",
        )
    },
    "/v1/audio/diarize": {
        "post": operation(
            "Who spoke when",
            good(
                "The turns, after a second look at all of them.",
                content(
                    "application/json",
                    fields(("model", "turns"), model=TEXT, turns={"type": "array", "items": ref("Turn")}),
                    {"model": "echo@1", "turns": [TURN]},
                )
                | content("text/plain", TEXT, "SPEAKER talk 1 0.000 2.250 <NA> <NA> 1 <NA> <NA>\n"),
                SERVED,
            ),
            content(
                "multipart/form-data",
                fields(
                    ("file",),
                    file=FILE,
                    model=MODEL,
                    max_speakers={"type": "integer", "minimum": 0, "maximum": 100, "default": 0},
                    voices={"type": "array", "items": TEXT, "description": "Kept voices to know: /v1/voices."},
                    response_format={"type": "string", "enum": ["json", "rttm"], "default": "json"},
                ),
                {"file": "talk.wav", "response_format": "json"},
            ),
            curl=f"{CALL} {TALK}/diarize",
        )
    },
    "/v1/pipeline": {
        "get": {
            "summary": "Several stages in one live stream, over a WebSocket",
            "description": PIPELINE,
            "responses": {
                "101": {
                    "description": "The WebSocket is open.",
                    "content": content("application/json", ref("PipelineConfig"), CONFIG),
                },
                "426": {
                    "description": "This is a WebSocket.",
                    "content": content("application/json", ref("Error")),
                },
            },
        }
    },
    "/v1/status": {
        "get": operation(
            "Stages, replicas, models and routes at a glance",
            good(
                "The state.",
                content(
                    "application/json",
                    {"type": "object"},
                    {"ready": True, "streams": 0, "routes": {}, "stages": {}},
                ),
            ),
            curl="curl http://localhost:8080/v1/status",
        )
    },
    "/v1/traces": {
        "get": operation(
            "Where the time of one stream went",
            good(
                "The spans that are kept of it: queue, batch and engine of every stage. A caller asks with the "
                "headers `traceparent`, sampled, and `tracestate: parley=keep`; `/v1/pipeline` also takes both in its "
                "query.",
                content(
                    "application/json",
                    fields(("spans",), spans={"type": "array", "items": {"type": "object"}}),
                    {"spans": [{"process": "asr", "name": "engine", "start_ns": 1, "end_ns": 2}]},
                ),
            ),
            curl="curl 'http://localhost:8080/v1/traces?id=0af7651916cd43dd8448eb211c80319c'",
        )
    },
    "/healthz": {
        "get": operation(
            "Whether the process lives",
            good("It does.", content("application/json", fields(status=TEXT), {"status": "ok"})),
        )
    },
    "/readyz": {
        "get": operation(
            "Whether the stages can serve that the gateway needs, or those that are asked about",
            good("They can; otherwise 503.", content("application/json", READY, ALL_READY)),
        )
        | {"parameters": [STAGE]}
    },
    "/metrics": {
        "get": operation(
            "Prometheus metrics",
            good(
                "The metrics; as OpenMetrics, where that is asked for, with the traces behind the latencies.",
                content("text/plain", TEXT, "parley_streams 0\n")
                | content("application/openmetrics-text", TEXT, "parley_streams 0\n# EOF\n"),
            ),
        )
    },
    "/openapi.json": {
        "get": operation(
            "This document",
            good("OpenAPI 3.1.", content("application/json", {"type": "object"}, {"openapi": "3.1.0"})),
        )
    },
}

_OURS = fields(("code", "reason", "message"), code=TEXT, reason=TEXT, message=TEXT, report=TEXT)
_MORE = [kind for stage in STAGES.values() if stage.name not in FIELDS for kind in (stage.config, stage.answer)]
SCHEMAS: Json = schemas(PipelineConfig, PipelineResponse, *_MORE) | {"Error": fields(("error",), error=_OURS)}
