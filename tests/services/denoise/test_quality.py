from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ, Format, PcmDecoder, Resampler, Samples
from parley.engines.stateful.engine import Shape
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.denoise_pb2 import Quality
from services.denoise.adapters import adapter_of
from services.denoise.engine import open_engine
from services.denoise.quality import Judge
from services.denoise.session import DenoiseSession
from tests.fakes import spec_of
from tests.services.play import of, play
from tests.sound import cut, noise, pcm, silence, tone

HOP = 256
SPEC = spec_of("denoise", hop=HOP, outputs={"audio": 0})
ECHO = open_engine(SPEC).model


def words(seconds: float, level: float = 0.3) -> Samples:
    """A voice that pauses: loud for 0.7 s, then silent for 0.3 s."""
    sound = tone(440, seconds, level)
    sound[(np.arange(len(sound)) % RATE_HZ) > 0.7 * RATE_HZ] = 0
    return sound


def verdicts(
    heard: Samples, made: Samples | None = None, rate_hz: int = RATE_HZ, keep: float = 0.0, latency: int = 0
) -> Sequence[Quality]:
    """Every verdict on a sound of which a model made this, in step."""
    end = len(heard) // HOP * HOP
    late = np.concatenate((np.zeros(latency, np.float32), heard if made is None else made))[:end]
    judge = Judge(Shape(HOP, latency, 0), rate_hz, keep)
    return judge.hear(heard[:end], late)


def at_snr(signal: Samples, snr_db: float) -> Samples:
    """White noise that lies so many decibels below the signal."""
    hiss = noise(len(signal))
    return hiss * np.float32(np.sqrt((signal**2).mean() / (hiss**2).mean()) * 10 ** (-snr_db / 20))


@pytest.mark.parametrize("snr_db", [0, 5, 10, 20, 30])
def test_a_steady_noise_is_measured(snr_db: float) -> None:
    """Of a voice in hiss the ratio is told within two decibels, before and after a model that does nothing."""
    sound = words(8) + at_snr(words(8), snr_db)
    last = verdicts(sound)[-1]
    assert last.input_snr_db == pytest.approx(snr_db, abs=2)
    assert last.output_snr_db == pytest.approx(snr_db, abs=2)


@pytest.mark.parametrize("latency", [0, 256, 384])
def test_a_good_model_is_seen(latency: int) -> None:
    """A model that gives the voice alone raises the ratio; one that may take 6 dB only raises it by less."""
    sound, voice = words(8) + at_snr(words(8), 5), words(8)
    free = verdicts(sound, voice, latency=latency)[-1]
    bound = verdicts(sound, voice, latency=latency, keep=0.5)[-1]
    assert free.input_snr_db == bound.input_snr_db == pytest.approx(5, abs=2.5)
    assert free.output_snr_db > bound.output_snr_db + 0.5
    assert bound.output_snr_db > bound.input_snr_db + 1


def test_noise_without_rest_is_seen_by_what_the_model_takes() -> None:
    """Clicks leave no pause unlike another, so the levels alone call them a voice; the model that takes them tells."""
    clicks = noise(8 * RATE_HZ, 0.9)
    clicks[(np.arange(len(clicks)) % 4000) > 400] = 0
    voice = tone(440, 8, 0.02)
    assert verdicts(voice + clicks)[-1].input_snr_db > 15
    assert verdicts(voice + clicks, voice)[-1].input_snr_db < -10


def test_pure_noise_has_no_signal() -> None:
    """Where nobody speaks the ratio is far below zero, also of what a good model leaves of it."""
    hiss = noise(8 * RATE_HZ, 0.1)
    last = verdicts(hiss, hiss * np.float32(0.03))[-1]
    assert last.input_snr_db < -5
    assert last.output_snr_db < -5


@pytest.mark.parametrize("level", [0.5, 1.5, 4.0])
def test_clipping_is_counted(level: float) -> None:
    """The share of samples at full scale is exact."""
    sound = np.clip(words(4, level), -1, 1)
    share = (np.abs(sound[: 62 * HOP]) >= 0.98).mean()
    assert verdicts(sound)[0].clipped_share == pytest.approx(share, abs=1e-4)


def test_silence_is_told_when_it_comes_and_goes() -> None:
    """A microphone that is switched off and on again is three verdicts on silence; ratios are not guessed in it."""
    sound = np.concatenate((words(3), silence(3), words(3)))
    told = verdicts(sound)
    silent = [each for each in told if each.silent]
    assert [each.silent for each in told if each.interval.end.ToTimedelta().total_seconds() < 3] == [False]
    assert len(silent) == 1
    assert (silent[0].input_snr_db, silent[0].output_snr_db) == (0, 0)
    assert not told[-1].silent


@pytest.mark.parametrize(("cut_hz", "rate_hz", "told"), [(8000, 16_000, 4000), (6800, 48_000, 3400), (8000, 8000, 0)])
def test_a_telephone_is_recognised(cut_hz: int, rate_hz: int, told: int) -> None:
    """Sound without its upper half is told where it ends, unless the format carries no more."""
    narrow = Resampler(cut_hz, RATE_HZ).feed(Resampler(RATE_HZ, cut_hz).feed(noise(6 * RATE_HZ), last=True), last=True)
    assert verdicts(narrow, rate_hz=rate_hz)[-1].bandwidth_hz == pytest.approx(told, abs=250)


def test_full_sound_is_not_called_narrow() -> None:
    """Hiss that is heard once in a while is enough."""
    narrow = Resampler(8000, RATE_HZ).feed(Resampler(RATE_HZ, 8000).feed(noise(9 * RATE_HZ), last=True), last=True)
    narrow[RATE_HZ : RATE_HZ + RATE_HZ // 2] += noise(RATE_HZ // 2, 0.01)
    assert all(each.bandwidth_hz == 0 for each in verdicts(narrow))


def test_what_stays_the_same_is_told_once() -> None:
    """A steady sound is one verdict, however long; nothing is told before a second has passed."""
    assert len(verdicts(words(20) + at_snr(words(20), 10))) == 1
    assert verdicts(noise(15_000)) == ()


@given(st.lists(st.integers(0, 90_000), max_size=8), st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_verdicts_do_not_hear_the_chunks(cuts: list[int], patience: list[int]) -> None:
    """Any chunking and any speed of the engine give the same verdicts, and none beyond the stream's end."""
    data = pcm(words(2), silence(1.5), noise(30_000, 0.99))

    def told(chunks: list[bytes], patience: Sequence[int]) -> list[Quality]:
        session = DenoiseSession(PcmDecoder(Format.of(AudioFormat())), adapter_of(SPEC).shape, 0.0)
        return of(Quality, play(session, ECHO, chunks, patience))

    whole = told([data], (1000,))
    assert told(cut(data, cuts, 2), patience) == whole
    assert [each.silent for each in whole][:3] == [False, True, False]
    assert max(each.interval.end.ToTimedelta().total_seconds() for each in whole) <= len(data) / 2 / RATE_HZ
