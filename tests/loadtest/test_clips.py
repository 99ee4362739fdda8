from pathlib import Path

import numpy as np
import pytest

from loadtest.clips import CHUNK, RATE_HZ, Clip, folder, noisy, read
from loadtest.samples import si_sdr_db
from tests.contract.source import ROOT


def spoken(*parts: tuple[float, float]) -> Clip:
    """Tones of a loudness and length, one after the other."""
    waves = [level * np.sin(np.arange(round(seconds * RATE_HZ)) / 3) for level, seconds in parts]
    return Clip("tones", (20000 * np.concatenate(waves)).astype(np.int16).tobytes())


def test_when_somebody_speaks() -> None:
    """The end of speech is where the sound ends, not where a server says; the beginning alike."""
    clip = spoken((0, 0.5), (1, 1), (0.001, 1), (1, 0.5), (0, 1))
    assert clip.speech_ends(2.4) == pytest.approx(1.5, abs=0.02)
    assert clip.speech_ends(1.0) == pytest.approx(1.0, abs=0.02)
    assert clip.speech_ends(9) == pytest.approx(3.0, abs=0.02)
    assert clip.speech_begins(0) == pytest.approx(0.5, abs=0.02)
    assert clip.speech_begins(1.6) == pytest.approx(2.5, abs=0.02)
    assert clip.speech_begins(3.5) == clip.seconds


def test_a_fan_and_a_keyboard_do_not_speak() -> None:
    """Else a server that takes its time would be timed from when it says that speech has ended."""
    clip = spoken((0.03, 0.5), (1, 1), (0.03, 0.6), (0.5, 0.03), (0.03, 1))
    assert clip.speech_begins(0) == pytest.approx(0.5, abs=0.02)
    assert clip.speech_ends(3) == pytest.approx(1.5, abs=0.02)


def test_who_never_pauses_is_heard_to_the_end() -> None:
    """What lies under all of it is the voice itself."""
    assert spoken((0.9, 1), (1, 1)).speech_ends(9) == pytest.approx(2.0, abs=0.02)


def test_recordings_are_read_whole() -> None:
    """The bundled ones are 16 kHz with the pause behind them, and their chunks are all of it."""
    clips = {clip.name: clip for clip in folder(ROOT / "examples", 0.5)}
    one = clips["one-speaker"]
    assert one.seconds == pytest.approx(read(ROOT / "examples/one-speaker.flac").seconds + 0.5)
    assert b"".join(one.chunks()) == one.pcm
    assert {len(chunk) for chunk in list(one.chunks())[:-1]} == {CHUNK}
    assert 0 < one.speech_begins(0) < 1 < one.speech_ends(99) < one.seconds - 0.48


def test_what_is_said_lies_beside_it(tmp_path: Path) -> None:
    """A text of the same name is the reference; a folder without recordings is refused."""
    with pytest.raises(FileNotFoundError, match="has no recording"):
        folder(tmp_path)
    (tmp_path / "a.flac").write_bytes((ROOT / "examples/one-speaker.flac").read_bytes())
    (tmp_path / "a.txt").write_text("Hello.\n")
    assert folder(tmp_path)[0].text == "Hello."


def test_what_is_clean_lies_beside_it(tmp_path: Path) -> None:
    """A twin without noise is no recording of its own."""
    for name in ("a.flac", "a.clean.flac"):
        (tmp_path / name).write_bytes((ROOT / "examples/one-speaker.flac").read_bytes())
    (clip,) = folder(tmp_path, 0.5)
    assert (clip.name, clip.clean) == ("a", clip.pcm)
    assert clip.text == ""


def test_noise_is_as_loud_as_asked() -> None:
    """At 10 dB the distortion is 10 dB, the same every time, and what was clean is known."""
    clip = noisy(spoken((0.1, 2)), 10)
    assert si_sdr_db(clip.clean, clip.pcm) == pytest.approx(10, abs=0.2)
    assert clip.pcm == noisy(spoken((0.1, 2)), 10).pcm
