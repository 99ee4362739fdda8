from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from loadtest.measured.clips import CHUNK, RATE_HZ, SPEECH, Clip, flushed, folder, joined, noisy, read
from loadtest.measured.samples import si_sdr_db

RECORDING = SPEECH / "read-17899695.flac"


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
    clips = {clip.name: clip for clip in folder(SPEECH, 0.5)}
    one = clips["read-17899695"]
    assert one.seconds == pytest.approx(read(SPEECH / "read-17899695.flac").seconds + 0.5)
    assert b"".join(one.chunks()) == one.pcm
    assert {len(chunk) for chunk in list(one.chunks())[:-1]} == {CHUNK}
    assert 0 < one.speech_begins(0) < 1 < one.speech_ends(99) < one.seconds - 0.48


def test_what_is_said_lies_beside_it(tmp_path: Path) -> None:
    """A text of the same name is the reference; a folder without recordings is refused."""
    with pytest.raises(FileNotFoundError, match="has no recording"):
        folder(tmp_path)
    (tmp_path / "a.flac").write_bytes(RECORDING.read_bytes())
    (tmp_path / "a.txt").write_text("Hello.\n")
    assert folder(tmp_path)[0].text == "Hello."


def test_the_bundled_people_say_known_words() -> None:
    """Each recording has its words, is as long as people speak in one go, and is heard; together they are small."""
    bundled = folder(SPEECH)
    assert 10 <= len(bundled) <= 14
    assert all(len(clip.text.split()) >= 8 for clip in bundled)
    assert all(2.9 <= clip.seconds <= 15 and clip.speech_ends(99) - clip.speech_begins(0) > 1.5 for clip in bundled)
    assert sum(each.stat().st_size for each in SPEECH.iterdir()) < 1_500_000
    licences = (SPEECH / "LICENSES.md").read_text("utf-8")
    assert all(name in licences for name in ("CC0 1.0", "CC BY 4.0", "meeting-ES2003a-0213"))


def test_a_table_says_what_is_said(tmp_path: Path) -> None:
    """words.tsv speaks for a whole folder, with or without endings; a text beside a recording goes first."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.flac").write_bytes(RECORDING.read_bytes())
    (tmp_path / "words.tsv").write_text("a.flac\tOne two.\nb\tThree.\n\nc\tFour.\n")
    (tmp_path / "c.txt").write_text("Five.")
    assert [clip.text for clip in folder(tmp_path)] == ["One two.", "Three.", "Five."]


def test_a_table_without_words_is_refused(tmp_path: Path) -> None:
    """A line with no tab would be a recording that nobody said anything in."""
    (tmp_path / "a.flac").write_bytes(RECORDING.read_bytes())
    (tmp_path / "words.tsv").write_text("a one two\n")
    with pytest.raises(ValueError, match="'a one two' must have a tab"):
        folder(tmp_path)


@pytest.mark.parametrize("tail_s", [0.05, 1.0])
def test_a_flush_comes_soon_after_the_last_word(tail_s: float) -> None:
    """Whatever silence the recording has, the stream ends 0.2 s after speech, and nothing of it is cut."""
    clip = spoken((0, 0.3), (1, 1), (0, tail_s))
    cut = flushed(clip, 0.2)
    assert cut.seconds - cut.speech_ends(9) == pytest.approx(0.2, abs=0.011)
    assert len(cut.pcm) % CHUNK == 0
    assert clip.pcm[: 2 * RATE_HZ] in cut.pcm


def test_added_silence_does_not_move_the_end_of_speech() -> None:
    """What lies under the voice is the room's noise: two seconds of nothing behind it must not make it speech."""
    rng = np.random.default_rng(1)
    room = Clip(
        "room", (rng.normal(0, 200, 3 * RATE_HZ) + np.repeat([0, 1, 0], RATE_HZ) * 9000).astype(np.int16).tobytes()
    )
    padded = replace(room, pcm=room.pcm + bytes(4 * RATE_HZ))
    assert padded.speech_ends(9) == room.speech_ends(9) == pytest.approx(2.0, abs=0.02)


def test_recordings_in_a_row() -> None:
    """Joined ones are as long as their parts and the pauses, and say what they say."""
    one, two = Clip("a", bytes(3200), "One."), Clip("b", bytes(6400), "Two.")
    both = joined([one, two], 0.5)
    assert both.seconds == pytest.approx(0.3 + 2 * 0.5)
    assert both.text == "One. Two."


def test_what_is_clean_lies_beside_it(tmp_path: Path) -> None:
    """A twin without noise is no recording of its own."""
    for name in ("a.flac", "a.clean.flac"):
        (tmp_path / name).write_bytes(RECORDING.read_bytes())
    (clip,) = folder(tmp_path, 0.5)
    assert (clip.name, clip.clean) == ("a", clip.pcm)
    assert clip.text == ""


def test_noise_is_as_loud_as_asked() -> None:
    """At 10 dB the distortion is 10 dB, the same every time, and what was clean is known."""
    clip = noisy(spoken((0.1, 2)), 10)
    assert si_sdr_db(clip.clean, clip.pcm) == pytest.approx(10, abs=0.2)
    assert clip.pcm == noisy(spoken((0.1, 2)), 10).pcm
