"""One stage by itself: a file or a text in, a file, events or a text out. Must not know any stage by name."""

import asyncio
import json
import sys
from collections.abc import AsyncIterable, AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf import json_format
from google.protobuf.message import Message

from parley.cli import options
from parley.cli.connect import connected
from parley.cli.show.printing import plain, print_json, print_line
from parley.cli.sound import Sound, pieces_of, read_file, writable, write_wav
from parley.client import requests_of
from parley.errors import BadInput
from parley.nearest import advice
from parley.v1.audio_pb2 import AudioChunk, Track
from parley.wire.stages import StageContract

Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A field of the config; repeatable.")
]
Command = Callable[..., None]


def filter_command(stage: StageContract) -> Command:
    """A recording in, a recording out."""

    def run(
        file: options.File,
        out: Annotated[str, typer.Argument(metavar="OUT.wav", help="The WAV file to write.")],
        settings: Settings = None,
        model: options.Model = "",
        server: options.Server = options.SERVER,
        as_json: options.AsJson = False,
    ) -> None:
        config: Any = config_of(stage, settings or ())
        sound, target = read_file(file, mixed=not getattr(config, "keep_channels", False)), writable(Path(out))
        config.format.sample_rate_hz, config.format.channels = sound.rate_hz, sound.channels
        opened, *answers = asyncio.run(_answers(server, stage, model, config, pieces_of(sound)))
        served, form = opened.opened.model, opened.opened.format
        tracks, events = sorted_out(answers, target)
        for path, data in tracks.items():
            write_wav(path, data, sound.rate_hz, form.channels)
        written = [str(path) for path in tracks]
        if as_json:
            facts = {"file": file, "out": out, "others": written[1:], "duration_s": sound.duration_s, "model": served}
            print_json(facts | {"events": events})
        else:
            print_line(f"{', '.join(written)}: {sound.duration_s:.1f} s, by {served}")

    return run


def sorted_out(answers: list[Any], target: Path) -> tuple[dict[Path, bytes], list[Any]]:
    """The sound of each file to write, and events; other tracks lie beside the first, called by their names."""
    sounds: dict[Path, bytearray] = {target: bytearray()}
    events = []
    for answer in answers:
        event = getattr(answer, answer.WhichOneof("event"))
        if isinstance(event, AudioChunk):
            sounds[target] += event.data
        elif isinstance(event, Track):
            path = target.with_name(f"{target.stem}.{event.name}{target.suffix}")
            sounds.setdefault(path, bytearray()).extend(event.audio.data)
        else:
            events.append(plain(answer))
    return {path: bytes(data) for path, data in sounds.items()}, events


def listener_command(stage: StageContract) -> Command:
    """A recording in, events out, one a line."""

    def run(
        file: options.File,
        settings: Settings = None,
        model: options.Model = "",
        server: options.Server = options.SERVER,
    ) -> None:
        sound = read_file(file)
        for answer in asyncio.run(
            _answers(server, stage, model, config_of(stage, settings or (), sound), pieces_of(sound))
        ):
            print_json(plain(answer))

    return run


def rewriter_command(stage: StageContract) -> Command:
    """A text in, events out, one a line."""

    def run(
        text: Annotated[str, typer.Argument(metavar="TEXT|-", help="The text; - is standard input.")],
        settings: Settings = None,
        model: options.Model = "",
        server: options.Server = options.SERVER,
    ) -> None:
        config = config_of(stage, settings or ())
        for answer in asyncio.run(_answers(server, stage, model, config, _once(text))):
            print_json(plain(answer))

    return run


async def _once(text: str) -> AsyncIterator[str]:
    yield sys.stdin.read() if text == "-" else text


def config_of(stage: StageContract, settings: list[str] | tuple[()], sound: Sound | None = None) -> Message:
    """The stage's config with these fields; a value is JSON, or else a text."""
    config: Any = stage.config(**({"format": sound.format} if sound else {}))
    fields = dict(map(_pair, settings))
    for name in fields:
        if name not in config.DESCRIPTOR.fields_by_name:
            raise BadInput(f"{stage.name} has no setting {name!r}; {advice(name, config.DESCRIPTOR.fields_by_name)}")
    try:
        json_format.ParseDict(fields, config)
    except json_format.ParseError as error:
        raise BadInput(f"{' '.join(settings)} is no {config.DESCRIPTOR.full_name}: {error}") from None
    return config  # type: ignore[no-any-return]


def _pair(text: str) -> tuple[str, Any]:
    name, is_pair, value = text.partition("=")
    if not is_pair:
        raise BadInput(f"--set {text!r} sets nothing; write FIELD=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


async def _answers(
    server: str, stage: StageContract, model: str, config: Message, items: AsyncIterable[Any]
) -> list[Any]:
    requests = requests_of(stage.request, config, items)
    async with connected(server) as client:
        return [answer async for answer in client.stream(stage.service.name, requests, model=model)]
