"""A recording -> who spoke when, as text, JSON or RTTM. Must not know options."""

import asyncio
from pathlib import Path

from parley.cli.connect import connected
from parley.cli.display import named
from parley.cli.document import Turns
from parley.cli.printing import print_json, print_line, times
from parley.cli.sound import Sound, pieces_of, read_file
from parley.client import requests_of
from parley.v1.diarize_pb2 import DiarizeConfig, DiarizeRequest


def tell_apart(server: str, model: str, file: str, *, most: int, form: str) -> None:
    """Listen to all of it, then print every turn once."""
    sound = read_file(file)
    by, turns = asyncio.run(_turns(server, model, sound, most))
    if form == "json":
        print_json({"file": file, "duration_s": sound.duration_s, "model": by, "turns": turns.as_json()})
    for turn in turns.in_order() if form != "json" else ():
        start_s, end_s = times(turn.interval).values()
        if form == "rttm":
            print_line(rttm(Path(file).stem, start_s, end_s, turn.speaker))
        else:
            print_line(f"{start_s:8.2f} {end_s:8.2f}  {named(turn.speaker, '').removesuffix(': ')}")


def rttm(name: str, start_s: float, end_s: float, speaker: str) -> str:
    """NIST's line; its fields hold no spaces."""
    file, who = "_".join(name.split()), "_".join(speaker.split())
    return f"SPEAKER {file} 1 {start_s:.3f} {end_s - start_s:.3f} <NA> <NA> {who} <NA> <NA>"


async def _turns(server: str, model: str, sound: Sound, most: int) -> tuple[str, Turns]:
    config = DiarizeConfig(format=sound.format, max_speakers=most)
    requests, turns, by = requests_of(DiarizeRequest, config, pieces_of(sound)), Turns(), ""
    async with connected(server) as client:
        async for answer in client.stream("Diarize", requests, model=model):
            kind = answer.WhichOneof("event")
            if kind == "opened":
                by = answer.opened.model
            elif kind == "turn":
                turns.add(answer.turn)
            elif kind == "revision":
                turns.revise(answer.revision)
    return by, turns
