"""A file with a voice -> a voice that is kept. Must not know HTTP or gRPC."""

import asyncio
from contextlib import aclosing
from typing import Any

from gateway.access.voices import Voice
from gateway.audio.recording import LONGEST_VOICE_S
from gateway.core import Caller, Core
from parley.audio import media
from parley.client import requests_of
from parley.errors import UnknownModel
from parley.v1.diarize_pb2 import DiarizeConfig, DiarizeRequest, Voiceprint

RATE_HZ = 16_000


async def keep(core: Core, name: str, file: bytes, caller: Caller) -> Voice:
    """Hear a voice with the version that would hear this caller's streams, and keep what it says of it."""
    key = core.key_for(caller, "diarize")
    core.voices.check_room(key, name)
    sound = await asyncio.to_thread(media.read, file, LONGEST_VOICE_S, RATE_HZ)
    return core.voices.add(key, name, await _heard(core, name, sound.data, caller))


async def _heard(core: Core, name: str, audio: bytes, caller: Caller) -> Voiceprint:
    config = DiarizeConfig(report_voiceprints=True)
    config.format.sample_rate_hz = RATE_HZ
    config.enrolments.add(name=name, audio=audio)
    requests: Any = requests_of(DiarizeRequest, config, [])
    async with aclosing(core.stage("diarize", requests, caller)) as answers:
        found = [answer.enrolled.voiceprint async for answer in answers if answer.HasField("enrolled")]
    if not found:
        raise UnknownModel("The service that tells speakers apart gives no voiceprints; update it.")
    return found[0]  # type: ignore[no-any-return]
