"""`parley diarize`: a recording -> who spoke when, as text, JSON or RTTM."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from parley.cli import options
from parley.cli.connect import stream
from parley.cli.show.display import named
from parley.cli.show.document import SpeakerTurns
from parley.cli.show.printing import print_json, print_line, times
from parley.cli.sound import Sound, pieces_of, read_file


def diarize(
    file: options.File,
    most: Annotated[int, typer.Option("--max-speakers", min=0, help="Never more than this; 0: as heard.")] = 0,
    voice: options.Voices = None,
    rttm: Annotated[bool, typer.Option("--rttm", help="Print RTTM.")] = False,
    model: options.Model = "",
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Say who spoke when."""
    if rttm and as_json:
        raise typer.BadParameter("Choose one of --json and --rttm.")
    sound = read_file(file)
    by, turns = asyncio.run(_turns(server, model, sound, {"max_speakers": most, "voices": voice or []}))
    if as_json:
        print_json({"file": file, "duration_s": sound.duration_s, "model": by, "turns": turns.as_json()})
        return
    for turn in turns.in_order():
        start_s, end_s = times(turn.interval).values()
        if rttm:
            print_line(rttm_line(Path(file).stem, start_s, end_s, turn.speaker))
        else:
            print_line(f"{start_s:8.2f} {end_s:8.2f}  {named(turn.speaker, '').removesuffix(': ')}")


def rttm_line(name: str, start_s: float, end_s: float, speaker: str) -> str:
    """NIST's line; its fields hold no spaces."""
    file, who = "_".join(name.split()), "_".join(speaker.split())
    return f"SPEAKER {file} 1 {start_s:.3f} {end_s - start_s:.3f} <NA> <NA> {who} <NA> <NA>"


async def _turns(server: str, model: str, sound: Sound, wanted: dict[str, Any]) -> tuple[str, SpeakerTurns]:
    config, turns, by = {"format": sound.format, **wanted}, SpeakerTurns(), ""
    async for answer in stream(server, "Diarize", config, pieces_of(sound), model=model):
        kind = answer.WhichOneof("event")
        if kind == "opened":
            by = answer.opened.model
        elif kind == "turn":
            turns.add(answer.turn)
        elif kind == "revision":
            turns.revise(answer.revision)
    return by, turns
