from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio import media
from parley.audio.pcm import RATE_HZ, SILENCE, Format, Samples, decode
from parley.engines.model import read_spec
from parley.v1.audio_pb2 import AudioFormat
from services.asr.speech.endpoint import EndpointConfig, Endpointer, Mark
from services.asr.speech.vad import GRAPH, Level, Silero, silero
from tests.sound import cut, noise, silence, tone

ROOT = Path(__file__).parents[4]
RECORDING = media.read((ROOT / "examples/two-speakers.flac").read_bytes(), 60)
SPEECH = decode(RECORDING.data, Format.of(AudioFormat(sample_rate_hz=RECORDING.rate_hz)))


def marks(sound: Samples, cuts: list[int], start: int = 0) -> list[Mark]:
    """Of the first utterance."""
    endpointer = Endpointer(EndpointConfig(), Silero(silero()), start)
    return [mark for piece in cut(sound, cuts) for mark in endpointer.feed(piece)] + endpointer.end()


def test_people_are_heard() -> None:
    """Speech between two silences is found, and its edges with it."""
    sound = np.concatenate([silence(1), SPEECH, silence(1)])
    found: list[Mark] = []
    while more := marks(sound[(at := found[-1].at if found else 0) :], [], at):
        found += more
    assert [mark.began for mark in found] == [True, False] * (len(found) // 2)
    assert 1.0 <= found[0].at / RATE_HZ < 2.0
    assert found[-1].at <= RATE_HZ + len(SPEECH)
    spoken = sum(ended.at - began.at for began, ended in zip(found[::2], found[1::2], strict=True))
    assert spoken > 0.7 * len(SPEECH)


@pytest.mark.parametrize("sound", [silence(5), noise(80_000), noise(80_000, 0.01), tone(440, 5), tone(110, 5)])
def test_noise_is_nobody(sound: Samples) -> None:
    """Silence, hiss and a tone are not speech, whatever their level."""
    assert marks(sound, []) == []


@given(st.lists(st.integers(0, len(SPEECH)), max_size=12))
def test_no_chunking_is_heard(cuts: list[int]) -> None:
    """Any chunking of the same sound gives the same marks."""
    assert marks(SPEECH, cuts) == marks(SPEECH, [])


def test_streams_share_a_graph_and_nothing_else() -> None:
    """Two streams by turns hear what each alone hears."""
    blocks = SPEECH[: 100 * Silero.block].reshape(-1, 10, Silero.block)
    one, other, alone = Silero(silero()), Silero(silero()), Silero(silero())
    by_turns = [(one.probabilities(some), other.probabilities(np.flip(some)))[0] for some in blocks]
    assert by_turns == [alone.probabilities(some) for some in blocks]


def test_no_sound_is_no_answer() -> None:
    """Nothing heard, nothing told, by either detector."""
    for detector in (Silero(silero()), Level(-45)):
        assert list(detector.probabilities(SILENCE.reshape(0, detector.block))) == []


def test_listening_leaves_arithmetic_alone() -> None:
    """Numbers too small for most purposes are still numbers in the thread that opened and ran the graph."""
    silero.cache_clear()
    Silero(silero()).probabilities(SPEECH[: Silero.block].reshape(1, -1))
    assert np.array([1e-310])[0] * 0.5 != 0


def test_the_graph_ships_with_its_licence() -> None:
    """The declared file, its licence and a card that names its source lie in one folder."""
    spec = read_spec(GRAPH)
    assert all(spec.bytes_of(name) for name in spec.files)
    assert {path.name for path in GRAPH.iterdir()} == {*spec.files, "model.toml", "CARD.md", "LICENSE"}
    assert spec.license == "MIT"
    assert all(sha in (GRAPH / "CARD.md").read_text("utf-8") for sha in spec.files.values())
