import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from gateway.audio.containers import Unpacking
from parley.audio import media
from parley.errors import ConfigRepeated, UndecodableMedia
from tests.fakes import PATIENCE_S
from tests.parley.audio.test_media import written
from tests.sound import tone
from tests.waiting import until

FILES = {kind: written(kind, tone(440, 3.0)) for kind in ("ogg", "webm", "flac")}
HEAD = 12  # bytes that are here before anybody knows what it is


class Sender:
    """Sends a file as far as it is told to, then waits."""

    def __init__(self, file: bytes, until: int) -> None:
        self._file, self._until = file, until
        self.go_on = asyncio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        for at in range(HEAD, len(self._file), 500):
            if at >= self._until:
                await self.go_on.wait()
            yield self._file[at : at + 500]


async def _heard(unpacking: Unpacking) -> bytes:
    await unpacking.form()
    return b"".join([piece async for piece in unpacking.pieces()])


@pytest.mark.parametrize("kind", FILES)
async def test_a_file_is_heard_while_it_arrives(kind: str) -> None:
    """Samples are there before the last byte is, and in the end they are those of the whole file."""
    file = FILES[kind]
    sender = Sender(file, 2 * len(file) // 3)
    unpacking = Unpacking(file[:HEAD], sender.chunks(), 10.0)
    form = await asyncio.wait_for(unpacking.form(), PATIENCE_S)
    pieces = unpacking.pieces()
    first = await asyncio.wait_for(anext(pieces), PATIENCE_S)
    assert not sender.go_on.is_set()
    sender.go_on.set()
    whole = media.read(file, 10.0)
    assert form.sample_rate_hz == whole.rate_hz
    assert first + b"".join([piece async for piece in pieces]) == whole.data
    unpacking.end()


async def test_hanging_up_ends_the_thread() -> None:
    """A sender who never sends again holds nothing once nobody listens."""
    sender = Sender(FILES["webm"], 3 * HEAD)
    unpacking = Unpacking(FILES["webm"][:HEAD], sender.chunks(), 10.0)
    opening = asyncio.create_task(unpacking.form())
    await until(lambda: _threads() == 1)
    opening.cancel()
    unpacking.end()
    await until(lambda: not _threads())


def _threads() -> int:
    return sum(thread.name.startswith("unpack") for thread in threading.enumerate())


async def test_what_is_wrong_with_the_stream_is_told_as_it_is() -> None:
    """A second config in the middle is not the decoder's fault."""

    async def chunks() -> AsyncIterator[bytes]:
        yield FILES["ogg"][HEAD:20_000]
        raise ConfigRepeated("A stream has one config.")

    unpacking = Unpacking(FILES["ogg"][:HEAD], chunks(), 10.0)
    with pytest.raises(ConfigRepeated):
        await _heard(unpacking)
    unpacking.end()


async def test_a_file_that_only_looks_like_one_is_refused() -> None:
    """The right first bytes are not enough."""

    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(5000)

    unpacking = Unpacking(b"fLaC", chunks(), 10.0)
    with pytest.raises(UndecodableMedia):
        await _heard(unpacking)
    unpacking.end()


async def test_a_live_file_may_not_play_for_ever() -> None:
    """The limit is on what is heard."""
    sender = Sender(FILES["flac"], len(FILES["flac"]))
    unpacking = Unpacking(FILES["flac"][:HEAD], sender.chunks(), 1.0)
    with pytest.raises(UndecodableMedia, match="longer than 1 s"):
        await _heard(unpacking)
    unpacking.end()
