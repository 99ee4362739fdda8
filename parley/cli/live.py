"""A live stream, from the sound to the screen. Must not know options."""

import asyncio
import sys

from parley.cli.connect import connected
from parley.cli.display import Display, JsonLines, Lines, Terminal
from parley.cli.sound import STDIN, Sound, paced, pieces_of, read_file, read_stdin
from parley.cli.wishes import Wishes
from parley.errors import BadInput


def listen(server: str, wishes: Wishes, file: str, *, as_json: bool) -> None:
    """Until the sound ends."""
    if file == STDIN and sys.stdin.isatty():
        raise BadInput("Standard input is a terminal; pipe sound into it: arecord -f S16_LE -r 16000 | parley stream -")
    sound = read_stdin() if file == STDIN else read_file(file, mixed=not wishes.per_channel)
    asyncio.run(_listen(server, wishes, sound, _display(as_json)))


def _display(as_json: bool) -> Display:
    if as_json:
        return JsonLines()
    return Terminal() if sys.stdout.isatty() else Lines()


async def _listen(server: str, wishes: Wishes, sound: Sound, display: Display) -> None:
    async with connected(server) as client:
        with display:
            async for answer in wishes.answers(client, sound, paced(pieces_of(sound))):
                display.show(answer)
