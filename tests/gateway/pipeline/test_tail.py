"""What is sent again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audio.time_scale import LARGEST_PIECE, Scale
from gateway.config import Keep
from gateway.pipeline.tail import NOTHING, WAITING_MOST, SoundTail, TextTail
from parley.v1.asr_pb2 import AsrConfig, AsrRequest, Transcript
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.translate_pb2 import TranslateConfig, TranslateRequest
from tests.fakes import PATIENCE_S, Clock

SCALE = Scale.of(AudioFormat())
SECOND = 32_000  # bytes


def sound(keep: Keep = Keep(), clock: Clock | None = None) -> SoundTail:  # noqa: B008
    return SoundTail(AsrRequest, AsrConfig(), SCALE, keep, clock or Clock())


class Replica:
    """Takes whatever it is sent."""

    def __init__(self, requests: AsyncIterator[Any]) -> None:
        self.got: list[Any] = []
        self._task = asyncio.create_task(self._read(requests))

    async def _read(self, requests: AsyncIterator[Any]) -> None:
        async for request in requests:
            self.got.append(request)

    def leave(self) -> None:
        self._task.cancel()

    async def all(self) -> list[Any]:
        """Everything that can be sent now: the config first."""
        for _ in range(5):
            await asyncio.sleep(0)
        return self.got


async def sent(requests: AsyncIterator[Any]) -> list[Any]:
    """What the next replica gets before it goes too."""
    replica = Replica(requests)
    got = await replica.all()
    replica.leave()
    return got


def heard(requests: list[Any]) -> bytes:
    return b"".join(request.audio.data for request in requests)


async def test_the_next_replica_hears_what_is_not_final() -> None:
    """What was committed is not sent again; the rest is, then what comes."""
    tail = sound()
    tail.put(b"aabb")
    assert heard(await sent(tail.requests())) == b"aabb"
    tail.commit(2)
    tail.put(b"cc")
    again = await sent(tail.requests())
    assert again[0].HasField("config")
    assert heard(again) == b"bbcc"
    assert tail.began == 2


async def test_a_flush_keeps_its_place() -> None:
    """A control between two sounds is between them again, and said twice at one place it is said once."""
    tail = sound()
    tail.put(b"aa")
    tail.flush()
    tail.flush()
    tail.put(b"bb")
    tail.end()
    for _ in range(2):
        kinds = [r.audio.data or r.WhichOneof("message") for r in await sent(tail.requests())]
        assert kinds == ["config", b"aa", "control", b"bb"]


async def test_nothing_is_committed_that_was_not_sent() -> None:
    """A final that claims too much cannot take sound away from the stage."""
    tail = sound()
    tail.put(b"aabb")
    tail.commit(1000)
    assert heard(await sent(tail.requests())) == b"aabb"


@given(st.lists(st.binary(max_size=9).map(lambda data: data * 2), max_size=20), st.integers(0, 400))
def test_any_chunking_is_sent_whole_and_again(chunks: list[bytes], until: int) -> None:
    """However sound comes, a replica hears all of it, and the next one all after what is committed."""
    tail = sound()

    async def play() -> tuple[bytes, bytes]:
        for chunk in chunks:
            tail.put(chunk)
        tail.end()
        first = [request async for request in tail.requests()]
        tail.commit(until)
        return heard(first), heard([request async for request in tail.requests()])

    whole = b"".join(chunks)
    first, second = asyncio.run(play())
    assert first == whole
    assert second == whole[min(until, len(whole)) :]


async def test_it_is_bounded_in_bytes() -> None:
    """Hours without a final cost no more than the bound, in whole blocks."""
    tail = sound(Keep(bytes=4 * SECOND))
    replica = Replica(tail.requests())
    for _ in range(60):
        tail.put(bytes(SECOND))
        await replica.all()
    assert 4 * SECOND <= tail.end_at - tail.start <= 4 * SECOND + 5120
    assert tail.start % 5120 == 0


@pytest.mark.parametrize(
    ("rate_hz", "channels", "piece"),
    [(8_000, 1, 16_000), (48_000, 1, 96_000), (48_000, 2, LARGEST_PIECE), (11_025, 7, 131_068)],
)
async def test_a_piece_is_a_second_at_most(rate_hz: int, channels: int, piece: int) -> None:
    """Who hears it lets others wait meanwhile; samples stay whole."""
    form = AudioFormat(sample_rate_hz=rate_hz, channels=channels)
    tail = SoundTail(AsrRequest, AsrConfig(), Scale.of(form), Keep())
    tail.put(bytes(rate_hz * channels * 2 * 3))
    tail.end()
    sizes = [len(request.audio.data) for request in await sent(tail.requests())][1:]
    assert (max(sizes), sum(sizes)) == (piece, rate_hz * channels * 2 * 3)


async def test_it_is_bounded_in_time() -> None:
    """Silence is forgotten when no answer about it can come any more."""
    clock = Clock()
    tail = sound(Keep(seconds=10.0), clock)
    replica = Replica(tail.requests())
    for _ in range(60):
        tail.put(bytes(SECOND))
        await replica.all()
        clock.now += 1.0
    assert 9 * SECOND <= tail.end_at - tail.start <= 12 * SECOND


async def test_who_brings_too_much_waits() -> None:
    """A stage that takes nothing stops its source after so many bytes."""
    tail = sound()
    while not tail.full:
        tail.put(bytes(1 << 15))
    waiting = asyncio.create_task(tail.until_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert tail.unsent == WAITING_MOST
    await sent(tail.requests())
    await asyncio.wait_for(waiting, PATIENCE_S)


async def test_where_nothing_is_heard_twice_nothing_is_kept() -> None:
    """A filter's sound is gone once it is sent; what passed by meanwhile is counted."""
    tail = sound(NOTHING)
    tail.put(b"aabb")
    assert heard(await sent(tail.requests())) == b"aabb"
    assert tail.end_at - tail.start == 0
    tail.skip(6)
    tail.put(b"cc")
    assert heard(await sent(tail.requests())) == b"cc"
    assert tail.began == 10


