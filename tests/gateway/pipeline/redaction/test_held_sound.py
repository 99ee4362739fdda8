"""Sound that waits until it is known what was said in it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pipeline.held_sound import MARGIN_NS, HeldSound
from gateway.pipeline.plan import Plan
from parley.v1.pipeline_pb2 import PipelineConfig, RedactSound

S_NS, SECOND = 1_000_000_000, 16_000  # bytes: 8000 samples a second
SPOKEN = b"\x01\x01"


class Client:
    """What comes back, and what it is told of silence."""

    def __init__(self, how: int = RedactSound.REDACT_SOUND_SILENCE, most: int = 1 << 23) -> None:
        form = {"sample_rate_hz": 8000}
        config = PipelineConfig(format=form, asr={}, denoise={}, redact=["card"], redact_sound=how)  # type: ignore[arg-type]
        self.held = HeldSound(Plan(config), most, self.tell)
        self.sound, self.track, self.silent_from = bytearray(), bytearray(), list[float]()
        self._sent = 0

    async def tell(self, at_ns: int) -> None:
        self.silent_from.append(at_ns / S_NS)

    async def speak(self, seconds: float) -> None:
        """Comes out of the filter."""
        await self._put("", SPOKEN * round(seconds * SECOND / 2), self.sound)

    async def _put(self, track: str, data: bytes, into: bytearray) -> None:
        async def give(shown: bytes) -> None:
            into.extend(shown)

        self._sent += 0 if track else len(data)
        await self.held.take(track, self._sent, data, give)

    async def play(self, seconds: float) -> None:
        """Comes beside the last piece of sound, as long as that."""
        await self._put("music", SPOKEN * round(seconds * SECOND / 2), self.track)

    def hide(self, start_s: float, end_s: float) -> None:
        """A word was said there; its margin is within."""
        margin = MARGIN_NS / S_NS
        self.held.hide(round((start_s + margin) * S_NS), round((end_s - margin) * S_NS))

    async def known(self, until_s: float) -> None:
        await self.held.known(round(until_s * S_NS))


def audible(sound: bytes | bytearray) -> list[tuple[float, float]]:
    """From when to when the speaker is heard, in seconds."""
    heard = [sound[at : at + 2] == SPOKEN for at in range(0, len(sound), 2)]
    edges = [n for n in range(len(heard) + 1) if (n and heard[n - 1]) != (n < len(heard) and heard[n])]
    return list(zip([2 * n / SECOND for n in edges[::2]], [2 * n / SECOND for n in edges[1::2]], strict=True))


async def test_nothing_is_heard_before_it_is_known() -> None:
    """Then all of it, but what is hidden."""
    client = Client()
    for _ in range(4):
        await client.speak(0.5)
    assert client.sound == b""
    client.hide(0.6, 1.2)
    await client.known(1.5)
    assert audible(client.sound) == [(0.0, 0.6), (1.2, 1.5)]
    await client.held.end()
    await client.speak(0.5)
    assert audible(client.sound) == [(0.0, 0.6), (1.2, 2.5)]


@given(st.lists(st.floats(0.01, 0.7), min_size=1, max_size=10), st.floats(0, 2), st.floats(0.5, 1.5))
def test_the_pieces_do_not_matter(pieces: list[float], start: float, length: float) -> None:
    """As many samples come back as came; those that are hidden are the same ones."""

    async def run() -> tuple[bytes, bytes]:
        whole, cut = Client(RedactSound.REDACT_SOUND_TONE), Client(RedactSound.REDACT_SOUND_TONE)
        for each in pieces:
            await cut.speak(each)
        await whole.speak(cut._sent / SECOND)
        for client in (whole, cut):
            client.hide(start, start + length)
            await client.held.end()
        return bytes(whole.sound), bytes(cut.sound)

    assert len(set(asyncio.run(run()))) == 1


async def test_a_track_beside_it_is_held_and_hidden_too() -> None:
    """A voice may be left in it; and it comes behind a piece of the sound that may have been given already."""
    client = Client()
    await client.speak(1.0)
    client.hide(0.2, 0.9)
    await client.known(1.0)
    client.hide(5.0, 6.0)
    await client.play(1.0)
    assert audible(client.track) == audible(client.sound) == [(0.0, 0.2), (0.9, 1.0)]


async def test_who_is_lost_leaves_silence() -> None:
    """Until somebody listens again; told once."""
    client = Client()
    await client.speak(1.0)
    await client.known(0.5)
    await client.held.unknown()
    await client.speak(1.0)
    await client.held.unknown()
    assert (len(client.sound), audible(client.sound)) == (2 * SECOND, [(0.0, 0.5)])
    await client.held.heard_from(2 * SECOND)
    await client.speak(1.0)
    assert len(client.sound) == 2 * SECOND
    await client.known(3.0)
    assert (audible(client.sound), client.silent_from) == ([(0.0, 0.5), (2.0, 3.0)], [0.5])


@pytest.mark.parametrize("replayed_from", [0.5, 1.0])
async def test_what_no_replica_hears_is_silent(replayed_from: float) -> None:
    """A gap between what is known and where the next one begins; none where it hears all of it again."""
    client = Client()
    await client.speak(2.0)
    await client.known(0.5)
    await client.held.heard_from(round(replayed_from * SECOND))
    await client.known(2.0)
    silent = replayed_from > 0.5
    assert audible(client.sound) == ([(0.0, 0.5), (1.0, 2.0)] if silent else [(0.0, 2.0)])
    assert client.silent_from == ([0.5] if silent else [])


async def test_what_waits_has_a_bound() -> None:
    """The oldest goes then, silent, and that is told once; a redaction that comes too late changes nothing."""
    client = Client(most=SECOND)
    for _ in range(30):
        await client.speak(0.1)
    assert (len(client.sound), audible(client.sound), client.silent_from) == (2 * SECOND, [], [0.0])
    client.hide(1.0, 2.5)
    await client.known(3.0)
    assert audible(client.sound) == [(2.5, 3.0)]


async def test_what_is_past_is_not_kept() -> None:
    """However long a stream lasts."""
    client = Client()
    for n in range(400):
        await client.speak(1.0)
        client.hide(n + 0.1, n + 0.9)
        await client.known(n + 1.0)
    assert len(client.held._covers) < 80
