"""Runs inside the tree that has the fifth stage: python drive.py GRPC HTTP SCENARIOS CLIPS. Prints what it found."""

import asyncio
import base64
import json
import sys
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from parley.v1.shout_pb2 import ShoutConfig
from websockets.asyncio.client import connect

from loadtest.address import Where
from loadtest.clients.talk import Talk
from loadtest.scenario import read
from parley.client import Client, requests_of
from parley.v1.denoise_pb2 import DenoiseConfig
from parley.v1.pipeline_pb2 import PipelineRequest
from parley.wire.pipeline import pipeline_config

SOUND = b"".join(int(n % 4000).to_bytes(2, "little") for n in range(16_000))


async def over_grpc(grpc: str, *configs: object) -> dict[str, object]:
    """Everything the pipeline says of the sound."""
    heard, events, models = b"", [], {}
    pieces = [SOUND[at : at + 3200] for at in range(0, len(SOUND), 3200)]
    async with Client(grpc) as client:
        async for answer in client.stream("Pipeline", requests_of(PipelineRequest, pipeline_config(configs), pieces)):
            heard += answer.audio.data
            models.update(answer.opened.models)
            if answer.HasField("stage_event"):
                events.append(MessageToDict(answer.stage_event, preserving_proto_field_name=True))
    return {"audio": base64.b64encode(heard).decode(), "models": models, "events": events}


async def over_websocket(http: str) -> dict[str, object]:
    """The same in JSON."""
    heard, events = b"", []
    async with connect(f"ws://{http}/v1/pipeline") as socket:
        kind = "type.googleapis.com/parley.v1.ShoutConfig"
        await socket.send(json.dumps({"stages": [{"@type": kind, "gain": 3}]}))
        await socket.send(SOUND)
        await socket.send(json.dumps({"control": "end"}))
        async for frame in socket:
            if isinstance(frame, bytes):
                heard += frame
            else:
                events.append(json.loads(frame))
    return {"audio": base64.b64encode(heard).decode(), "events": events}


async def load(grpc: str, http: str, scenarios: Path) -> dict[str, object]:
    """A scenario of the load test."""
    talk = Talk(read(scenarios).named(["shout"])[0], Where(grpc, f"http://{http}"))
    return (await talk.alone()).to_json()


async def main(grpc: str, http: str, scenarios: str) -> None:
    """All ways in."""
    found = {
        "chain": await over_grpc(grpc, DenoiseConfig(), ShoutConfig(gain=2)),
        "alone": await over_grpc(grpc, ShoutConfig(gain=4)),
        "websocket": await over_websocket(http),
        "load": await load(grpc, http, Path(scenarios)),
    }
    print(json.dumps(found))


asyncio.run(main(*sys.argv[1:]))