async def test_texts_wait_for_their_last_piece() -> None:
    """A half-translated text is sent again from where its translation ends; a done one is not."""
    tail = TextTail(TranslateRequest, TranslateConfig())
    for text in ("One. Two.", "Three."):
        tail.put(Transcript(text=text, speaker="ann"))
    assert [r.text.text for r in await sent(tail.requests())][1:] == ["One. Two.", "", "Three.", ""]
    assert tail.answered("One.").speaker == "ann"
    assert [r.text.text for r in await sent(tail.requests())][1:] == [" Two.", "", "Three.", ""]
    tail.answered(" Two.")
    assert [r.text.text for r in await sent(tail.requests())][1:] == ["Three.", ""]


@pytest.mark.parametrize(("given", "named"), [("", "de-AT"), ("en", "")])
async def test_texts_say_the_language_that_was_heard(given: str, named: str) -> None:
    """Where the config names none; so does what is left of a text when it is sent again."""
    tail = TextTail(TranslateRequest, TranslateConfig(source_language=given))
    tail.put(Transcript(text="Eins. Zwei.", language="de-AT"))
    assert [r.text.language for r in await sent(tail.requests())][1:] == [named, ""]
    tail.answered("Eins.")
    assert [r.text.language for r in await sent(tail.requests())][1:] == [named, ""]


@pytest.mark.parametrize(
    ("form", "second"), [({"sample_rate_hz": 8000, "encoding": 3}, 8000), ({"channels": 2}, 64000)]
)
def test_time_is_counted_in_the_streams_own_samples(form: dict[str, int], second: int) -> None:
    """A second of telephone is 8000 bytes."""
    scale = Scale.of(AudioFormat(**form))  # type: ignore[arg-type]
    assert scale.nanoseconds(second) == 1_000_000_000
    assert scale.size(500_000_000) == second // 2
