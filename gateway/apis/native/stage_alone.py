"""An endpoint for every stage of sound that has none of its own, made of what its proto declares.

Must not know any stage by name.
"""

import asyncio
from contextlib import aclosing
from typing import Any

from starlette.responses import JSONResponse, Response

from gateway.apis.native.recorded import SOUNDS, Tracks, recorded
from gateway.audio import recording
from gateway.caller import Caller
from gateway.config import Limits
from gateway.core import Core
from gateway.http import transcode
from gateway.http.endpoint import Endpoint, served
from gateway.http.fields import Fields
from parley.audio import media
from parley.client import requests_of
from parley.errors import FieldInvalid
from parley.wire.stages import StageContract

ZIP = "zip"


class StageAlone:
    """A recording in; a recording out of a filter, events out of a listener."""

    def __init__(self, core: Core, limits: Limits, stage: StageContract) -> None:
        self._core, self._limits, self._stage = core, limits, stage

    def endpoint(self) -> Endpoint:
        """Its name is the stage's."""
        return Endpoint("POST", f"/v1/audio/{self._stage.name}", self.answer, is_cached=True)

    async def answer(self, fields: Fields, caller: Caller) -> Response:
        """One recording through the stage."""
        fields.only(("file", "model", "config", "response_format"))
        shape, config = fields.choice("response_format", shapes(self._stage)), self._config(fields.text("config"))
        sound = await recording.decode(
            fields.file(), self._limits.audio_s, mixed=not getattr(config, "keep_channels", False)
        )
        config.format.CopyFrom(sound.form)
        if shape == ZIP:
            config.others = True
        requests: Any = requests_of(self._stage.request, config, sound.pieces())
        answers = self._core.stage(self._stage.name, requests, caller, fields.text("model"))
        if not self._stage.is_filter:
            async with aclosing(answers):
                return _events([each async for each in answers])
        samples = await asyncio.to_thread(media.samples, fields.file(), sound.rate_hz)
        form = (sound.rate_hz, samples, sound.channels)
        if shape == ZIP:
            return Tracks(*form).flow(answers, caller.budget)
        return recorded(SOUNDS[shape](*form), answers, f"audio/{shape}", caller.budget)

    def _config(self, text: str) -> Any:
        config: Any = transcode.stage_config(text or "{}", self._stage.config)
        if config.HasField("format"):
            raise FieldInvalid("The format is the recording's; leave it out of `config`.", field="config")
        return config


def shapes(stage: StageContract) -> tuple[str, ...]:
    """How its answer may be written; several files are one where it gives several tracks."""
    if not stage.is_filter:
        return ("json",)
    return (*SOUNDS, ZIP) if stage.gives_tracks else tuple(SOUNDS)


def _events(answers: list[Any]) -> Response:
    """What a listener says, each with its name in `type`; the first names the model."""
    model, said = answers[0].opened.model if answers else "", [(each.WhichOneof("event"), each) for each in answers]
    events = [
        {"type": kind} | transcode.plain(getattr(each, kind)) for kind, each in said if kind not in ("opened", None)
    ]
    return JSONResponse({"model": model, "events": events}, headers=served(model))
